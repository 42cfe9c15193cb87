// Editors of answers: one for each form of a value.

import { Choices } from "./choices.js";
import { el } from "./dom.js";

const UNSET = Symbol("unset");

// A value that can't be stored, and why.
export class Incomplete extends Error {}

const ABSENT = "not on the page";

class Field {
  constructor(editor, label) {
    this.editor = editor;
    this.label = label;
  }

  empty() {
    if (this.editor.nullable) return null;
    throw new Incomplete(`${this.label}: a value is missing`);
  }

  // What was entered, even if it is not a value yet, and the same again.
  draft() {
    return this.node.value;
  }

  restore(draft) {
    this.node.value = draft;
  }

  digit() {
    return false;
  }

  startSearch() {}

  focusChoice() {}

  // Whether nothing was entered.
  isBlank() {
    return this.node.value === "";
  }
}

class TextField extends Field {
  constructor(editor, label) {
    super(editor, label);
    const placeholder = editor.nullable ? ABSENT : "";
    const common = { "aria-label": label, placeholder, class: "field", autocomplete: "off", spellcheck: false };
    const isText = editor.type === "text";
    this.input = isText
      ? el("textarea", { ...common, rows: 1, oninput: () => this.resize() })
      : el("input", { ...common, type: editor.type === "date" ? "date" : "text", inputMode: editor.type === "date" ? "" : "decimal" });
    this.node = this.input;
  }

  resize() {
    this.input.rows = Math.min(8, this.input.value.split("\n").length + Math.floor(this.input.value.length / 48));
  }

  set(value) {
    this.input.value = value === UNSET || value === null || value === undefined ? "" : String(value);
    if (this.editor.type === "text") this.resize();
  }

  restore(draft) {
    super.restore(draft);
    if (this.editor.type === "text") this.resize();
  }

  get() {
    const text = this.input.value.trim();
    if (this.input.validity.badInput) throw new Incomplete(`${this.label}: this is not a date`);
    if (text === "") return this.empty();
    if (this.editor.type === "text" || this.editor.type === "date") return text;
    const number = Number(text.replace(/\s/g, ""));
    if (!Number.isFinite(number)) throw new Incomplete(`${this.label}: “${text}” is not a number`);
    if (this.editor.type === "integer" && !Number.isInteger(number)) {
      throw new Incomplete(`${this.label}: a whole number is wanted`);
    }
    return number;
  }
}

class SelectField extends Field {
  constructor(editor, label) {
    super(editor, label);
    this.values = editor.type === "boolean" ? [true, false] : editor.labels.map((known) => known.name);
    const names = editor.type === "boolean" ? ["yes", "no"] : this.values;
    const first = editor.nullable ? ABSENT : "choose…";
    this.node = el("select", { "aria-label": label, class: "field" },
      el("option", { value: "" }, first),
      names.map((name, at) => el("option", { value: String(at) }, name)));
  }

  set(value) {
    const at = this.values.indexOf(value);
    this.node.value = at < 0 ? "" : String(at);
  }

  get() {
    return this.node.value === "" ? this.empty() : this.values[Number(this.node.value)];
  }
}

class ChoiceField extends Field {
  constructor(editor, label, onChange) {
    super(editor, label);
    const isTags = editor.type === "tags";
    const entries = editor.type === "boolean"
      ? [{ value: true, name: "yes" }, { value: false, name: "no" }]
      : editor.labels.map(({ name, description }) => ({ value: name, name, description }));
    if (editor.nullable && !isTags) entries.push({ value: null, name: ABSENT });
    this.isTags = isTags;
    this.choices = new Choices(entries, { isMulti: isTags, max: editor.max ?? null, label, onChange });
    this.node = this.choices.node;
  }

  set(value) {
    this.choices.set(value === UNSET ? [] : this.isTags ? value ?? [] : [value]);
  }

  get() {
    const values = this.choices.values();
    if (this.isTags) return values;
    if (values.length === 0) throw new Incomplete(`${this.label}: choose one first, or press x to skip`);
    return values[0];
  }

  draft() {
    return this.choices.values();
  }

  restore(draft) {
    this.choices.set(draft);
  }

  isBlank() {
    return this.choices.values().length === 0;
  }

  digit(key) {
    return this.choices.digit(key);
  }

  startSearch() {
    this.choices.startSearch();
  }

  focusChoice() {
    this.choices.focusFirst();
  }
}

class ObjectField extends Field {
  constructor(editor, label) {
    super(editor, label);
    this.members = editor.fields.map(({ name, description, editor: member }) => {
      const field = makeField(member, name, true);
      const isGroup = member.type === "object" || member.type === "list";
      const node = el(isGroup ? "fieldset" : "label", { class: "member" },
        el(isGroup ? "legend" : "span", { class: "member-name", title: description ?? "" }, el("bdi", {}, name)), field.node);
      return { name, field, node };
    });
    this.node = el("div", { class: "members" }, this.members.map(({ node }) => node));
  }

  set(value) {
    for (const { name, field } of this.members) {
      field.set(value === UNSET || value === null || value === undefined ? UNSET : value[name] ?? null);
    }
  }

  get() {
    if (this.editor.nullable && this.isBlank()) return null;
    return Object.fromEntries(this.members.map(({ name, field }) => [name, field.get()]));
  }

  draft() {
    return this.members.map(({ field }) => field.draft());
  }

  restore(draft) {
    this.members.forEach(({ field }, at) => field.restore(draft[at]));
  }

  isBlank() {
    return this.members.every(({ field }) => field.isBlank());
  }
}

class ListField extends Field {
  constructor(editor, label) {
    super(editor, label);
    this.items = [];
    this.rows = el("div", { class: "list-items" });
    const add = el("button", { type: "button", class: "quiet", onclick: () => this.add(UNSET, true) }, "add");
    this.node = el("div", { class: "list" }, this.rows, add);
  }

  add(value, isFocused = false) {
    const field = makeField(this.editor.item, `${this.label} ${this.items.length + 1}`, true);
    const item = { field };
    const remove = el("button", {
      type: "button", class: "quiet", "aria-label": `Remove ${field.label}`, onclick: () => {
        this.items.splice(this.items.indexOf(item), 1);
        item.node.remove();
      },
    }, "×");
    item.node = el("div", { class: "list-item" }, field.node, remove);
    field.set(value);
    this.items.push(item);
    this.rows.append(item.node);
    if (isFocused) item.node.querySelector("input, textarea, select")?.focus();
  }

  set(value) {
    this.items = [];
    this.rows.replaceChildren();
    if (Array.isArray(value)) value.forEach((item) => this.add(item));
  }

  draft() {
    return this.items.map(({ field }) => field.draft());
  }

  restore(draft) {
    this.set([]);
    for (const known of draft) {
      this.add(UNSET);
      this.items.at(-1).field.restore(known);
    }
  }

  isBlank() {
    return this.items.length === 0;
  }

  get() {
    if (this.isBlank() && this.editor.nullable) return null;
    return this.items.map(({ field }) => field.get());
  }
}

// The editor of a value of this form. `isMember`: it is one of several in a form.
export function makeField(editor, label, isMember = false, onChange = undefined) {
  switch (editor.type) {
    case "object": return new ObjectField(editor, label);
    case "list": return new ListField(editor, label);
    case "choice":
    case "boolean": return isMember ? new SelectField(editor, label) : new ChoiceField(editor, label, onChange);
    case "tags": return new ChoiceField(editor, label, onChange);
    default: return new TextField(editor, label);
  }
}

export { UNSET };
