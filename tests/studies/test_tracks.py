"""The study of tracks, on a toy yeast: no run is made twice, rivals are right, figures are beside each other."""

import gzip
import json
from dataclasses import replace

import numpy as np
import pytest

from conftest import make_model
from dnalect.core import read_figures
from dnalect.core.reporter import using
from studies.tracks import data, judge, runs
from studies.tracks.job import run
from studies.tracks.options import FACTORS, Tracks
from studies.tracks.rivals import MOTIFS, STARTS, by_motif, by_start

NAMES = [*data.TRAIN, "chrXIII", "chrXIV"]
LENGTH = 1500
MOTIF = "MEME version 4\n\nMOTIF M1 Reb1\nletter-probability matrix: w= 6\n" + "".join(
    " ".join("1.0" if base == letter else "0.0" for letter in "ACGT") + "\n" for base in "TACCCG"
)


@pytest.fixture(scope="module", autouse=True)
def few_sites():
    """A toy has fewer sites than yeast."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data, "FEWEST", 10)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A genome of 14 chromosomes; the motif of Reb1 is its site, nucleosomes stand 100 bases behind starts."""
    folder = tmp_path_factory.mktemp("study")
    rng = np.random.default_rng(1)
    for name in ("genomes", "annotation"):
        (folder / name).mkdir()
    texts, sites, nucleosomes, starts = [], [], [], []
    for name in NAMES:
        bases = rng.choice(list("ACGT"), LENGTH)
        for at in range(150, LENGTH - 200, 300):
            bases[at : at + 6] = list("TACCCG")
            sites.append(f"{name}\t{at + 3}\t{at + 4}\tReb1\n")
            starts.append(f"{name}\t{at + 50}\t{at + 150}\tgene\t0\t+\n")
            nucleosomes.append(f"{name}\t{at + 149}\t{at + 152}\n")
        sites += [f"{name}\t{at}\t{at + 1}\t{factor}\n" for factor in FACTORS[1:] for at in rng.integers(0, LENGTH, 3)]
        texts.append(f">{name}\n{''.join(bases)}\n")
    files = {data.GENOME: texts, data.SITES: sites, data.NUCLEOSOMES: ["chromosome\tstart\tend\n", *nucleosomes]}
    for name, lines in (files | {data.STARTS: starts}).items():
        text = "".join(lines).encode()
        (folder / name).write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    (folder / "motifs.meme").write_text(MOTIF)
    make_model(folder / "tiny")
    return folder


@pytest.fixture(scope="module")
def options(folder):
    told = {"data": folder, "out": folder / "out", "model": str(folder / "tiny"), "motifs": str(folder / "motifs.meme")}
    told |= {"shares": (0.5, 1.0), "seeds": (1, 2), "bin": 16, "window": 128, "passes": 1, "batch": 32, "device": "cpu"}
    return Tracks(**told, command="the command")


@pytest.fixture(scope="module")
def figures(options):
    with using(None):
        return run(options)


def test_runs_are_made_in_order_and_once(options, figures, monkeypatch):
    known = runs.kept(options.out)
    order = [(each["share"], each["arm"], each["seed"]) for each in known.values()]
    assert order[:4] == [(share, arm, 1) for share in (0.5, 1.0) for arm in runs.ARMS]
    assert order[4:6] == [(0.5, arm, 2) for arm in runs.ARMS]
    assert len(known) == 10
    half, whole = (next(each for each in known.values() if each["share"] == share) for share in (0.5, 1.0))
    assert half["windows"] == round(whole["windows"] / 2)
    assert json.loads((options.out / runs.MODEL / "card.json").read_text())["family"] == "track-predictor"
    monkeypatch.setattr(runs, "fit_tracks", None)
    with using(None):
        assert run(options) == figures


def test_everybody_is_beside_the_pretrained_trunk(options, figures):
    kept = read_figures(options.out / "tracks.tsv")
    assert (options.out / "tracks.png").stat().st_size > 10_000
    assert {each.command for each in kept} == {"the command"}
    assert {each.part for each in figures} == {"50% of the windows", "100% of the windows"}
    assert {each.task for each in figures} == {"nucleosomes", "factors", "factors with a known motif"}
    rivals = {each.against for each in figures if each.task == "factors with a known motif"} - {""}
    assert rivals == {runs.RANDOM, "words of 2-5", "composition", STARTS, MOTIFS}
    (motif,) = {each.value.mean for each in figures if (each.who, each.metric) == (MOTIFS, "AUROC")}
    assert motif > 0.95
    (start,) = {
        each.value.mean for each in figures if (each.task, each.who, each.metric) == ("nucleosomes", STARTS, "Pearson")
    }
    # Two bins share a class of distances.
    assert start > 0.6
    assert any(each.part == "100% of the windows/Reb1" for each in kept)


def test_rivals_know_what_they_should(options, folder):
    genome, labels = data.opened(options)
    parts = data.divided(options, genome, labels)
    train, test = parts.windows["train"], parts.windows["test"]
    truth = data.truth_of(parts)
    starts = by_start(folder / data.STARTS, genome, train, test)
    assert starts.shape == truth.shape
    matches = by_motif(options.motifs, genome, test)
    assert list(matches) == ["Reb1"]
    reb1 = truth[:, labels.names.index("Reb1")]
    sites = range(150, LENGTH - 200, 300)
    strong = np.flatnonzero(matches["Reb1"] > 10)
    assert {(at + 3) // 16 for at in sites} <= {*strong.tolist()}
    assert reb1[strong].mean() > 0.5


def test_the_limit_ends_the_runs(options, folder):
    with using(None):
        assert run(replace(options, out=folder / "less", limit=1e-9, part="runs")) == []
    assert not runs.kept(folder / "less")
    assert not (folder / "less" / "tracks.tsv").exists()
    with using(None):
        figures = run(replace(options, out=folder / "less", shares=(0.5,), part="figures"))
    assert {each.who for each in figures} == {"words of 2-5", "composition", STARTS, MOTIFS}
    assert {each.against for each in figures} == {""}


def test_figures_of_other_shares_stay(options, figures):
    before = read_figures(options.out / "tracks.tsv")
    with using(None):
        run(replace(options, shares=(0.5,), part="figures"))
    after = read_figures(options.out / "tracks.tsv")
    assert {str(each) for each in after} == {str(each) for each in before}
    assert after != before


def test_the_rate_that_is_best_in_validation_counts(monkeypatch, tmp_path):
    monkeypatch.setattr(runs, "said_of", lambda out, each: each["key"])
    told = [("a", 1, 1e-3, 0.5), ("b", 2, 1e-3, 0.6), ("c", 2, 3e-4, 0.6), ("d", 1, 3e-4, 0.7), ("e", 1, 1e-2, 0.1)]
    known = {
        key: {"key": key, "share": 0.1, "arm": runs.RANDOM, "seed": seed, "rate": rate, "validation": value}
        for key, seed, rate, value in told
    }
    assert judge._chosen(tmp_path, known, 0.1, runs.RANDOM) == ["d", "c"]
    assert judge._chosen(tmp_path, known, 1.0, runs.RANDOM) == []
