"""The view `motifs`, of a likelihood that knows one site and nothing else."""

import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from torch.nn.functional import conv1d

import dnalect
from dnalect.cli.main import dnalect as command
from dnalect.core.errors import InputError
from dnalect.core.records import Score, Variant
from dnalect.genome.motifs import read_motifs
from dnalect.tokens.bases import BASES, decode, encode, opposite
from dnalect.why.gradients import Number, first_order
from dnalect.why.soft import SoftWindow
from dnalect.why.subject import Subject
from dnalect.why.views import views_of
from inference.predictors import make_predictor

SITE = "GTTACCCGGA"
MEME = (
    "MEME version 4\n\nALPHABET= ACGT\n\nMOTIF MA0363.3 REB1\nletter-probability matrix: alength= 4 w= 10 nsites= 60\n"
)


class Knowing:
    """Expects the site where all its bases but the one that is asked for stand, on either strand."""

    given = "rest"

    def __init__(self, genome):
        self.text = [genome.fetch(n, 0, int(genome.lengths[n])).tobytes().decode() for n in range(len(genome))]

    def at_sites(self, contigs, positions):
        return np.log([self._at(self.text[c], p) for c, p in zip(contigs, positions, strict=True)]).astype(np.float32)

    def _at(self, text, at):
        p = np.random.default_rng(at).dirichlet(np.full(4, 30.0))
        for site in (SITE, opposite(SITE)):
            for low in range(at - len(site) + 1, at + 1):
                there = text[max(low, 0) : low + len(site)]
                if len(there) == len(site) and sum(a != b for a, b in zip(there, site, strict=True)) <= 1:
                    p = np.full(4, 0.02)
                    p[BASES.index(site[at - low])] = 0.94
        return p

    def score(self, variants):
        return [Score(-3.14, kind="snv") for _ in variants]


@pytest.fixture(scope="module")
def meme(tmp_path_factory):
    rows = np.full((10, 4), 0.01)
    rows[np.arange(10), encode(SITE)] = 0.97
    path = tmp_path_factory.mktemp("motifs") / "one.meme"
    path.write_text(MEME + "".join(" ".join(map(str, row)) + "\n" for row in rows))
    return path


@pytest.fixture
def subject(monkeypatch, meme, model_folder):
    monkeypatch.setattr("dnalect.why.subject.scorer_for", lambda model, genome, *more: Knowing(genome))
    text = decode(np.random.default_rng(2).integers(0, 4, 400).astype(np.uint8))
    text = text[:150] + SITE + text[160:230] + opposite(SITE) + text[240:]
    genome = dnalect.open_genome({"a": text})
    (place,) = dnalect.genome.read_regions(genome, ["a:101-300"])
    return Subject(dnalect.load(model_folder), genome, place, motifs=tuple(read_motifs(meme)))


def test_sites_are_called_and_named_on_both_strands(subject):
    (view,) = views_of(subject, ["motifs"])
    rows = view.table.to_pylist()
    assert [
        (abs(row["start"] - at) <= 3, row["motif"], row["strand"]) for row, at in zip(rows, (151, 231), strict=True)
    ] == [
        (True, "MA0363.3", "+"),
        (True, "MA0363.3", "-"),
    ]
    assert rows[0]["bases"] == subject.genome["a"][rows[0]["start"] - 1 : rows[0]["end"]]
    assert all(row["q"] <= 0.05 and row["match_q"] <= 0.05 for row in rows)
    assert "2 stretches stand out of shuffled sequence" in view.text
    assert re.search(r"Like known motifs are 15\d-1\d\d REB1 \(q .*\), 23\d-2\d\d REB1", view.text)
    assert view.strength[:40].max() == 0 < view.strength[51:59].min()
    assert len(view.nulls[0].view.table) == 0
    assert view.nulls[0].view.text.startswith("No stretch stands out")


def test_a_variant_has_its_sentence(subject):
    broken = Variant(0, 155, 156, encode("C"), encode("A"))
    (view,) = views_of(replace(subject, variant=broken), ["motifs"], nulls=False)
    assert re.search(r"The variant weakens a REB1 site: match p \de-0\d -> .*, model -3\.1 \(q 0\.\d+\)\.$", view.text)
    beside = Variant(0, 190, 191, encode("C"), encode("A"))
    (view,) = views_of(replace(subject, variant=beside), ["motifs"], nulls=False)
    assert view.text.endswith("changes no site of a known motif more clearly than shuffled sequence has it.")


