// The entry of `dnalect serve`: an engine behind HTTP.

import { start } from "./main.js";

const base = new URL("../", import.meta.url);
const token = new URLSearchParams(location.search).get("token");

async function ask(question, given, { signal } = {}) {
  const headers = { "content-type": "application/json", ...(token ? { authorization: `Bearer ${token}` } : {}) };
  let answer;
  try {
    answer = await fetch(new URL(`api/${question}`, base), { method: "POST", headers, body: JSON.stringify(given), signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The server does not answer: is dnalect serve still running?");
  }
  const record = await answer.json().catch(() => null);
  if (!answer.ok) throw new Error(record?.error || `The server answered ${answer.status}.`);
  return record;
}

const data = async (name) => (await fetch(new URL(`data/${name}.json`, base))).json();

start(() => ({ ask, place: "by dnalect serve on this computer" }), data);
