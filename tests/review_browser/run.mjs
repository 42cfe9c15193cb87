// Reviews a job in a browser, by keyboard: decisions, undo, the grid, kill -9, two browsers, hostile texts.
//
//   DOCMILL=target/release/docmill node run.mjs [--shots FOLDER] [--many FOLDER] [--assets FOLDER]
//
// --shots writes screenshots; --many only measures how long what a reviewer does takes in a folder with many pages, as
// `scripts/review_many.py --make` fills it; --assets takes the page's files from a folder, so that they can be changed
// without building docmill.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";
import { HOSTILE_LABEL, HOSTILE_NAMES, makeJob, makeTypedJob } from "./pages.mjs";
import { Server, docmill } from "./server.mjs";

const { values: given } = parseArgs({ options: { shots: { type: "string" }, many: { type: "string" }, assets: { type: "string" } } });
const program = resolve(process.env.DOCMILL ?? "target/release/docmill");
const PAGES = 520;
const REVIEWED = 500;

const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });
const work = mkdtempSync(join(tmpdir(), "docmill-browser-"));
const servers = [];
let passed = 0;

async function test(name, body) {
  const began = Date.now();
  await body();
  passed += 1;
  console.log(`ok: ${name} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
}

async function serve(folder, ...words) {
  const server = await Server.start(program, folder, ...words);
  servers.push(server);
  return server;
}

// A browser with a profile of its own. Whatever should not happen in it fails the test.
async function open(address, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  page.faults = [];
  page.saved = 0;
  page.on("dialog", (dialog) => { page.faults.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on("pageerror", (error) => page.faults.push(`script: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error" && !/ERR_CONNECTION|status of 410/.test(message.text())) page.faults.push(message.text());
  });
  page.on("request", (request) => {
    const isOwn = /^(blob:)?http:\/\/127\.0\.0\.1:/.test(request.url());
    if (!isOwn) page.faults.push(`asked ${request.url()}`);
  });
  page.on("response", async (response) => {
    if (response.url().endsWith("/api/decide") && response.ok()) page.saved += JSON.parse(response.request().postData()).decisions.length;
  });
  if (given.assets) {
    await page.route(/\/assets\/|:\d+\/$/, async (route) => {
      const response = await route.fetch();
      const name = basename(new URL(route.request().url()).pathname) || "index.html";
      // A script that the program does not have yet.
      const isNew = response.status() === 404 && name.endsWith(".js") && existsSync(join(given.assets, name));
      if (isNew) return route.fulfill({ contentType: "text/javascript; charset=utf-8", path: join(given.assets, name) });
      const isShown = response.ok();
      await route.fulfill(isShown ? { response, body: readFileSync(join(given.assets, name)) } : { response });
    });
  }
  await page.goto(address);
  // Redirects are not routed.
  if (given.assets) await page.goto(new URL(address).origin);
  await ready(page).catch((error) => { throw new Error(`${error.message}\n${page.faults.join("\n")}`); });
  return page;
}

// Until a page or tiles are shown.
async function ready(page) {
  await page.waitForFunction(() => document.querySelector(".page-path bdi, .tile, .nothing, .page-fault:not([hidden])"), null, { timeout: 15_000 });
}

const path = (page) => page.locator(".page-path").innerText();
const progress = (page) => page.evaluate(() => fetch("/api/progress").then((reply) => reply.json()));
const decided = async (page) => (await progress(page)).tasks[0].decided;

async function until(page, count) {
  for (let left = 2400; left > 0; left -= 1) {
    if ((await decided(page)) >= count) return;
    await page.waitForTimeout(50);
  }
  assert.fail(`${await decided(page)} decisions instead of ${count}`);
}

// Presses a digit and Enter for `count` pages, as fast as a keyboard can.
async function review(page, count) {
  for (let at = 0; at < count; at += 1) {
    await page.keyboard.press(String((at % 3) + 1));
    await page.keyboard.press("Enter");
  }
}

function check(...pages) {
  pages.forEach((page) => assert.deepEqual(page.faults, []));
}

async function shots(page, name) {
  if (!given.shots) return;
  mkdirSync(given.shots, { recursive: true });
  for (const colorScheme of ["light", "dark"]) {
    for (const [width, height] of [[1280, 800], [420, 860]]) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height });
      await page.waitForTimeout(400);
      await page.screenshot({ path: join(given.shots, `${name}-${width}-${colorScheme}.png`) });
      const isWide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
      assert.equal(isWide, false, `${name} is wider than ${width} pixels`);
    }
  }
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.emulateMedia({ colorScheme: "light" });
}

