// The last 20 decisions, and taking one back.

import { get, post } from "./api.js";
import { byId, el, isolated, notice, pageName, plural, valueText } from "./dom.js";
import { NO_FILTERS, change } from "./state.js";

let newest = null;

const time = (at) => new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });

function entry({ at, pages, page, path, number, values }) {
  const value = Object.values(values).map(valueText).join(" · ");
  const what = pages > 1 ? plural(pages, "page") : path ? pageName(path, number) : "a page of another input";
  return el("li", {}, el("button", {
    type: "button", class: "past", disabled: !page, title: `${path ?? ""}\n${value}\n${time(at)}`,
    onclick: () => change({ ...NO_FILTERS, mode: "single", open: page }),
  }, el("span", { class: "past-value" }, isolated(value)), el("span", { class: "past-name" }, isolated(what))));
}

export async function draw() {
  const { groups } = await get("/api/recent");
  newest = groups[0] ?? null;
  const none = el("li", { class: "soft" }, "none yet");
  byId("strip").replaceChildren(...(groups.length ? groups.map(entry) : [none]));
}

// Takes back what was decided last; the page that it was about, if it was one.
export async function undo() {
  // What was decided a moment ago, here or in another tab, may not be in the strip yet.
  await draw();
  if (!newest) {
    notice("There is nothing to undo.");
    return null;
  }
  const { undone } = await post("/api/undo", { group: newest.group });
  const pages = new Set(undone.map(({ page }) => page));
  notice(`Undone: ${plural(pages.size, "page")}`);
  return pages.size === 1 ? [...pages][0] : null;
}
