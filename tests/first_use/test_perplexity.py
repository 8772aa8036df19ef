"""Bits per base and perplexity of any model on any FASTA."""

import numpy as np
import pytest
from click.testing import CliRunner

import dnalect
from dnalect.cli.main import dnalect as command
from dnalect.core.figures import Estimate
from dnalect.core.reporter import DnalectWarning
from dnalect.jobs import likelihood_parts
from dnalect.jobs.likelihood import Likelihood, aligned, shown
from dnalect.jobs.likelihood_parts import parts_for
from dnalect.models.card import Card, CorpusGenome


@pytest.fixture(scope="module")
def other():
    rng = np.random.default_rng(3)
    return dnalect.open_genome({"one": "".join(rng.choice(list("ACGT"), 30_000)), "two": "ACGT" * 500})


def _card(*genomes):
    return Card("m", "1", "0", "duplex", "single", {}, 100, 10, 5, genomes=list(genomes))


def test_a_model_on_another_genome(other, model_folder):
    text = other["two"][300:700]
    p = dnalect.base_probabilities(model_folder, text)[0]
    bits = -np.log2(p[np.arange(400), ["ACGT".index(base) for base in text]])
    found = dnalect.evaluate(model_folder, other, "two:301-700", rivals=False)
    assert found.bits.mean == pytest.approx(bits.mean(), abs=1e-4)
    assert found.perplexity == pytest.approx(2 ** bits.mean(), abs=1e-4)
    assert set(found.to_pandas()["model"]) == {"tiny"}
    assert "perplexity" in str(found).splitlines()[0]


def test_one_screen_ends_with_the_model():
    estimate = Estimate(1.9, 1.8, 2.0)
    rows = [Likelihood("mine", "two", "", None, region, 9, estimate) for region in ("all", "repeats")]
    for sides in ("two", "one"):
        for order in range(25):
            for kind in ("plain", "interpolated", *(["mixed"] if order == 24 else [])):
                rows.append(Likelihood("markov", sides, kind, order, "all", 9, estimate))
    lines = aligned(shown(rows)).splitlines()
    assert len(lines) == 9
    assert lines[1].startswith("base composition")
    assert lines[-1].split()[:3] == ["mine", "all", "9"]
    assert len(aligned(rows).splitlines()) == 1 + len(rows)


def test_the_command_prints_one_screen(fasta, model_folder, tmp_path):
    words = ["evaluate", "likelihood", "-m", str(model_folder), "-r", str(fasta), "--regions", "B:1-500"]
    assert "--rename-contigs auto" in str(CliRunner().invoke(command, words).exception)
    done = CliRunner().invoke(
        command, [*words, "--rename-contigs", "auto", "--no-markov", "-o", str(tmp_path / "t.tsv")]
    )
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[-1].split()[:3] == ["tiny", "all", "500"]
    assert (tmp_path / "t.tsv").read_text().startswith("model\tsides")


def test_what_the_model_saw_is_told(fasta, model_folder):
    with pytest.warns(DnalectWarning, match="tiny learned from 100% of these bases"):
        dnalect.evaluate(model_folder, fasta, "chrA:1-500", rivals=False)


def test_parts_without_regions(other, monkeypatch):
    assert parts_for(other, _card()).test == ["one", "two"]
    assert parts_for(other, _card()).train == []
    named = CorpusGenome(
        "x", contigs={"one": 30_000}, train=["one:1-100"], validate=["one:101-200"], test=["one:201-300"]
    )
    told = parts_for(other, _card(named))
    assert (told.test, told.train, told.validate) == (["one:201-300"], ["one:1-100"], ["one:101-200"])
    apart = parts_for(other, _card(named), ["two:1-10"])
    assert (apart.test, apart.train) == (["two:1-10"], ["one:1-100"])
    rest = parts_for(other, _card(), ["one:1-1,000"])
    assert rest.test == ["one:1-1000"]
    assert rest.validate == ["one:1001-30000"]
    assert rest.train == ["two"]
    monkeypatch.setattr(likelihood_parts, "SHARE", 4_000)
    monkeypatch.setattr(likelihood_parts, "PIECE", 1_000)
    spread = parts_for(other, _card(), rivals=False).test
    assert spread[0] == "one:1-1000"
    assert spread[-1] == "two:1001-2000"
    assert len(spread) == 4
