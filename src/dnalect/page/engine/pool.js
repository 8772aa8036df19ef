// Workers and who does what. A task that belongs to a worker (which keeps what it read) goes there at once; the others wait
// until a worker is free, those of the newest question first.

export class Pool {
  /** create: makes a worker. size: how many. weights: (model) => {family, config, weights} for `load`. */
  constructor(create, size, weights) {
    this.size = size;
    this.weights = weights;
    this.create = create;
    this.workers = [];
    this.jobs = new Map();
    this.waiting = [];
    this.next = 0;
  }

  /** Do a task. worker: a number, taken modulo the size; null: whichever is free. order: of the question, the newest highest. */
  run(model, task, given, { signal = null, worker = null, progress = null, order = 0 } = {}) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const job = { id: this.next++, model, task, given, progress, order, free: worker === null, worker };
      job.end = (settle, value) => {
        signal?.removeEventListener("abort", job.abort);
        this.jobs.delete(job.id);
        settle(value);
        this.#pump();
      };
      job.resolve = (value) => job.end(resolve, value);
      job.reject = (error) => job.end(reject, error);
      job.abort = () => {
        this.waiting = this.waiting.filter((each) => each !== job);
        if (job.at !== undefined) this.#worker(job.at).thread.postMessage({ type: "stop", id: job.id });
        job.reject(signal.reason);
      };
      signal?.addEventListener("abort", job.abort);
      this.jobs.set(job.id, job);
      if (!job.free) return this.#start(job, worker % this.size);
      this.waiting.push(job);
      this.#pump();
    });
  }

  #pump() {
    for (let at = 0; at < this.size && this.waiting.length; at++) {
      const newest = Math.max(...this.waiting.map((job) => job.order));
      // What is older makes room.
      if ([...this.jobs.values()].some((job) => job.at === at && job.order >= newest)) continue;
      const job = this.waiting.find((each) => each.order === newest);
      this.waiting.splice(this.waiting.indexOf(job), 1);
      this.#start(job, at);
    }
  }

  #start(job, at) {
    const { thread, models } = this.#worker(at);
    job.at = at;
    if (!models.has(job.model)) {
      models.add(job.model);
      thread.postMessage({ type: "load", model: job.model, ...this.weights(job.model) });
    }
    const { id, order, model, task, given } = job;
    thread.postMessage({ type: "run", id, order, model, task, given });
  }

  #worker(at) {
    return (this.workers[at] ??= this.#made());
  }

  #made() {
    const thread = this.create();
    thread.onmessage = ({ data: { id, share, result, error } }) => {
      const job = this.jobs.get(id);
      if (!job) return;
      if (error !== undefined) job.reject(new Error(error));
      else if (result !== undefined) job.resolve(result);
      else job.progress?.(share);
    };
    thread.onerror = (event) => {
      event.preventDefault();
      for (const job of [...this.jobs.values()]) job.reject(new Error(`the engine cannot run here: ${event.message}`));
    };
    return { thread, models: new Set() };
  }
}
