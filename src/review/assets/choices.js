// Choosing one or several of a list: by click, by digit, or by typing a part of the name.

import { el } from "./dom.js";

const DIGITS = "1234567890";
const MAX_UNFILTERED = 200;

export class Choices {
  // `entries`: [{value, name, description}]; `isMulti`: several may be chosen, at most `max`.
  constructor(entries, { isMulti = false, max = null, label, onChange }) {
    this.entries = entries;
    this.isMulti = isMulti;
    this.max = max;
    this.onChange = onChange;
    this.chosen = new Set();
    this.picked = 0;
    this.list = el("ul", { class: "choices", role: isMulti ? "group" : "radiogroup", "aria-label": label });
    this.search = el("input", {
      type: "search", class: "choice-search", placeholder: "type to find ( / )", autocomplete: "off", spellcheck: false,
      "aria-label": `Find a label of ${label}`, oninput: () => this.filter(),
      onkeydown: (event) => this.onSearchKey(event),
    });
    this.search.dataset.owns = "enter";
    this.search.hidden = entries.length <= DIGITS.length;
    this.items = entries.map((entry, at) => this.item(entry, at));
    this.list.append(...this.items.slice(0, MAX_UNFILTERED));
    this.node = el("div", { class: "choice-box" }, this.search, this.list);
  }

  item(entry, at) {
    const digit = DIGITS[at];
    return el("li", {},
      el("button", {
        type: "button", class: "choice", role: this.isMulti ? "checkbox" : "radio", "aria-checked": "false",
        title: entry.description ?? "", tabIndex: -1, onclick: () => this.toggle(at),
        onkeydown: (event) => this.onChoiceKey(event),
      },
      el("kbd", { class: digit ? "" : "is-empty" }, digit ?? ""),
      el("span", { class: "choice-name" }, el("bdi", {}, entry.name),
        entry.description ? el("small", {}, entry.description) : null)),
    );
  }

  toggle(at) {
    if (!this.entries[at]) return false;
    if (!this.isMulti) this.chosen.clear();
    if (this.isMulti && this.chosen.has(at)) this.chosen.delete(at);
    else if (this.isMulti && this.max !== null && this.chosen.size >= this.max) {
      this.onChange?.(`at most ${this.max} can be chosen`);
      return true;
    } else this.chosen.add(at);
    this.draw();
    this.onChange?.();
    return true;
  }

  digit(key) {
    const at = DIGITS.indexOf(key);
    return at >= 0 && this.toggle(at);
  }

  draw() {
    this.items.forEach((item, at) => item.firstChild.setAttribute("aria-checked", String(this.chosen.has(at))));
    this.setStop();
  }

  buttons() {
    return [...this.list.querySelectorAll(".choice")];
  }

  // The list is one stop of the Tab key: at what is chosen, or at the first.
  setStop(wanted = null) {
    const buttons = this.buttons();
    const stop = wanted ?? buttons.find((button) => button.getAttribute("aria-checked") === "true") ?? buttons[0];
    buttons.forEach((button) => (button.tabIndex = button === stop ? 0 : -1));
    return stop;
  }

  focusFirst() {
    this.setStop()?.focus();
  }

  // Up and down move within the list, and choose nothing.
  onChoiceKey(event) {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!by) return;
    const buttons = this.buttons();
    const next = buttons[buttons.indexOf(event.currentTarget) + by];
    if (next) {
      this.setStop(next);
      next.focus();
    }
    event.preventDefault();
    event.stopPropagation();
  }

  set(values) {
    this.chosen = new Set(this.entries.flatMap((entry, at) => (values.some((value) => value === entry.value) ? [at] : [])));
    this.search.value = "";
    this.filter();
    this.draw();
  }

  values() {
    return this.entries.filter((_, at) => this.chosen.has(at)).map((entry) => entry.value);
  }

  matches() {
    const wanted = this.search.value.trim().toLowerCase();
    // A name that is the beginning of others can still be chosen.
    const rank = (name) => (name === wanted ? 0 : name.startsWith(wanted) ? 1 : name.includes(wanted) ? 2 : 3);
    const ranked = this.entries.map((entry, at) => [rank(entry.name.toLowerCase()), at]).filter(([known]) => known < 3);
    return ranked.sort((a, b) => a[0] - b[0] || a[1] - b[1]).map(([, at]) => at);
  }

  filter() {
    const found = this.matches();
    this.list.replaceChildren(...found.slice(0, MAX_UNFILTERED).map((at) => this.items[at]));
    this.pick(0);
    this.setStop();
  }

  // Marks the match that Enter chooses.
  pick(at) {
    const found = this.matches().slice(0, MAX_UNFILTERED);
    this.picked = Math.max(0, Math.min(found.length - 1, at));
    this.items.forEach((item) => item.classList.remove("is-first"));
    if (!this.search.value || !found.length) return;
    this.items[found[this.picked]].classList.add("is-first");
    this.items[found[this.picked]].scrollIntoView({ block: "nearest" });
  }

  startSearch() {
    this.search.hidden = false;
    this.search.focus();
  }

  onSearchKey(event) {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by) {
      this.pick(this.picked + by);
      event.preventDefault();
    } else if (event.key === "Enter" && this.search.value) {
      const found = this.matches()[this.picked];
      if (found !== undefined) {
        this.toggle(found);
        this.search.value = "";
        this.filter();
        if (!this.isMulti) this.search.blur();
      }
      event.preventDefault();
      event.stopPropagation();
    } else if (event.key === "Enter") {
      this.search.blur();
      event.preventDefault();
    }
  }
}
