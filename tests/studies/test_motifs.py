"""Which motifs a model knows: planted sites are found, named and bound; elsewhere nothing is."""

import gzip

import numpy as np
import pytest

from dnalect.core.figures import NOTHING, Figure, read_figures
from dnalect.genome.regions import Region
from dnalect.tokens.bases import BASES, encode, opposite
from planted import LENGTHS, Planted
from studies.motifs import run as study
from studies.motifs.sequence import Contig, Words, shuffled_sequence, stretches
from studies.motifs.sites import COVERED, ODDS, PEAKS, coverage, places, read_peaks
from studies.options import Motifs
from studies.worth import bench
from studies.worth.crossfit import CrossFitted

SITE = "GTTACCCGGA"


def contig(text, free=None, seed=0):
    codes = encode(text)
    free = np.ones(len(codes), dtype=bool) if free is None else free
    table = np.log(np.random.default_rng(seed).dirichlet(np.full(4, 20.0), len(codes))).astype(np.float32)
    return Contig(Region(0, 0, len(codes)), "chrI", codes, free, table, np.arange(100, len(codes), 700))


def sequence(length, seed=1):
    return "".join(np.random.default_rng(seed).choice(list(BASES), length))


def test_words_that_are_too_frequent_score_highest_where_they_are():
    text = list(sequence(20_000))
    for at in range(50, 20_000, 400):
        text[at : at + 8] = "CATTGACC" if at % 800 else opposite("CATTGACC")
    own = contig("".join(text))
    scores = Words([own]).scores(own.codes)
    inside = np.zeros(20_000, dtype=bool)
    for at in range(50, 20_000, 400):
        inside[at : at + 8] = True
    assert scores[inside].min() > np.quantile(scores[~inside], 0.99)
    assert not Words([own]).scores(own.codes, np.zeros(20_000, dtype=bool)).any()


def test_free_stretches_are_shuffled_alone():
    free = np.zeros(1000, dtype=bool)
    free[100:300], free[400:430], free[900:] = True, True, True
    assert stretches(free) == [(100, 300), (900, 1000)]
    own = contig(sequence(1000), free)
    drawn = shuffled_sequence([own], 1)
    assert len(drawn) == 300
    mine = np.concatenate([own.codes[100:300], own.codes[900:]])
    assert np.bincount(drawn).tolist() == np.bincount(mine).tolist()
    assert (drawn != mine).sum() > 100


@pytest.mark.parametrize(("share", "low", "high"), [(0.5, 2.0, 9.0), (0.0, -1.0, 1.0)])
def test_odds_are_those_of_what_is_covered_beyond_chance(share, low, high):
    rng = np.random.default_rng(3)
    own = contig(sequence(60_000))
    summits = np.sort(rng.choice(np.arange(100, 59_900, 60), 300, replace=False))
    inside = np.zeros(60_000, dtype=bool)
    for at in [*summits[: int(share * 300)], *rng.integers(0, 59_990, 200)]:
        inside[at : at + 8] = True
    found = coverage(
        Figure("t", "p", "m", "", 0, NOTHING), [places(own, summits, {"m": inside, "rival": inside * 0 > 1})]
    )
    odds = next(each for each in found if each.metric == ODDS and each.who == "m")
    assert low < odds.value.mean < high
    assert (odds.value.low > 0) == (share > 0)
    assert odds.against == "rival"
    covered = next(each for each in found if each.metric == COVERED and each.who == "m")
    assert covered.value.mean == pytest.approx(share + (1 - share) * 0.1, abs=0.08)


@pytest.fixture
def world(tmp_path, monkeypatch):
    """A small yeast with sites that are bound, and a model that expects them and nothing else."""
    data = Planted(tmp_path / "data")
    rng = np.random.default_rng(6)
    lines = []
    sites = []
    for name in LENGTHS:
        for start in range(700 + 600, len(data.bases[name]) - 1000, 350):
            at = start + int(rng.integers(20))
            site = SITE if rng.random() < 0.5 else opposite(SITE)
            data.bases[name][at : at + 10] = list(site)
            sites.append((name, at, site))
            lines.append(f"{name}\t{at + 5}\t{at + 6}\tReb1\t9\t.\n")
    data._write()
    (data.folder / "annotation").mkdir()
    with gzip.open(data.folder / PEAKS, "wt") as out:
        out.writelines(lines)
    (data.folder / "motifs").mkdir()
    table = np.full((10, 4), 0.01)
    table[np.arange(10), encode(SITE)] = 0.97
    motifs = [("REB1_12", table), *((f"M{n}", rng.dirichlet(np.full(4, 0.3), 8)) for n in range(40))]
    for file, order in ((study.NAMES, [0, 3, 2, 1]), (study.SITES, [0, 1, 2, 3])):
        text = "MEME version 4\nALPHABET= ACGT\n"
        for name, rows in motifs:
            text += f"MOTIF {name}\nletter-probability matrix: nsites= 60\n"
            text += "".join(" ".join(map(str, row)) + "\n" for row in rows[:, order])
        with gzip.open(data.folder / file, "wt") as out:
            out.write(text)

    def expected(codes):
        p = np.random.default_rng(len(codes)).dirichlet(np.full(4, 30.0), len(codes))
        for site in (SITE, opposite(SITE)):
            codes_of = encode(site)
            windows = np.lib.stride_tricks.sliding_window_view(codes, 10)
            for at in np.flatnonzero((windows == codes_of).all(axis=1)):
                p[at : at + 10] = 0.02
                p[np.arange(at, at + 10), codes_of] = 0.94
        return np.log(p).astype(np.float32)

    monkeypatch.setattr(CrossFitted, "log_probs", lambda self, region: expected(self.codes(region)))
    monkeypatch.setattr(CrossFitted, "sequence_log_probs", lambda self, codes: expected(codes))
    monkeypatch.setattr(bench, "LARGEST_RIVAL", 20_000)
    return data.folder


def test_planted_sites_are_a_pattern_that_is_named_and_bound(world, model_folder, tmp_path):
    out, page = tmp_path / "out", tmp_path / "docs" / "motifs.md"
    page.parent.mkdir()
    found = study.run(Motifs(world, out, page, str(model_folder), ("chrI", "chrII"), command="the command"))
    assert read_figures(out / "figures.tsv")[0].command == "the command"
    head, *rows = [line.split("\t") for line in (out / "patterns.tsv").read_text().splitlines()]
    assert tuple(head) == study.HEAD
    (row,) = rows
    told = dict(zip(head, row, strict=True))
    assert told["factor"] == "REB1"
    assert any(site in told["pattern"].upper() for site in (SITE, opposite(SITE)))
    assert int(told["bound"]) > 0.9 * int(told["seqlets"]) > 5 * float(told["bound_by_chance"])
    odds = {each.who: each.value for each in found if each.metric == ODDS}
    assert odds["tiny"].low > 3 > odds["untrained network"].low
    assert odds["matches of the known motifs (labels)"].low > 3
    text = page.read_text()
    assert "are called, and 0 of these" in text
    assert "| REB1 |" in text
    assert "like REB1 (q" in (page.parent / "images" / "motifs-patterns.svg").read_text()
    assert (page.parent / "images" / "motifs-odds.png").stat().st_size > 1000


def test_peaks_are_read_by_protein(world):
    found = read_peaks(world / PEAKS)
    assert list(found) == ["REB1"]
    assert set(found["REB1"]) == set(LENGTHS)
