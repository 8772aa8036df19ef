"""The study of cells: its labels, rivals and figures on benches small enough to count."""

from dataclasses import replace

import numpy as np
import pytest

from dnalect.core import Examples, Figure
from studies.cells import fusion
from studies.cells.bench import BINS, CELLS, LINES, MARKS, Bench, _kept_out
from studies.cells.fusion import KNOWN, NAMES, Judge, Learner, levels, pairs_of, per_cell, same_sequence
from studies.cells.page import publish
from studies.cells.sequence import FROZEN, OTHERS, cell_figures, others, pair_figures

LENGTH = 64


def bench_of(count=240, seed=0):
    """Windows of which half are rich in G and C; a cell is open where a window is rich and its first mark is there."""
    rng = np.random.default_rng(seed)
    rich = rng.random(count) < 0.5
    texts = ["".join(rng.choice(list("GCGCAT" if each else "ATATGC"), LENGTH)) for each in rich]
    marked = rng.random((count, len(CELLS))) < 0.5
    signals = np.zeros((count, len(CELLS), len(MARKS), BINS), dtype=np.float16)
    signals[:, :, 0] = marked[..., None]
    opened = (rich[:, None] & marked).astype(np.float32)
    parts = np.array(["train", "train", "validate", "test"])[np.arange(count) // 20 % 4]
    starts = np.arange(count, dtype=np.int64) * 100_000
    return Bench(np.full(count, "20"), starts, np.array(texts), opened, ~rich, parts, signals)


def test_the_mean_of_the_other_cells_leaves_the_cell_itself_and_holes_out():
    opened = np.array([[1, 0, np.nan, 1]], dtype=np.float32)
    np.testing.assert_allclose(others(opened), [[0.5, 1.0, 2 / 3, 0.5]], atol=1e-6)


def test_what_nobody_trains_on_is_tested_on():
    examples = Examples.of(["A" * 100] * 4, (), {})
    starts = np.array([500_000, 1_500_000, 999_950, 2_000_500])
    parts = ("train", "train", "train", "validate")
    examples = replace(examples, contigs=("20",) * 4, starts=starts, ends=starts + 100, parts=parts)
    kept = _kept_out(examples)
    assert list(zip(kept.starts.tolist(), kept.parts, strict=True)) == [
        (500_000, "train"),
        (1_500_000, "test"),
        (2_000_500, "validate"),
    ]


def test_order_of_two_cells_is_counted_by_hand():
    bench = bench_of(8)
    bench = replace(bench, parts=np.full(8, "test"), opened=np.zeros_like(bench.opened))
    bench.opened[0, :2], bench.opened[1, :2], bench.opened[2, :2], bench.opened[3, 0] = (1, 0), (0, 1), (1, 0), np.nan
    table = np.zeros((8, len(CELLS)))
    table[0, :2], table[1, :2], table[2, :2] = (2, 1), (2, 1), (3, 3)
    found, count = Judge(bench, np.arange(8)).ordered([table], [(0, 1)])
    assert count == 3
    assert found[0] == pytest.approx((1 + 0 + 0.5) / 3)


def test_figures_of_perfect_and_blind_scores():
    bench = bench_of()
    scores = {FROZEN: bench.opened + 0.0, "blind": np.zeros_like(bench.opened), OTHERS: others(bench.opened)}
    found = {(each.who, each.part, each.metric): each.value.mean for each in cell_figures(bench, scores)}
    assert found[FROZEN, "all windows/mean", "AUROC"] == 1
    assert found["blind", "elements/K562", "AUROC"] == 0.5
    pairs = pair_figures(bench, scores)
    assert {each.who for each in pairs} == {FROZEN, "blind"}
    assert next(each.value.mean for each in pairs if each.who == FROZEN) == 1


def test_both_kinds_of_data_beat_either(tmp_path, monkeypatch):
    monkeypatch.setattr(fusion, "BATCH", 32)
    monkeypatch.setattr(fusion, "RATE", 1e-2)
    bench = bench_of()
    states = np.array([[text.count("G") + text.count("C"), 1.0] for text in bench.sequences], dtype=np.float32)
    learner = Learner(_Base(), bench, np.tile(states, 4), 1)
    judge = Judge(bench, bench.rows("test"))
    tables = {who: judge.scores(learner, each, KNOWN) for who, each in learner.all_of(KNOWN).items()}
    figures = per_cell(judge, "held-out blocks", tables, KNOWN)
    figures += same_sequence(judge, "held-out blocks", tables, pairs_of(KNOWN))
    values = {(each.who, each.part): each.value.mean for each in figures}
    both, signals, _, sequence = tables
    part = "all windows/mean"
    assert values[both, part] > 0.93
    assert max(values[signals, part], values[sequence, part]) < 0.9
    assert values[sequence, "same sequence, two cells"] == 0.5
    assert values[both, "same sequence, two cells"] > 0.9
    publish([replace(each, command="x") for each in figures], tmp_path, "x")
    assert {each.name for each in tmp_path.iterdir()} == {
        "figures.tsv",
        "fusion.png",
        "same-sequence.png",
        "index.html",
    }
    assert isinstance(figures[0], Figure)


def test_levels_of_missing_signals_are_zero():
    signals = np.full((1, 2, BINS), np.nan, dtype=np.float32)
    signals[0, 1] = 0.5
    np.testing.assert_array_equal(levels(signals), [[0, 0.5, 0, 0.5]])
    assert [NAMES[cell] for cell in KNOWN] == list(LINES)


class _Base:
    """What a fusion asks of a language model whose states are known."""

    def __init__(self):
        import torch

        self.device = torch.device("cpu")
        self.network = torch.nn.Linear(1, 1)
        self.card = None

    class can:
        left = False
        layers = 1