async function reviewByKeyboard(folder) {
  let server = await serve(folder, "--reviewer", "ann");
  let page = await open(server.address);

  await test("the address no longer has a token, and the cookie can't be read", async () => {
    assert.equal(new URL(page.url()).search, "");
    assert.equal(server.output().trim().split("\n").length, 1, "the address is the only line");
    const [cookie] = await page.context().cookies();
    assert.equal(cookie.httpOnly, true);
    assert.equal(cookie.sameSite, "Strict");
    assert.equal(await page.evaluate(() => document.cookie), "");
    const again = await (await browser.newContext()).newPage();
    assert.equal((await again.goto(server.address)).status(), 403, "a token is exchanged once");
    await again.context().close();
  });

  await test("arrows move and decide nothing; nothing is revealed", async () => {
    const first = await path(page);
    await page.keyboard.press("ArrowRight");
    await page.waitForFunction((known) => document.querySelector(".page-path").innerText !== known, first);
    await page.keyboard.press("ArrowLeft");
    await page.waitForFunction((known) => document.querySelector(".page-path").innerText === known, first);
    assert.equal(await decided(page), 0);
    assert.equal(await page.locator(".said").count(), 0, "the model's answer is hidden");
    await shots(page, "single");
  });

  await test(`${REVIEWED / 2} pages by keyboard, and kill -9 in the middle of more`, async () => {
    await review(page, REVIEWED / 2);
    await until(page, REVIEWED / 2);
    const writing = review(page, 30);
    await page.waitForFunction((known) => performance.now() > known, (await page.evaluate(() => performance.now())) + 150);
    await server.end("SIGKILL");
    await writing;
    check(page);
    const { saved } = page;
    await page.context().close();
    server = await serve(folder, "--reviewer", "ann");
    page = await open(server.address);
    const kept = await decided(page);
    assert.ok(kept >= saved && saved >= REVIEWED / 2, `${kept} of ${saved} decisions are there`);
  });

  await test(`${REVIEWED} pages`, async () => {
    await review(page, REVIEWED - (await decided(page)));
    await until(page, REVIEWED);
    assert.equal(await decided(page), REVIEWED);
    const [task] = (await progress(page)).tasks;
    assert.equal(task.worth.reviewed, REVIEWED);
    await page.waitForFunction(() => /\d+ reviewed: accuracy 0\.\d+ to [01]\.\d+ at 95 %/.test(document.querySelector("#progress").innerText));
    assert.equal(await page.locator("#strip li").count(), 20);
  });

  await test("undo takes back the last decision and shows its page", async () => {
    const current = await path(page);
    await page.keyboard.press("u");
    await page.waitForFunction((known) => document.querySelector(".page-path").innerText !== known, current);
    assert.equal(await decided(page), REVIEWED - 1);
    await page.keyboard.press("u");
    await page.waitForFunction(() => document.querySelector("#notice").innerText.startsWith("Undone"));
    for (let left = 40; left > 0 && (await decided(page)) !== REVIEWED - 2; left -= 1) await page.waitForTimeout(50);
    assert.equal(await decided(page), REVIEWED - 2);
  });

  await test("skipping decides nothing and goes on", async () => {
    const current = await path(page);
    await page.keyboard.press("x");
    await page.waitForFunction((known) => document.querySelector(".page-path").innerText !== known, current);
    assert.equal(await decided(page), REVIEWED - 2);
    assert.match(await page.locator("#strip li").first().innerText(), /skipped/);
    await page.keyboard.press("u");
    await page.waitForFunction((known) => document.querySelector(".page-path").innerText === known, current);
    assert.equal(await decided(page), REVIEWED - 2);
    await page.keyboard.press("x");
    await page.waitForFunction((known) => document.querySelector(".page-path").innerText !== known, current);
  });

  await test("zoom and rotation", async () => {
    const width = () => page.locator(".page-picture").evaluate((image) => image.getBoundingClientRect().width);
    await page.waitForFunction(() => document.querySelector(".page-picture").naturalWidth > 0);
    const before = await width();
    await page.keyboard.press("+");
    await page.waitForFunction((known) => document.querySelector(".page-picture").getBoundingClientRect().width > known, before);
    await page.keyboard.press("-");
    await page.keyboard.press("r");
    await page.waitForFunction(() => document.querySelector(".page-picture").style.transform === "rotate(90deg)");
  });

  await test("a picture that a larger one replaces before it is drawn is not missing", async () => {
    await page.evaluate(() => {
      const { decode } = HTMLImageElement.prototype;
      const isReleased = new Promise((resolve) => (window.release = resolve));
      // The first picture is drawn when another one is there.
      HTMLImageElement.prototype.decode = async function () {
        HTMLImageElement.prototype.decode = decode;
        const source = this.src;
        await isReleased;
        if (this.src !== source) throw new Error("The source image cannot be decoded.");
      };
    });
    const source = () => page.evaluate(() => document.querySelector(".page-picture").src);
    await onNextPage(page, () => page.keyboard.press("ArrowRight"));
    await page.waitForFunction(() => document.querySelector(".page-picture").naturalWidth > 0);
    const first = await source();
    await page.keyboard.press("+");
    await page.waitForFunction((known) => ![known, ""].includes(document.querySelector(".page-picture").src), first);
    await page.evaluate(() => window.release());
    await page.waitForFunction(() => document.querySelector(".stage").matches(".is-large:not(.is-loading)"));
    assert.ok(await page.locator(".page-fault").isHidden());
    assert.ok(await page.locator(".page-picture").isVisible());
    await page.keyboard.press("-");
    await onNextPage(page, () => page.keyboard.press("ArrowLeft"));
  });

  await test("typed editors: tags by digits, numbers, dates and yes or no", async () => {
    await choose(page, "task", "*");
    await page.waitForFunction(() => document.querySelectorAll(".editor").length === 4);
    await page.keyboard.press("ArrowLeft");
    await page.waitForTimeout(200);
    const editor = (task) => page.locator(`.editor[data-task="${task}"]`);
    await editor("kind").locator(".choice").first().click();
    await editor("marks").locator(".choice").nth(1).click();
    await editor("marks").locator(".choice").nth(3).click();
    await editor("signed").locator(".choice").first().click();
    await page.getByLabel("amount").fill("12.50");
    await page.getByLabel("date").fill("2026-11-23");
    const name = await path(page);
    await shots(page, "all-tasks");
    await page.keyboard.press("Enter");
    await page.waitForFunction((known) => document.querySelector(".page-path").innerText !== known, name);
    const stored = await page.evaluate((wanted) => fetch("/api/pages?task=*&limit=120&state=decided").then((reply) => reply.json())
      .then((found) => found.pages.find((one) => one.path === wanted)?.tasks), name);
    assert.deepEqual(stored.total.own.value, { amount: 12.5, date: "2026-11-23", paid: null });
    assert.deepEqual(stored.marks.own.value, ["logo", "handwriting"]);
    assert.equal(stored.signed.own.value, true);
  });
  check(page);
  return { server, page };
}

