// Keys. They are handled one after another, so that none is lost while the one before is being stored. What a waiting
// key means is decided when its turn comes: letters after "/" are typed into the field that "/" leads to.

const waiting = [];
let isBusy = false;
let handler = null;

export function setHandler(next) {
  handler = next;
}

const isTyping = (target) => target instanceof HTMLElement && target.matches("input, textarea, select");

// Whether the last thing that was used is a mouse or a finger, and not the keyboard.
let isPointer = false;
document.addEventListener("pointerdown", () => (isPointer = true), true);
document.addEventListener("keydown", () => (isPointer = false), true);

// Takes the focus from what was clicked, so that keys go to the page again. Keyboard users keep it.
export function leave(element) {
  if (isPointer) element.blur();
}

document.addEventListener("click", (event) => {
  const button = event.detail > 0 && event.target instanceof Element && event.target.closest("button");
  if (button && !button.dataset.tile && !button.closest("dialog")) leave(button);
});

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

// What a click on a button does. The second click of a double click was meant for what was there before.
export const onPress = (work) => (event) => event.detail > 1 || enqueue(work);

// Keys without a character that can mean something in the page or in a field.
const WAITING_KEYS = new Set(["Enter", "Escape", "Backspace", "ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"]);

const isDialogOpen = () => document.querySelector("dialog[open]") !== null;

// Does what a key that has waited means now.
async function press(key) {
  if (isDialogOpen()) return;
  const field = document.activeElement;
  // A field that was clicked while the key waited is not where the key was meant to go.
  if (!isTyping(field) || isPointer) {
    const work = handler(key);
    if (work) await work();
    return;
  }
  // It is deprecated, but nothing else types at the cursor of every kind of field.
  if (key.length === 1) document.execCommand("insertText", false, key);
  else if (key === "Backspace") document.execCommand("delete");
  else field.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isDialogOpen()) return;
  const target = event.target;
  if (isTyping(target)) {
    if (event.key === "Escape") {
      target.blur();
      event.preventDefault();
      return;
    }
    // Enter accepts also from a field of an answer; everything else belongs to the field.
    const isEditor = target.closest(".editors") !== null;
    if (event.key !== "Enter" || event.shiftKey || !isEditor || target.dataset.owns === "enter") return;
  }
  // A key that is held down decides nothing: each page has to be looked at.
  if (event.repeat && (event.key === "Enter" || event.key === " ")) {
    event.preventDefault();
    return;
  }
  // The space bar and Enter press a button that has the focus. On labels and on pages of the grid Enter accepts.
  const isButton = target instanceof HTMLElement && target.matches("button, summary, a") && !target.dataset.tile;
  if (isButton && (event.key === " " || (event.key === "Enter" && !target.matches(".choice")))) return;
  if (isBusy && event.isTrusted && !isTyping(target)) {
    if (event.key.length > 1 && !WAITING_KEYS.has(event.key)) return;
    event.preventDefault();
    enqueue(() => press(event.key));
    return;
  }
  const work = handler?.(event.key);
  if (!work) return;
  event.preventDefault();
  // Keys that `press` passes to a field come before those that still wait.
  if (event.isTrusted) enqueue(work);
  else waiting.unshift(work);
});
