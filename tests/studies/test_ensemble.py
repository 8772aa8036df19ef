"""Ensembles: their means are distributions, and the study says what they gain."""

import gzip

import numpy as np
import pytest

import dnalect
from studies.ensemble import ARITHMETIC, BITS, GEOMETRIC, arithmetic, geometric, run
from studies.options import Ensemble


def test_means_of_answers_are_answers():
    rng = np.random.default_rng(1)
    answers = [np.log(rng.dirichlet(np.ones(4), 50)) for _ in range(3)]
    np.testing.assert_allclose(np.exp(arithmetic(answers)), np.mean(np.exp(answers), axis=0))
    np.testing.assert_allclose(np.exp(geometric(answers)).sum(axis=1), 1)
    np.testing.assert_allclose(geometric([answers[0]] * 2), answers[0])


def test_two_networks_and_their_means(tmp_path):
    demo = dnalect.demo_files()
    (tmp_path / "genomes").mkdir()
    with gzip.open(demo.reference, "rb") as lines:
        (tmp_path / "genomes/yeast.fa").write_bytes(lines.read())
    region = "chrI:100,001-106,000"
    found = run(Ensemble(("duplex-yeast", "duplex-yeast@1"), tmp_path, "genomes/yeast.fa", region))
    assert {each.metric for each in found} == {BITS}
    bits = {each.who: each.value.mean for each in found}
    alone = [value for who, value in bits.items() if who.startswith("duplex-yeast")]
    assert len(alone) == 2
    assert all(1 < each < 2 for each in alone)
    # By Jensen, a mean of probabilities is never worse than the mean of the bits.
    assert bits[ARITHMETIC] <= np.mean(alone)
    assert bits[GEOMETRIC] <= np.mean(alone) + 1e-9
    assert next(each for each in found if each.against == GEOMETRIC).difference.mean == pytest.approx(
        bits[ARITHMETIC] - bits[GEOMETRIC]
    )
