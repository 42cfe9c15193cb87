// Asks the server.

import { clearLostNotice, clearNotice, notice } from "./dom.js";

export class ServerError extends Error {}

// The server does not answer, or not to this browser.
export class LostServer extends ServerError {}

async function answer(request) {
  let response;
  try {
    response = await request;
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new LostServer("docmill does not answer. What was decided is stored; start docmill review again.");
  }
  const isJson = response.headers.get("content-type") === "application/json";
  if (!isJson && !response.ok) throw new LostServer("you are no longer signed in: open a new address");
  const body = isJson ? await response.json() : {};
  if (!response.ok) throw new ServerError(body.error);
  clearLostNotice();
  return body;
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Asks until the server has read what it needs, and shows how far it is.
export async function get(path, parameters = {}) {
  const query = new URLSearchParams(parameters);
  for (let isWaiting = false; ; isWaiting = true) {
    const body = await answer(fetch(`${path}?${query}`));
    if (!body.reading) {
      if (isWaiting) clearNotice();
      return body;
    }
    const { done, of } = body.reading;
    notice(`Reading answers: ${Math.floor((100 * done) / Math.max(of, 1))} %`);
    await pause(250);
  }
}

export function post(path, body) {
  const headers = { "content-type": "application/json" };
  return answer(fetch(path, { method: "POST", headers, body: JSON.stringify(body) }));
}
