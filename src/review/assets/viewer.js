// A page, large: zoom, rotation, and moving around in it.

import { el } from "./dom.js";
import { LOOK_MS, clear, show } from "./pictures.js";

const SIDE = 1600;
const LARGE_SIDE = 3200;
const ZOOMS = [1, 1.5, 2, 3, 4, 6];

export class Viewer {
  constructor() {
    this.image = el("img", { class: "page-picture", alt: "", draggable: false });
    this.fault = el("p", { class: "page-fault", hidden: true, role: "alert" });
    this.stage = el("div", { class: "stage", tabIndex: 0, "aria-label": "The page" }, this.image, this.fault);
    this.level = el("span", { class: "zoom-level", "aria-live": "polite" }, "fit");
    const tool = (label, text, work) =>
      el("button", { type: "button", class: "quiet", "aria-label": label, title: label, onclick: work }, text);
    this.tools = el("div", { class: "tools", role: "toolbar", "aria-label": "Picture" },
      tool("Zoom out (-)", "−", () => this.zoom(-1)), this.level, tool("Zoom in (+)", "+", () => this.zoom(1)),
      tool("Rotate left (R)", "⟲", () => this.rotate(-90)), tool("Rotate right (r)", "⟳", () => this.rotate(90)));
    this.node = el("section", { class: "viewer", "aria-label": "Picture of the page" }, this.stage, this.tools);
    this.stage.addEventListener("wheel", (event) => this.onWheel(event), { passive: false });
    this.stage.addEventListener("pointerdown", (event) => this.onGrab(event));
    this.image.addEventListener("load", () => this.draw());
    new ResizeObserver(() => this.draw()).observe(this.stage);
    this.step = 0;
    this.turn = 0;
    // Since when the picture is there, or known to be missing; and what ends then.
    this.settledAt = Infinity;
    this.settled = Promise.resolve();
  }

  show(page, alt) {
    this.page = page;
    this.step = 0;
    this.turn = 0;
    this.side = SIDE;
    this.fault.hidden = true;
    this.image.hidden = false;
    this.image.alt = alt;
    clear(this.image);
    this.stage.classList.add("is-loading");
    this.settledAt = Infinity;
    this.settled = this.load();
    this.draw();
  }

  clear(text) {
    this.page = null;
    clear(this.image);
    this.onFault(text);
  }

  async load() {
    const isShown = await show(this.image, this.page, this.side, (reason) => this.onFault(`No picture of this page: ${reason}`));
    if (!isShown) return;
    this.settledAt = Math.min(this.settledAt, performance.now());
    this.stage.classList.remove("is-loading");
  }

  // Whether the picture is there, or known to be missing.
  get isSettled() {
    return this.settledAt < Infinity;
  }

  // Whether the picture was there long enough to be looked at.
  get isLookedAt() {
    return performance.now() - this.settledAt >= LOOK_MS;
  }

  onFault(reason) {
    this.stage.classList.remove("is-loading");
    this.image.hidden = true;
    this.image.removeAttribute("src");
    this.fault.textContent = reason;
    this.fault.hidden = false;
  }

  zoom(by) {
    const step = Math.min(ZOOMS.length - 1, Math.max(0, this.step + by));
    if (step === this.step) return;
    const { scrollLeft, scrollTop, scrollWidth, scrollHeight, clientWidth, clientHeight } = this.stage;
    const center = [(scrollLeft + clientWidth / 2) / scrollWidth, (scrollTop + clientHeight / 2) / scrollHeight];
    this.step = step;
    // More pixels when they are looked at.
    if (step > 0 && this.side !== LARGE_SIDE && this.page) {
      this.side = LARGE_SIDE;
      this.settled = this.load();
    }
    this.draw();
    this.stage.scrollTo(center[0] * this.stage.scrollWidth - clientWidth / 2, center[1] * this.stage.scrollHeight - clientHeight / 2);
  }

  rotate(by) {
    this.turn = (this.turn + by + 360) % 360;
    this.draw();
  }

  // Scrolls a picture that is larger than its place.
  scroll(down) {
    if (this.step === 0) return false;
    this.stage.scrollBy({ top: down * this.stage.clientHeight * 0.4 });
    return true;
  }

  draw() {
    const { naturalWidth: width, naturalHeight: height } = this.image;
    if (!width) return;
    const isTurned = this.turn % 180 !== 0;
    const [wide, high] = isTurned ? [height, width] : [width, height];
    const fit = Math.min((this.stage.clientWidth - 16) / wide, (this.stage.clientHeight - 16) / high);
    // A small picture is not blown up beyond twice its size just to fill the place.
    const scale = Math.min(fit, 2) * ZOOMS[this.step];
    const { style } = this.image;
    style.width = `${width * scale}px`;
    style.height = `${height * scale}px`;
    const shift = isTurned ? (high - wide) * scale / 2 : 0;
    style.margin = isTurned ? `${shift}px ${-shift}px` : "0";
    style.transform = this.turn ? `rotate(${this.turn}deg)` : "";
    this.level.textContent = this.step === 0 ? "fit" : `${ZOOMS[this.step]}×`;
    this.stage.classList.toggle("is-large", this.step > 0);
  }

  onWheel(event) {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    this.zoom(event.deltaY < 0 ? 1 : -1);
  }

  onGrab(event) {
    if (this.step === 0 || event.button !== 0 || event.pointerType === "touch") return;
    let [x, y] = [event.clientX, event.clientY];
    this.stage.setPointerCapture(event.pointerId);
    const move = (moved) => {
      this.stage.scrollBy(x - moved.clientX, y - moved.clientY);
      [x, y] = [moved.clientX, moved.clientY];
    };
    const end = () => {
      this.stage.removeEventListener("pointermove", move);
      this.stage.removeEventListener("pointerup", end);
      this.stage.removeEventListener("pointercancel", end);
    };
    this.stage.addEventListener("pointermove", move);
    this.stage.addEventListener("pointerup", end);
    this.stage.addEventListener("pointercancel", end);
  }
}

export { SIDE };
