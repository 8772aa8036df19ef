from itertools import product

import numpy as np
import pytest

from dnalect.core.records import Variant
from dnalect.genome.fasta import open_genome
from dnalect.genome.motifs import Chances, Motif
from dnalect.tokens.bases import BASES, encode
from dnalect.why.motifs import effects
from dnalect.why.motifs.effects import MotifEffect, motif_effects

BACKGROUND = (0.31, 0.19, 0.19, 0.31)


def motif(name, text, strength=0.97):
    codes = encode(text)
    rows = np.full((len(codes), 4), (1 - strength) / 3)
    rows[np.arange(len(codes)), codes] = strength
    return Motif(name, rows, 50.0, BACKGROUND)


def random_motifs(count, seed=2):
    rng = np.random.default_rng(seed)
    return [
        Motif(f"m{n}", rng.dirichlet(np.full(4, 0.3), int(rng.integers(6, 13))), 30.0, BACKGROUND) for n in range(count)
    ]


REB1 = motif("REB1_55", "GTTACCCGGA")
MOTIFS = [REB1, *random_motifs(40)]


def sequence(seed, length=400):
    return "".join(np.random.default_rng(seed).choice(list(BASES), length, p=BACKGROUND))


def planted(site="GTTACCCGGA", at=200, seed=0):
    text = sequence(seed)
    return text[:at] + site + text[at + len(site) :]


def snv(text, at, alt):
    return Variant(0, at, at + 1, encode(text[at]), encode(alt))


def test_chances_are_exact():
    short = Motif(
        "x", np.array([[0.9, 0.05, 0.03, 0.02], [0.1, 0.1, 0.7, 0.1], [0.25, 0.25, 0.25, 0.25]]), 20, BACKGROUND
    )
    chances = Chances.of(short)
    words = list(product(range(4), repeat=3))
    steps = np.array([sum(chances.steps[row, base] for row, base in enumerate(word)) for word in words])
    share = np.array([np.prod([BACKGROUND[base] for base in word]) for word in words])
    for step in np.unique(steps):
        assert chances.p[step] == pytest.approx(share[steps >= step].sum())
    assert (chances.steps + 0.0).min() == 0


@pytest.mark.parametrize("site", ["GTTACCCGGA", "TCCGGGTAAC"])
def test_a_broken_site_is_named_on_either_strand(site):
    text = planted(site)
    at = 200 + (5 if site[0] == "G" else 4)
    (found,) = motif_effects(MOTIFS, open_genome({"a": text}), [snv(text, at, "A")], [-3.14])
    assert found.motif is REB1
    assert found.reference < 1e-6 < 30 * found.reference < found.alternate
    assert found.words == f"weakens a REB1 site: match p {found.reference:.1g} -> {found.alternate:.1g}, model -3.1"


def test_a_new_site_is_strengthened_also_by_a_deletion():
    text = planted("GTTACTCCGGA")
    genome = open_genome({"a": text})
    gone = Variant(0, 204, 206, encode(text[204:206]), encode("C"))
    back = planted("GTTACACGGA")
    for where, variant in ((genome, gone), (open_genome({"a": back}), snv(back, 205, "C"))):
        (found,) = motif_effects(MOTIFS, where, [variant])
        assert found.words.startswith("strengthens a REB1 site"), found
        assert found.words.endswith(f"-> {found.alternate:.1g}")


@pytest.mark.slow
def test_shuffled_sequence_yields_none_at_the_stated_rate(monkeypatch):
    monkeypatch.setattr(effects, "TOGETHER", 150)
    named = 0
    for seed in range(50):
        text = sequence(100 + seed, 700)
        variants = [snv(text, at, BASES[(BASES.index(text[at]) + 1) % 4]) for at in (150, 350, 550)]
        named += any(motif_effects(MOTIFS, open_genome({"a": text}), variants, seed=seed))
    # Binomial(50, 0.05): 9 or more would come once in 1,000 times.
    assert named < 9


def test_unknown_bases_and_long_alleles_have_none():
    text = planted()
    holed = text[:198] + "NNNN" + text[202:207] + "NNN" + text[210:]
    assert motif_effects(MOTIFS, open_genome({"a": holed}), [snv(text, 205, "A")]) == [None]
    long = Variant(0, 200, 201, encode("G"), encode("G" * 1001))
    assert motif_effects(MOTIFS, open_genome({"a": text}), [long]) == [None]
    assert motif_effects(MOTIFS, open_genome({"a": text}), []) == []


def test_a_site_at_the_end_of_a_contig_is_read():
    text = planted(at=0)
    (found,) = motif_effects(MOTIFS, open_genome({"a": text}), [snv(text, 5, "A")])
    assert found.motif is REB1


def test_words():
    effect = MotifEffect(motif("ABF1.H13CORE.0.P.B", "ACG"), 0.031, 2.2e-6, 0.01, 1.25)
    assert effect.words == "strengthens an ABF1 site: match p 0.03 -> 2e-06, model +1.2"