// Chooses in a filter, as with a mouse: then the focus does not stay there.
async function choose(page, filter, value) {
  await page.locator(`#filter-${filter}`).focus();
  await page.locator(`#filter-${filter}`).selectOption(value);
  await page.locator(`#filter-${filter}`).blur();
}

async function acceptInGrid({ page }) {
  await test("the grid: wrong ones are clicked out, the rest is accepted at once", async () => {
    await choose(page, "task", "marks");
    await page.keyboard.press("g");
    await isReady(page);
    const tiles = await page.locator(".tile").count();
    assert.ok(tiles >= 4, `${tiles} tiles`);
    await page.locator(".tile").nth(1).click();
    await page.locator(".tile").nth(2).focus();
    await page.keyboard.press(" ");
    assert.equal(await page.locator(".tile.is-out").count(), 2);
    await shots(page, "grid");
    const marks = () => page.evaluate(() => fetch("/api/progress?task=marks").then((reply) => reply.json())).then((found) => found.tasks[0].decided);
    const skipped = (task) => page.evaluate((name) => fetch(`/api/pages?task=${name}&state=skipped`).then((reply) => reply.json()), task).then(({ total }) => total);
    const before = await marks();
    const shown = await page.locator(".tile").count();
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.querySelector("#notice").innerText.includes("accepted, 2 left out"));
    assert.equal(await marks(), before + shown - 2);
    assert.deepEqual([await skipped("marks"), await skipped("signed")], [2, 0], "left out of one task");
    await page.keyboard.press("u");
    for (let left = 40; left > 0 && (await marks()) !== before; left -= 1) await page.waitForTimeout(50);
    assert.equal(await marks(), before, "one undo takes back all that was accepted at once");
    assert.equal(await skipped("marks"), 0, "and what was left out");
    await page.keyboard.press("g");
    await page.waitForSelector("#single:not([hidden])");
  });

  await test("the grid accepts no page whose picture was not on the screen", async () => {
    const marks = () => page.evaluate(() => fetch("/api/progress?task=marks").then((reply) => reply.json())).then((found) => found.tasks[0].decided);
    const before = await marks();
    const release = await holdPictures(page);
    await page.reload();
    await ready(page);
    await page.keyboard.press("g");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".tile");
    await page.keyboard.press("Enter");
    await page.locator(".grid-bar .primary").click({ force: true });
    await page.waitForTimeout(300);
    assert.equal(await marks(), before, "pictures are being loaded");
    assert.equal(await noticeText(page), "Not accepted: wait for the pictures.");
    await release();
    await isReady(page);
    const batch = await page.locator(".tile").count();
    const first = await firstTile(page);
    for (let times = 0; times < 12; times += 1) await page.keyboard.down("Enter");
    await page.keyboard.up("Enter");
    await nextBatch(page, first);
    assert.equal(await marks(), before + batch, "a key that is held down accepts one batch");
    const second = await firstTile(page);
    await page.locator(".grid-bar .primary").focus();
    for (let times = 0; times < 12; times += 1) await page.keyboard.down("Enter");
    await page.keyboard.up("Enter");
    await nextBatch(page, second);
    await page.waitForTimeout(500);
    assert.equal(await marks(), before + 2 * batch, "and so does the button");
    // Where the whole page scrolls, a batch is higher than the window.
    await page.setViewportSize({ width: 420, height: 500 });
    await page.reload();
    await isReady(page);
    const { tiles, seen, columns } = await page.evaluate(() => ({
      tiles: document.querySelectorAll(".tile").length, seen: Number(document.querySelector(".grid-bar .primary").innerText.match(/\d+/)[0]),
      columns: getComputedStyle(document.querySelector(".tiles")).gridTemplateColumns.split(" ").length,
    }));
    assert.equal(columns, 2);
    assert.ok(seen > 0 && seen < tiles, `${seen} of ${tiles} were on the screen`);
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.querySelector("#notice").innerText.includes("accepted"));
    assert.equal(await marks(), before + 2 * batch + seen, "tiles below the window are not decided");
    await page.setViewportSize({ width: 1280, height: 800 });
    for (let times = 0; times < 3; times += 1) await page.keyboard.press("u");
    for (let left = 100; left > 0 && (await marks()) !== before; left -= 1) await page.waitForTimeout(50);
    assert.equal(await marks(), before);
    await isReady(page);
    const small = await frameWidth(page);
    await page.keyboard.press("+");
    await page.waitForFunction((known) => (document.querySelector(".tile-frame")?.clientWidth ?? 0) > known, small);
    await isReady(page);
    await page.keyboard.press("g");
    await page.waitForSelector("#single:not([hidden])");
  });
}

