// What is looked at: the job, and which pages in which order. The address keeps it, so that reloading does too.

const listeners = new Set();

export const state = {
  job: null,
  view: { mode: "single", task: "", order: "random", state: "all", label: "", status: "", error: "", column: "", value: "" },
};

export function start(job) {
  state.job = job;
  const first = job.tasks[0]?.name ?? "";
  Object.assign(state.view, { task: job.task ?? first, order: job.order });
  const known = new URLSearchParams(location.hash.slice(1));
  for (const name of Object.keys(state.view)) {
    if (known.has(name)) state.view[name] = known.get(name);
  }
  const isTask = state.view.task === "*" || job.tasks.some((task) => task.name === state.view.task);
  if (!isTask) state.view.task = first;
}

// The tasks that are looked at.
export function viewTasks() {
  const { tasks } = state.job;
  return state.view.task === "*" ? tasks : tasks.filter((task) => task.name === state.view.task);
}

// The view as parameters of a request.
export function viewParameters(more = {}) {
  const parameters = { ...state.view, ...more };
  if (!parameters.column || parameters.value === "") parameters.column = parameters.value = "";
  return Object.fromEntries(Object.entries(parameters).filter(([, value]) => value !== ""));
}

// The same as a text: which pages are decided on by what is known of them is stored with the decision.
export const viewQuery = () => new URLSearchParams(viewParameters()).toString();

export function onChange(listener) {
  listeners.add(listener);
}

// Changes the view. `open`: the page that is shown first in it.
export function change({ open = null, ...changes }) {
  Object.assign(state.view, changes);
  const kept = new URLSearchParams(Object.entries(state.view).filter(([, value]) => value !== ""));
  history.replaceState(null, "", `#${kept}`);
  for (const listener of listeners) listener(open);
}

export const NO_FILTERS = { label: "", status: "", error: "", column: "", value: "", state: "all" };

// In the grid, the answer is not a filter but what is looked at.
export const hasFilters = () =>
  Object.keys(NO_FILTERS).some((name) => state.view[name] !== NO_FILTERS[name] && (name !== "label" || state.view.mode !== "grid"));
