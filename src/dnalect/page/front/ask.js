// Questions to the engine: the newest of a slot stops its older one, and what was answered is kept.

const KEPT = 60;

export class Asker {
  constructor(engine) {
    this.engine = engine;
    this.answers = new Map();
    this.running = new Map();
    this.slots = new Map();
  }

  /** The record. slot: who asks. Rejects with an AbortError where a newer question of the slot came, or `stop(slot)`. */
  ask(slot, question, given, progress = null) {
    const key = `${question} ${JSON.stringify(given)}`;
    if (this.slots.get(slot)?.key !== key) this.stop(slot);
    if (this.answers.has(key)) return Promise.resolve(this.answers.get(key));
    const run = this.running.get(key) || this.begin(key, question, given);
    run.users.add(slot);
    if (progress) run.progress.add(progress);
    const own = this.slots.get(slot) || { key };
    this.slots.set(slot, own);
    own.promise ||= new Promise((resolve, reject) => {
      own.stop = () => reject(new DOMException("A newer question came.", "AbortError"));
      run.promise.then(resolve, reject).finally(() => {
        if (this.slots.get(slot) === own) this.slots.delete(slot);
      });
    });
    return own.promise;
  }

  begin(key, question, given) {
    const control = new AbortController();
    const run = { control, users: new Set(), progress: new Set() };
    const told = (share) => {
      for (const each of run.progress) each(share);
    };
    run.promise = this.engine
      .ask(question, given, { signal: control.signal, progress: told })
      .then((record) => {
        this.answers.set(key, record);
        if (this.answers.size > KEPT) this.answers.delete(this.answers.keys().next().value);
        return record;
      })
      .finally(() => {
        if (this.running.get(key) === run) this.running.delete(key);
      });
    this.running.set(key, run);
    return run;
  }

  /** Nobody waits for this slot any more; a question that no other slot waits for is stopped. */
  stop(slot) {
    const own = this.slots.get(slot);
    if (!own) return;
    this.slots.delete(slot);
    own.stop();
    const run = this.running.get(own.key);
    run?.users.delete(slot);
    if (run && !run.users.size) {
      this.running.delete(own.key);
      run.control.abort();
    }
  }
}

/** Show in a figure what a question gives: progress with a way to stop it, the picture, or a sentence on what went wrong. */
export async function answered(app, figure, slot, parts, show, { text = "Computing", patience = 250 } = {}) {
  let shown = false;
  let stopped = false;
  const cancel = () => {
    stopped = true;
    for (const n of parts.keys()) app.asker.stop(`${slot}-${n}`);
  };
  const shares = parts.map(() => null);
  const busy = () => {
    const known = shares.filter((each) => each !== null);
    figure.busy(`${text} …`, known.length ? known.reduce((sum, each) => sum + each, 0) / parts.length : null, cancel);
  };
  const timer = setTimeout(() => {
    shown = true;
    busy();
  }, patience);
  try {
    const records = await Promise.all(
      parts.map(([question, given], n) =>
        app.asker.ask(`${slot}-${n}`, question, given, (share) => {
          shares[n] = share;
          if (shown) busy();
        }),
      ),
    );
    clearTimeout(timer);
    show(...records);
    return records;
  } catch (error) {
    clearTimeout(timer);
    if (error.name === "AbortError") {
      if (stopped) figure.fail("Stopped. Change anything to compute it again.");
      return null;
    }
    figure.fail(error.message || String(error));
    return null;
  }
}
