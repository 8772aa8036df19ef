"""The one training loop: seeded, resumable to the bit, logged as JSON lines."""

import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from tqdm import tqdm

from dnalect.core.errors import DnalectError, ModelError
from dnalect.training.config import OptimConfig, PretrainConfig
from dnalect.training.corpus import Batch, Corpus
from dnalect.training.optim import build

Loss = Callable[[nn.Module, Batch, torch.device], Tensor]
Check = Callable[[nn.Module], dict[str, float]]


def schedule(config: OptimConfig, step: int) -> float:
    """Return the share of the peak rate at step `step` (from 0): linear warm-up, then linear decay."""
    if step < config.warmup:
        return (step + 1) / config.warmup
    left = (config.steps - step) / max(1, config.steps - config.warmup)
    return config.final_rate + (1 - config.final_rate) * left


def train(
    network: nn.Module,
    corpus: Corpus,
    loss: Loss,
    check: Check,
    config: PretrainConfig,
    folder: Path,
    device: torch.device,
) -> dict[str, float]:
    """Train `network` in place and return the last validation figures.

    folder: takes log.jsonl and checkpoint.pt. A checkpoint found there is resumed when its
    config is the same, and refused otherwise. `loss` gives the mean loss in nats a base.
    """
    optim = config.optim
    optimizers = build(network, optim)
    state = _resume(folder, network, optimizers, config)
    step, seconds = int(state["step"]), float(state["seconds"])
    log = _trim_log(folder / "log.jsonl", step)
    figures: dict[str, float] = state["figures"]
    network.train()
    running, since, begun = 0.0, 0, time.perf_counter()
    with (
        log.open("a", encoding="utf-8") as lines,
        tqdm(total=optim.steps, initial=step, unit="step", desc=config.name, disable=None) as bar,
    ):
        while step < optim.steps:
            share = schedule(optim, step)
            for group in (group for optimizer in optimizers for group in optimizer.param_groups):
                group["lr"] = group["peak"] * share
            value = _step(network, optimizers, loss, corpus.draw(step), optim, device)
            if not value < 1e4:
                raise DnalectError(f"the loss is {value} at step {step}: lower learning_rate in the config")
            running, since, step = running + value, since + 1, step + 1
            bar.update()
            last = step == optim.steps
            if step % optim.check_every == 0 or last:
                network.eval()
                figures = check(network)
                network.train()
                now = time.perf_counter()
                seconds, begun = seconds + now - begun, now
                entry = {
                    "step": step,
                    "train_bits": running / since / 0.6931471805599453,
                    "rate": optim.learning_rate * share,
                    **figures,
                }
                entry |= {"seconds": round(seconds, 1), "passes": round(step / corpus.steps_a_pass, 3)}
                lines.write(json.dumps(entry) + "\n")
                lines.flush()
                bar.set_postfix({k: f"{v:.4f}" for k, v in entry.items() if k.endswith("bits")})
                running, since = 0.0, 0
            if step % optim.save_every == 0 or last:
                now = time.perf_counter()
                seconds, begun = seconds + now - begun, now
                _save(folder, network, optimizers, config, step, seconds, figures)
    return figures | {"seconds": seconds}


def _step(
    network: nn.Module,
    optimizers: list[torch.optim.Optimizer],
    loss: Loss,
    batch: Batch,
    optim: OptimConfig,
    device: torch.device,
) -> float:
    network.zero_grad(set_to_none=True)
    with torch.autocast(device.type, torch.bfloat16, enabled=optim.precision == "bf16"):
        value = loss(network, batch, device)
    value.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(network.parameters(), optim.clip)
    for optimizer in optimizers:
        optimizer.step()
    return value.item()


def _identity(config: PretrainConfig) -> str:
    record: dict[str, Any] = asdict(config)
    record.pop("card")
    return json.dumps(record, sort_keys=True)


def _save(
    folder: Path,
    network: nn.Module,
    optimizers: list[torch.optim.Optimizer],
    config: PretrainConfig,
    step: int,
    seconds: float,
    figures: dict[str, float],
) -> None:
    temporary = folder / "checkpoint.part"
    state = {
        "config": _identity(config),
        "step": step,
        "seconds": seconds,
        "figures": figures,
        "network": network.state_dict(),
        "optimizers": [optimizer.state_dict() for optimizer in optimizers],
        "random": torch.get_rng_state(),
    }
    torch.save(state, temporary)
    os.replace(temporary, folder / "checkpoint.pt")


def _resume(
    folder: Path, network: nn.Module, optimizers: list[torch.optim.Optimizer], config: PretrainConfig
) -> dict[str, Any]:
    path = folder / "checkpoint.pt"
    if not path.exists():
        return {"step": 0, "seconds": 0.0, "figures": {}}
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise ModelError(f"{path} cannot be read ({type(error).__name__}); remove it to begin anew") from error
    if state["config"] != _identity(config):
        raise ModelError(f"{path} belongs to another config; give another output folder, or remove it to begin anew")
    network.load_state_dict(state["network"])
    for optimizer, kept in zip(optimizers, state["optimizers"], strict=True):
        optimizer.load_state_dict(kept)
    torch.set_rng_state(state["random"])
    return state


def _trim_log(path: Path, step: int) -> Path:
    """Drop the lines after the checkpoint: the run will write them again."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    kept = [line for line in lines if json.loads(line)["step"] <= step]
    path.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
    return path
