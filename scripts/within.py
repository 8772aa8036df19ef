"""Pretrain configs one after the other, with as many steps as a time allows: for a GPU that is lent by the minute.

    python scripts/within.py configs/duplex-human-4-first.toml=300 configs/duplex-human-4.toml=60 --data DATA

Each is given its seconds. Its first steps, which learn nothing, tell how long one takes; the steps of its config, and
how often it is checked, are then set to what is left. What was chosen stands in the config of its folder, OUT/NAME.
"""

import argparse
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from dnalect.core.configs import parse_toml
from dnalect.core.reporter import say
from dnalect.jobs.pretrain import carried_out
from dnalect.jobs.pretrain_plan import Plan, planned
from dnalect.models.precision import device_named
from dnalect.training.ahead import drawn_ahead
from dnalect.training.config import told_config
from dnalect.training.corpus import Batch
from dnalect.training.course import Course
from dnalect.training.loop import fit
from dnalect.training.optim import build
from dnalect.training.pretrain import DRAWERS, compiled

WARM, TIMED, CHECKS = 6, 12, 8
# Of the time that is left: checks and checkpoints take some of it.
USED = 0.93


def pace(plan: Plan) -> float:
    """Return the seconds of a step, of which the first ones compile the network."""
    network, optim, device = plan.recipe.network, plan.config.optim, plan.device
    compiled(network, optim, device)
    begun = []

    def batches(first: int) -> Iterator[list[Batch]]:
        for batch in drawn_ahead(plan.corpus.draw, range(first, WARM + TIMED), DRAWERS):
            begun.append(time.perf_counter())
            yield [batch]

    course = Course(build(network, optim), WARM + TIMED, lambda _: 0.0, optim.clip, optim.precision)
    fit(network, batches, lambda batch: plan.recipe.loss(network, batch, device), course)
    return (time.perf_counter() - begun[WARM]) / TIMED


def pretrain_within(path: Path, seconds: float, data: Path, device: str, out: Path) -> None:
    """Train the model of a config in so many seconds, all that comes before the first step among them."""
    end = time.perf_counter() + seconds
    text = path.read_text(encoding="utf-8")
    config = told_config(parse_toml(text, path), path)
    plan = planned(config, data, device_named(device), path)
    each = pace(plan)
    steps = max(config.optim.warmup, int(USED * (end - time.perf_counter()) / each))
    every = max(1, steps // CHECKS)
    say(f"{config.name}: {1 / each:.2f} steps a second, so {steps:,} steps")
    plan = replace(plan, config=replace(config, optim=replace(config.optim, steps=steps, check_every=every)))
    for key, value in (("steps", steps), ("check_every", every)):
        text = re.sub(rf"^{key} = .*$", f"{key} = {value}", text, flags=re.MULTILINE)
    carried_out(plan, out / config.name, text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("configs", nargs="+", metavar="CONFIG=SECONDS")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--out", type=Path, default=Path("runs"))
    args = parser.parse_args()
    for told in args.configs:
        name, _, seconds = told.rpartition("=")
        pretrain_within(Path(name), float(seconds), args.data, args.device, args.out)


if __name__ == "__main__":
    main()
