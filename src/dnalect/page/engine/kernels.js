// The WebAssembly module: its memory, and tensors in it.

const PANEL = 8;

/** Next multiple of the width of a panel: numbers that a row of a product needs. */
export const whole = (n) => Math.ceil(n / PANEL) * PANEL;

/** Compile the fastest module that this machine runs. binaries: {"kernels-relaxed.wasm", "kernels.wasm"}, bytes. */
export function compiled(binaries) {
  const relaxed = binaries["kernels-relaxed.wasm"];
  const bytes = relaxed && WebAssembly.validate(relaxed) ? relaxed : binaries["kernels.wasm"];
  return new WebAssembly.Module(bytes);
}

/** An instance with its own memory: every function of kernels.c, and room that is taken and given back. */
export class Kernels {
  constructor(module) {
    const { exports } = new WebAssembly.Instance(module, {});
    Object.assign(this, exports);
    this.free = [];
    this.sizes = new Map();
    this.end = (exports.__heap_base.value + 63) & ~63;
  }

  /** Return the address of n numbers. */
  take(n) {
    const bytes = Math.max(64, (4 * n + 63) & ~63);
    const found = this.free.findIndex((gap) => gap.bytes >= bytes);
    let at = this.end;
    if (found >= 0) {
      const gap = this.free[found];
      at = gap.at;
      if (gap.bytes === bytes) this.free.splice(found, 1);
      else this.free[found] = { at: at + bytes, bytes: gap.bytes - bytes };
    } else {
      this.end += bytes;
      const lacking = this.end - this.memory.buffer.byteLength;
      if (lacking > 0) this.memory.grow(Math.ceil(Math.max(lacking, 1 << 23) / 65536));
    }
    this.sizes.set(at, bytes);
    return at;
  }

  /** Give back what was taken. */
  give(...addresses) {
    for (const at of addresses) {
      this.free.push({ at, bytes: this.sizes.get(at) });
      this.sizes.delete(at);
    }
    this.free.sort((a, b) => a.at - b.at);
    this.free = this.free.reduce((gaps, gap) => {
      const last = gaps[gaps.length - 1];
      if (last && last.at + last.bytes === gap.at) last.bytes += gap.bytes;
      else gaps.push({ ...gap });
      return gaps;
    }, []);
  }

  /** Numbers at an address: a view, which the next `take` may outdate. */
  floats(at, n) {
    return new Float32Array(this.memory.buffer, at, n);
  }

  /** Put numbers into memory of their own, or at an address. */
  put(numbers, at = this.take(numbers.length)) {
    this.floats(at, numbers.length).set(numbers);
    return at;
  }

  /** The address of a copy of n numbers. */
  copied(from, n) {
    const at = this.take(n);
    this.floats(at, n).set(this.floats(from, n));
    return at;
  }

  /** The address of a tensor's numbers as float32, with room for whole panels. */
  tensor({ type, bytes }) {
    const n = bytes.length / (type === "F16" ? 2 : 4);
    const at = this.take(whole(n));
    if (type === "F32") new Uint8Array(this.memory.buffer, at, bytes.length).set(bytes);
    else {
      const raw = this.take(Math.ceil(bytes.length / 4));
      new Uint8Array(this.memory.buffer, raw, bytes.length).set(bytes);
      this.halves(raw, at, n);
      this.give(raw);
    }
    this.floats(at + 4 * n, whole(n) - n).fill(0);
    return at;
  }

  /** A matrix (K, N) ready for `product`; element (k, n) at from + offset + k * alongK + n * alongN numbers. */
  packed(from, K, N, alongK, alongN, offset = 0) {
    const at = this.take(K * whole(N));
    this.pack(from + 4 * offset, at, K, N, alongK, alongN);
    return at;
  }

  /** Weight (outputs, inputs) and bias of a linear layer, as torch keeps them. from: the first input; bias: its name or null. */
  linear(tensors, name, { inputs, first = 0, bias = `${name}.bias` } = {}) {
    const weight = tensors.get(`${name}.weight`);
    const [outputs, all] = weight.shape;
    const raw = this.tensor(weight);
    const at = this.packed(raw, inputs ?? all, outputs, 1, all, first);
    this.give(raw);
    return { at, inputs: inputs ?? all, outputs, bias: bias && tensors.has(bias) ? this.tensor(tensors.get(bias)) : 0 };
  }

  /** to (M, outputs) = from (M, inputs) through a linear layer; added: to what is there. Rows follow each other. */
  apply(layer, from, to, M, { lda = layer.inputs, ldc = whole(layer.outputs), added = 0 } = {}) {
    this.product(from, lda, layer.at, to, ldc, M, layer.inputs, layer.outputs, layer.bias, added);
  }

  /** Weight and bias of a LayerNorm. */
  normOf(tensors, name, eps) {
    const [weight, bias] = ["weight", "bias"].map((part) => this.tensor(tensors.get(`${name}.${part}`)));
    return { weight, bias, eps, width: tensors.get(`${name}.weight`).shape[0] };
  }

  /** Norm M rows. keep: address of M factors, 0 for none. */
  normed(norm, from, to, M, keep = 0) {
    this.norm(from, to, norm.weight, norm.bias, M, norm.width, norm.eps, keep);
  }
}

/** Read a safetensors file: name -> {shape, type, bytes}. */
export function readTensors(bytes) {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  const tensors = new Map();
  for (const [name, each] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    if (each.dtype !== "F16" && each.dtype !== "F32") throw new Error(`the weights ${name} are of the type ${each.dtype}`);
    const [low, high] = each.data_offsets;
    tensors.set(name, { shape: each.shape, type: each.dtype, bytes: bytes.subarray(8 + length + low, 8 + length + high) });
  }
  return tensors;
}
