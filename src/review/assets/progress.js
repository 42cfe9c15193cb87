// How far the review is, and what it is worth.

import { get } from "./api.js";
import { byId, el, grouped, isolated, plural } from "./dom.js";
import { state, viewParameters } from "./state.js";

const figure = (value) => value.toFixed(value > 0.995 && value < 1 ? 3 : 2);

function worthText({ reviewed, low, high }) {
  const within = state.job.sample?.where ? " of the rows that match" : "";
  return `${grouped(reviewed)} reviewed: accuracy ${figure(low)} to ${figure(high)} at 95 %${within}`;
}

function worthTitle({ reviewed, right, skipped, unanswered, shown }) {
  const parts = [`The model is right on ${grouped(right)} of the first ${plural(reviewed, "page")} that were drawn. The interval holds however often you look at it.`];
  if (skipped) parts.push(`${plural(skipped, "page")} were skipped: if those are the hard ones, the accuracy is lower.`);
  if (unanswered) parts.push(`${plural(unanswered, "page")} without an answer of the model are not counted.`);
  if (shown) parts.push(`On ${grouped(shown)} of them the model's answer was shown first, which makes agreement more likely.`);
  return parts.join(" ");
}

function taskParts(task, isNamed) {
  const { job } = state;
  const parts = [];
  const of = job.sample ? job.sample.pages : job.pages;
  const bar = el("progress", { max: Math.max(of, 1), value: task.decided, "aria-label": "Decided pages" });
  if (isNamed) parts.push(el("strong", {}, isolated(task.task)));
  parts.push(bar, el("span", {}, `${grouped(task.decided)} of ${grouped(of)} decided`));
  if (task.worth) {
    const isSkewed = task.worth.skipped > 0 || task.worth.shown > 0;
    parts.push(el("span", { class: "worth", title: worthTitle(task.worth) }, worthText(task.worth), isSkewed ? " *" : ""));
  }
  for (const { reviewers, n, kappa } of task.agreements) {
    const text = kappa === null ? "–" : figure(kappa);
    parts.push(el("span", { class: "kappa", title: "Cohen's kappa on pages that both decided" },
      isolated(reviewers.join(" and ")), `: kappa ${text} on ${plural(n, "page")}`));
  }
  return el("div", { class: "progress-task" }, parts);
}

export async function draw() {
  const found = await get("/api/progress", viewParameters({ limit: 1 }));
  byId("progress").replaceChildren(...found.tasks.map((task) => taskParts(task, found.tasks.length > 1)));
}
