"""The loop of fine-tuning: seeded, stopped early, resumable to the bit, logged as JSON lines."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from dnalect.core.errors import DnalectError, ModelError
from dnalect.core.examples import Examples
from dnalect.core.interrupts import Stopped, stops_between_steps
from dnalect.core.reporter import duration, phase, say
from dnalect.models.lora import add_lora
from dnalect.models.pooled import Pooled
from dnalect.models.precision import autocast, computes_bf16
from dnalect.tokens.bases import opposite
from dnalect.training.answers import mean_loss
from dnalect.training.checkpoint import ANEW, NAME, SAVE_SECONDS, misfit, read_checkpoint, write_checkpoint
from dnalect.training.logs import trimmed
from dnalect.training.tuning import TuneConfig

FINAL_RATE = 0.02
# Steps after which a run says how long it will take.
WARM = 3
LAYOUT = {"identity": str, "progress": dict, "weights": dict, "best": dict, "optimizer": dict}
Judge = Callable[[Pooled], float]


@dataclass
class Progress:
    """Where a run is. best: the highest validation figure, at step `best_step`. bad: checks since then."""

    step: int = 0
    seconds: float = 0.0
    best: float = -float("inf")
    best_step: int = 0
    bad: int = 0

    def better(self, figure: float) -> bool:
        """Take in a check; whether it is the best one."""
        if not figure > self.best:
            self.bad += 1
            return False
        self.best, self.best_step, self.bad = figure, self.step, 0
        return True


class Pace:
    """How fast this run goes, since it began or was resumed. first: the step that it begins after."""

    def __init__(self, at: Progress, steps: int, batch: int):
        self.first, self.steps, self._batch, self._before = at.step, steps, batch, at.seconds
        self._begun = time.monotonic()

    def seconds(self) -> float:
        """Return how long it has taken, with what earlier runs took."""
        return self._before + time.monotonic() - self._begun

    def told(self, at: Progress, loss: float, figure: float) -> str:
        """Return the line of a check, which `at` knows of."""
        return (
            f"step {at.step:,} of {self.steps:,}: loss {loss:.4f} in training, {figure:.4f} in validation (best "
            f"{at.best:.4f}); {self._speed(at)}"
        )

    def estimate(self, at: Progress) -> str:
        """Return the line that says early how long it will take."""
        return f"step {at.step:,} of {self.steps:,}: {self._speed(at)}; Ctrl-C keeps what was learned"

    def _speed(self, at: Progress) -> str:
        each = (at.seconds - self._before) / (at.step - self.first)
        left = f", at most {duration(each * (self.steps - at.step))} left" if at.step < self.steps else ""
        return f"{self._batch / max(each, 1e-9):,.3g} sequences a second{left}"


def finetune(
    pooled: Pooled, train: Examples, judge: Judge, config: TuneConfig, folder: Path, data: str
) -> dict[str, Any]:
    """Train in place, end at the weights that were best on validation data, and return what the card says of the run.

    judge: the validation figure, the higher the better, of the model as it stands. folder: takes
    log.jsonl and checkpoint.pt; a checkpoint of the same config and data is resumed, another one
    refused. data: checksum of the examples. `lora` freezes the network and adds the updates. All
    that differs from run to run is in the entry `times`. Ctrl-C and SIGTERM end the run after a
    step, which is saved: Stopped.
    """
    torch.manual_seed(config.seed)
    if config.method == "lora":
        add_lora(pooled.network, config.lora)
    learned = {name: p for name, p in pooled.named_parameters() if p.requires_grad}
    optimizer = _optimizer(learned, config)
    a_pass = max(1, len(train) // config.batch)
    steps, every = config.epochs * a_pass, max(1, a_pass // config.checks)
    identity = json.dumps({"config": asdict(config), "data": data}, sort_keys=True)
    at, best, running = _resume(folder, learned, optimizer, identity)
    texts = pooled.cut(train.sequences)
    log = trimmed(folder / "log.jsonl", at.step)
    say(_first_line(pooled, train, config, steps, at.step))
    with (
        stops_between_steps() as asked,
        log.open("a", encoding="utf-8") as lines,
        phase("fine-tuning", steps, "steps", at.step) as bar,
    ):
        if not at.step and config.warm:
            at.best = _judged(pooled, judge)
        pace = Pace(at, steps, config.batch)
        saved = time.monotonic()
        while at.step < steps and at.bad < config.patience:
            _set_rate(optimizer, at.step, steps, config)
            running.append(_step(pooled, texts, train.labels, at.step, a_pass, optimizer, learned, config))
            at.step += 1
            bar.update()
            checked = at.step % every == 0 or at.step == steps
            if checked:
                figure = _judged(pooled, judge)
                if at.better(figure):
                    best = {name: p.detach().clone() for name, p in learned.items()}
            at.seconds = pace.seconds()
            if checked:
                loss = float(np.mean(running))
                _log(lines, at, a_pass, loss, figure)
                say(pace.told(at, loss, figure))
                bar.update(0, validation=f"{figure:.4f}", best=f"{at.best:.4f}")
                running = []
            elif at.step == pace.first + WARM:
                say(pace.estimate(at))
            if checked or asked() or time.monotonic() - saved > SAVE_SECONDS:
                _save(folder, learned, optimizer, identity, at, best, running)
                saved = time.monotonic()
            if asked() and at.step < steps and at.bad < config.patience:
                raise Stopped(
                    f"stopped after step {at.step:,} of {steps:,}, which is saved in {folder}; the same command goes "
                    "on from there"
                )
    _copy(best, learned)
    pooled.eval()
    times = {"seconds": round(at.seconds, 1)}
    return {"steps": at.step, "best_step": at.best_step, "validation": at.best, "times": times}


def _first_line(pooled: Pooled, train: Examples, config: TuneConfig, steps: int, done: int) -> str:
    device = pooled.base.device
    half = config.precision == "bf16" and computes_bf16(device)
    rest = f"going on after step {done:,} of {steps:,}" if done else f"at most {steps:,} steps of {config.batch}"
    where = f"{device}, {torch.get_num_threads()} threads" if device.type == "cpu" else str(device)
    return (
        f"{config.method}: {len(train):,} sequences to learn from, {rest}, on {where}, in {'bf16' if half else 'fp32'}"
    )


def _optimizer(learned: Mapping[str, nn.Parameter], config: TuneConfig) -> torch.optim.Optimizer:
    groups = []
    for heads, peak in ((True, config.head_peak), (False, config.peak)):
        for matrix in (True, False):
            params = [p for n, p in learned.items() if n.startswith("heads.") == heads and (p.ndim > 1) == matrix]
            decay = config.weight_decay if matrix else 0.0
            if params:
                groups.append({"params": params, "weight_decay": decay, "lr": peak, "peak": peak})
    return torch.optim.AdamW(groups, config.peak, (0.9, 0.98))


def _set_rate(optimizer: torch.optim.Optimizer, step: int, steps: int, config: TuneConfig) -> None:
    """Linear warm-up, then linear decay."""
    warm = int(config.warmup * steps)
    left = (steps - step) / max(1, steps - warm)
    share = (step + 1) / warm if step < warm else FINAL_RATE + (1 - FINAL_RATE) * left
    for group in optimizer.param_groups:
        group["lr"] = group["peak"] * share


def _step(
    pooled: Pooled,
    texts: Sequence[str],
    labels: Mapping[str, npt.NDArray[np.float32]],
    step: int,
    a_pass: int,
    optimizer: torch.optim.Optimizer,
    learned: Mapping[str, nn.Parameter],
    config: TuneConfig,
) -> float:
    pooled.train()
    optimizer.zero_grad(set_to_none=True)
    total = 0.0
    device = pooled.base.device
    rows = batch_rows(len(texts), config.batch, step, a_pass, config.seed)
    turned = np.random.default_rng((config.seed, 3, step)).random(len(rows)) < 0.5
    counts = {name: int(np.isfinite(each[rows]).sum()) for name, each in labels.items()}
    for part in np.array_split(np.arange(len(rows)), min(config.accumulate, len(rows))):
        chosen = rows[part]
        flips = turned[part] & config.reverse_complement
        shown = [opposite(texts[row]) if flip else texts[row] for row, flip in zip(chosen, flips, strict=True)]
        wanted = {name: torch.from_numpy(each[chosen]).to(device) for name, each in labels.items()}
        with autocast(device, config.precision):
            raw = pooled(pooled.base.encode(shown))
        given = {n: r.float() for n, r in raw.items()}
        loss = mean_loss(pooled.heads.specs, given, wanted, counts, config.class_weights)
        loss.backward()  # type: ignore[no-untyped-call]
        total += loss.item()
    if not total < 1e6:
        raise DnalectError(f"the loss is {total} at step {step}: lower the learning rate")
    nn.utils.clip_grad_norm_(learned.values(), config.clip)
    optimizer.step()
    return total


def batch_rows(count: int, batch: int, step: int, a_pass: int, seed: int) -> npt.NDArray[np.int64]:
    """Return which rows a step reads: each pass goes once over all rows in an order of its own.

    What does not fill a batch at the end of a pass is left out of that pass.
    """
    order = np.random.default_rng((seed, 1, step // a_pass)).permutation(count)
    low = step % a_pass * batch
    return order[low : low + batch]


def _copy(weights: Mapping[str, Tensor], learned: Mapping[str, nn.Parameter]) -> None:
    with torch.no_grad():
        for name, p in learned.items():
            p.copy_(weights[name])


def _log(lines: TextIO, at: Progress, a_pass: int, loss: float, figure: float) -> None:
    entry = {"step": at.step, "epoch": round(at.step / a_pass, 2), "loss": loss, "validation": figure}
    lines.write(json.dumps(entry | {"seconds": round(at.seconds, 1)}) + "\n")
    lines.flush()


def _judged(pooled: Pooled, judge: Judge) -> float:
    pooled.eval()
    return judge(pooled)


def _save(
    folder: Path,
    learned: Mapping[str, nn.Parameter],
    optimizer: torch.optim.Optimizer,
    identity: str,
    at: Progress,
    best: Mapping[str, Tensor],
    running: Sequence[float],
) -> None:
    state = {
        "identity": identity,
        "progress": asdict(at),
        "weights": {name: p.detach() for name, p in learned.items()},
        "best": dict(best),
        "optimizer": optimizer.state_dict(),
        "random": torch.get_rng_state(),
        "running": list(running),
    }
    write_checkpoint(folder, state)


def _resume(
    folder: Path, learned: Mapping[str, nn.Parameter], optimizer: torch.optim.Optimizer, identity: str
) -> tuple[Progress, dict[str, Tensor], list[float]]:
    """Return where a run is, its best weights, and the losses since its last check."""
    state = read_checkpoint(folder, LAYOUT)
    if state is None:
        return Progress(), {name: p.detach().clone() for name, p in learned.items()}, []
    if state["identity"] != identity:
        raise ModelError(f"{folder / NAME} belongs to other data or another config; {ANEW}")
    try:
        _copy(state["weights"], learned)
        optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["random"])
        best = {name: kept.to(learned[name].device) for name, kept in state["best"].items()}
        return Progress(**state["progress"]), best, list(state.get("running", []))
    except (RuntimeError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise misfit(folder, error) from error
