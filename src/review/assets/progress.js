// How far the review is, and what it is worth.

import { get } from "./api.js";
import { byId, el, grouped, isolated, plural } from "./dom.js";
import { state, viewParameters } from "./state.js";

// Fewer common pages of two reviewers show little about their agreement.
const MIN_AGREEMENT_PAGES = 10;

const figure = (value) => value.toFixed(value > 0.995 && value < 1 ? 3 : 2);

// The ends of an interval are rounded outward, so that it never looks narrower than it is.
export function outward(low, high) {
  const digits = low > 0.99 && low < 1 ? 3 : 2;
  const scale = 10 ** digits;
  const slack = 1e-9;
  const ends = [Math.floor(low * scale + slack) / scale, Math.ceil(high * scale - slack) / scale];
  return ends.map((end) => end.toFixed(digits));
}

function worthText({ reviewed, low, high }, decided) {
  const by = reviewed > decided ? " by all reviewers" : "";
  const within = state.job.sample?.where ? " of the rows that match" : "";
  return `${grouped(reviewed)} reviewed${by}: accuracy ${outward(low, high).join(" to ")} at 95 %${within}`;
}

function worthTitle({ reviewed, right, skipped, unanswered, shown }) {
  const parts = [`The model is right on ${grouped(right)} of the first ${plural(reviewed, "page")} that were drawn. The interval holds however often you look at it.`];
  if (skipped) parts.push(`${plural(skipped, "page")} were skipped: if those are the hard ones, the accuracy is lower.`);
  if (unanswered) parts.push(`${plural(unanswered, "page")} without an answer of the model are not counted.`);
  if (shown) parts.push(`On ${grouped(shown)} of them the model's answer was shown first, which makes agreement more likely.`);
  return parts.join(" ");
}

function agreementText({ reviewers, n, kappa }) {
  const text = kappa === null ? "–" : figure(kappa);
  return el("span", { class: "kappa", title: "Cohen's kappa on pages that both decided" },
    isolated(reviewers.join(" and ")), `: kappa ${text} on ${plural(n, "page")}`);
}

// Tasks whose other pairs are shown, as long as the page is not loaded again.
const unfolded = new Set();

// The agreement with the reviewer who has decided most of the same pages; that of other pairs on request.
function agreementParts({ task, agreements }) {
  const byPages = [...agreements].sort((a, b) => b.n - a.n);
  const own = byPages.find(({ reviewers, n }) => n >= MIN_AGREEMENT_PAGES && reviewers.includes(state.job.reviewer));
  const others = byPages.filter((pair) => pair !== own);
  const parts = own ? [agreementText(own)] : [];
  if (others.length) {
    const ontoggle = ({ target }) => (target.open ? unfolded.add(task) : unfolded.delete(task));
    parts.push(el("details", { class: "pairs", open: unfolded.has(task), ontoggle },
      el("summary", {}, plural(others.length, own ? "other pair" : "pair"), " of reviewers"),
      el("div", { class: "pair-list" }, others.map(agreementText))));
  }
  return parts;
}

function taskParts(task, isNamed) {
  const { job } = state;
  const parts = [];
  const of = job.sample ? job.sample.pages : job.pages;
  const bar = el("progress", { max: Math.max(of, 1), value: task.decided, "aria-label": "Decided pages" });
  if (isNamed) parts.push(el("strong", {}, isolated(task.task)));
  parts.push(bar, el("span", {}, `${grouped(task.decided)} of ${grouped(of)} decided by you`));
  if (task.worth) {
    const isSkewed = task.worth.skipped > 0 || task.worth.shown > 0;
    parts.push(el("span", { class: "worth", title: worthTitle(task.worth) }, worthText(task.worth, task.decided), isSkewed ? " *" : ""));
  }
  if (task.worth?.shown) {
    parts.push(el("span", { class: "seen" }, `${grouped(task.worth.shown)} of them decided with the model's answer seen: docmill eval leaves them out`));
  }
  parts.push(...agreementParts(task));
  return el("div", { class: "progress-task" }, parts);
}

export async function draw() {
  const found = await get("/api/progress", viewParameters({ limit: 1 }));
  byId("progress").replaceChildren(...found.tasks.map((task) => taskParts(task, found.tasks.length > 1)));
}