def test_without_motifs_seqlets_have_no_name(subject):
    (view,) = views_of(replace(subject, motifs=()), ["motifs"], nulls=False)
    assert [row["motif"] for row in view.table.to_pylist()] == [None, None]
    assert view.text.endswith("at most 5% are expected to be false.")


def test_a_place_that_is_too_short_is_refused(subject):
    (place,) = dnalect.genome.read_regions(subject.genome, ["a:101-110"])
    holes = dnalect.open_genome({"a": "ACGTNN" * 70})
    for changed in ({"genome": holes}, {"genome": dnalect.open_genome({"a": "N" * 400})}):
        with pytest.raises(InputError, match="19 known bases in a row"):
            views_of(replace(subject, **changed), ["motifs"], nulls=False)
    assert len(views_of(replace(subject, place=place), ["motifs"], nulls=False)[0].strength) == 10


def looking_for_the_site(subject):
    """The prediction of a network that looks for the site on both strands, anywhere in 60 bases around a place."""
    codes, place = subject.window(30)
    window, both = SoftWindow(subject.model, decode(codes)), (SITE, opposite(SITE))
    kernels = torch.stack([torch.eye(4)[torch.from_numpy(encode(site).astype(np.int64))].T for site in both])

    def value(given):
        return conv1d(given.transpose(1, 2), kernels).flatten(1).mul(1.5).logsumexp(1)

    return Number("log-odds of the site", window, value, np.ones(len(codes), bool)), place


@pytest.fixture
def predictor(subject, monkeypatch, model_folder, tmp_path):
    monkeypatch.setattr("dnalect.why.motifs.view.number_of", looking_for_the_site)
    return replace(subject, model=dnalect.load(make_predictor(tmp_path / "tuned", model_folder)), output="open")


def test_the_sites_of_a_predictor_are_called_and_named(predictor):
    (view,) = views_of(predictor, ["motifs"])
    rows = view.table.to_pylist()
    assert [row["motif"] for row in rows] == ["MA0363.3"] * 2
    assert [abs(row["start"] - at) <= 4 for row, at in zip(rows, (151, 231), strict=True)] == [True] * 2
    assert len(view.nulls[0].view.table) == 0
    assert "by gradients" in view.measure


@pytest.mark.slow
def test_of_a_predictor_chance_is_named_at_the_stated_rate(predictor):
    """Where there is no site, one place in twenty may have a stretch; four of twelve are an accident in 450."""
    rng, named = np.random.default_rng(4), 0
    for _ in range(12):
        genome = dnalect.open_genome({"a": decode(rng.integers(0, 4, 160).astype(np.uint8))})
        (place,) = dnalect.genome.read_regions(genome, ["a:31-130"])
        (view,) = views_of(replace(predictor, genome=genome, place=place), ["motifs"], nulls=False)
        named += len(view.table) > 0
    assert named < 4


def test_gradients_tell_what_substitutions_change(predictor):
    """Of a number that adds up over bases exactly."""
    number, _ = looking_for_the_site(predictor)
    weights = torch.randn(number.window.plain.shape, generator=torch.Generator().manual_seed(3))
    linear = replace(number, value=lambda given: (given * weights).sum((1, 2)))
    expected = weights - (weights * number.window.plain).sum(1, keepdim=True)
    np.testing.assert_allclose(first_order(linear), expected.numpy(), atol=1e-5)


def run(*words):
    return CliRunner().invoke(command, ["explain", *map(str, words)])


def test_the_command_names_motifs_and_says_what_is_wrong_with_a_file(fasta, model_folder, meme, tmp_path):
    table = tmp_path / "why.tsv"
    told = (fasta, "--region", "chrA:1,001-1,060", "-m", model_folder, "--show", "motifs", "--no-nulls", "-o", table)
    done = run(*told, "--motifs", meme)
    assert done.exit_code == 0, done.output
    assert table.read_text().startswith(
        "contig\tstart\tend\tbases\tscore\tp\tq\tmotif\tstrand\tmatch_p\tmatch_q\tothers\n"
    )
    table.unlink()
    for wrong, said in ((fasta, "holds no motif; give a file in MEME's format"), (tmp_path / "no.meme", "no.meme")):
        done = run(*told, "--motifs", wrong)
        assert isinstance(done.exception, InputError)
        assert said in str(done.exception)
        assert not table.exists()
