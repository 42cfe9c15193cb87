// Starts the page, and joins its parts.

import { LostServer, get } from "./api.js";
import { byId, clearNotice, grouped, isolated, notice, plural, shown } from "./dom.js";
import * as filters from "./filters.js";
import { Grid } from "./grid.js";
import * as help from "./help.js";
import { enqueue, setHandler } from "./keys.js";
import * as progress from "./progress.js";
import { Single } from "./single.js";
import { NO_FILTERS, change, onChange, start, state } from "./state.js";
import * as strip from "./strip.js";

// Time between two looks at what others have decided, in milliseconds.
const REFRESH_MS = 15000;

let single;
let grid;

const fail = (error) => notice(error.message, true, error instanceof LostServer);

const isGrid = () => state.view.mode === "grid";

function refresh() {
  progress.draw().catch(fail);
  return strip.draw().catch(fail);
}

async function showView(open = null) {
  byId("single").hidden = isGrid();
  byId("grid").hidden = !isGrid();
  byId("mode-single").setAttribute("aria-pressed", String(!isGrid()));
  byId("mode-grid").setAttribute("aria-pressed", String(isGrid()));
  filters.draw();
  filters.load().catch(fail);
  if (isGrid()) await grid.start();
  else await single.start(open);
  await refresh();
}

async function undo() {
  const page = await strip.undo();
  if (isGrid()) await showView();
  else if (page) await single.load({ at: page });
  await refresh();
}

// What a key does. A message that is shown is about something else.
function handle(key) {
  const work = workOf(key);
  return work && (() => {
    clearNotice();
    return work();
  });
}

function workOf(key) {
  switch (key) {
    case "?": return () => help.toggle();
    case "u": return undo;
    case "f": return () => filters.toggle();
    case "g": return () => change({ mode: isGrid() ? "single" : "grid", label: isGrid() ? "" : state.view.label });
    default: return (isGrid() ? grid : single).key(key);
  }
}

function describe({ job, model, reviewer, shows_answers, sample, pages, unreadable, unread, orphans }) {
  document.title = `${shown(job)} · docmill review`;
  byId("job").replaceChildren(isolated(job));
  byId("job").title = `${plural(pages, "page")}, answered by ${shown(model)}`;
  byId("reviewer").replaceChildren(isolated(reviewer), ` · ${shows_answers ? "answers shown" : "blind"}`);
  const notes = [];
  if (sample) notes.push(`A sample of ${grouped(sample.pages)} of ${plural(sample.of, "page")}${sample.where ? " that match --where. It does not represent other pages" : ""}.`);
  if (unread) notes.push(`${plural(unread, "file")} of an earlier version of docmill: run the job once to see them.`);
  if (unreadable) notes.push(`${plural(unreadable, "file")} could not be opened as pages.`);
  if (orphans) notes.push(`${plural(orphans, "decision")} are on tasks that the job no longer has.`);
  if (notes.length) notice(notes.join(" "));
}

async function main() {
  const job = await get("/api/job");
  start(job);
  describe(job);
  single = new Single(refresh);
  grid = new Grid(refresh);
  filters.build();
  help.build();
  onChange((open) => {
    clearNotice();
    enqueue(() => showView(open));
  });
  setHandler(handle);
  byId("show-help").addEventListener("click", help.toggle);
  byId("mode-single").addEventListener("click", () => change({ mode: "single", label: "" }));
  byId("mode-grid").addEventListener("click", () => change({ mode: "grid" }));
  document.addEventListener("failed", (event) => fail(event.detail));
  document.addEventListener("open", (event) => change({ ...NO_FILTERS, mode: "single", open: event.detail }));
  setInterval(() => document.hidden || refresh(), REFRESH_MS);
  enqueue(() => showView());
}

main().catch(fail);
