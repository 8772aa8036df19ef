// A worker: it keeps the models that it was handed, and does tasks, those of the newest question first. An older one goes on
// when the newer ones are done; between steps there is time for messages.

import { compiled, readTensors } from "./kernels.js";
import { Network, TASKS } from "./tasks.js";

// Milliseconds after which a task lets others in.
const TURN = 25;
const models = new Map();
const jobs = [];
const ticks = new MessageChannel();
const waiting = [];
let module = null;
ticks.port1.onmessage = () => waiting.shift()();

const tick = () => new Promise((done) => (waiting.push(done), ticks.port2.postMessage(0)));

const HANDLERS = {
  open({ binaries }) {
    module = compiled(Object.fromEntries(Object.entries(binaries).map(([name, text]) => [name, bytesOf(text)])));
  },
  load({ model, family, config, weights }) {
    const tensors = () => readTensors(typeof weights === "string" ? bytesOf(weights) : weights);
    let network = null;
    // Decoded when it is first asked for.
    models.set(model, () => (network ??= new Network(module, tensors(), family, config)));
  },
  stop({ id }) {
    for (const job of jobs) if (job.id === id) job.stopped = true;
  },
  async run(job) {
    jobs.push(job);
    try {
      const result = await done(job);
      if (result) postMessage({ id: job.id, result }, [result.buffer]);
    } catch (error) {
      postMessage({ id: job.id, error: String(error?.message ?? error) });
    } finally {
      jobs.splice(jobs.indexOf(job), 1);
    }
  },
};

/** What a task returns, null where it was stopped. */
async function done(job) {
  const steps = TASKS[job.task](models.get(job.model)(), job.given);
  let since = performance.now();
  for (;;) {
    const { done: ended, value } = steps.next();
    if (ended) return value;
    if (performance.now() - since < TURN) continue;
    postMessage({ id: job.id, share: value });
    do await tick();
    while (!job.stopped && jobs.some(({ order }) => order > job.order));
    if (job.stopped) return void steps.return();
    since = performance.now();
  }
}

function bytesOf(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let n = 0; n < letters.length; n++) bytes[n] = letters.charCodeAt(n);
  return bytes;
}

onmessage = ({ data }) => HANDLERS[data.type](data);
