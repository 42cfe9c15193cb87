// Keys. They are handled one after another, so that none is lost while the one before is being stored.

const waiting = [];
let isBusy = false;
let handler = null;

export function setHandler(next) {
  handler = next;
}

const isTyping = (target) => target instanceof HTMLElement && target.matches("input, textarea, select");

async function handleAll() {
  if (isBusy) return;
  isBusy = true;
  while (waiting.length) {
    try {
      await waiting.shift()();
    } catch (error) {
      document.dispatchEvent(new CustomEvent("failed", { detail: error }));
      waiting.length = 0;
    }
  }
  isBusy = false;
}

// Does something after everything that was begun before.
export function enqueue(work) {
  waiting.push(work);
  handleAll();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || document.querySelector("dialog[open]")) return;
  const target = event.target;
  if (isTyping(target)) {
    if (event.key === "Escape") {
      target.blur();
      event.preventDefault();
      return;
    }
    // Enter accepts also from a field; everything else belongs to the field.
    if (event.key !== "Enter" || event.shiftKey || target.matches("select") || target.dataset.owns === "enter") return;
  }
  // Enter accepts, also where a click has left the focus on a button; the space bar presses it.
  const isButton = target instanceof HTMLElement && target.matches("button, summary, a") && !target.dataset.tile;
  if (isButton && (event.key === " " || (event.key === "Enter" && !target.closest("main")))) return;
  const work = handler?.(event.key);
  if (!work) return;
  event.preventDefault();
  enqueue(work);
});
