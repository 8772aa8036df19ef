"""Sequence and signals together: held-out blocks, a held-out cell, missing signals, and cells of another laboratory.

A row is a window in a cell; it is open there or closed. Sequence alone says the same of a window in every cell.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from dnalect.core import NOTHING, Examples, Figure, Target, say
from dnalect.inference import fused
from dnalect.jobs import fuse
from dnalect.models import Beside, Model, language_model
from dnalect.stats import Draws, paired, tuned_tracks
from dnalect.stats import means as mean_of
from dnalect.training import TuneConfig
from studies.cells.bench import BINS, BRAIN, CELLS, LINES, MARKS, WINDOW, Bench, Numbers, Singles
from studies.cells.options import Cells
from studies.cells.sequence import READING

KINDS = ("gated", "late", "early")
SEQUENCE, SIGNALS, LINEAR = "sequence alone", "signals alone", "signals alone, logistic regression"
FINE = "fine-tuned sequence and signals, gated"
HEADS, OTHERS = "fine-tuned sequence, a head for each cell", "mean of the other lines, as measured"
# Rows of a step, and the peak learning rate.
BATCH, RATE = 512, 2e-3
TARGET = Target("open", "tracks", ("open",))
ALL, NAMES = tuple(range(len(CELLS))), tuple(CELLS)
KNOWN = tuple(NAMES.index(cell) for cell in LINES)
# Bins that the linear rival reads as one: the middle, and the whole.
MIDDLE = slice(BINS // 2 - 4, BINS // 2 + 4)
Floats = npt.NDArray[np.floating]
Doubles = npt.NDArray[np.float64]
# Windows and their signals in a cell -> how open they are (n,).
Scorer = Callable[[Numbers, Singles], Floats]


def fused_of(kind: str) -> str:
    """Return the name of a fusion in the figures."""
    return f"sequence and signals, {kind}"


@dataclass(frozen=True)
class Learner:
    """What learns: a base whose states are known, and how often."""

    base: Model
    bench: Bench
    states: Singles
    seeds: int

    def signals(self, rows: Numbers, cell: int) -> Singles:
        """Return the levels (n, S, K) of some windows in a cell."""
        return np.asarray(self.bench.signals[rows, cell], dtype=np.float32)

    def rows(self, part: str, cells: Sequence[int]) -> list[tuple[int, Numbers]]:
        """Return, of each cell, the windows of a part whose label there is known."""
        rows = self.bench.rows(part)
        return [(cell, rows[np.isfinite(self.bench.opened[rows, cell])]) for cell in cells]

    def examples(self, part: str, cells: Sequence[int]) -> tuple[Examples, Singles]:
        """Return the rows of some cells with their signals, and their states."""
        told = self.rows(part, cells)
        rows = np.concatenate([each for _, each in told])
        labels = np.concatenate([self.bench.opened[each, cell] for cell, each in told])
        signals = np.concatenate([self.signals(each, cell) for cell, each in told])
        examples = Examples.of(self.bench.texts(rows), [TARGET], {TARGET.name: labels})
        return replace(examples, signals=signals), self.states[rows]

    def fusion(self, cells: Sequence[int], seed: int, kind: str = "gated", **more: bool | float) -> Scorer:
        """Return a fusion that learned from some cells."""
        beside = Beside(tuple(MARKS), kind, WINDOW, BINS, **more)  # type: ignore[arg-type]
        config = TuneConfig(method="probe", batch=BATCH, patience=3, head_rate=RATE, reading=READING, seed=seed)
        train, tune = (self.examples(part, cells) for part in ("train", "validate"))
        if beside.blind:
            train, tune = ((each, np.zeros_like(states)) for each, states in (train, tune))
        pooled, _ = fuse(self.base, train, tune, config, beside)

        def scored(rows: Numbers, signals: Singles) -> Floats:
            return fused(pooled, self.states[rows], signals)[TARGET.name][:, 0]

        return scored

    def linear(self, cells: Sequence[int], sequence: bool) -> Scorer:
        """Return a logistic regression that learned from some cells: on the states, or on the signals."""

        def features(rows: Numbers, signals: Singles) -> Floats:
            return self.states[rows] if sequence else levels(signals)

        parts = []
        for part in ("train", "validate"):
            told = self.rows(part, cells)
            x = np.concatenate([features(rows, self.signals(rows, cell)) for cell, rows in told])
            parts.append((x, np.concatenate([self.bench.opened[rows, [cell]] for cell, rows in told])[:, None]))
        regression = tuned_tracks(*parts[0], parts[1])

        def scored(rows: Numbers, signals: Singles) -> Floats:
            return regression(features(rows, signals))[:, 0]

        return scored

    def all_of(self, cells: Sequence[int], kinds: Sequence[str] = ("gated",)) -> dict[str, list[Scorer]]:
        """Return who -> its trainings, one a seed, on some cells."""
        seeds = range(1, self.seeds + 1)
        found = {fused_of(kind): [self.fusion(cells, seed, kind) for seed in seeds] for kind in kinds}
        found[SIGNALS] = [self.fusion(cells, seed, blind=True) for seed in seeds]
        return {**found, LINEAR: [self.linear(cells, False)], SEQUENCE: [self.linear(cells, True)]}


def levels(signals: Singles) -> Floats:
    """Return the mean level of each signal in the middle and around (n, 2 * S), 0 where it is missing."""
    known = np.nan_to_num(signals)
    return np.concatenate([known[:, :, MIDDLE].mean(axis=2), known.mean(axis=2)], axis=1)


@dataclass(frozen=True)
class Judge:
    """Test windows, their labels and draws, and what is said of them: who -> a table (n, C) for each seed."""

    bench: Bench
    rows: Numbers

    def scores(self, learner: Learner, scorers: Sequence[Scorer], cells: Sequence[int], hide: str = "") -> list[Floats]:
        """Return the tables of a learner's trainings. hide: a mark, or "all", that is missing."""
        tables = []
        for scorer in scorers:
            table = np.full((len(self.rows), len(CELLS)), np.nan)
            for cell in cells:
                signals = learner.signals(self.rows, cell)
                for number, mark in enumerate(MARKS):
                    if hide in (mark, "all"):
                        signals[:, number] = np.nan
                table[:, cell] = scorer(self.rows, signals)
            tables.append(table)
        return tables

    def auroc(self, tables: Sequence[Floats], cell: int, only: npt.NDArray[np.bool_]) -> Doubles:
        """Return the AUROC in a cell, the mean of the trainings (R + 1,)."""
        opened = self.bench.opened[self.rows, cell]
        known = np.isfinite(opened) & only
        blocks = self.bench.blocks(self.rows)
        draws = Draws.of(blocks[known], among=blocks)
        return mean_of([draws.auroc(each[known, cell], opened[known] > 0.5) for each in tables])

    def ordered(self, tables: Sequence[Floats], pairs: Sequence[tuple[int, int]]) -> tuple[Doubles, int]:
        """Return how often the cell in which a window is open outscores one in which it is closed (R + 1,); and of n.

        pairs: of cells. Ties count half.
        """
        opened, blocks = self.bench.opened[self.rows], self.bench.blocks(self.rows)
        units, right = [], [list[Floats]() for _ in tables]
        for a, b in pairs:
            differ = opened[:, a] + opened[:, b] == 1
            units.append(blocks[differ])
            sign = opened[differ, a] - opened[differ, b]
            for each, found in zip(tables, right, strict=True):
                found.append((np.sign((each[differ, a] - each[differ, b]) * sign) + 1) / 2)
        draws = Draws.of(np.concatenate(units), among=blocks)
        return mean_of([draws.mean(np.concatenate(each)) for each in right]), sum(map(len, units))


