// The last 20 steps, decisions and what was skipped, and taking one back.

import { get, post } from "./api.js";
import { byId, el, grouped, isolated, notice, pageName, plural, valueText } from "./dom.js";
import { NO_FILTERS, change } from "./state.js";

let newest = null;

const time = (at) => new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });

function entry({ at, skip, skipped, pages, page, path, number, values }) {
  const value = skip ? "skipped" : Object.values(values).map(valueText).join(" · ");
  const name = pages > 1 ? plural(pages, "page") : path ? pageName(path, number) : "a page of another input";
  const what = skipped ? `${name}, ${grouped(skipped)} left out` : name;
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

// Takes back what was done last; the page that it was about, if it was one.
export async function undo() {
  // What was done a moment ago, here or in another tab, may not be in the strip yet.
  await draw();
  if (!newest) {
    notice("There is nothing to undo.");
    return null;
  }
  const { group, skip } = newest;
  const { undone, skips } = await post("/api/undo", skip ? { skip } : { group });
  const pagesOf = (tasks) => new Set(tasks.map(({ page }) => page));
  const [decided, skipped] = [pagesOf(undone), pagesOf(skips)];
  const counts = [[decided, "decided"], [skipped, group ? "left out" : "skipped"]].filter(([pages]) => pages.size > 0);
  notice(`Undone: ${counts.map(([pages, what]) => `${plural(pages.size, "page")} ${what}`).join(", ")}.`);
  const pages = new Set([...decided, ...skipped]);
  return pages.size === 1 ? [...pages][0] : null;
}
