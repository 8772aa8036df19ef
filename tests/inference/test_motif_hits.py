"""The motif that changes most, against a look at every place by hand."""

import itertools

import numpy as np
import pytest

from dnalect.core.measures import MotifChange
from dnalect.core.records import Variant
from dnalect.genome.fasta import open_genome
from dnalect.genome.motifs import Motif
from dnalect.inference.motif_hits import LONGEST, MotifHits, threshold
from dnalect.tokens.bases import decode, encode, opposite

SKEWED = (0.3, 0.2, 0.2, 0.3)


def motif(rng, name, width):
    return Motif(name, rng.dirichlet(np.ones(4) / 4, width), 50.0, SKEWED)


def by_hand(motif: Motif, left: str, allele: str, right: str) -> float:
    """Best bits of a match that holds a base of the allele, or without one both of its neighbours."""
    table = motif.log_odds() / np.log(2)
    width, text = len(table), left + allele + right
    best = 0.0
    for at in range(len(text) - width + 1):
        covers = at < len(left) + len(allele) and at + width > len(left)
        if not covers or (not allele and not at < len(left) < at + width):
            continue
        site = text[at : at + width]
        for strand in (site, opposite(site)):
            if "N" not in strand:
                best = max(best, sum(table[n, "ACGT".index(base)] for n, base in enumerate(strand)))
    return best


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    path = tmp_path_factory.mktemp("motifs") / "g.fa"
    rng = np.random.default_rng(5)
    bases = "".join(rng.choice(list("ACGT"), 3000))
    path.write_text(f">c\n{bases[:1000]}NNNN{bases[1000:]}\n")
    return open_genome(path)


def test_the_largest_change_is_that_of_every_place_looked_at(genome):
    rng = np.random.default_rng(6)
    motifs = [motif(rng, f"m{width}", width) for width in (1, 4, 6, 7, 9, 12)]
    hits = MotifHits(motifs, genome)
    variants = []
    for n in range(200):
        start, lost, gained = int(rng.integers(0, 2990)), int(rng.integers(0, 4)), int(rng.integers(0, 4))
        if n < 10:
            start = (0, 2, 2998, 996, 1004)[n % 5]
        ref = encode(genome.fetch(0, start, start + lost))
        variants.append(Variant(0, start, start + lost, ref, rng.integers(0, 4, gained).astype(np.uint8)))
    found = hits.changes(variants)
    for each, change in zip(variants, found, strict=True):
        left, right = (
            genome.fetch(0, low, high).tobytes().decode()
            for low, high in ((each.start - 20, each.start), (each.end, each.end + 20))
        )
        expected = (0.0, None, 0.0, 0.0)
        for known, bits in zip(motifs, hits.thresholds, strict=True):
            was, remains = (by_hand(known, left, decode(allele), right) for allele in (each.ref, each.alt))
            if max(was, remains) >= bits and abs(remains - was) > expected[0] + 1e-5:
                expected = (abs(remains - was), known.name, was, remains)
        if expected[1] is None:
            assert change is None
        else:
            assert change.name == expected[1]
            assert (change.reference, change.alternate) == pytest.approx(expected[2:], abs=1e-4)
    assert sum(each is not None for each in found) > 50


@pytest.mark.parametrize("p_value", [0.2, 0.01, 0.001])
def test_the_threshold_is_what_random_bases_reach(p_value):
    known = motif(np.random.default_rng(8), "m", 6)
    table = known.log_odds() / np.log(2)
    found = threshold(known, p_value)
    every = [
        (sum(table[n, b] for n, b in enumerate(word)), np.prod([SKEWED[b] for b in word]))
        for word in itertools.product(range(4), repeat=6)
    ]
    assert sum(share for bits, share in every if bits >= found + 0.07) <= p_value
    if found > table.max(axis=1).sum() / 2:
        assert sum(share for bits, share in every if bits >= found - 0.13) > p_value
    assert found >= table.max(axis=1).sum() / 2 - 1e-3


def test_of_a_short_motif_the_best_match_is_a_site():
    known = Motif("m", np.eye(4)[[0, 1]], 1000.0)
    table = known.log_odds() / np.log(2)
    assert threshold(known, 1e-4) == pytest.approx(table.max(axis=1).sum(), abs=1e-3)


def test_long_alleles_have_none(genome):
    hits = MotifHits([Motif("m", np.eye(4)[[0, 1, 2]], 100.0)], genome)
    ref = encode(genome.fetch(0, 0, LONGEST + 1))
    assert hits.changes([Variant(0, 0, LONGEST + 1, ref, ref[:0])]) == [None]
    assert hits.changes([]) == []


@pytest.mark.parametrize(
    ("reference", "alternate", "words"),
    [
        (9.1, 2.3, "breaks X: 9.1 -> 2.3 bits"),
        (9.1, 8.2, "weakens X: 9.1 -> 8.2 bits"),
        (2.0, 8.2, "makes X: 2.0 -> 8.2 bits"),
        (8.2, 9.1, "strengthens X: 8.2 -> 9.1 bits"),
    ],
)
def test_a_change_in_words(reference, alternate, words):
    assert MotifChange("X", reference, alternate, 8.0).words == words
    assert MotifChange("MA1.1", reference, alternate, 8.0, "X").words == words.replace("X", "X (MA1.1)")
