"""Unknown bases are read as the end of a contig is, whatever way a number is computed."""

import numpy as np
import pytest

import dnalect
from dnalect.genome.fasta import open_genome
from dnalect.inference.likelihood import LeaveOneOutScorer
from dnalect.inference.scan import span_log_probs
from dnalect.inference.tiles import tiled_log_probs
from dnalect.tokens.bases import decode, encode
from tests.conftest import make_model

SITE = 900


@pytest.fixture(scope="module", params=[[1, 2, 4], [1, 3, 2]], ids=["pyramid", "plain"])
def model(request, tmp_path_factory):
    return dnalect.load(make_model(tmp_path_factory.mktemp("models") / "tiny", dilations=request.param))


@pytest.fixture(params=[(1, 1), (1, 7), (5, 1), (5, 200), (14, 3), (15, 60), (16, 60), (40, 1)], ids=str)
def genome(request, tmp_path):
    """Runs of N on both sides of SITE, each as far from it, and as long, as the parameter says."""
    distance, length = request.param
    bases = np.random.default_rng(distance).choice(list("ACGT"), 2000)
    bases[SITE + distance : SITE + distance + length] = "N"
    bases[SITE - 2 * distance - length + 1 : SITE - 2 * distance + 1] = "N"
    (tmp_path / "n.fa").write_text(">c\n" + "".join(bases) + "\n")
    return open_genome(tmp_path / "n.fa")


def test_alone_in_company_and_in_a_scan_a_base_has_one_probability(model, genome):
    scorer = LeaveOneOutScorer(model, genome)
    alone = scorer.at_sites(np.array([0]), np.array([SITE]))[0]
    near = np.arange(SITE - 60, SITE + 60)
    company = scorer.at_sites(np.zeros_like(near), near)[60]
    assert company == pytest.approx(alone, abs=1e-5)
    codes = encode(genome.contig("c"))
    for tile in (64, 2048):
        assert span_log_probs(model, genome, 0, SITE, SITE + 1, tile)[0] == pytest.approx(alone, abs=1e-5)
        assert tiled_log_probs(model, codes, tile=tile)[SITE] == pytest.approx(alone, abs=1e-5)
    for low, high in ((SITE - model.can.reach, SITE + model.can.reach + 1), (SITE - 300, SITE + 200)):
        given = dnalect.base_probabilities(model, [decode(codes[low:high])])[0]
        assert np.log(given[SITE - low]) == pytest.approx(alone, abs=1e-5)


def test_letters_under_the_end_of_a_run_change_nothing(model, tmp_path):
    """As far as the network is concerned the contig ends where a run longer than its reach begins."""
    bases = "".join(np.random.default_rng(1).choice(list("ACGT"), 500))
    (tmp_path / "a.fa").write_text(f">gap\n{bases}{'N' * 40}{bases[::-1]}\n>end\n{bases}\n")
    genome = open_genome(tmp_path / "a.fa")
    sites = np.arange(480, 500)
    scorer = LeaveOneOutScorer(model, genome)
    gap, end = (scorer.at_sites(np.full_like(sites, contig), sites) for contig in (0, 1))
    assert gap == pytest.approx(end, abs=1e-5)
