// The entry of `dnalect serve`: an engine behind HTTP.

import { start } from "./main.js";

const base = new URL("../", import.meta.url);

/** What comes as rows of numbers becomes what the engine gives: row-major floats, NaN for null. */
function flat(record) {
  for (const name of ["log_probs", "ratios", "map", "moved"]) {
    if (Array.isArray(record[name])) record[name] = Float32Array.from(record[name].flat(), (each) => each ?? NaN);
  }
  return record;
}

async function ask(question, given, { signal } = {}) {
  const headers = { "content-type": "application/json" };
  let answer;
  try {
    answer = await fetch(new URL(`api/${question}`, base), { method: "POST", headers, body: JSON.stringify(given), signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The server does not answer: is dnalect serve still running?");
  }
  const record = await answer.json().catch(() => null);
  if (!answer.ok) throw new Error(record?.error || `The server answered ${answer.status}.`);
  return flat(record);
}

const data = async (name) => (await fetch(new URL(`data/${name}.json`, base))).json();

start(() => ({ ask, place: "by dnalect serve on this computer" }), data);
