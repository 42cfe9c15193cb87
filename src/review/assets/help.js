// The keys, and how to continue in another browser.

import { post } from "./api.js";
import { byId, el, isolated, notice } from "./dom.js";
import { state } from "./state.js";

const KEYS = [
  ["Everywhere", [
    ["g", "grid or single pages"], ["u", "undo what you decided or skipped last"], ["f", "filters"], ["?", "this help"],
    ["Tab", "next button, field or list"], ["Space", "press the button that has the focus"],
  ]],
  ["Single pages", [
    ["← →", "previous and next page; decides nothing"], ["1 … 9 0", "choose or toggle a label"],
    ["/", "find a label by typing; ↑ ↓ choose among the matches, Enter takes one"],
    ["e", "go to the fields or labels"], ["↑ ↓", "move among labels that have the focus; Space chooses"], ["Enter", "accept, and go to the next page that is not decided"],
    ["x", "skip; it decides nothing"], ["+ −", "zoom"], ["↑ ↓", "scroll a picture that is zoomed"], ["r R", "rotate right, left"],
    ["Shift+Enter", "new line in a text"], ["Esc", "leave a field"],
  ]],
  ["Grid", [
    ["← → ↑ ↓", "move; decides nothing"], ["Space x", "leave a page out, or take it back in"],
    ["Enter", "accept all others that you have seen"], ["n p", "next and previous batch, without deciding"],
    ["[ ]", "previous and next answer"], ["+ −", "larger and smaller tiles"], ["o", "open the page"],
  ]],
];

async function newAddress(place) {
  const { address } = await post("/api/address", {});
  const field = el("input", { readOnly: true, value: address, class: "address", "aria-label": "Address for another browser" });
  field.dataset.owns = "enter";
  place.replaceChildren(el("p", {}, "Open this address in the other browser. It works once."), field);
  field.select();
}

export function build() {
  const { job } = state;
  const groups = KEYS.map(([title, keys]) => el("section", {}, el("h3", {}, title), el("dl", { class: "keys" },
    keys.flatMap(([key, text]) => [el("dt", {}, key.split(" ").map((one) => el("kbd", {}, one))), el("dd", {}, text)]))));
  const mode = job.shows_answers
    ? "The model's answers and those of other reviewers are shown before you decide; your decisions record this, and do not count as blind truth."
    : "In single pages, the model's answer and those of other reviewers are hidden until you have decided. The grid shows predicted answers; decisions made in it record this. What you have seen is remembered, even after a restart.";
  const place = el("div", { class: "another" });
  const another = el("button", { type: "button", onclick: () => newAddress(place).catch((error) => notice(error.message, true)) }, "Another browser");
  byId("help").replaceChildren(
    el("div", { class: "help-head" }, el("h2", { id: "help-title" }, "Keys"),
      el("button", { type: "button", class: "quiet", "aria-label": "Close", onclick: () => byId("help").close() }, "×")),
    el("div", { class: "help-groups" }, groups),
    el("p", {}, mode),
    el("p", {}, "You are ", el("strong", {}, isolated(job.reviewer)), ". Every decision is stored at once, in the job's store. "),
    el("div", { class: "help-end" }, another, place),
  );
}

export function toggle() {
  const dialog = byId("help");
  if (dialog.open) dialog.close();
  else dialog.showModal();
}
