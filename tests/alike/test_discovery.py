"""Elements of one genome found in another: planted ones, rules of windows, calibration, rivals, errors."""

import numpy as np
import pytest
from click.testing import CliRunner

import dnalect
from dnalect.alike.discovery import ALIGNMENT, PROBE, SIMILARITY, distinct, fit_probe, judged, lifted, likeness
from dnalect.alike.elements import holding, median_length, parts_of, read_elements, tiles_of
from dnalect.cli.main import dnalect as command
from dnalect.core.errors import InputError
from dnalect.genome.bed import Intervals
from dnalect.genome.fasta import genome_of
from dnalect.genome.regions import Region


def _intervals(*spans):
    low, high = np.array(spans, dtype=np.int64).T
    return Intervals(low, high, np.ones(len(low), dtype=bool))


def _planted(seed, length=120_000):
    """A random genome whose elements, 200 bases each 2 kb or so, are rich in G and C; and their places."""
    rng = np.random.default_rng(seed)
    text = rng.choice(list("ACGT"), length, p=[0.3, 0.2, 0.2, 0.3])
    starts = np.arange(700, length - 400, 2000) + rng.integers(0, 600, size=len(range(700, length - 400, 2000)))
    for start in starts.tolist():
        text[start : start + 200] = rng.choice(list("ACGT"), 200, p=[0.15, 0.35, 0.35, 0.15])
    return "".join(text), [(start, start + 200) for start in starts.tolist()]


def test_a_window_holds_an_element_by_either_middle():
    tiles = tiles_of(genome_of({"c": "ACGT" * 500}), 100, 100, [], 99)
    held = holding(tiles, {0: _intervals((130, 150), (390, 410), (1000, 1500))})
    assert np.flatnonzero(held).tolist() == [1, 4, *range(10, 15)]
    # A summit of one base.
    assert np.flatnonzero(holding(tiles, {0: _intervals((299, 300))})).tolist() == [2]


def test_windows_of_whole_stretches_are_sampled_and_dealt():
    genome = genome_of({"a": "ACGT" * 50_000, "b": "ACGT" * 10_000})
    tiles = tiles_of(genome, 200, 200, [], 500)
    assert 300 < len(tiles) <= 500
    sizes = np.unique(tiles.stretches(), return_counts=True)[1]
    assert (sizes == 100).all()
    every = tiles_of(genome, 200, 200, [], 5000)
    part = parts_of(every)
    assert all(len(set(part[every.stretches() == each])) == 1 for each in np.unique(every.stretches()))
    assert np.bincount(part, minlength=3).tolist() == [600, 300, 300]
    few = tiles_of(genome, 200, 100, [Region(1, 1000, 2000)], 5000)
    assert (few.start.min(), few.end.max(), len(few)) == (1000, 2000, 9)


def test_a_probe_is_calibrated_and_needs_both_kinds():
    rng = np.random.default_rng(0)
    truth = rng.random(3000) < 0.2
    vectors = (rng.normal(size=(3000, 5)) + 1.2 * truth[:, None] * [1, 0, 0, 0, 0]).astype(np.float32)
    part = np.resize([0, 0, 1, 2], 3000)
    chance = fit_probe(vectors, truth, part)(vectors)[part == 2]
    own = truth[part == 2]
    assert chance.mean() == pytest.approx(own.mean(), abs=0.04)
    assert own[chance > 0.5].mean() > 0.5 > own[chance < 0.2].mean() + 0.3
    with pytest.raises(InputError, match="at least 10 of each are needed"):
        fit_probe(vectors, truth & (np.arange(3000) < 9), part)


def test_likeness_takes_off_what_each_genome_shares():
    rng = np.random.default_rng(1)
    there = rng.normal(size=(50, 6)).astype(np.float32) + 4
    here = rng.normal(size=(60, 6)).astype(np.float32) - 4
    here[0] = there[:5].mean(axis=0) - there.mean(axis=0) + here.mean(axis=0)
    found = likeness(here, there[:5], here, there)
    assert found.argmax() == 0
    assert found.shape == (60,)


def test_alignment_lifts_elements_to_where_they_lie():
    text, spans = _planted(4, 30_000)
    genome = genome_of({"a": text})
    other = genome_of({"b": "ACGTTGCA" * 100 + text[5000:20_000]})
    tiles, searched = (tiles_of(each, 200, 100, [], 9999) for each in (genome, other))
    elements = {0: _intervals(*spans)}
    truth = holding(tiles, elements)
    assert lifted_to(searched, tiles, elements, truth, other) > 0.9
    assert lifted_to(searched, tiles, elements, np.zeros(len(tiles), bool), other) == 0