async function acceptOnce({ page }) {
  await test("the grid accepts one batch for two clicks or keys, even if the next pictures are there at once", async () => {
    const marks = () => page.evaluate(() => fetch("/api/progress?task=marks").then((reply) => reply.json())).then((found) => found.tasks[0].decided);
    await page.keyboard.press("g");
    await isReady(page);
    const before = await marks();
    const batch = await page.locator(".tile").count();
    // The pictures of the next batch are kept.
    for (const key of ["n", "p"]) {
      const first = await firstTile(page);
      await page.keyboard.press(key);
      await nextBatch(page, first);
    }
    let first = await firstTile(page);
    // Clicks as fast as frames, until 0.3 seconds after the next batch is there.
    await page.evaluate(async (known) => {
      let since = Infinity;
      while (performance.now() - since < 300) {
        document.querySelector(".grid-bar .primary").click();
        await new Promise(requestAnimationFrame);
        if (since === Infinity && document.querySelector(".tile").dataset.page !== known) since = performance.now();
      }
    }, first);
    await nextBatch(page, first);
    assert.equal(await marks(), before + batch, "accepted by the first click");
    assert.match(await noticeText(page), /^\d+ pages accepted/, "what was accepted is still said");
    first = await firstTile(page);
    await page.locator(".grid-bar .primary").dblclick();
    await nextBatch(page, first);
    assert.equal(await marks(), before + 2 * batch, "a double click is one click");
    await page.locator(".tile").first().dblclick();
    assert.equal(await page.locator(".tile.is-out").count(), 1, "also on a page that is left out");
    await page.keyboard.press("g");
    await page.waitForSelector("#single:not([hidden])");
  });
}

const noticeText = (page) => page.locator("#notice").innerText();

const firstTile = (page) => page.locator(".tile").first().getAttribute("data-page");

// Until another batch than the one with this first page can be accepted.
async function nextBatch(page, first) {
  await page.waitForFunction((known) => (document.querySelector(".tile")?.dataset.page ?? known) !== known, first);
  await isReady(page);
}

const frameWidth = (page) => page.locator(".tile-frame").first().evaluate((frame) => frame.clientWidth);