Tables = Mapping[str, Sequence[Floats]]


def per_cell(judge: Judge, task: str, tables: Tables, cells: Sequence[int]) -> list[Figure]:
    """Return AUROC in every cell and their mean, among all windows and among elements alone."""
    figures = []
    everything = np.ones(len(judge.rows), dtype=np.bool_)
    for part, only in (("all windows", everything), ("elements", ~judge.bench.drawn[judge.rows])):
        values = {who: [judge.auroc(each, cell, only) for cell in cells] for who, each in tables.items()}
        for at, cell in enumerate(cells):
            bare = Figure(task, f"{part}/{NAMES[cell]}", "", "AUROC", int(only.sum()), NOTHING)
            figures += paired(bare, {who: each[at] for who, each in values.items()})
        mean = {who: mean_of(each) for who, each in values.items()}
        figures += paired(Figure(task, f"{part}/mean", "", "AUROC", int(only.sum()), NOTHING), mean)
    return figures


def same_sequence(judge: Judge, task: str, tables: Tables, pairs: Sequence[tuple[int, int]]) -> list[Figure]:
    """Return how often the right one of two cells is said to be the more open, of the very same sequence."""
    found = {who: judge.ordered(each, pairs) for who, each in tables.items()}
    count = next(iter(found.values()))[1]
    bare = Figure(task, "same sequence, two cells", "", "right order", count, NOTHING)
    return paired(bare, {who: each for who, (each, _) in found.items()})


def pairs_of(cells: Sequence[int]) -> list[tuple[int, int]]:
    """Return every pair of cells once."""
    return [(a, b) for at, a in enumerate(cells) for b in cells[at + 1 :]]


