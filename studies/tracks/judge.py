"""What the runs and their rivals say of the held-out chromosome: figures with intervals, the table, the picture."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dnalect import Genome
from dnalect.baselines import BIN_RIVALS
from dnalect.core import Estimate, Figure, Target, say, write_figures
from dnalect.jobs import TrackParts
from dnalect.report import plots
from dnalect.stats import BLOCK, Scores
from studies.tracks import runs
from studies.tracks.data import starts_of, truth_of
from studies.tracks.options import Tracks
from studies.tracks.rivals import STARTS, by_start

TASKS = {"nucleosomes": "signal", "factors": "tracks"}
# What is drawn.
MAIN = (("nucleosomes", "Pearson"), ("factors", "AUROC"), ("factors", "AUPRC"))
RESAMPLES = 1000
Said = npt.NDArray[np.float32]


def judged(options: Tracks, genome: Genome, parts: TrackParts, known: Mapping[str, runs.Facts]) -> list[Figure]:
    """Return the figures of every share of the data that has runs of both arms, and write tracks.tsv and tracks.png."""
    truth, units = truth_of(parts), _blocks(parts)
    starts = by_start(starts_of(options.data), genome, parts.windows["train"], parts.windows["test"])
    found: list[Figure] = []
    for share in sorted(options.shares):
        arms = {arm: _usual(options.out, known, share, arm) for arm in runs.ARMS}
        if not all(arms.values()):
            say(f"{share:g} of the data: there are no runs of both kinds yet")
            continue
        said: dict[str, list[Said]] = {**arms, **_rivals(options.out, parts, share), STARTS: [starts]}
        found += _figures(f"{share:.0%} of the windows", said, parts, truth, units)
    found = [replace(each, command=options.command) for each in found]
    write_figures(options.out / "tracks.tsv", found)
    draw(found, options.out / "tracks.png")
    return [each for each in found if "/" not in each.part]


def _usual(out: Path, known: Mapping[str, runs.Facts], share: float, arm: str) -> list[Said]:
    """Return what the runs of a share and an arm said at the usual rate, seed by seed."""
    mine = [each for each in known.values() if (each["share"], each["arm"]) == (share, arm)]
    usual = [each for each in mine if each["rate"] == runs.RATES[arm][0]]
    return [runs.said_of(out, each) for each in sorted(usual, key=lambda each: each["seed"])]


def _rivals(out: Path, parts: TrackParts, share: float) -> dict[str, list[Said]]:
    """Return what words and composition say, learned from the windows of the first seed; kept beside the runs."""
    path = out / f"rivals-{share:g}.npz"
    if not path.is_file():
        train = parts.windows["train"].sample(share, 1)
        others = parts.windows["validate"], parts.windows["test"]
        said: dict[str, Any] = {name: each.fit_predict(train, *others) for name, each in _KINDS}
        np.savez_compressed(path, **said)
    with np.load(path) as file:
        return {BIN_RIVALS[name].name: [np.asarray(file[name])] for name, _ in _KINDS}


_KINDS = tuple(BIN_RIVALS.items())


def _blocks(parts: TrackParts) -> npt.NDArray[np.int64]:
    """Return the 10-kb block of each test bin."""
    windows = parts.windows["test"]
    starts = windows.places[:, 1:] + windows.sizes.stride * np.arange(windows.sizes.bins)
    return np.asarray(starts.ravel() // BLOCK, dtype=np.int64)


def _figures(
    part: str, said: Mapping[str, Sequence[Said]], parts: TrackParts, truth: Said, units: npt.NDArray[np.int64]
) -> list[Figure]:
    names = [each.name for each in parts.windows["test"].sizes.tracks]
    found = []
    for task, kind in TASKS.items():
        columns = [n for n, name in enumerate(names) if (name == "nucleosomes") == (task == "nucleosomes")]
        target = Target(task, kind, tuple(names[n] for n in columns))
        rows = np.isfinite(truth[:, columns]).all(axis=1)
        scores = Scores(task, part, target, truth[rows][:, columns], units[rows], RESAMPLES)
        for who, each in said.items():
            scores.add(who, [one[rows][:, columns].astype(np.float64) for one in each])
        found += scores.figures(runs.PRETRAINED, [who for who in said if who != runs.PRETRAINED])
        for who in said:
            found += scores.figures(who) if who != runs.PRETRAINED else []
    return found


def draw(figures: Sequence[Figure], path: Path) -> None:
    """Draw each task's figures by the share of the data."""
    panels = []
    for task, metric in MAIN:
        lines: dict[str, dict[float, Estimate]] = {}
        for each in figures:
            if (each.task, each.metric) == (task, metric) and "/" not in each.part:
                lines.setdefault(each.who, {})[float(each.part.partition("%")[0])] = each.value
        panels.append((task, "% of the windows", metric, {who: list(line.items()) for who, line in lines.items()}))
    plots.lengths(path, panels)
