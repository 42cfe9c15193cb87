// Pictures of pages: fetched, so that a page without one can show the reason, and kept for a moment.

// A picture that was shown for less time than this was not looked at, in milliseconds: its page was accepted by a
// second press of the same key.
export const LOOK_MS = 500;

// Why nothing was accepted. `what`: "picture" or "pictures"; `isThere`: whether they are there, but only since a moment.
export const tooEarly = (what, isThere) => `Not accepted: ${isThere ? `look at the ${what} for half a second` : `wait for the ${what}`}.`;

const MAX_KEPT = 90;
const kept = new Map();

const address = (page, side) => `/picture?page=${encodeURIComponent(page)}&side=${side}`;

async function fetched(page, side) {
  const response = await fetch(address(page, side));
  if (!response.ok) {
    const isJson = response.headers.get("content-type") === "application/json";
    throw new Error(isJson ? (await response.json()).error : "there is no picture");
  }
  return URL.createObjectURL(await response.blob());
}

// The address of the picture of a page within this document.
export function picture(page, side) {
  const key = `${page} ${side}`;
  const known = kept.get(key);
  if (known) {
    kept.delete(key);
    kept.set(key, known);
    return known;
  }
  const loading = fetched(page, side);
  kept.set(key, loading);
  loading.catch(() => kept.delete(key));
  while (kept.size > MAX_KEPT) {
    const [oldest, gone] = kept.entries().next().value;
    kept.delete(oldest);
    gone.then(URL.revokeObjectURL, () => {});
  }
  return loading;
}

export function preload(page, side) {
  picture(page, side).catch(() => {});
}

// What an image element shows, or waits for: the last call counts.
const calls = new WeakMap();

// Takes the picture out of an image element, also one that is on its way.
export function clear(image) {
  calls.delete(image);
  image.removeAttribute("src");
}

// Shows the picture of a page in an image element, or calls `onFault` with the reason why there is none. Returns whether
// nothing else was to be shown in the meantime.
export async function show(image, page, side, onFault) {
  const call = Symbol(page);
  const isLast = () => calls.get(image) === call;
  calls.set(image, call);
  try {
    const source = await picture(page, side);
    if (!isLast()) return false;
    image.src = source;
    // It fails when the element gets another picture.
    await image.decode();
  } catch (error) {
    if (isLast()) onFault(error.message);
  }
  return isLast();
}
