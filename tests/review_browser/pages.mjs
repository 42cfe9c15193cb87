// Makes the inputs of the tests: pages that all differ, with hostile names, and a list that carries values.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32, deflateSync } from "node:zlib";

const SIDE = [120, 160];

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type), data]);
  const head = Buffer.alloc(4);
  head.writeUInt32BE(data.length);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(checksum(body));
  return Buffer.concat([head, body, sum]);
}

function checksum(bytes) {
  if (crc32) return crc32(bytes);
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

// A page with lines of "words" that depend on its number.
export function png(number) {
  const [width, height] = SIDE;
  const rows = Buffer.alloc((width + 1) * height, 255);
  let state = (number * 2654435761 + 1) >>> 0;
  const next = (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 16) % below;
  };
  for (let y = 0; y < height; y++) rows[y * (width + 1)] = 0;
  for (let line = 12; line < height - 12; line += 9) {
    let x = 10;
    const end = width - 10 - next(40);
    while (x < end) {
      const length = 4 + next(14);
      for (let at = x; at < Math.min(x + length, end); at++) {
        for (let y = line; y < line + 3; y++) rows[y * (width + 1) + 1 + at] = 40;
      }
      x += length + 4;
    }
  }
  for (let bit = 0; bit < 24; bit++) rows[1 * (width + 1) + 1 + bit] = (number >> bit) & 1 ? 0 : 255;
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 0, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk("IHDR", header), chunk("IDAT", deflateSync(rows)), chunk("IEND", Buffer.alloc(0)),
  ]);
}

// Text that would do something if it were anything but text.
export const HOSTILE_NAMES = [
  "<img src=x onerror=window.hacked=1>.png", "\"onmouseover=window.hacked=1 x=\".png", "'; window.hacked=1; '.png",
  "a\u202egnp.exe.png", "=HYPERLINK(1).png", "&lt;b&gt;.png", "${window.hacked=1}.png",
];
export const HOSTILE_LABEL = "<b onclick=window.hacked=1>form</b>";
const HOSTILE_VALUE = "<script>window.hacked=1</script>";

const quoted = (text) => `"${text.replaceAll("\"", "\"\"")}"`;

// A folder with `count` pages and a job. Returns the paths of the pages.
export function makeJob(folder, count) {
  mkdirSync(join(folder, "pages"), { recursive: true });
  const names = Array.from({ length: count }, (_, at) => HOSTILE_NAMES[at] ?? `scan-${String(at).padStart(5, "0")}.png`);
  names.forEach((name, at) => writeFileSync(join(folder, "pages", name), png(at)));
  const lines = names.map((name, at) => `${quoted(`pages/${name}`)},${quoted(at % 3 ? `customer ${at % 3}` : HOSTILE_VALUE)}`);
  writeFileSync(join(folder, "list.csv"), `path,customer\n${lines.join("\n")}\n`);
  const schema = {
    type: "object", required: ["amount", "date"],
    properties: { amount: { type: "number" }, date: { type: "string", format: "date" }, paid: { type: "boolean" } },
  };
  writeFileSync(join(folder, "total.schema.json"), JSON.stringify(schema));
  writeFileSync(join(folder, "job.yaml"), `version: 1
name: browser <i>test</i>
input: {list: list.csv}
provider: {simulator: {}, model: openai/gpt-4o-mini}
tasks:
  kind:
    classify:
      question: What kind of document is this page?
      labels: {invoice: A request for payment with line items., letter: Addressed prose with a signature., '${HOSTILE_LABEL}': A form to fill in.}
      other: true
  marks: {tag: {labels: [stamp, logo, table, handwriting]}}
  total: {extract: {schema: total.schema.json}}
  signed: {question: {text: Is the page signed?, type: boolean}}
store: store.db
output: {csv: rows.csv, jsonl: rows.jsonl}
on_error: {max_failed: 100%, stop_after: 0}
limits: {concurrency: 64}
`);
  return names;
}

// Names of labels, more than there are digits. One is the beginning of others.
export const MANY_LABELS = [
  "invoice", "letter", "receipt", "form letter", "contract", "statement", "report", "envelope", "card", "map", "memo", "form",
  "order", "photo",
];

// A folder with `count` pages and a job with many labels and typed answers.
export function makeTypedJob(folder, count) {
  mkdirSync(join(folder, "pages"), { recursive: true });
  for (let at = 0; at < count; at++) writeFileSync(join(folder, "pages", `page-${at}.png`), png(at));
  const schema = {
    type: "object", required: ["amount", "date"],
    properties: { amount: { type: "number" }, date: { type: "string", format: "date" }, paid: { type: "boolean" } },
  };
  writeFileSync(join(folder, "total.schema.json"), JSON.stringify(schema));
  writeFileSync(join(folder, "job.yaml"), `version: 1
name: typed
input: {folder: pages}
provider: {simulator: {}, model: openai/gpt-4o-mini}
tasks:
  kind: {classify: {labels: [${MANY_LABELS.join(", ")}]}}
  marks: {tag: {labels: [stamp, logo, table, handwriting]}}
  total: {extract: {schema: total.schema.json}}
  sender: {question: {text: Who sent it?, type: text}}
store: store.db
output: {jsonl: rows.jsonl}
`);
}
