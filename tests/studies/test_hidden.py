"""Bases that are hidden together: only those are judged, and none of them can be read by the model."""

import gzip

import numpy as np
import pytest

import dnalect
from dnalect.inference.likelihood.masked import Masked
from studies.hidden import drawn, run, together
from studies.options import Hidden


@pytest.fixture(scope="module")
def codes():
    genome = dnalect.open_genome(dnalect.demo_files().reference)
    return dnalect.tokens.encode(genome["chrI"][100_000:101_500])


@pytest.mark.parametrize("name", ["attention-small", "duplex-yeast"])
def test_what_is_hidden_cannot_be_read(codes, name):
    model, chosen = dnalect.load(name), drawn(codes, 0.15)
    assert 0.12 < chosen.mean() < 0.18
    other = np.where(chosen, (codes + 1) % 4, codes).astype(np.uint8)
    said, again = (together(model, each, chosen, 700)[chosen] for each in (codes, other))
    np.testing.assert_array_equal(said, again)
    assert np.exp(said).sum(axis=1) == pytest.approx(1, abs=1e-4)


def test_one_hidden_base_alone_is_what_its_strategy_says(codes):
    model = dnalect.load("attention-small")
    chosen = np.zeros(500, dtype=np.bool_)
    chosen[250] = True
    said = together(model, codes[:500], chosen, 16_384)[250]
    alone = Masked(model, strands=1).log_probs([codes[:500]], np.array([250]))[0]
    np.testing.assert_allclose(said, alone, atol=1e-4)


@pytest.mark.slow
def test_the_command_sets_both_ways_of_hiding_side_by_side(tmp_path):
    (tmp_path / "genomes").mkdir()
    with gzip.open(dnalect.demo_files().reference, "rb") as lines:
        (tmp_path / "genomes/yeast.fa").write_bytes(lines.read())
    found = run(Hidden(("duplex-yeast",), tmp_path, "genomes/yeast.fa", "chrI:100,001-112,000"))
    bits = {each.who: each.value.mean for each in found}
    alone, hidden = bits["duplex-yeast, each alone"], bits["duplex-yeast, 15% hidden"]
    assert 1.5 < alone < hidden < 2
