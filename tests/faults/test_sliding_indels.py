"""Indels that can slide have the same scores on the reverse-complemented genome, with every kind of model."""

import numpy as np
import pytest

import dnalect
from dnalect.core.records import Variant
from dnalect.genome.fasta import Genome, open_genome
from dnalect.genome.windows.alleles import normalise
from dnalect.inference.likelihood import MaskedScorer, scorer_for
from dnalect.tokens.bases import encode, opposite, reverse_complement
from tests.inference.toys import TOKENIZERS, Hashed

PLACES = ((300, "AT" * 11), (600, "T" * 17))


@pytest.fixture
def strands(tmp_path):
    """A genome with repeats, and its reverse complement."""
    bases = "".join(np.random.default_rng(4).choice(list("ACGT"), 900))
    for start, repeat in PLACES:
        bases = bases[:start] + repeat + bases[start + len(repeat) :]
    found = []
    for name, text in (("forward", bases), ("reverse", opposite(bases))):
        (tmp_path / f"{name}.fa").write_text(f">c\n{text}\n")
        found.append(open_genome(tmp_path / f"{name}.fa"))
    return found


def indels(genome: Genome, turned: bool) -> list[Variant]:
    """A copy lost and one gained in each repeat, left-aligned on the strand at hand."""
    length, found = int(genome.lengths[0]), []
    for start, repeat in PLACES:
        unit = encode(repeat[:2] if repeat[0] != repeat[1] else repeat[:1])
        for ref, alt in ((unit, unit[:0]), (unit[:0], unit)):
            at = length - start - len(ref) if turned else start
            pair = (reverse_complement(ref), reverse_complement(alt)) if turned else (ref, alt)
            found.append(normalise(0, at, *pair, genome))
    return found


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
def test_masked_models_score_them_alike_from_both_strands(strands, tokenizer):
    model = Hashed(TOKENIZERS[tokenizer]())
    values = [
        [score.value for score in MaskedScorer(model, genome, flank=60).score(indels(genome, turned))]
        for genome, turned in zip(strands, (False, True), strict=True)
    ]
    assert values[0] == pytest.approx(values[1], abs=1e-4)
    assert min(map(abs, values[0])) > 1e-3


def test_duplex_scores_and_distances_are_alike_from_both_strands(strands, model_folder):
    model = dnalect.load(model_folder)
    scorers = [scorer_for(model, genome, 16) for genome in strands]
    variants = [indels(genome, turned) for genome, turned in zip(strands, (False, True), strict=True)]
    here, there = (
        np.array([score.value for score in scorer.score(each)]) for scorer, each in zip(scorers, variants, strict=True)
    )
    assert here == pytest.approx(there, abs=1e-4)
    here, there = (np.array(scorer.distances(each)) for scorer, each in zip(scorers, variants, strict=True))
    assert here == pytest.approx(there, rel=1e-3, abs=1e-6)