// Until the pictures of the grid are there and the pages on the screen can be accepted.
async function isReady(page) {
  await page.waitForSelector(".grid-bar .primary:not([disabled])");
}

// Keeps pictures from arriving. Returns what lets them arrive.
async function holdPictures(page) {
  let release;
  const isReleased = new Promise((resolve) => (release = resolve));
  await page.route("**/picture?**", async (route) => {
    await isReleased;
    await route.continue().catch(() => {});
  });
  return async () => {
    release();
    await page.unroute("**/picture?**");
  };
}

async function shownAnswers(folder) {
  await test("with --show, a page is accepted when its picture is there, and once for a key that is held down", async () => {
    const server = await serve(folder, "--show", "--reviewer", "ivy");
    const page = await open(server.address);
    const release = await holdPictures(page);
    await page.reload();
    await ready(page);
    await page.keyboard.press("Enter");
    await page.keyboard.press("Enter");
    await page.waitForTimeout(300);
    assert.equal(await decided(page), 0);
    assert.equal(await noticeText(page), "Not accepted: wait for the picture.");
    await page.waitForFunction(() => document.querySelector("#notice").hidden);
    await release();
    await page.waitForFunction(() => document.querySelector(".page-picture").naturalWidth > 0);
    const name = await path(page);
    await page.waitForTimeout(600);
    for (let times = 0; times < 12; times += 1) await page.keyboard.down("Enter");
    await page.keyboard.up("Enter");
    await page.waitForFunction((known) => document.querySelector(".page-path").innerText !== known, name);
    await page.waitForTimeout(300);
    assert.equal(await decided(page), 1);
    // The picture of the next page is there already: it was not looked at when the button is pressed twice.
    const second = await path(page);
    await page.waitForTimeout(600);
    await page.evaluate(async (known) => {
      let since = Infinity;
      while (performance.now() - since < 300) {
        document.querySelector(".actions .primary").click();
        await new Promise(requestAnimationFrame);
        if (since === Infinity && document.querySelector(".page-path").innerText !== known) since = performance.now();
      }
    }, second);
    assert.equal(await decided(page), 2);
    assert.match(await noticeText(page), /^Not accepted: (look at|wait for) the picture/);
    check(page);
    await server.end("SIGTERM");
  });
}

async function twoBrowsers({ server, page }, folder) {
  await test("two browsers of one reviewer, and two reviewers at once", async () => {
    await choose(page, "task", "kind");
    await page.keyboard.press("?");
    await page.waitForSelector("#help[open]");
    await shots(page, "help");
    await page.getByRole("button", { name: "Another browser" }).click();
    const second = await open(await page.locator(".address").inputValue());
    await page.keyboard.press("Escape");
    const other = await serve(folder, "--reviewer", "bob");
    const third = await open(other.address);
    const before = await decided(page);
    await Promise.all([review(page, 3), review(second, 3), review(third, 40)]);
    await until(third, 40);
    await until(page, before + 3);
    const [task] = (await progress(third)).tasks;
    assert.equal(task.decided, 40, "each reviewer has decisions of their own");
    assert.equal(task.agreements.length, 1);
    assert.ok(task.agreements[0].n >= 30, `${task.agreements[0].n} pages were decided by both`);
    check(page, second, third);
    assert.deepEqual(await other.end("SIGTERM"), { code: 0, signal: null });
    assert.deepEqual(await server.end("SIGINT"), { code: 0, signal: null });
  });
}

async function hostileTexts(folder) {
  await test("hostile names, labels and values stay text", async () => {
    const server = await serve(folder, "--show", "--reviewer", "eve <b>");
    const page = await open(server.address);
    const choices = await page.locator(".choice bdi").allInnerTexts();
    assert.ok(choices.includes(HOSTILE_LABEL), choices.join());
    assert.equal(await page.locator("#reviewer").innerText(), "eve <b> · answers shown");
    assert.equal(await page.locator("#job").innerText(), "browser <i>test</i>");
    await page.keyboard.press("f");
    await choose(page, "column", "customer");
    await page.locator("#filter-value").selectOption("\"<script>window.hacked=1</script>\"");
    await page.waitForFunction(() => document.querySelector(".carried dd")?.innerText === "<script>window.hacked=1</script>");
    await shots(page, "filters");
    await page.keyboard.press("g");
    await page.waitForSelector(".tile");
    await page.keyboard.press("g");
    await page.waitForSelector("#single:not([hidden])");
    // The pages with hostile names themselves.
    for (const name of HOSTILE_NAMES) {
      const key = await page.evaluate((wanted) => (async () => {
        for (let after = ""; ;) {
          const found = await (await fetch(`/api/pages?limit=120${after}`)).json();
          const one = found.pages.find(({ path }) => path === wanted);
          if (one || found.pages.length === 0) return one?.page;
          after = `&after=${found.pages.at(-1).page}`;
        }
      })(), `pages/${name}`);
      assert.ok(key, name);
      await page.evaluate((one) => document.dispatchEvent(new CustomEvent("open", { detail: one })), key);
      // Characters that change the direction of text are shown as such.
      const shown = `pages/${name}`.replaceAll("\u202e", "\ufffd");
      await page.waitForFunction((wanted) => document.querySelector(".page-path").textContent === wanted, shown);
    }
    assert.equal(await page.evaluate(() => window.hacked), undefined);
    assert.equal(await page.locator("main b, main i, main script, .strip b").count(), 0);
    check(page);
    await server.end("SIGTERM");
  });
}

