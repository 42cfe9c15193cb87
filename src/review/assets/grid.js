// A grid of the pages with one predicted answer: the wrong ones are clicked out, the rest is accepted at once.

import { get, post } from "./api.js";
import { byId, el, fileName, grouped, isolated, notice, plural, valueText } from "./dom.js";
import { enqueue } from "./keys.js";
import { show } from "./pictures.js";
import { change, state, viewParameters, viewQuery, viewTasks } from "./state.js";

const TILE_SIDE = 320;
const MAX_TILES = 60;
const MIN_TILES = 12;

export class Grid {
  constructor(onDecided) {
    this.onDecided = onDecided;
    this.groups = el("div", { class: "groups", role: "group", "aria-label": "Predicted answers" });
    this.title = el("p", { class: "grid-title" });
    this.tiles = el("div", { class: "tiles", role: "group", "aria-label": "Pages" });
    this.accept = el("button", { type: "button", class: "primary", onclick: () => enqueue(() => this.onAccept()) });
    this.more = el("button", { type: "button", onclick: () => enqueue(() => this.move(1)) }, "Next batch", el("kbd", {}, "n"));
    byId("grid").append(this.groups, el("div", { class: "grid-bar" }, this.title, this.more, this.accept), this.tiles);
    this.items = [];
    this.out = new Set();
    this.at = 0;
  }

  task() {
    return viewTasks()[0];
  }

  async start() {
    const task = this.task();
    if (!task?.has_groups || state.view.task === "*") {
      const known = state.job.tasks.find((other) => other.has_groups);
      if (!known) return this.showText("Pages are grouped by labels and by yes or no. This job has neither: review single pages.");
      change({ task: known.name, label: "" });
      return;
    }
    await this.loadGroups();
    await this.load({});
  }

  async loadGroups() {
    const filters = await get("/api/filters", viewParameters({ limit: 1 }));
    this.labels = filters.labels.sort((a, b) => b.n - a.n);
    if (!this.labels.some((label) => label.key === state.view.label)) {
      const first = this.labels.find((label) => label.undecided > 0) ?? this.labels[0];
      change({ label: first?.key ?? "" });
    }
    this.groups.replaceChildren(...this.labels.map((label) =>
      el("button", {
        type: "button", class: "group", "aria-pressed": String(label.key === state.view.label),
        title: `${plural(label.undecided, "page")} of ${grouped(label.n)} not decided`,
        onclick: () => change({ label: label.key }),
      }, isolated(valueText(label.value)), el("span", { class: "count" }, label.undecided ? grouped(label.undecided) : "✓"))));
  }

  size() {
    const style = getComputedStyle(this.tiles);
    const columns = style.gridTemplateColumns.split(" ").length || 1;
    const rows = Math.max(2, Math.floor(this.tiles.clientHeight / 210) || 3);
    const count = Math.max(MIN_TILES, columns * rows);
    return Math.min(MAX_TILES, Math.ceil(count / columns) * columns);
  }

  parameters(more) {
    // Undecided pages first and only: what was accepted leaves the grid.
    const chosen = state.view.state === "all" ? "undecided" : state.view.state;
    return viewParameters({ mode: "grid", state: chosen, limit: this.size(), ...more });
  }

  async load(where) {
    if (!state.view.label) return this.showText("No page has an answer to this task.");
    const found = await get("/api/pages", this.parameters(where));
    this.items = found.pages;
    this.out.clear();
    this.at = 0;
    this.first = found.first;
    this.total = found.total;
    if (this.items.length === 0) {
      if (where.after || where.before) return this.load({});
      return this.showText("All pages of this group are decided or left out. Left-out pages: choose “skipped” in single pages.");
    }
    this.tiles.replaceChildren(...this.items.map((item, at) => this.tile(item, at)));
    this.draw();
    if (!document.activeElement?.matches("select, input")) this.focus(0);
  }

  showText(text) {
    this.items = [];
    this.tiles.replaceChildren(el("p", { class: "nothing" }, text));
    this.draw();
  }

