// Run the engine of the page in node, its workers as threads: engine.mjs FOLDER PACK QUESTIONS.json -> answers on standard output.
//
// QUESTIONS is [[question, given] ...]; an answer has arrays as lists, null for NaN, and a fault as {error}.

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Worker as Thread } from "node:worker_threads";

const [folder, pack, questions] = process.argv.slice(2);

// What node's threads lack of the browser's workers.
const scripts = new Map();
URL.createObjectURL = (blob) => {
  const url = `blob:${scripts.size}`;
  scripts.set(url, blob.text());
  return url;
};
const PRELUDE = `
const { parentPort } = require("node:worker_threads");
globalThis.onmessage = null;
globalThis.postMessage = (message, parts) => parentPort.postMessage(message, parts);
parentPort.on("message", (data) => globalThis.onmessage({ data }));
`;
globalThis.Worker = class {
  constructor(url) {
    this.thread = scripts.get(url).then((text) => {
      const thread = new Thread(PRELUDE + text.replace('"use strict";', ""), { eval: true });
      thread.on("message", (data) => this.onmessage({ data }));
      thread.on("error", (error) => this.onerror({ message: error.stack, preventDefault() {} }));
      return thread;
    });
  }
  postMessage(message) {
    this.thread.then((thread) => thread.postMessage(message));
  }
};

const sources = Object.fromEntries(
  readdirSync(folder)
    .filter((name) => /\.(js|wasm)$/.test(name))
    .map((name) => [name, readFileSync(join(folder, name), name.endsWith("js") ? "utf8" : "base64")]),
);
const { open } = await import(pathToFileURL(join(folder, "engine.js")));
const engine = open(readFileSync(pack, "utf8"), sources);
const plain = (_, value) => (ArrayBuffer.isView(value) ? Array.from(value, (each) => (Number.isFinite(each) ? each : null)) : value);
const answers = [];
for (const [question, given] of JSON.parse(readFileSync(questions, "utf8")))
  answers.push(await engine.ask(question, given).catch((error) => ({ error: error.message })));
process.stdout.write(JSON.stringify(answers, plain), () => process.exit());
