// A grid of the pages with one predicted answer: the wrong ones are clicked out, the rest is accepted at once.

import { get, post } from "./api.js";
import { byId, el, grouped, hint, isolated, notice, pageName, plural, valueText } from "./dom.js";
import { onPress } from "./keys.js";
import { LOOK_MS, show, tooEarly } from "./pictures.js";
import { change, state, viewParameters, viewQuery, viewTasks } from "./state.js";

// Longest side of the pictures, in pixels; one of those that the server draws.
const TILE_SIDE = 640;
const MAX_TILES = 60;
// Tiles of a batch where the whole page scrolls.
const SCROLLED_TILES = 12;
// Minimum widths of tiles to choose from, in pixels.
const TILE_WIDTHS = [150, 220, 320, 480];
const MIN_FRAME = 140;
// A page is higher than wide.
const PAGE_RATIO = 1.3;
// What a tile is higher than its picture: padding, border and name, in pixels.
const TILE_EXTRA = 37;
// The part of a tile that must be on the screen for its page to be seen.
const SEEN_PART = 0.5;

export class Grid {
  constructor(onDecided) {
    this.onDecided = onDecided;
    this.groups = el("div", { class: "groups", role: "group", "aria-label": "Predicted answers" });
    this.title = el("p", { class: "grid-title" });
    this.tiles = el("div", { class: "tiles", role: "group", "aria-label": "Pages" });
    this.accept = el("button", { type: "button", class: "primary", disabled: true, onclick: onPress(() => this.onAccept()) });
    this.more = el("button", { type: "button", onclick: onPress(() => this.move(1)) }, "Next batch", el("kbd", {}, "n"));
    byId("grid").append(this.groups, el("div", { class: "grid-bar" }, this.title, this.more, this.accept), this.tiles);
    this.items = [];
    this.out = new Set();
    this.at = 0;
    this.width = 1;
    this.watcher = new IntersectionObserver((entries) => this.onScrolled(entries), { threshold: SEEN_PART });
    this.forgetSeen();
    window.addEventListener("resize", () => this.items.length && this.layout());
  }

  // Pages whose picture is there or missing, pages on the screen, since when their picture is there, and pages whose
  // picture was there long enough to be looked at: only these can be accepted.
  forgetSeen() {
    this.watcher.disconnect();
    clearTimeout(this.looking);
    this.loaded = new Set();
    this.missing = new Set();
    this.onScreen = new Set();
    this.since = new Map();
    this.seen = new Set();
  }

  onScrolled(entries) {
    for (const { target, isIntersecting, intersectionRatio } of entries) {
      const isShown = isIntersecting && intersectionRatio >= SEEN_PART;
      const { page } = target.dataset;
      if (isShown) this.onScreen.add(page);
      else {
        this.onScreen.delete(page);
        this.since.delete(page);
      }
    }
    this.look();
  }

  look() {
    const now = performance.now();
    let wait = Infinity;
    for (const page of this.onScreen) {
      if (!this.loaded.has(page) || this.seen.has(page)) continue;
      if (!this.since.has(page)) this.since.set(page, now);
      const left = this.since.get(page) + LOOK_MS - now;
      if (left > 0) wait = Math.min(wait, left);
      else this.seen.add(page);
    }
    clearTimeout(this.looking);
    if (wait < Infinity) this.looking = setTimeout(() => this.look(), wait);
    this.draw();
  }

  // Whether all tiles on the screen are among these pages, or have no picture.
  haveAll(pages) {
    return this.onScreen.size > 0 && [...this.onScreen].every((page) => pages.has(page) || this.missing.has(page));
  }

