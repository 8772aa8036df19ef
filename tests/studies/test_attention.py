"""Introns and CTCF sites are cut as they should be; what a head is made to look at is found, and nothing else is."""

import gzip

import numpy as np
import pytest
import torch

import dnalect
from dnalect.core.figures import NOTHING, Figure
from dnalect.tokens.bases import decode, encode, opposite
from dnalect.why.attention import Attention
from inference.predictors import make_predictor
from studies.attention import ctcf, splice
from studies.attention.ctcf import ctcf_figures, sites_of
from studies.attention.splice import BRANCH, introns, splice_figures
from why.tiny import bases_with_attention

BARE = Figure("", "", "", "", 0, NOTHING)
INTRON = "GTATGT" + "CATTGC" * 20 + BRANCH + "GATTGATC" * 2 + "TAG"


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """Twelve introns, half of them on the other strand."""
    folder, rng = tmp_path_factory.mktemp("introns"), np.random.default_rng(4)
    bases, lines = "".join(rng.choice(list("ACGT"), 16_000)), ["##gff-version 3"]
    for number in range(12):
        start, strand = 1000 + 1100 * number, "+-"[number % 2]
        text = INTRON if strand == "+" else opposite(INTRON)
        bases = bases[:start] + text + bases[start + len(text) :]
        for low, high in ((start - 30, start), (start + len(text), start + len(text) + 30)):
            lines.append(f"c\tx\tCDS\t{low + 1}\t{high}\t.\t{strand}\t0\tlocus_tag=g{number}")
    (folder / "genes.gff").write_text("\n".join(lines) + "\n")
    return introns(dnalect.open_genome({"c": bases}), str(folder / "genes.gff"), 100)


def test_introns_are_read_on_their_strand(given):
    assert len(given) == 12
    for each in given:
        (five, branch), (_, three) = (
            each.pairs[f"5' splice site to {name}"] for name in ("branch point", "3' splice site")
        )
        text = decode(each.codes)
        assert text[slice(*five)] == "GTATGT"
        assert text[slice(*branch)] == BRANCH
        assert text[slice(*three)] == "TAG"
        assert text[five[0] : three[1]] == INTRON


@pytest.mark.parametrize("planted", [True, False])
def test_a_head_that_looks_at_the_branch_point_is_found(given, monkeypatch, planted):
    rng = np.random.default_rng(0)

    def looks(model, codes):
        size = len(codes)
        maps = rng.random((1, 3, size, size), dtype=np.float32)
        intron = next(each for each in given if each.codes is codes)
        (low, high), (first, last) = intron.pairs["5' splice site to branch point"]
        if planted and model == "model":
            maps[0, 1, low:high, first:last] += 0.5
        return Attention(maps, np.zeros((1, 3)), maps.mean(axis=1)[0])

    monkeypatch.setattr(splice, "attention_of", looks)
    found = splice_figures({"model": "model", "untrained": "twin"}, given, BARE)
    told = {(row.task, row.part, row.who): row.value.mean for row in found}
    key = "5' splice site to branch point", "decoys as far apart"
    p = told[*key, "model, strongest head"]
    if planted:
        assert told[*key, "model, best head of the other half"] > 0.95
        assert p < 0.01
    else:
        assert 0.2 < told[*key, "model, best head of the other half"] < 0.8
        assert p > 0.01
    assert 0.2 < told[*key, "untrained, best head of the other half"] < 0.8


@pytest.fixture
def data(tmp_path):
    for name in (ctcf.CTCF, ctcf.PU1, ctcf.MOTIFS):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(3)
    with gzip.open(tmp_path / ctcf.CTCF, "wt") as out:
        for number in range(40):
            text = "".join(rng.choice(list("ACGT"), 60))
            out.write(f">chr{8 + number % 3}:{number}-{number + 60}\n{text[:25]}CCACGAGGGG{text[35:]}\n")
    rows = "\n".join(" ".join("0.97" if base == each else "0.01" for each in "ACGT") for base in "CCACGAGGGG")
    head = "MEME version 4\n\nALPHABET= ACGT\n\nMOTIF CTCF.X\nletter-probability matrix: alength= 4 w= 10 nsites= 100\n"
    with gzip.open(tmp_path / ctcf.MOTIFS, "wt") as out:
        out.write(f"{head}{rows}\n")
    return tmp_path


def test_a_core_base_and_its_like_beside_the_motif_become_the_same(data):
    sites = sites_of(data, 10)
    assert len(sites) == 10
    for site in sites:
        assert site.motif == (25, 35)
        assert 25 <= site.core < 35
        assert not 25 - ctcf.BESIDE < site.flank < 35 + ctcf.BESIDE - 1
        assert site.codes[site.core] == site.codes[site.flank] != site.alternate
        assert (site.mutated(site.core) != site.codes).sum() == 1


def test_what_moves_is_measured_for_models_of_both_kinds(data, tmp_path, monkeypatch):
    monkeypatch.setattr(ctcf, "TARGET", "open")
    base = bases_with_attention(tmp_path / "base")
    models = {"tuned": dnalect.load(make_predictor(tmp_path / "tuned", base)), "before": dnalect.load(base)}
    found = ctcf_figures(models, sites_of(data, 10), BARE)
    told = {(row.part, row.metric, row.who): row.value.mean for row in found}
    assert 0 < told["before", "attention that moves", "core"] < 1
    assert "log-odds of CTCF, change" in {metric for part, metric, _ in told if part == "tuned"}
    assert "log-odds of CTCF, change" not in {metric for part, metric, _ in told if part == "before"}
    (site, *_), module = sites_of(data, 1), dnalect.torch_module(models["tuned"], "open")
    core, _ = ctcf._moved(models["tuned"], site)["log-odds of CTCF, change"]

    def odds(codes):
        out = module(torch.eye(4)[torch.from_numpy(codes.astype(int))].T[None])[0]
        return (out[1] - out[0]).item()

    assert core == pytest.approx(odds(site.mutated(site.core)) - odds(site.codes), abs=1e-5)
    assert encode(decode(site.codes)).tolist() == site.codes.tolist()
