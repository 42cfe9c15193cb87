// Single pages: one page, large, and the editors of its answers.

import { get, post } from "./api.js";
import { byId, clearNotice, el, fileName, grouped, hint, isolated, notice, plural, valueText } from "./dom.js";
import { Incomplete, UNSET, makeField } from "./fields.js";
import { Drafts } from "./drafts.js";
import { onPress } from "./keys.js";
import { preload, tooEarly } from "./pictures.js";
import { state, viewParameters, viewQuery, viewTasks } from "./state.js";
import { SIDE, Viewer } from "./viewer.js";

const FIELDS = "input:not([hidden]):not([type=search]), textarea, select";

export class Single {
  constructor(onDecided) {
    this.onDecided = onDecided;
    this.viewer = new Viewer();
    this.path = el("h2", { class: "page-path" });
    this.facts = el("p", { class: "page-facts" });
    this.carried = el("dl", { class: "carried" });
    this.editors = el("div", { class: "editors", oninput: () => this.onEntry(), onclick: () => (this.isTouched = true) });
    this.drafts = new Drafts();
    this.accept = el("button", { type: "button", class: "primary", onclick: onPress(() => this.onAccept()) }, "Accept", el("kbd", {}, "Enter"));
    this.skipped = el("button", { type: "button", onclick: onPress(() => this.onSkip()) }, "Skip", el("kbd", {}, "x"));
    this.panel = el("section", { class: "panel", "aria-label": "Answers" },
      el("div", { class: "page-head" }, this.path, this.facts), this.carried, this.editors,
      el("div", { class: "actions" }, this.accept, this.skipped));
    byId("single").append(this.viewer.node, this.panel);
    this.item = null;
    this.fields = new Map();
    this.active = "";
    // Whether anything was chosen or entered on the page, also what it had already.
    this.isTouched = false;
  }

  onEntry() {
    this.isTouched = true;
    clearNotice();
  }

  // Shows a page: `where` are parameters of the request, such as {next: 1}.
  async load(where) {
    const found = await get("/api/pages", viewParameters({ limit: 1, ...where }));
    if (found.pages.length === 0) return this.showNone(found, where);
    this.showItem(found.pages[0], found);
    return true;
  }

  // Begins with the first page that is not decided, or the first at all.
  async start(page) {
    if (page && (await this.load({ at: page }))) return;
    if (await this.load({ next: 1 })) return;
    await this.load({});
  }

  showNone(found, where) {
    if (where.next) {
      if (this.item && found.total > 0) {
        notice(found.undecided > 0 ? "Only skipped pages are left; choose “skipped” to see them." : "All pages are decided.");
      }
      return false;
    }
    if (where.after || where.before) return false;
    this.drafts.keep();
    this.drafts.begin(null);
    this.item = null;
    this.panel.classList.add("is-empty");
    this.viewer.clear(found.total === 0 ? "No page matches the filters." : "There is no such page.");
    this.path.textContent = "No page";
    this.facts.textContent = "";
    this.carried.replaceChildren();
    this.editors.replaceChildren();
    return false;
  }

  showItem(item, { first, total }) {
    this.drafts.keep();
    this.item = item;
    this.isTouched = false;
    this.panel.classList.remove("is-empty");
    this.path.replaceChildren(isolated(item.path, { title: item.path }));
    const facts = [`${grouped(first)} of ${grouped(total)}`];
    if (item.number !== 1) facts.push(`page ${item.number}`);
    if (item.status !== "ok") facts.push(item.error_kind ? `${item.status}: ${item.error_kind}` : item.status);
    if (item.is_skipped) facts.push("skipped");
    if (item.wrong_picture) facts.push("the model saw another picture");
    this.facts.replaceChildren(facts.join(" · "));
    if (item.error) this.facts.append(el("br"), isolated(item.error, { class: "error-text" }));
    const carried = Object.entries(item.carried).filter(([, value]) => value !== null);
    this.carried.replaceChildren(...carried.flatMap(([name, value]) => [el("dt", {}, isolated(name)), el("dd", {}, isolated(valueText(value)))]));
    this.showEditors(item);
    this.viewer.show(item.page, `Page ${item.number} of ${fileName(item.path)}`);
    this.preloadNext();
  }

  showEditors(item) {
    const tasks = viewTasks();
    const focused = this.focusedPlace();
    this.fields.clear();
    this.drafts.begin(item.page);
    this.editors.replaceChildren(...tasks.map((task) => {
      const known = item.tasks[task.name] ?? {};
      const field = makeField(task.editor, task.name, false, (fault) => { if (fault) notice(fault, true); });
      field.set(this.startValue(known));
      this.fields.set(task.name, field);
      const isDraft = this.drafts.add(task.name, field);
      const node = el("section", { class: "editor", "data-task": task.name, onfocusin: () => this.activate(task.name), onclick: () => this.activate(task.name) },
        el("h3", {}, isolated(task.name), known.own ? el("span", { class: "badge" }, "decided") : null,
          isDraft ? el("span", { class: "badge is-draft" }, "not accepted yet") : null),
        task.question ? el("p", { class: "question" }, isolated(task.question)) : null,
        field.node, this.context(known));
      return node;
    }));
    this.activate(tasks.some((task) => task.name === this.active) ? this.active : tasks[0]?.name ?? "");
    if (focused) this.restoreFocus(focused);
  }