  tile(item, at) {
    const image = el("img", { alt: "", class: "tile-picture", draggable: false });
    const fault = el("span", { class: "tile-fault", hidden: true });
    const name = item.number > 1 ? `${fileName(item.path)} p. ${item.number}` : fileName(item.path);
    const tile = el("button", {
      type: "button", class: "tile", "aria-pressed": "false", title: item.path, tabIndex: at === 0 ? 0 : -1,
      "aria-label": `${name}: press to leave it out`,
      onclick: () => { this.focus(at); this.toggle(at); }, onfocus: () => this.mark(at),
    }, el("span", { class: "tile-frame" }, image, fault), el("span", { class: "tile-name" }, isolated(name)));
    tile.dataset.tile = "1";
    show(image, item.page, TILE_SIDE, (reason) => {
      image.hidden = true;
      fault.textContent = reason;
      fault.hidden = false;
      // A page that can't be seen can't be accepted.
      this.out.add(item.page);
      this.draw();
    });
    return tile;
  }

  mark(at) {
    this.at = at;
    [...this.tiles.children].forEach((tile, place) => (tile.tabIndex = place === at ? 0 : -1));
  }

  focus(at) {
    const tile = this.tiles.children[at];
    if (!tile?.matches(".tile")) return;
    this.mark(at);
    tile.focus({ preventScroll: false });
  }

  toggle(at) {
    const item = this.items[at];
    if (!item) return;
    if (!this.out.delete(item.page)) this.out.add(item.page);
    this.draw();
  }

  draw() {
    const count = this.items.filter((item) => !this.out.has(item.page)).length;
    this.items.forEach((item, at) => {
      const tile = this.tiles.children[at];
      const isOut = this.out.has(item.page);
      tile?.classList.toggle("is-out", isOut);
      tile?.setAttribute("aria-pressed", String(isOut));
    });
    this.accept.replaceChildren(`Accept ${grouped(count)}`, el("kbd", {}, "Enter"));
    this.accept.disabled = count === 0 && this.out.size === 0;
    this.more.disabled = this.total <= this.items.length;
    const label = this.labels?.find((known) => known.key === state.view.label);
    this.title.replaceChildren(...(label && this.items.length
      ? ["All of these are ", el("strong", {}, isolated(valueText(label.value))), "? Click the wrong ones. ",
        el("span", { class: "soft" }, `${grouped(this.items.length)} of ${grouped(this.total)}`)]
      : []));
  }

  async onAccept() {
    const task = this.task().name;
    const kept = this.items.filter((item) => !this.out.has(item.page));
    const out = this.items.filter((item) => this.out.has(item.page)).map((item) => item.page);
    if (out.length) await post("/api/skip", { pages: out, is_skipped: true });
    if (kept.length) {
      const decisions = kept.map((item) => ({ page: item.page, task, value: item.tasks[task].answer.value }));
      await post("/api/decide", { decisions, view: viewQuery() });
      notice(`${plural(kept.length, "page")} accepted${out.length ? `, ${out.length} left out` : ""}. u undoes.`);
    }
    this.onDecided();
    await this.loadGroups();
    await this.load({});
  }

  async move(by) {
    const edge = by > 0 ? this.items.at(-1) : this.items[0];
    if (edge) await this.load(by > 0 ? { after: edge.page } : { before: edge.page });
  }

  // The next or previous group.
  async turn(by) {
    if (!this.labels?.length) return;
    const at = this.labels.findIndex((label) => label.key === state.view.label);
    const { length } = this.labels;
    change({ label: this.labels[(at + by + length) % length].key });
  }

  columns() {
    return getComputedStyle(this.tiles).gridTemplateColumns.split(" ").length || 1;
  }

  key(key) {
    const go = (by) => () => this.focus(Math.min(this.items.length - 1, Math.max(0, this.at + by)));
    switch (key) {
      case "ArrowRight": return go(1);
      case "ArrowLeft": return go(-1);
      case "ArrowDown": return go(this.columns());
      case "ArrowUp": return go(-this.columns());
      case " ":
      case "x": return () => this.toggle(this.at);
      case "Enter": return () => this.onAccept();
      case "n": return () => this.move(1);
      case "p": return () => this.move(-1);
      case "]": return () => this.turn(1);
      case "[": return () => this.turn(-1);
      case "o": return () => this.items[this.at] && change({ mode: "single", label: "", open: this.items[this.at].page });
      default: return false;
    }
  }
}
