"""The study of links: its pairs are those that loops join, and no block is learned from and judged."""

from dataclasses import replace

import numpy as np
import pytest

from dnalect.core import read_figures
from studies.links import learned
from studies.links.candidates import BETWEEN, DISTANCE, LINK, LOOPS, told
from studies.links.job import MOST, TASK, matched_rows, run
from studies.links.options import Links
from studies.links.pairs import CELLS, OTHERS, TRACKS, joined, overlaps, pairs_of, read_cell

NAMES = {
    "aDnase": "open",
    "bH3k4me1": "enhancers",
    "cH3k4me3": "promoters",
    "dH3k27ac": "open",
    "eH3k27me3": "none",
    "fH3k36me3": "none",
    "gCtcf": "anchors",
}
# Bases between the elements of a locus, and of what a locus takes.
STEP, LOCUS, LOCI = 40_000, 2_000_000, 20


def made(folder):
    """A data folder: loci of five enhancers and two promoters each, one pair of which a loop joins in every cell."""
    rng = np.random.default_rng(5)
    spans = {name: [] for name in ("open", "enhancers", "promoters", "none", "anchors")}
    loops, starts = [], []
    for locus in range(LOCI):
        at = (locus + 1) * LOCUS + np.arange(7) * STEP + rng.integers(0, 5_000, 7)
        promoters, enhancers = at[[0, 6]], at[1:6]
        starts += promoters.tolist()
        spans["open"] += [(a - 100, a + 100) for a in at.tolist()]
        spans["enhancers"] += [(a - 300, a + 300) for a in enhancers.tolist()]
        spans["promoters"] += [(a - 300, a + 300) for a in promoters.tolist()]
        one = int(rng.integers(0, 5))
        ends = promoters[0], enhancers[one]
        spans["anchors"] += [(int(a) - 1_000, int(a) - 900) for a in ends]
        loops.append([(int(a) // 5_000 * 5_000, int(a) // 5_000 * 5_000 + 5_000) for a in sorted(ends)])
    spans["none"] = [(1, 5)]
    for cell in OTHERS:
        place = folder / TRACKS / cell
        place.mkdir(parents=True)
        for name, kind in NAMES.items():
            for_x = "".join(f"chrX\t{a}\t{b}\t.\t{n % 7}\t.\t{1 + n % 7}\n" for n, (a, b) in enumerate(spans[kind][:3]))
            rows = "".join(f"chr20\t{a}\t{b}\t.\t{n % 7}\t.\t{1 + n % 7}\n" for n, (a, b) in enumerate(spans[kind]))
            (place / f"{name}.bed").write_text(rows + for_x)
        head = "chr1\tx1\tx2\tchr2\ty1\ty2\to\te_donut\n"
        lines = [f"20\t{a}\t{b}\t20\t{c}\t{d}\t30\t10\n" for (a, b), (c, d) in loops]
        (place / "HiCCUPS_looplist.txt").write_text(head + "".join(lines))
        (place / "Arrowhead_domainlist.txt").write_text("chr1\tx1\tx2\n20\t1000000\t9000000\n")
    (folder / "genomes/human_hg19_refseq").mkdir(parents=True)
    rows = [f"chr20\t{a}\t{a + 1}\n" for a in starts] + ["chrX\t5000000\t5000001\n"]
    (folder / "genomes/human_hg19_refseq/RefSeqTSS.chr20_chrX.bed.gz").write_text("".join(rows))
    return loops


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    return folder, made(folder)


def test_pairs_are_those_that_a_loop_joins(data):
    folder, loops = data
    pairs = pairs_of(folder, read_cell(folder, "K562"), 5_000_000)
    assert np.isin(pairs.contigs, ["20"]).all()
    for enhancer, promoter, label in zip(pairs.enhancers.tolist(), pairs.promoters.tolist(), pairs.joined, strict=True):
        hit = any(
            enhancer[0] < b[1] and enhancer[1] > b[0] and promoter[0] < c[1] and promoter[1] > c[0]
            for one in loops
            for b, c in (one, one[::-1])
        )
        assert label == hit
        assert 10_000 <= abs(sum(enhancer) - sum(promoter)) / 2 <= 2_000_000
    assert LOCI / 2 < pairs.joined.sum() <= LOCI
    first, last = (each // 5_000_000 for each in (pairs.between[:, 0], pairs.between[:, 1]))
    assert (first == last).all()


def test_others_are_as_far_apart_as_those_that_are_joined(data):
    folder, _ = data
    pairs = pairs_of(folder, read_cell(folder, "K562"), 5_000_000)
    chosen = pairs.take(matched_rows(pairs, 1))
    count = int(chosen.joined.sum())
    assert 5 <= count <= len(chosen) - count <= MOST * count
    medians = [np.median(chosen.distances[mask]) for mask in (chosen.joined, ~chosen.joined)]
    assert medians[0] == pytest.approx(medians[1], rel=0.5)


def test_candidates_know_what_was_planted_and_not_the_own_loops(data):
    folder, _ = data
    cells = {name: read_cell(folder, name) for name in OTHERS}
    pairs = pairs_of(folder, cells["K562"], 5_000_000)
    others = [cells[name] for name in OTHERS if name != "K562"]
    found = told(cells["K562"], others, pairs, pairs)
    assert (found[LOOPS.format(0)] >= 4).tolist() == pairs.joined.tolist()
    assert (found[LINK][pairs.joined] > found[DISTANCE][pairs.joined]).all()
    assert (found[BETWEEN] <= 0).all()
    blind = told(replace(cells["K562"], loops={}), others, pairs, pairs)
    assert all(np.array_equal(found[who], blind[who]) for who in found)


def test_blocks_are_held_out_whole_and_pairs_at_random_are_not():
    blocks = np.array([f"20:{n // 10}" for n in range(100)])
    labels = np.arange(100) % 7 == 0
    whole = learned.block_folds(blocks, labels, 5)
    assert all(len(set(whole[blocks == each].tolist())) == 1 for each in set(blocks.tolist()))
    assert set(whole.tolist()) == set(range(5))
    mixed = learned.random_folds(labels, 5, 1)
    assert max(len(set(mixed[blocks == each].tolist())) for each in set(blocks.tolist())) > 1
    assert np.ptp(np.bincount(mixed, labels)) <= 1


@pytest.mark.slow
def test_learning_from_shared_neighbours_is_a_leak_that_blocks_do_not_have():
    """Labels go by the block alone: a random split learns them by heart, held-out blocks can't be told."""
    rng = np.random.default_rng(1)
    number = np.repeat(np.arange(40), 10)
    features = rng.normal(size=(40, 6))[number] + rng.normal(size=(400, 6)) * 0.01
    labels = (rng.random(40) < 0.4)[number] & (rng.random(400) < 0.8)
    blocks = number.astype(str)
    by_blocks = learned.boosted(features, labels, learned.block_folds(blocks, labels, 5), 1)
    at_random = learned.boosted(features, labels, learned.random_folds(labels, 5, 1), 1)
    gap = [each[labels].mean() - each[~labels].mean() for each in (by_blocks, at_random)]
    assert gap[1] > 2
    assert gap[0] < gap[1] / 2


def test_intervals_are_joined_and_overlap():
    spans = joined(np.array([[5, 9], [1, 3], [8, 12], [20, 21], [3, 4]]))
    assert spans.tolist() == [[1, 4], [5, 12], [20, 21]]
    assert overlaps(np.array([[0, 1], [4, 5], [11, 30], [25, 26]]), spans).tolist() == [False, False, True, False]
    assert joined(np.zeros((0, 2), np.int64)).tolist() == []


@pytest.mark.slow
def test_the_whole_study(data, tmp_path):
    folder, _ = data
    shown = run(Links(folder, tmp_path / "out", folds=3, command="python -m studies links"))
    figures = read_figures(tmp_path / "out" / "figures.tsv")
    assert {each.part for each in figures if each.task == TASK} == {
        f"as far apart, {name}" for name in (*CELLS, "mean of four cells")
    }
    loops = next(each for each in shown if each.who == LOOPS.format(5) and each.metric == "AUROC")
    assert loops.value.mean > 0.95
    assert loops.against == DISTANCE
    assert loops.difference.low > 0
    for picture in ("pairs.png", "first.png"):
        assert (tmp_path / "out" / picture).read_bytes().startswith(b"\x89PNG")