// The page that is shown, as the server knows it.
async function shownPage(page) {
  const name = await path(page);
  return page.evaluate((wanted) => fetch("/api/pages?task=*&limit=120").then((reply) => reply.json())
    .then((found) => found.pages.find((one) => one.path === wanted)), name);
}

async function onNextPage(page, work) {
  const before = await path(page);
  await work();
  await page.waitForFunction((known) => document.querySelector(".page-path").innerText !== known, before);
  return before;
}

// What was decided on a page, by task.
async function decisions(page, name) {
  const found = await page.evaluate((wanted) => fetch("/api/pages?task=*&limit=120").then((reply) => reply.json())
    .then((all) => all.pages.find((one) => one.path === wanted)), name);
  return Object.fromEntries(Object.entries(found.tasks).map(([task, { own }]) => [task, own]));
}

const focused = (page) => page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.innerText ?? "");

async function tabTo(page, label) {
  for (let left = 40; left > 0; left -= 1) {
    await page.keyboard.press("Tab");
    if ((await focused(page)).startsWith(label)) return;
  }
  assert.fail(`Tab does not lead to ${label}`);
}

async function keyboardAlone(folder) {
  makeTypedJob(folder, 12);
  docmill(program, folder, "run", "job.yaml", "-q", "--progress", "off");
  let server = await serve(folder, "--reviewer", "kim", "--sample", "10");
  let page = await open(server.address);
  const keys = async (...list) => { for (const key of list) await page.keyboard.press(key); };

  await test("labels beyond the digits are found by typing", async () => {
    await page.keyboard.press("/");
    await page.keyboard.type("form");
    await keys("Enter");
    const first = await onNextPage(page, () => keys("Enter"));
    assert.equal((await decisions(page, first)).kind.value, "form", "a name that is the beginning of another one");
    await page.keyboard.press("/");
    await page.keyboard.type("form");
    await keys("ArrowDown", "Enter");
    const second = await onNextPage(page, () => keys("Enter"));
    assert.equal((await decisions(page, second)).kind.value, "form letter");
    const third = await onNextPage(page, () => keys("0", "Enter"));
    assert.equal((await decisions(page, third)).kind.value, "map");
  });

  await test("keys that are pressed while an answer is being stored wait, and mean what they mean later", async () => {
    let release;
    const isReleased = new Promise((resolve) => (release = resolve));
    await page.route("**/api/decide", async (route) => {
      await isReleased;
      await route.continue();
    }, { times: 1 });
    const first = await path(page);
    const saved = page.saved;
    await keys("1", "Enter", "/");
    await page.keyboard.type("forms");
    await keys("Backspace", "ArrowDown", "Enter", "Enter");
    assert.equal(await path(page), first);
    release();
    for (let left = 100; page.saved < saved + 2 && left > 0; left -= 1) await page.waitForTimeout(50);
    const all = await page.evaluate(() => fetch("/api/pages?task=*&limit=120").then((reply) => reply.json()));
    const at = all.pages.findIndex((one) => one.path === first);
    assert.deepEqual(all.pages.slice(at, at + 3).map(({ tasks }) => tasks.kind.own?.value), ["invoice", "form letter", undefined]);
    await page.waitForFunction((wanted) => document.querySelector(".page-path").innerText === wanted, all.pages[at + 2].path);
  });

  await test("all four kinds of tasks with nothing but keys", async () => {
    await page.locator("#filter-task").focus();
    await page.keyboard.type("all");
    await page.waitForFunction(() => document.querySelectorAll(".editor").length === 4);
    await page.waitForTimeout(200);
    // The focus goes to what is chosen; Space chooses what has it, and keeps it there.
    await keys("Escape", "2", "e", "ArrowDown", "Space");
    assert.match(await focused(page), /receipt/);
    // A list of labels is one stop.
    await keys("Tab", "Space", "ArrowDown", "ArrowDown", "Space");
    await tabTo(page, "amount");
    await page.keyboard.type("12.5");
    await tabTo(page, "date");
    await page.keyboard.type("11232026");
    await tabTo(page, "paid");
    await page.keyboard.type("y");
    await tabTo(page, "sender");
    const bottom = await page.evaluate(() => document.activeElement.getBoundingClientRect().bottom);
    const top = await page.evaluate(() => document.querySelector(".actions").getBoundingClientRect().top);
    assert.ok(bottom <= top, `the field that has the focus ends at ${bottom}, behind the buttons at ${top}`);
    await page.keyboard.type("ACME");
    await keys("Shift+Enter");
    await page.keyboard.type("Ltd");
    await shots(page, "typed");
    const name = await onNextPage(page, () => keys("Enter"));
    const known = await decisions(page, name);
    assert.equal(known.kind.value, "receipt");
    assert.deepEqual(known.marks.value, ["stamp", "table"]);
    assert.deepEqual(known.total.value, { amount: 12.5, date: "2026-11-23", paid: true });
    assert.equal(known.sender.value, "ACME\nLtd");
    assert.equal(await focused(page), "sender", "the next text can be typed at once");
    await keys("Escape");
  });

  await test("what was entered and not accepted is kept", async () => {
    const text = () => page.evaluate(() => document.querySelector("textarea[aria-label=sender]").value);
    const chosen = () => page.evaluate(() => document.querySelector(".editor[data-task=kind] [aria-checked=true]")?.innerText ?? "");
    const before = await decided(page);
    await tabTo(page, "amount");
    await page.keyboard.type("abc");
    await tabTo(page, "sender");
    await page.keyboard.type("Smith");
    await keys("Escape");
    const first = await chosen();
    await page.locator(".editor[data-task=kind] .choice").nth(2).click();
    const label = await chosen();
    assert.notEqual(label, first);
    const name = await path(page);
    await onNextPage(page, () => keys("ArrowRight"));
    assert.equal(await text(), "", "another page has its own");
    await onNextPage(page, () => keys("ArrowLeft"));
    assert.deepEqual([await path(page), await text(), await chosen()], [name, "Smith", label]);
    assert.equal(await page.evaluate(() => document.querySelector("input[aria-label=amount]").value), "abc");
    assert.ok((await page.locator(".badge.is-draft").count()) > 0, "it says that nothing was accepted");
    // What can't be accepted is said beside the progress, until it is corrected.
    await keys("Enter");
    await page.waitForFunction(() => document.querySelector("#notice").innerText.includes("is not a number"));
    const hidden = await page.evaluate(() => {
      const of = (selector) => document.querySelector(selector).getBoundingClientRect();
      const place = of("#notice");
      return [".tools", ".actions", ".strip", ".bar", "#progress", ".stage"].filter((selector) => {
        const other = of(selector);
        return place.left < other.right && other.left < place.right && place.top < other.bottom && other.top < place.bottom;
      });
    });
    assert.deepEqual(hidden, [], "the message hides nothing");
    await page.locator("input[aria-label=amount]").fill("7");
    assert.ok(await page.locator("#notice").isHidden(), "it is outdated");
    await keys("Escape");
    await onNextPage(page, () => keys("x"));
    await onNextPage(page, () => keys("ArrowLeft"));
    assert.deepEqual([await text(), await chosen()], ["", first], "what was skipped is forgotten");
    assert.equal(await decided(page), before);
    await onNextPage(page, () => keys("ArrowRight"));
  });

  await test("Enter on a button presses it, and accepts nothing", async () => {
    const before = await decided(page);
    await tabTo(page, "Skip");
    await onNextPage(page, () => keys("Enter"));
    assert.equal(await decided(page), before);
  });

  await test("u undoes after the page was loaded again, in the order of what was done, once for all tasks", async () => {
    const counts = () => page.evaluate(() => fetch("/api/progress?task=*").then((reply) => reply.json()))
      .then((found) => found.tasks.map((task) => task.decided));
    assert.deepEqual(await counts(), [5, 1, 1, 1]);
    await page.reload();
    await ready(page);
    // Two pages were skipped after it.
    for (const what of ["skipped", "skipped", "decided"]) {
      await page.waitForFunction(() => document.querySelector("#notice").hidden);
      await keys("u");
      await page.waitForFunction((wanted) => document.querySelector("#notice").innerText === `Undone: 1 page ${wanted}.`, what);
    }
    // The label that the page had before counts again.
    assert.deepEqual(await counts(), [5, 0, 0, 0]);
  });

  await test("what was shown in the grid is known after kill -9", async () => {
    await choose(page, "task", "kind");
    await page.waitForFunction(() => document.querySelectorAll(".editor").length === 1);
    const wanted = await shownPage(page);
    await keys("g");
    await page.waitForSelector(".tile");
    // All answers of the task, whatever the grid shows at first.
    await page.evaluate(() => fetch("/api/pages?mode=grid&task=kind&limit=60").then((reply) => reply.json()));
    check(page);
    await server.end("SIGKILL");
    await page.context().close();
    server = await serve(folder, "--reviewer", "kim", "--sample", "10");
    page = await open(server.address);
    await page.evaluate((one) => document.dispatchEvent(new CustomEvent("open", { detail: one })), wanted.page);
    // The page that is there first has the model's answer as well.
    await page.waitForFunction((one) => document.querySelector(".page-path").innerText === one, wanted.path);
    await page.waitForSelector(".said");
    const own = await onNextPage(page, () => keys("1", "Enter"));
    assert.equal((await decisions(page, own)).kind.is_shown, true);
  });
  check(page);
  await page.context().close();
  await server.end("SIGTERM");
}

