// The work of benchmarks/page_engine.py in node: ENGINE, MODEL, CODES.json [ONNX, ONNXRUNTIME] -> processor time, one thread.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [engine, folder, given, onnx, runtime] = process.argv.slice(2);
const from = (name) => import(pathToFileURL(join(engine, name)));
const [{ Kernels, compiled, readTensors }, { Duplex }, { Network, TASKS }] = await Promise.all(
  ["kernels.js", "duplex.js", "tasks.js"].map(from),
);
const { expected, ...asked } = JSON.parse(readFileSync(given));
const whole = Uint8Array.from(asked.whole);
const far = { ...asked.far, codes: Uint8Array.from(asked.far.codes) };
const opposite = (codes) => codes.map((_, n) => 3 - codes[codes.length - 1 - n]);
const bytes = (name) => new Uint8Array(readFileSync(name));

async function timed(name, times, work) {
  let result = await work();
  const before = process.cpuUsage();
  for (let n = 0; n < times; n++) result = await work();
  const { user, system } = process.cpuUsage(before);
  console.log(`${name}\t${((user + system) / 1e3 / times).toFixed(0)} ms`);
  return result;
}

function ours(label, binary) {
  const module = compiled({ "kernels.wasm": bytes(join(engine, binary)) });
  const { config } = JSON.parse(readFileSync(join(folder, "card.json")));
  const tensors = readTensors(bytes(join(folder, "model.safetensors")));
  const net = new Duplex(new Kernels(module), tensors, config);
  const turned = (states) => {
    const rows = Array.from({ length: states.length / net.width }, (_, n) => states.slice(n * net.width, (n + 1) * net.width));
    return Float32Array.from(rows.reverse().flatMap((row) => [...row]));
  };
  const probabilities = (codes, start, end) => () => {
    const reads = [net.read(codes, start, end), net.read(opposite(codes), codes.length - end, codes.length - start)];
    const out = net.joined(net.states(reads[0]), turned(net.states(reads[1])));
    reads.forEach((read) => net.forget(read));
    return out;
  };
  const map = () => {
    const model = new Network(module, tensors, "duplex", config);
    const [start, end] = far.place;
    const rows = Array.from({ length: end - start }, (_, n) => n);
    // The other strand's states could be any: they cost the same.
    for (const codes of [far.codes, opposite(far.codes)]) {
      const place = codes === far.codes ? [start, end] : [codes.length - end, codes.length - start];
      const other = new Float32Array(rows.length * config.width);
      const steps = TASKS.map(model, { codes, start: place[0], end: place[1], other, rows });
      while (!steps.next().done);
    }
  };
  return [
    [`${label}: a sequence of ${whole.length} bases`, 10, probabilities(whole, 0, whole.length)],
    [`${label}: ${far.place[1] - far.place[0]} bases with all that they depend on`, 5, probabilities(far.codes, ...far.place)],
    [`${label}: their dependency map`, 1, map],
  ];
}

const off = (out) => console.log(`  largest difference to Python\t${Math.max(...out.map((each, n) => Math.abs(each - expected[n]))).toExponential(1)}`);
for (const binary of ["kernels-relaxed.wasm", "kernels.wasm"]) {
  if (!WebAssembly.validate(bytes(join(engine, binary)))) continue;
  for (const [n, [name, times, work]] of ours(binary, binary).entries()) {
    const out = await timed(name, times, work);
    if (n === 0) off(out);
  }
}
if (onnx) {
  const ort = await import(pathToFileURL(join(runtime, "dist/ort.node.min.mjs")));
  ort.env.wasm.numThreads = 1;
  const session = await ort.InferenceSession.create(bytes(onnx), { executionProviders: ["wasm"] });
  const feed = { codes: new ort.Tensor("int64", BigInt64Array.from(Array.from(whole, BigInt)), [1, whole.length]) };
  const found = await timed(`ONNX Runtime Web: a sequence of ${whole.length} bases`, 10, () => session.run(feed));
  off(found.logs.data);
}
process.exit();
