// Builds elements. Text from outside is only ever set as text.

export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") element.className = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "title") element.title = shown(value);
    else if (name.startsWith("aria-") || name === "role" || name === "for" || name.startsWith("data-")) {
      element.setAttribute(name, String(value));
    } else element[name] = value;
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export const byId = (id) => document.getElementById(id);

// Text without characters that are not printed or that change the direction of text: a name looks like what it is.
const UNPRINTED = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;
export const shown = (text) => String(text).replace(UNPRINTED, "\ufffd");

// Text whose direction can't change that of its surroundings.
export const isolated = (text, properties = {}) => el("bdi", properties, shown(text));

export function options(select, entries, chosen) {
  select.replaceChildren(
    ...entries.map(([value, text]) => el("option", { value, selected: value === chosen }, shown(text))),
  );
}

export const grouped = (count) => count.toLocaleString("en-US");

export const plural = (count, one, many = `${one}s`) => `${grouped(count)} ${count === 1 ? one : many}`;

// A value as one line of text.
export function valueText(value) {
  if (value === null || value === undefined) return "not on the page";
  if (value === true) return "yes";
  if (value === false) return "no";
  if (Array.isArray(value)) return value.length ? value.map(valueText).join(", ") : "none";
  if (typeof value === "object") {
    return Object.entries(value).map(([name, member]) => `${name}: ${valueText(member)}`).join(" · ");
  }
  return String(value);
}

export const fileName = (path) => path.slice(path.lastIndexOf("/") + 1) || path;

// A page of a file, as tiles and decisions name it.
export const pageName = (path, number) => (number > 1 ? `${fileName(path)} p. ${number}` : fileName(path));

let hiding = 0;

let isHint = false;

// Shows a message, unless a more important one is shown.
export function hint(text) {
  if (!byId("notice").hidden && !isHint) return;
  notice(text);
  isHint = true;
}

let isLost = false;

// What stays in view at the top of a small screen is below the notice.
const setRoom = () => document.documentElement.style.setProperty("--notice-height", `${byId("notice").offsetHeight}px`);

export function clearNotice() {
  byId("notice").hidden = true;
  clearTimeout(hiding);
  isLost = false;
  setRoom();
}

// The server has answered, so the message that it does not is outdated.
export function clearLostNotice() {
  if (isLost) clearNotice();
}

// Shows a message for a few seconds. `isOfLostServer`: until the server answers again, at most.
export function notice(text, isError = false, isOfLostServer = false) {
  const place = byId("notice");
  place.textContent = text;
  place.classList.toggle("is-error", isError);
  place.hidden = false;
  isLost = isOfLostServer;
  isHint = false;
  setRoom();
  clearTimeout(hiding);
  hiding = setTimeout(clearNotice, isError ? 8000 : Math.max(3500, 60 * text.length));
}
