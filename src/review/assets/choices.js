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
        title: entry.description ?? "", onclick: (event) => { this.toggle(at); event.currentTarget.blur(); },
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
    const rank = (name) => (name.startsWith(wanted) ? 0 : name.includes(wanted) ? 1 : 2);
    const ranked = this.entries.map((entry, at) => [rank(entry.name.toLowerCase()), at]).filter(([known]) => known < 2);
    return ranked.sort((a, b) => a[0] - b[0] || a[1] - b[1]).map(([, at]) => at);
  }

  filter() {
    const found = this.matches();
    this.list.replaceChildren(...found.slice(0, MAX_UNFILTERED).map((at) => this.items[at]));
    this.items.forEach((item) => item.classList.remove("is-first"));
    if (this.search.value && found.length) this.items[found[0]].classList.add("is-first");
  }

  startSearch() {
    this.search.hidden = false;
    this.search.focus();
  }

  onSearchKey(event) {
    if (event.key === "Enter" && this.search.value) {
      const [first] = this.matches();
      if (first !== undefined) {
        this.toggle(first);
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
