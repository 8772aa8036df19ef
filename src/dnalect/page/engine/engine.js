// The engine of the file: the models of a pack, in WebAssembly, in workers.

import { Answers } from "./answers.js";
import { Pool } from "./pool.js";

// Modules of a worker, each after those that it imports.
const WORKER = ["kernels.js", "duplex.js", "encoder.js", "tasks.js", "worker.js"];
const BINARIES = ["kernels-relaxed.wasm", "kernels.wasm"];
// Characters of the number that a pack begins with.
const DIGITS = 16;
const QUESTIONS = ["models", "probabilities", "score", "substitutions", "dependency", "attention", "tokens"];

/**
 * Open a pack: {ask, place}.
 *
 * pack: the base64 text of page/pack.py. sources: {name: text} of the modules of this folder, with the two binaries as base64.
 * ask(question, given, {progress, signal}) -> Promise of a record; numbers of several bases are one Float32Array, row by row.
 * progress is called with 0 to 1; an aborted signal rejects with its reason.
 */
export function open(pack, sources) {
  const named = Object.fromEntries(Object.entries(sources).map(([name, text]) => [name.split("/").pop(), text]));
  const { models, part } = unpacked(pack);
  const url = URL.createObjectURL(new Blob([bundled(named)], { type: "text/javascript" }));
  const create = () => {
    const worker = new Worker(url);
    worker.postMessage({ type: "open", binaries: Object.fromEntries(BINARIES.map((name) => [name, named[name]])) });
    return worker;
  };
  const weights = (id) => {
    const { family, config, weights: place } = models.find(({ card }) => card.id === id);
    return { family, config, weights: part(place) };
  };
  // One for each strand, or two.
  const size = (globalThis.navigator?.hardwareConcurrency ?? 2) >= 4 ? 4 : 2;
  return { ask: asking(models, new Pool(create, size, weights)), place: "in this browser" };
}

/** The function `ask` over a pool. */
export function asking(models, pool) {
  let order = 0;
  return async (question, given = {}, { progress = () => {}, signal = null } = {}) => {
    if (!QUESTIONS.includes(question)) throw new Error(`there is no question '${question}'; there are ${QUESTIONS.join(", ")}`);
    signal?.throwIfAborted();
    const mine = ++order;
    const run = (model, task, what, told) => pool.run(model, task, what, { ...told, order: mine });
    const record = await new Answers(models, { run, size: pool.size })[question](given, { progress, signal });
    signal?.throwIfAborted();
    return record;
  };
}

/** Read a pack: the facts of its models, and `part`: the base64 of [from, from + size) bytes. */
export function unpacked(pack) {
  const text = pack.trim();
  const part = ([from, size]) => text.slice((from / 3) * 4, Math.ceil((from + size) / 3) * 4);
  const length = Number(atob(text.slice(0, DIGITS)));
  const header = Uint8Array.from(atob(part([(DIGITS / 4) * 3, length])), (letter) => letter.charCodeAt(0));
  return { models: JSON.parse(new TextDecoder().decode(header)).models, part };
}

/** The modules of a worker as one script: Blobs have no imports of their own. */
export function bundled(sources) {
  const scopes = WORKER.map((name) => {
    const text = sources[name];
    const names = [...text.matchAll(/^export (?:const|class|function) (\w+)/gm)].map(([, each]) => each);
    const body = text
      .replace(/^import (\{[^}]*\}) from "\.\/([\w.]+)";$/gm, 'const $1 = modules["$2"];')
      .replace(/^export /gm, "");
    return `modules["${name}"] = (() => {\n${body}\nreturn { ${names.join(", ")} };\n})();`;
  });
  return `"use strict";\nconst modules = {};\n${scopes.join("\n")}\n`;
}
