"""What the runs and their rivals say of the held-out chromosome: figures with intervals, the table, the picture."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dnalect import Genome
from dnalect.baselines import BIN_RIVALS
from dnalect.core import NOTHING, Estimate, Figure, Target, read_figures, say, write_figures
from dnalect.jobs import TrackParts
from dnalect.report import plots
from dnalect.stats import BLOCK, Scores
from studies.tracks import runs
from studies.tracks.data import starts_of, truth_of
from studies.tracks.options import Tracks
from studies.tracks.rivals import MOTIFS, STARTS, by_motif, by_start

NUCLEOSOMES, FACTORS, KNOWN = "nucleosomes", "factors", "factors with a known motif"
# What is drawn.
MAIN = ((NUCLEOSOMES, "Pearson"), (FACTORS, "AUROC"), (KNOWN, "AUPRC"))
RESAMPLES = 1000
NAN = float("nan")
Said = npt.NDArray[np.float32]


def judged(options: Tracks, genome: Genome, parts: TrackParts, known: Mapping[str, runs.Facts]) -> list[Figure]:
    """Return the figures of every share of the data, and write tracks.tsv and tracks.png.

    Of a share without runs there are those of the rivals alone. Of shares that are not asked for, the
    table keeps what it has.
    """
    truth, units, test = truth_of(parts), _blocks(parts), parts.windows["test"]
    names = [each.name for each in test.sizes.tracks]
    starts = by_start(starts_of(options.data), genome, parts.windows["train"], test)
    motifs = by_motif(options.motifs, genome, test)
    matches = np.stack([motifs.get(name, np.zeros(len(truth), np.float32)) for name in names], axis=1)
    tasks = [
        (Target(NUCLEOSOMES, "signal", (NUCLEOSOMES,)), {}),
        (Target(FACTORS, "tracks", tuple(name for name in names if name != NUCLEOSOMES)), {}),
        (Target(KNOWN, "tracks", tuple(motifs)), {MOTIFS: [matches]}),
    ]
    found: list[Figure] = []
    for share in sorted(options.shares):
        made = {arm: _chosen(options.out, known, share, arm) for arm in runs.ARMS}
        arms = {arm: each for arm, each in made.items() if each}
        for arm in (each for each in made if each not in arms):
            say(f"{share:g} of the data: there is no run {arm}")
        said: dict[str, list[Said]] = {**arms, **_rivals(options.out, parts, share), STARTS: [starts]}
        for target, more in tasks:
            columns = [names.index(name) for name in target.outputs]
            rows = np.isfinite(truth[:, columns]).all(axis=1)
            scores = Scores(target.name, _part(share), target, truth[rows][:, columns], units[rows], RESAMPLES)
            for who, each in (said | more).items():
                scores.add(who, [one[rows][:, columns].astype(np.float64) for one in each])
            first, *others = scores.known
            found += scores.figures(first, others if first == runs.PRETRAINED else [])
            for who in others:
                found += scores.figures(who)
    found = [replace(each, command=options.command) for each in found]
    means = [each for each in found if "/" not in each.part]
    every = sorted([*_kept(options), *means, *_each_factor(found)], key=_share)
    write_figures(options.out / "tracks.tsv", every)
    draw([each for each in every if "/" not in each.part], options.out / "tracks.png")
    return means


def _kept(options: Tracks) -> list[Figure]:
    """Return the figures of the table that are of other shares than those asked for."""
    path, asked = options.out / "tracks.tsv", {_part(share) for share in options.shares}
    return [each for each in read_figures(path) if each.part.split("/")[0] not in asked] if path.is_file() else []


def _part(share: float) -> str:
    return f"{share:.0%} of the windows"


def _share(figure: Figure) -> float:
    return float(figure.part.partition("%")[0])


def _each_factor(found: Sequence[Figure]) -> list[Figure]:
    """Return what everybody reaches of each factor, once."""
    own = [each for each in found if each.task == FACTORS and "/" in each.part and each.metric != "prevalence"]
    last = {(each.part, each.who, each.metric): each for each in own}
    return [replace(each, against="", difference=NOTHING, p=NAN) for each in last.values()]


def _chosen(out: Path, known: Mapping[str, runs.Facts], share: float, arm: str) -> list[Said]:
    """Return what the runs of a share and an arm said, seed by seed, at the rate that is best in validation."""
    mine = [each for each in known.values() if (each["share"], each["arm"]) == (share, arm)]
    rates = {each["rate"] for each in mine}
    best = {rate: np.mean([each["validation"] for each in mine if each["rate"] == rate]) for rate in rates}
    chosen = [each for each in mine if best[each["rate"]] == max(best.values())]
    return [runs.said_of(out, each) for each in sorted(chosen, key=lambda each: each["seed"])]


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


def draw(figures: Sequence[Figure], path: Path) -> None:
    """Draw each task's figures by the share of the data."""
    panels = []
    for task, metric in MAIN:
        lines: dict[str, dict[float, Estimate]] = {}
        for each in figures:
            if (each.task, each.metric) == (task, metric):
                lines.setdefault(each.who, {})[_share(each)] = each.value
        panels.append((task, "% of the windows", metric, {who: list(line.items()) for who, line in lines.items()}))
    plots.lengths(path, panels)
