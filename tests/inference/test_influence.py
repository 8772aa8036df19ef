"""What a variant changes elsewhere: against the definition, one base at a time, and what must hold for any model."""

import math

import numpy as np
import pytest

import dnalect
from dnalect.genome.windows.sliding import over_its_range
from dnalect.inference.likelihood import MaskedScorer, scorer_for, strategy_for
from dnalect.inference.likelihood.influence import NEAR, log_odds
from dnalect.tokens.bases import encode, reverse_complement
from models.folders import make
from tests.inference.toys import TOKENIZERS, Hashed, random_genome, some, variant

FLANK = 18


@pytest.fixture
def genome(tmp_path):
    return random_genome(tmp_path / "g.fa")


def logit(p):
    return math.log(p) - math.log(1 - p)


def plain(likelihood, genome, v, flank):
    """The definition: one base of one haplotype after the other."""
    left = encode(genome.fetch(0, v.start - flank, v.start))
    right = encode(genome.fetch(0, v.end, v.end + flank))
    largest, seen = [], getattr(likelihood, "flank", flank)
    for side in ("left", "right"):
        for at in range(flank):
            odds = []
            for allele in (v.ref, v.alt):
                codes = np.concatenate([left, allele, right])
                site = at if side == "left" else flank + len(allele) + at
                low = max(0, site - seen)
                p = np.exp(
                    likelihood.log_probs([codes[low : site + seen + 1]], np.array([site - low]))[0].astype(float)
                )
                odds.append([logit(each) for each in p / p.sum()])
            far = flank - at if side == "left" else at + 1
            largest.append((max(abs(a - b) for a, b in zip(*odds, strict=True)), far))
    values = [each for each, _ in largest]
    return max(values), sum(values), sum(each for each, far in largest if far <= NEAR)


def agrees(scorer, genome):
    variants = list({v.kind: v for v in some(genome)}.values())
    assert {v.kind for v in variants} == {"snv", "mnv", "insertion", "deletion"}
    for v, found in zip(variants, scorer.influences(variants), strict=True):
        whole = over_its_range(v, genome, scorer.longest_allele)
        assert found[:3] == pytest.approx(plain(scorer.likelihood, genome, whole, FLANK), rel=2e-3, abs=1e-4)
        assert found.near <= found.total
    assert scorer.influence_cost(variants) > scorer.influence_cost(variants[:1]) > 0


# Chunks of six have the longest way round.
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name == "chunks" else []) for name in TOKENIZERS]
)
def test_influences_are_those_of_the_definition(genome, name):
    agrees(MaskedScorer(Hashed(TOKENIZERS[name]()), genome, flank=FLANK), genome)


def test_those_of_a_duplex_too(genome, model_folder):
    agrees(scorer_for(dnalect.load(model_folder), genome, FLANK), genome)


@pytest.mark.parametrize("name", ["duplex", "dnabert"])
def test_the_other_strand_has_the_same(genome, tmp_path, model_folder, name):
    model = dnalect.load(model_folder if name == "duplex" else make(name, tmp_path / name))
    text = genome.contig("c").tobytes().decode()
    turned = dnalect.open_genome({"c": text[::-1].translate(str.maketrans("ACGT", "TGCA"))})
    for v in some(genome)[2:5]:
        (found,) = scorer_for(model, genome, FLANK).influences([v])
        start, alt = len(text) - v.end, "".join("ACGT"[code] for code in reverse_complement(v.alt))
        (other,) = scorer_for(model, turned, FLANK).influences([variant(turned, start, len(v.ref), alt)])
        assert other[:3] == pytest.approx(found[:3], rel=1e-4)


def test_log_odds_hold_near_0_and_1():
    p = np.array([1 - 3e-9, 1e-9, 1e-9, 1e-9])
    logs = np.log(np.array([1.0, 1e-9, 1e-9, 1e-9])).astype(np.float32)
    assert log_odds(logs)[0] == pytest.approx(-math.log(3e-9), rel=1e-5)
    assert log_odds(logs)[1] == pytest.approx(math.log(1e-9), rel=1e-5)
    assert log_odds(np.log(p))[2] == pytest.approx(logit(1e-9), rel=1e-5)


def test_an_ensemble_has_the_means(genome, tmp_path, model_folder):
    from dnalect.inference.ensemble import EnsembleScorer

    models = [dnalect.load(model_folder), dnalect.load(make("dnabert", tmp_path / "dnabert"))]
    members = [scorer_for(model, genome, FLANK) for model in models]
    both = EnsembleScorer(members)
    found = [each.influences(some(genome)[:2]) for each in members]
    for n, mean in enumerate(both.influences(some(genome)[:2])):
        assert mean[:3] == pytest.approx(np.mean([each[n][:3] for each in found], axis=0))
    assert both.influence_cost(some(genome)) == sum(each.influence_cost(some(genome)) for each in members)


def test_unknown_bases_count_for_nothing(model_folder):
    rng = np.random.default_rng(2)
    text = "".join(rng.choice(list("ACGT"), 200))
    holed = dnalect.open_genome({"c": text[:95] + "NNN" + text[98:]})
    scorer = scorer_for(dnalect.load(model_folder), holed, FLANK)
    v = variant(holed, 100, 1, "ACGT"["ACGT".index(text[100]) - 1])
    (found,) = scorer.influences([v])
    texts = [text[82:95] + "NNN" + text[98:100] + each + text[101:119] for each in (text[100], "ACGT"[v.alt[0]])]
    logs = strategy_for(scorer.model).within(np.stack([encode(each) for each in texts]))
    moved = np.abs(np.diff(log_odds(logs), axis=0)[0]).max(axis=1)
    moved[[13, 14, 15, 18]] = 0
    assert found.total == pytest.approx(moved.sum(), rel=1e-4)