  accepted() {
    return this.items.filter(({ page }) => this.seen.has(page) && !this.out.has(page));
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

  // Fits whole rows of tiles into the window. Returns how many tiles that are.
  layout() {
    const { style, clientWidth, clientHeight } = this.tiles;
    style.setProperty("--tile", `${TILE_WIDTHS[this.width]}px`);
    const computed = getComputedStyle(this.tiles);
    const pixels = (name) => parseFloat(computed[name]) || 0;
    const columns = this.columns();
    const gap = pixels("rowGap");
    const width = (clientWidth - pixels("paddingLeft") - pixels("paddingRight") - gap * (columns - 1)) / columns;
    const room = clientHeight - pixels("paddingTop") - pixels("paddingBottom") + gap;
    let height = Math.round(width * PAGE_RATIO);
    let rows = Math.ceil(SCROLLED_TILES / columns);
    if (computed.overflowY !== "visible") {
      const extra = TILE_EXTRA + gap;
      rows = Math.max(1, Math.min(Math.round(room / (height + extra)), Math.floor(room / (MIN_FRAME + extra))));
      height = Math.max(MIN_FRAME, Math.floor(room / rows - extra));
    }
    style.setProperty("--frame", `${height}px`);
    return Math.min(MAX_TILES - (MAX_TILES % columns), columns * rows);
  }

  // Larger or smaller tiles. What is left out already stays on the screen.
  async resize(by) {
    const width = Math.min(TILE_WIDTHS.length - 1, Math.max(0, this.width + by));
    if (width === this.width || this.items.length === 0) return;
    this.width = width;
    if (this.out.size === 0) await this.load({ at: this.items[0].page });
    else this.layout();
  }

  parameters(more) {
    // Undecided pages first and only: what was accepted leaves the grid.
    const chosen = state.view.state === "all" ? "undecided" : state.view.state;
    return viewParameters({ mode: "grid", state: chosen, limit: this.layout(), ...more });
  }

  async load(where) {
    if (!state.view.label) return this.showText("No page has an answer to this task.");
    const found = await get("/api/pages", this.parameters(where));
    this.items = found.pages;
    this.out.clear();
    this.forgetSeen();
    this.at = 0;
    this.first = found.first;
    this.total = found.total;
    if (this.items.length === 0) {
      if (where.after || where.before) return this.load({});
      return this.showText("All pages of this group are decided or left out. Left-out pages: choose “skipped” in single pages.");
    }
    this.tiles.replaceChildren(...this.items.map((item, at) => this.tile(item, at)));
    [...this.tiles.children].forEach((tile) => this.watcher.observe(tile));
    this.draw();
    if (!document.activeElement?.matches("select, input")) this.focus(0);
  }

  showText(text) {
    this.items = [];
    this.forgetSeen();
    this.tiles.replaceChildren(el("p", { class: "nothing" }, text));
    this.draw();
  }

  tile(item, at) {
    const image = el("img", { alt: "", class: "tile-picture", draggable: false });
    const fault = el("span", { class: "tile-fault", hidden: true });
    const name = pageName(item.path, item.number);
    const tile = el("button", {
      type: "button", class: "tile", "aria-pressed": "false", title: item.path, tabIndex: at === 0 ? 0 : -1,
      "aria-label": `${name}: press to leave it out`,
      onclick: ({ detail }) => { this.focus(at); if (detail < 2) this.toggle(at); }, onfocus: () => this.mark(at),
    }, el("span", { class: "tile-frame" }, image, fault), el("span", { class: "tile-name" }, isolated(name)));
    tile.dataset.tile = "1";
    tile.dataset.page = item.page;
    const { loaded, missing } = this;
    show(image, item.page, TILE_SIDE, (reason) => {
      image.hidden = true;
      fault.textContent = reason;
      fault.hidden = false;
      // A page that can't be seen can't be accepted.
      missing.add(item.page);
      if (missing === this.missing) this.out.add(item.page);
    }).then(() => {
      if (!missing.has(item.page)) loaded.add(item.page);
      // With the next frame, so that the picture and the count are on the screen before a key is read.
      requestAnimationFrame(() => loaded === this.loaded && this.look());
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
    if (!item || this.missing.has(item.page)) return;
    if (!this.out.delete(item.page)) this.out.add(item.page);
    this.draw();
  }

  draw() {
    const isShown = (page) => this.seen.has(page) || this.since.has(page);
    const count = this.items.filter(({ page }) => isShown(page) && !this.out.has(page)).length;
    const unseen = this.items.filter(({ page }) => !isShown(page) && !this.out.has(page)).length;
    const isLoading = this.items.length > 0 && !this.haveAll(this.loaded);
    const isNew = !this.haveAll(this.seen);
    this.items.forEach((item, at) => {
      const tile = this.tiles.children[at];
      const isOut = this.out.has(item.page);
      tile?.classList.toggle("is-out", isOut);
      tile?.classList.toggle("is-missing", this.missing.has(item.page));
      tile?.setAttribute("aria-pressed", String(isOut));
    });
    this.accept.replaceChildren(isLoading ? "Loading pictures…" : `Accept ${grouped(count)}`, el("kbd", {}, "Enter"));
    this.accept.disabled = this.items.length === 0 || isLoading || isNew || (count === 0 && this.out.size === 0);
    this.more.disabled = this.total <= this.items.length;
    const label = this.labels?.find((known) => known.key === state.view.label);
    this.title.replaceChildren(...(label && this.items.length
      ? ["All of these are ", el("strong", {}, isolated(valueText(label.value))), "? Click the wrong ones. ",
        el("span", { class: "soft" }, `${grouped(this.items.length)} of ${grouped(this.total)}${!isLoading && unseen ? `, ${grouped(unseen)} not seen yet` : ""}`)]
      : []));
  }

  async onAccept() {
    // A key or a click that was meant for the batch before.
    if (this.accept.disabled) {
      if (this.items.length) hint(tooEarly("pictures", this.haveAll(this.loaded)));
      return;
    }
    const task = this.task().name;
    const kept = this.accepted();
    const skips = this.items.filter(({ page }) => this.out.has(page)).map(({ page }) => ({ page, task }));
    if (kept.length) {
      const decisions = kept.map((item) => ({ page: item.page, task, value: item.tasks[task].answer.value }));
      const { changed } = await post("/api/decide", { decisions, skips, view: viewQuery() });
      const isChanged = changed ? ` ${plural(changed, "blind answer")} changed: docmill eval counts the first.` : "";
      notice(`${plural(kept.length, "page")} accepted${skips.length ? `, ${grouped(skips.length)} left out` : ""}. u undoes.${isChanged}`);
    } else {
      const { added } = await post("/api/skip", { skips });
      notice(added ? `${plural(skips.length, "page")} left out. u undoes.` : "These pages were left out before.");
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
      case "Enter": return () => this.onAccept(); // never a click on the focused tile
      case "+":
      case "=": return () => this.resize(1);
      case "-": return () => this.resize(-1);
      case "n": return () => this.move(1);
      case "p": return () => this.move(-1);
      case "]": return () => this.turn(1);
      case "[": return () => this.turn(-1);
      case "o": return () => this.items[this.at] && change({ mode: "single", label: "", open: this.items[this.at].page });
      default: return false;
    }
  }
}