def fusion_figures(
    options: Cells, bench: Bench, states: Singles, heads: Floats | None, tuned: Singles | None
) -> list[Figure]:
    """Return the figures of all four questions.

    heads: logits (n, C) of a model with a head for each cell. tuned: the states of its network, which learned from the
    training windows of every cell: so they are asked on held-out blocks alone.
    """
    learner = Learner(language_model(options.model, options.device), bench, states, options.seeds)
    judge = Judge(bench, bench.rows("test"))
    say("sequence and signals of four lines, on held-out blocks")
    learned = learner.all_of(KNOWN, KINDS)
    tables: dict[str, Sequence[Floats]] = {who: judge.scores(learner, each, KNOWN) for who, each in learned.items()}
    measured = [_mean_of_lines(bench)[judge.rows]]
    if heads is not None and tuned is not None:
        tables[HEADS] = [heads[judge.rows]]
        other = replace(learner, states=tuned)
        tables[FINE] = judge.scores(other, [other.fusion(KNOWN, seed) for seed in range(1, options.seeds + 1)], KNOWN)
    task = "held-out blocks"
    figures = per_cell(judge, task, {**tables, OTHERS: measured}, KNOWN)
    for kind in KINDS[1:]:
        found = per_cell(judge, task, {who: tables[who] for who in (fused_of(kind), SIGNALS)}, KNOWN)
        figures += [each for each in found if each.who == fused_of(kind)]
    # What is measured in the other cells can't be asked here: of two cells it is the answer turned round.
    figures += same_sequence(judge, task, tables, pairs_of(KNOWN))
    figures += _missing(learner, judge, learned[fused_of("gated")])
    figures += _brain(judge, learner, learned)
    return figures + _held_out_cells(learner, judge, measured)


def _mean_of_lines(bench: Bench) -> Floats:
    """Return (n, C) the share of the other lines in which a window is open; of other cells, that of all lines."""
    lines = bench.opened[:, list(KNOWN)]
    known = np.isfinite(lines)
    total, count = np.nansum(lines, axis=1, keepdims=True), known.sum(axis=1, keepdims=True)
    table = np.repeat(total / np.maximum(count, 1), len(CELLS), axis=1)
    table[:, list(KNOWN)] = (total - np.nan_to_num(lines)) / np.maximum(count - known, 1)
    return np.asarray(table)


def _missing(learner: Learner, judge: Judge, hiding: Sequence[Scorer]) -> list[Figure]:
    """What is lost where a mark, or all of them, are missing: after training that hid signals, and without."""
    say("what is lost where signals are missing")
    plain = [learner.fusion(KNOWN, seed, missing=0.0) for seed in range(1, learner.seeds + 1)]
    told = {"signals were hidden in training": hiding, "none was": plain}
    figures = []
    for hide in ("", *MARKS, "all"):
        tables = {who: judge.scores(learner, each, KNOWN, hide) for who, each in told.items()}
        only = np.ones(len(judge.rows), dtype=np.bool_)
        values = {who: mean_of([judge.auroc(each, cell, only) for cell in KNOWN]) for who, each in tables.items()}
        part = f"without {hide}" if hide not in ("", "all") else "without any" if hide else "with all"
        figures += paired(Figure("missing signals", part, "", "AUROC", len(judge.rows), NOTHING), values)
    return figures


def _brain(judge: Judge, learner: Learner, learned: Mapping[str, Sequence[Scorer]]) -> list[Figure]:
    """Cells that nothing was learned from, of another assay and laboratory, with two marks."""
    cells = [NAMES.index(cell) for cell in BRAIN]
    chosen = (fused_of("gated"), SIGNALS, LINEAR, SEQUENCE)
    tables: dict[str, Sequence[Floats]] = {who: judge.scores(learner, learned[who], cells) for who in chosen}
    measured = {OTHERS: [_mean_of_lines(judge.bench)[judge.rows]]}
    task = "brain cells, learned from the lines"
    return per_cell(judge, task, {**tables, **measured}, cells) + same_sequence(judge, task, tables, pairs_of(cells))


def _held_out_cells(learner: Learner, judge: Judge, measured: Sequence[Floats]) -> list[Figure]:
    """Learn from three lines, and judge on the fourth, on blocks that none of them was learned on."""
    say("learning from three lines, judged on the fourth")
    each: dict[int, dict[str, list[Floats]]] = {}
    for held in KNOWN:
        learned = learner.all_of([cell for cell in KNOWN if cell != held])
        each[held] = {who: judge.scores(learner, scorers, KNOWN) for who, scorers in learned.items()}
    names = list(each[KNOWN[0]])
    task = "a held-out cell"
    # Of every line the table that did not learn from it, side by side.
    whole: dict[str, Sequence[Floats]] = {who: _columns([each[cell][who] for cell in KNOWN]) for who in names}
    figures = per_cell(judge, task, {**whole, OTHERS: measured}, KNOWN)
    values: dict[str, list[Doubles]] = {}
    count = 0
    for held in KNOWN:
        pairs = [(held, cell) for cell in KNOWN if cell != held]
        for who in names:
            found, many = judge.ordered(each[held][who], pairs)
            values.setdefault(who, []).append(found)
        count += many
    bare = Figure(task, "same sequence, the held-out cell and another", "", "right order", count, NOTHING)
    return figures + paired(bare, {who: mean_of(found) for who, found in values.items()})


def _columns(several: Sequence[Sequence[Floats]]) -> list[Floats]:
    """Return for each seed a table with the column of each line from its own. several: of each line, one a seed."""
    out = []
    for tables in zip(*several, strict=True):
        whole = np.full_like(tables[0], np.nan)
        for cell, table in zip(KNOWN, tables, strict=True):
            whole[:, cell] = table[:, cell]
        out.append(whole)
    return out
