// Which pages are shown, and in which order.

import { get } from "./api.js";
import { byId, el, grouped, options, valueText } from "./dom.js";
import { leave } from "./keys.js";
import { NO_FILTERS, change, hasFilters, state, viewParameters } from "./state.js";

const STATES = [
  ["all", "all pages"], ["undecided", "not decided"], ["decided", "decided"], ["others", "decided by others"],
  ["skipped", "skipped"], ["unfit", "no longer fitting"],
];
const MAX_LENGTH = 48;

const selects = {};
let more;

function select(name, label, onchange) {
  const id = `filter-${name}`;
  selects[name] = el("select", { id, onchange: (event) => { onchange(event.target.value); leave(event.target); } });
  return el("label", { class: "filter", for: id }, el("span", {}, label), selects[name]);
}

const shortened = (text) => (text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text);

export function build() {
  more = el("button", { type: "button", class: "quiet", "aria-expanded": "false", "aria-controls": "more-filters", onclick: () => toggle() }, "Filter");
  byId("filters").append(
    select("task", "task", (task) => change({ task, label: "" })),
    select("order", "order", (order) => change({ order })),
    select("state", "pages", (value) => change({ state: value })),
    more,
  );
  byId("more-filters").append(
    select("label", "answer", (label) => change({ label })),
    select("status", "status", (status) => change({ status })),
    select("error", "error", (error) => change({ error })),
    select("column", "column", (column) => change({ column, value: "" })),
    select("value", "value", (value) => change({ value })),
    el("button", { type: "button", class: "quiet", onclick: () => change(NO_FILTERS) }, "Clear"),
  );
  draw();
}

export async function toggle() {
  const place = byId("more-filters");
  place.hidden = !place.hidden;
  more.setAttribute("aria-expanded", String(!place.hidden));
  if (!place.hidden) await load();
}

export function draw() {
  const { job, view } = state;
  const tasks = job.tasks.map((task) => [task.name, task.name]);
  if (tasks.length > 1) tasks.push(["*", "all tasks"]);
  options(selects.task, tasks, view.task);
  options(selects.order, job.orders.map((order) => [order, order]), view.order);
  options(selects.state, STATES, view.state);
  more.classList.toggle("is-on", hasFilters());
}

// The values that pages have.
export async function load() {
  if (byId("more-filters").hidden) return;
  const found = await get("/api/filters", viewParameters({ ...NO_FILTERS, limit: 1 }));
  const { view } = state;
  const counted = ({ key, name, value, n }) => [key ?? name, `${shortened(name ?? valueText(value))} (${grouped(n)})`];
  const any = ["", "any"];
  options(selects.label, [any, ...found.labels.map(counted)], view.label);
  options(selects.status, [any, ...found.statuses.map(counted)], view.status);
  options(selects.error, [any, ...found.errors.map(counted)], view.error);
  options(selects.column, [any, ...found.columns.map(({ name }) => [name, name])], view.column);
  const column = found.columns.find(({ name }) => name === view.column);
  options(selects.value, [any, ...(column?.values ?? []).map(counted)], view.value);
  selects.label.disabled = found.labels.length === 0;
  selects.error.disabled = found.errors.length === 0;
  selects.column.disabled = found.columns.length === 0;
  selects.value.disabled = !column;
}