async function changedFiles(folder) {
  await test("a file that is gone or has changed has no picture", async () => {
    const server = await serve(folder, "--reviewer", "gus");
    const page = await open(server.address);
    await page.waitForFunction(() => document.querySelector(".page-picture").naturalWidth > 0);
    const file = join(folder, await path(page));
    rmSync(file);
    await page.reload();
    await page.waitForSelector(".page-fault:not([hidden])");
    assert.match(await page.locator(".page-fault").innerText(), /can't be read/);
    await shots(page, "gone");
    check(page);
    await server.end("SIGTERM");
  });
}

// Most files of the folder do not exist, so its pages have no pictures.
async function many(folder) {
  await test("many pages", async () => {
    let [began, cpu] = [Date.now(), 0];
    const server = await serve(folder, "--reviewer", "many");
    // What it took since the last time.
    const measured = (what) => {
      const now = server.cpu();
      console.log(`${what}: ${((Date.now() - began) / 1000).toFixed(1)} s, of which the server's CPU ${(now - cpu).toFixed(2)} s`);
      [began, cpu] = [Date.now(), now];
    };
    const page = await open(server.address);
    measured("first page");
    await page.waitForFunction(() => document.querySelector("#progress").innerText !== "");
    measured("progress");
    for (let left = 20; left > 0; left -= 1) await onNextPage(page, () => page.keyboard.press("ArrowRight"));
    measured("20 pages with the arrow key");
    await review(page, 50);
    // Asking for the progress would be a part of what is measured.
    while (page.saved < 50) await page.waitForTimeout(50);
    measured("50 pages decided");
    await page.keyboard.press("g");
    await page.waitForSelector(".tile", { timeout: 120_000 });
    measured("grid");
    for (let batch = 0; batch < 5; batch += 1) {
      const first = await firstTile(page);
      await page.keyboard.press("n");
      await page.waitForFunction((known) => (document.querySelector(".tile")?.dataset.page ?? known) !== known, first);
    }
    measured("5 more batches");
    await page.keyboard.press("g");
    await page.waitForSelector("#single:not([hidden])");
    for (const order of ["suspected", "disagreement", "cost", "label"]) {
      const shown = page.waitForResponse((response) => response.url().includes("/api/pages") && response.url().includes(order), { timeout: 120_000 });
      await choose(page, "order", order);
      await shown;
      measured(`order ${order}`);
    }
    console.log(`at most ${server.peakMemory()} MB of memory`);
    check(page);
    assert.deepEqual(await server.end("SIGTERM"), { code: 0, signal: null });
  });
}

async function all() {
  const folder = join(work, "job");
  mkdirSync(folder);
  makeJob(folder, PAGES);
  docmill(program, folder, "run", "job.yaml", "-q", "--progress", "off");
  const first = await reviewByKeyboard(folder);
  await acceptInGrid(first);
  await acceptOnce(first);
  await twoBrowsers(first, folder);
  await hostileTexts(folder);
  await shownAnswers(folder);
  await changedFiles(folder);
  const typed = join(work, "typed");
  mkdirSync(typed);
  await keyboardAlone(typed);
}

try {
  await (given.many ? many(resolve(given.many)) : all());
  console.log(`${passed} passed, 0 failed`);
} finally {
  servers.forEach((server) => server.child.kill("SIGKILL"));
  await browser.close();
  rmSync(work, { recursive: true, force: true });
}
