// Questions to the engine: the newest of a slot stops its older one, and what was answered is kept.

const KEPT = 60;

export class Asker {
  constructor(engine) {
    this.engine = engine;
    this.answers = new Map();
    this.running = new Map();
  }

  /** The record. slot: who asks. Rejects with an AbortError where a newer question of the slot came, or `stop(slot)`. */
  ask(slot, question, given, progress = null) {
    const key = `${question} ${JSON.stringify(given)}`;
    const old = this.running.get(slot);
    if (old && old.key === key) return old.promise;
    this.stop(slot);
    if (this.answers.has(key)) return Promise.resolve(this.answers.get(key));
    const control = new AbortController();
    const stopped = new Promise((_, reject) => {
      control.signal.addEventListener("abort", () => reject(new DOMException("A newer question came.", "AbortError")));
    });
    const answered = this.engine.ask(question, given, { signal: control.signal, progress: (share) => { if (progress && !control.signal.aborted) progress(share); } });
    const promise = Promise.race([answered, stopped]).then((record) => {
      this.answers.set(key, record);
      if (this.answers.size > KEPT) this.answers.delete(this.answers.keys().next().value);
      return record;
    }).finally(() => { if (this.running.get(slot)?.control === control) this.running.delete(slot); });
    stopped.catch(() => {});
    this.running.set(slot, { key, control, promise });
    return promise;
  }

  stop(slot) {
    this.running.get(slot)?.control.abort();
    this.running.delete(slot);
  }
}

/** Show in a figure what a question gives: progress with a way to stop it, the picture, or a sentence on what went wrong. */
export async function answered(app, figure, slot, parts, show, { text = "Computing", patience = 250 } = {}) {
  let shown = false;
  let stopped = false;
  const cancel = () => { stopped = true; for (const n of parts.keys()) app.asker.stop(`${slot}-${n}`); };
  const shares = parts.map(() => null);
  const busy = () => {
    const known = shares.filter((each) => each !== null);
    figure.busy(`${text} …`, known.length ? known.reduce((sum, each) => sum + each, 0) / parts.length : null, cancel);
  };
  const timer = setTimeout(() => { shown = true; busy(); }, patience);
  try {
    const records = await Promise.all(parts.map(([question, given], n) => app.asker.ask(`${slot}-${n}`, question, given, (share) => { shares[n] = share; if (shown) busy(); })));
    clearTimeout(timer);
    show(...records);
    return records;
  } catch (error) {
    clearTimeout(timer);
    if (error.name === "AbortError") { if (stopped) figure.fail("Stopped. Change anything to compute it again."); return null; }
    figure.fail(error.message || String(error));
    return null;
  }
}
