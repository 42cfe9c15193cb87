// What was entered on pages and not accepted yet. It is kept until the page is accepted or skipped, so that looking at
// another page loses nothing. Reloading the page does.

export class Drafts {
  constructor() {
    // By page, then by task.
    this.known = new Map();
    this.begin(null);
  }

  // Begins with the fields of a page.
  begin(page) {
    this.page = page;
    this.fields = new Map();
  }

  // Adds a field with its value at first. Returns whether it has a draft, which it then shows.
  add(task, field) {
    const first = JSON.stringify(field.draft());
    this.fields.set(task, { field, first });
    const draft = this.known.get(this.page)?.get(task);
    if (draft === undefined) return false;
    field.restore(draft);
    return true;
  }

  // Whether anything is entered.
  has() {
    return [...this.fields.values()].some(({ field, first }) => JSON.stringify(field.draft()) !== first);
  }

  // Keeps what is entered, before other fields are shown.
  keep() {
    for (const [task, { field, first }] of this.fields) {
      const draft = field.draft();
      const ofPage = this.known.get(this.page) ?? new Map();
      if (JSON.stringify(draft) === first) ofPage.delete(task);
      else ofPage.set(task, draft);
      if (ofPage.size) this.known.set(this.page, ofPage);
      else this.known.delete(this.page);
    }
  }

  // What is entered is stored, or not wanted.
  forget() {
    for (const task of this.fields.keys()) this.known.get(this.page)?.delete(task);
    this.fields.clear();
  }
}