  // Where the focus is among the editors, so that it is in the same place on the next page.
  focusedPlace() {
    const { activeElement } = document;
    const section = this.editors.contains(activeElement) ? activeElement.closest(".editor") : null;
    if (!section) return null;
    return { task: section.dataset.task, isChoice: activeElement.matches(".choice"), label: activeElement.getAttribute("aria-label") };
  }

  restoreFocus({ task, isChoice, label }) {
    const section = [...this.editors.children].find((node) => node.dataset.task === task);
    if (!section) return;
    const field = [...section.querySelectorAll(FIELDS)].find((node) => node.getAttribute("aria-label") === label);
    if (isChoice || !field) this.fields.get(task)?.focusChoice();
    else field.focus();
  }

  startValue(known) {
    if (known.own) return known.own.value;
    if (state.job.shows_answers && known.answer?.is_given) return known.answer.value;
    return UNSET;
  }

  // The answers of the model and of others that are shown.
  context(known) {
    const lines = [];
    const line = (who, value, kind) => lines.push(el("p", { class: `said ${kind}` }, el("span", {}, who), isolated(value)));
    if (known.answer) {
      const value = known.answer.is_given ? valueText(known.answer.value) : "no answer";
      const isSame = known.own && known.answer.is_given && JSON.stringify(known.own.value) === JSON.stringify(known.answer.value);
      line("model", value, known.own ? (isSame ? "is-same" : "is-other") : "");
    }
    for (const other of known.others ?? []) line(other.reviewer, valueText(other.value), "");
    for (const unfit of known.unfit ?? []) line(`${unfit.reviewer} (no longer fits)`, valueText(unfit.value), "is-other");
    return lines.length ? el("div", { class: "context" }, lines) : null;
  }

  activate(task) {
    this.active = task;
    for (const node of this.editors.children) {
      node.classList.toggle("is-active", this.editors.children.length > 1 && node.dataset.task === task);
    }
  }

  async preloadNext() {
    const { page } = this.item;
    try {
      const next = await get("/api/pages", viewParameters({ limit: 2, next: 1, names: 1, after: page }));
      next.pages.forEach((item) => preload(item.page, SIDE));
    } catch {
      // It is only ahead of time.
    }
  }

  async onAccept() {
    if (!this.item) return;
    const { page } = this.item;
    let decisions;
    try {
      decisions = [...this.fields].map(([task, field]) => ({ page, task, value: field.get() }));
    } catch (error) {
      if (!(error instanceof Incomplete)) throw error;
      notice(error.message, true);
      return;
    }
    // Without an entry, the key was meant for the page before.
    if (!this.isTouched && !this.drafts.has() && !this.viewer.isLookedAt) return hint(tooEarly("picture", this.viewer.isSettled));
    clearNotice();
    await this.viewer.settled;
    const { changed } = await post("/api/decide", { decisions, view: viewQuery() });
    this.drafts.forget();
    this.onDecided();
    if (!(await this.load({ next: 1, after: page }))) await this.load({ at: page });
    if (changed) notice(`${plural(changed, "answer")} changed after the model's answer was shown: rows have what you chose now, and docmill eval counts the first answer.`);
  }

  async onSkip() {
    if (!this.item) return;
    clearNotice();
    const { page } = this.item;
    const { added } = await post("/api/skip", { skips: viewTasks().map(({ name }) => ({ page, task: name })) });
    if (!added) notice("This page was skipped before.");
    this.drafts.forget();
    this.onDecided();
    if (!(await this.load({ next: 1, after: page }))) await this.load({ at: page });
  }

  async move(where) {
    if (!(await this.load(where))) notice(where.after ? "This is the last page." : "This is the first page.");
  }

  key(key) {
    const page = this.item?.page;
    switch (key) {
      case "ArrowRight": return page && (() => this.move({ after: page }));
      case "ArrowLeft": return page && (() => this.move({ before: page }));
      case "ArrowDown": return this.viewer.step > 0 && (() => this.viewer.scroll(1));
      case "ArrowUp": return this.viewer.step > 0 && (() => this.viewer.scroll(-1));
      case "Enter": return () => this.onAccept();
      case "x": return () => this.onSkip();
      case "+":
      case "=": return () => this.viewer.zoom(1);
      case "-": return () => this.viewer.zoom(-1);
      case "r": return () => this.viewer.rotate(90);
      case "R": return () => this.viewer.rotate(-90);
      case "/": return () => this.fields.get(this.active)?.startSearch();
      case "e": return () => this.focusField();
      default: return /^[0-9]$/.test(key) && (() => this.onDigit(key));
    }
  }

  onDigit(key) {
    this.isTouched = true;
    this.fields.get(this.active)?.digit(key);
  }

  focusField() {
    const section = [...this.editors.children].find((node) => node.dataset.task === this.active);
    const field = section?.querySelector(FIELDS);
    if (field) field.focus();
    else this.fields.get(this.active)?.focusChoice();
  }
}
