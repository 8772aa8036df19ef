"""An ensemble is the mean of its members, whatever they are."""

import numpy as np
import pytest

import dnalect
from dnalect.core.records import Score
from dnalect.inference.background.draws import Draws
from dnalect.inference.ensemble import EnsembleScorer
from dnalect.inference.likelihood import MaskedScorer, scorer_for
from models.folders import make
from tests.inference.toys import TOKENIZERS, Hashed, flipped, random_genome, some


@pytest.fixture
def genome(tmp_path, monkeypatch):
    monkeypatch.setenv("DNALECT_CACHE", str(tmp_path / "cache"))
    return random_genome(tmp_path / "g.fa")


def toys(genome):
    """One scorer of each kind of tokenizer, with windows of different lengths."""
    return [
        MaskedScorer(Hashed(TOKENIZERS[name]()), genome, flank)
        for name, flank in zip(TOKENIZERS, (40, 48, 56), strict=True)
    ]


@pytest.fixture
def members(genome, tmp_path, model_folder):
    """A masked model and two duplex models."""
    folders = (model_folder, make("dnabert", tmp_path / "dnabert"))
    return [scorer_for(dnalect.load(folder), genome, flank=24) for folder in folders]


def test_scores_and_distances_are_the_means_of_the_members(genome, members):
    variants = some(genome)[:-1]
    for scorers in (toys(genome), members):
        each = np.array([[score.value for score in scorer.score(variants)] for scorer in scorers])
        found = EnsembleScorer(scorers).score(variants)
        assert [score.value for score in found] == pytest.approx(each.mean(axis=0), abs=1e-12)
        assert [score.spread for score in found] == pytest.approx(each.std(axis=0), abs=1e-12)
        assert np.array([score.members for score in found]).T == pytest.approx(each, abs=0)
        assert [score.kind for score in found] == [v.kind for v in variants]
        assert each.std(axis=0).min() > 0
        distances = np.array([scorer.distances(variants) for scorer in scorers])
        assert np.array(EnsembleScorer(scorers).distances(variants)) == pytest.approx(distances.mean(axis=0), rel=1e-12)
        probs = [[score.ref_prob for score in scorer.score(variants)[:3]] for scorer in scorers]
        assert [score.ref_prob for score in found[:3]] == pytest.approx(np.mean(probs, axis=0), abs=1e-12)


def test_swapped_alleles_get_exactly_the_opposite(genome, tmp_path):
    here = toys(genome)
    for v in some(genome):
        other, back = flipped(genome, v, tmp_path)
        there = toys(other)
        for one, two in zip(here, there, strict=True):
            two.log_background = one.log_background
        assert EnsembleScorer(there).score([back])[0].value == -EnsembleScorer(here).score([v])[0].value


def test_what_the_members_allow(genome, members):
    both = EnsembleScorer(members)
    assert (
        both.longest_allele == min(member.longest_allele for member in members) < max(m.longest_allele for m in members)
    )
    assert both.reach == min(member.reach for member in members)
    assert both.definition == "mean-1 of llr-loo-2, llr-masked-2"
    assert not both.draws_others
    assert EnsembleScorer(members[:1] * 2).draws_others
    assert both.cost(some(genome)) == sum(member.cost(some(genome)) for member in members)


def test_what_one_member_cannot_score_has_its_reason(genome):
    first, second, _ = toys(genome)
    second.score = lambda variants: [Score(reason="too_long") for _ in variants]
    (found,) = EnsembleScorer([first, second]).score(some(genome)[:1])
    assert (found.value, found.reason, found.members, found.spread) == (None, "too_long", (), None)


def test_probabilities_give_the_mean_of_the_log_ratios(genome, members):
    contigs, positions = np.zeros(40, dtype=np.int64), np.arange(300, 340)
    found = EnsembleScorer(members).at_sites(contigs, positions)
    assert np.exp(found).sum(axis=1) == pytest.approx(np.ones(40), abs=1e-5)
    each = np.array([member.at_sites(contigs, positions) for member in members])
    assert found[:, :3] - found[:, 3:] == pytest.approx((each[:, :, :3] - each[:, :, 3:]).mean(axis=0), abs=1e-5)


def test_percentiles_are_taken_among_the_means_of_the_same_variants(genome, members):
    both = EnsembleScorer(members)
    for group, band in (("snv", 0), ("deletion", 0)):
        draws = Draws(both, group, band, 1, print)
        drawn = draws.first(1)
        each = [[score.value for score in member.score(draws.variants(0))] for member in members]
        assert drawn["value"] == pytest.approx(np.mean(each, axis=0), abs=1e-5)


def test_backgrounds_of_other_members_are_kept_apart(genome, members):
    first, second = members
    names = {scorer.identity for scorer in (first, second, EnsembleScorer(members), EnsembleScorer([first, first]))}
    assert len(names) == 4
    assert EnsembleScorer(members).identity == EnsembleScorer(members).identity