def lifted_to(searched, tiles, elements, rows, other, tmp=None):
    """Mean share of windows that truly hold an element."""
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "o.fa"
        path.write_text(f">b\n{other['b']}\n")
        found = lifted(searched, tiles, elements, rows, str(path))
    middles = [(a + b) // 2 - 5000 + 800 for a, b in elements_of(elements) if 5400 < a < 19_600]
    there = [np.flatnonzero((searched.start <= m) & (m < searched.end))[0] for m in middles]
    return float(np.mean([found[row] for row in there]))


def elements_of(elements):
    return list(zip(elements[0].starts.tolist(), elements[0].ends.tolist(), strict=True))


def test_scores_are_judged_beside_each_other_and_by_chance():
    rng = np.random.default_rng(3)
    tiles = tiles_of(genome_of({"c": "ACGT" * 25_000}), 200, 200, [], 9999)
    truth = rng.random(len(tiles)) < 0.3
    figures = judged(
        "t", "p", tiles, truth, {"good": truth + rng.normal(size=len(tiles)) * 0.3, "none": np.zeros(len(tiles))}
    )
    told = {(f.metric, f.who): f for f in figures}
    assert told["AUPRC", "good"].value.mean > 0.9
    assert told["AUPRC", "good"].against == "none"
    assert told["AUPRC", "none"].value.low < truth.mean() < told["AUPRC", "none"].value.high
    assert told["AUPRC", "none"].chance == pytest.approx(truth.mean())
    assert told["precision among the first 50", "good"].value.mean == 1
    assert judged("t", "p", tiles, np.zeros(len(tiles), bool), {"a": truth * 1.0}) == []


def test_candidates_do_not_overlap():
    tiles = tiles_of(genome_of({"c": "ACGT" * 100}), 100, 50, [], 99)
    rows = distinct(tiles, np.array([1.0, 5, 4, 3, 2, 1, 0]))
    assert tiles.start[rows].tolist() == [50, 150, 250]


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    folder = tmp_path_factory.mktemp("two")
    for name, seed in (("a", 1), ("b", 2)):
        text, spans = _planted(seed)
        (folder / f"{name}.fa").write_text(f">{name}\n{text}\n")
        (folder / f"{name}.bed").write_text("".join(f"{name}\t{low}\t{high}\n" for low, high in spans))
    return folder


def test_planted_elements_are_found_in_another_genome(two, model_folder, tmp_path):
    outs = [tmp_path / f"f.{suffix}" for suffix in ("bed", "tsv", "html")]
    told = {"like": two / "a.bed", "reference": two / "a.fa", "known": two / "b.bed", "top": 20, "step": 200}
    found = dnalect.discover(two / "b.fa", model=model_folder, outputs=outs, **told)
    assert len(found) == 20
    truth = [line.split("\t") for line in (two / "b.bed").read_text().splitlines()]
    hits = [
        any(int(low) < end and start < int(high) for _, low, high in truth)
        for start, end in zip(found["start"], found["end"], strict=True)
    ]
    assert np.mean(hits) > 0.8
    figures = {(f.part, f.metric, f.who): f for f in found.figures}
    gc = figures["b.fa", "AUPRC", "GC content: probe"]
    assert gc.value.low > 3 * gc.chance
    assert figures["b.fa", "AUPRC", ALIGNMENT].value.mean < 2 * gc.chance
    assert {part for part, _, _ in figures} == {"a.fa, held out", "b.fa"}
    bed = [line.split("\t") for line in outs[0].read_text().splitlines()]
    assert [int(each[4]) for each in bed] == sorted([int(each[4]) for each in bed], reverse=True)
    assert len(outs[1].read_text().splitlines()) == 21
    page = outs[2].read_text()
    assert "Calibration" in page
    assert "GC content: probe" in page
    # What all others are compared with comes first.
    assert page.index(f": {PROBE}</td>") < page.index(f": {SIMILARITY}</td>") < page.index("GC content: probe</td>")


@pytest.mark.slow
def test_candidates_are_ranked_by_a_tuned_model_where_that_is_asked_for(two, model_folder, tmp_path):
    told = {"like": two / "a.bed", "reference": two / "a.fa", "known": two / "b.bed", "step": 200, "rivals": ["none"]}
    outs = [tmp_path / "f.tsv"]
    plain = dnalect.discover(two / "b.fa", model=model_folder, outputs=outs, **told)
    found = dnalect.discover(two / "b.fa", model=model_folder, outputs=outs, finetune=True, epochs=3, **told)
    figures = {(f.part, f.metric, f.who): f for f in found.figures}
    # The others say what they say without it: the model that they ask was not tuned.
    for each in plain.figures:
        assert figures[each.part, each.metric, each.who].value == each.value
    names = [who for part, metric, who in figures if (part, metric) == ("b.fa", "AUPRC")]
    assert names[0].endswith(": fine-tuned")
    best = figures["b.fa", "AUPRC", names[0]]
    assert best.value.low > best.chance
    assert best.against
    head = outs[0].read_text().splitlines()
    column = [line.split("\t")[head[0].split("\t").index(names[0])] for line in head[1:]]
    chances = np.array(column, dtype=float)
    assert (np.diff(chances) <= 0).all()
    assert ((chances >= 0) & (chances <= 1)).all()


def test_elements_that_lie_elsewhere_are_told(two, model_folder, tmp_path):
    words = [
        "discover",
        str(two / "b.fa"),
        "--like",
        str(two / "b.bed"),
        "-r",
        str(two / "a.fa"),
        "-m",
        str(model_folder),
    ]
    done = CliRunner().invoke(command, [*words, "-o", str(tmp_path / "o.bed")])
    assert isinstance(done.exception, InputError)
    assert "no element of" in str(done.exception)
    assert not (tmp_path / "o.bed").exists()
    genome = genome_of({"a": "ACGT" * 99})
    with pytest.raises(InputError, match="no element"):
        read_elements(str(two / "b.bed"), genome)
    assert median_length({0: _intervals((0, 10), (20, 30))}) == 200
