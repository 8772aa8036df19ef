"""Constraints: what breaks them, that single substitutions mend them, and that their gradients agree."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from dnalect.core.errors import ConfigError
from dnalect.design.rules import Edits, Gc, Motifs, Rules, Runs, With, Without
from dnalect.design.words import least_misses, longest_runs, sites, word_of
from dnalect.genome.motifs import Motif, motif_sites
from dnalect.tokens.bases import decode, encode, reverse_complement

MOTIF = Motif("box", np.array([[0.97, 0.01, 0.01, 0.01], [0.01, 0.01, 0.97, 0.01]] * 4), 200)


def random_codes(count, length, seed=0):
    return np.random.default_rng(seed).integers(4, size=(count, length)).astype(np.uint8)


def broken(rule, *texts, starts=None):
    codes = np.stack([encode(text) for text in texts])
    return rule.broken(codes, codes if starts is None else np.stack([encode(each) for each in starts])).tolist()


@pytest.mark.parametrize(
    ("rule", "text", "by"),
    [
        (Gc(0.4, 0.6), "GGGGGGGGAA", 2),
        (Gc(0.4, 0.6), "GGGGAAAAAA", 0),
        (Gc(0.4, 0.6), "GAAAAAAAAA", 3),
        (Runs(3), "AAACCCTTTG", 0),
        (Runs(3), "AAAACCCCCG", 3),
        (Without(word_of("EcoRI")), "AAGAATTCAA", 1),
        (Without(word_of("bsai")), "AAGAGACCAA", 1),
        (Without(word_of("GATTACA")), "AATGTAATCA", 1),
        (Without(word_of("GANTC")), "GACTCGAATC", 2),
        (With(word_of("TATAWAW")), "GGTATAAATG", 0),
        (With(word_of("TATAWAW")), "GGTATCGATG", 2),
        (With(word_of("GGAA")), "CCCCTTCCCC", 0),
    ],
)
def test_a_rule_says_by_how_much_it_is_broken(rule, text, by):
    assert broken(rule, text) == [by]


def test_edits_are_counted_where_bases_were_given():
    assert broken(Edits(1), "ACGTAC", "ACGTTT", starts=["ACNNAC", "ACGTAC"]) == [0, 1]


def test_words_are_met_on_both_strands_wherever_they_stand():
    codes, word = random_codes(300, 60), word_of("GRTC")
    for row, count in zip(codes, sites(codes, word).tolist(), strict=True):
        forward, reverse = decode(row), decode(reverse_complement(row))
        every = sum(text[at : at + 4] in ("GATC", "GGTC") for text in (forward, reverse) for at in range(57))
        assert count == every
    assert ((least_misses(codes, word) == 0) == (sites(codes, word) > 0)).all()
    runs = [max(len(list(each)) for _, each in __import__("itertools").groupby(row)) for row in codes.tolist()]
    assert longest_runs(codes).tolist() == runs


def test_motifs_have_the_sites_that_motif_sites_finds():
    codes = random_codes(200, 80)
    codes[::3, 20:28] = encode("AGAGAGAG")
    codes[1::3, 40:48] = encode("CTCTCTCT")
    found = np.array([len(motif_sites(MOTIF, row)[0]) > 0 for row in codes])
    assert found.sum() > 100
    assert ((Motifs((MOTIF,), False, "").broken(codes, codes) > 0) == found).all()
    assert ((Motifs((MOTIF,), True, "").broken(codes, codes) == 0) == found).all()


ALL = Rules((Gc(0.4, 0.5), Runs(3), Without(word_of("GATC")), With(word_of("TATAWAW")), Motifs((MOTIF,), True, "")))


def test_random_sequences_are_mended_and_nothing_else_is_touched():
    codes, rng = random_codes(20, 60), np.random.default_rng(1)
    free = np.ones(codes.shape, dtype=bool)
    free[:, :10] = False
    codes[:, :10] = encode("ACGTACGTAC")
    found = ALL.mended(codes, codes, free, rng)
    assert (ALL.broken(codes, codes) > 0).any()
    assert ALL.kept(found, codes).all()
    assert (found[:, :10] == codes[:, :10]).all()


def test_what_can_not_be_mended_is_told():
    codes = np.stack([encode("GATCGATC")])
    rules = Rules((Without(word_of("GATC")), Gc(0.5, 0.5)))
    found = rules.mended(codes, codes, np.zeros(codes.shape, dtype=bool), np.random.default_rng(0))
    assert (found == codes).all()
    assert rules.broken_by(found, codes) == ["no GATC"]


@pytest.mark.parametrize(
    "rule", [Gc(0.3, 0.4), Runs(2), Without(word_of("GRTC")), With(word_of("TATAWAW")), Motifs((MOTIF,), True, "")]
)
def test_a_smooth_rule_is_the_rule_at_plain_bases_and_its_gradient_mends(rule):
    codes = random_codes(40, 50)
    bases = F.one_hot(torch.from_numpy(codes.astype(np.int64)), 4).float().requires_grad_()
    smooth = rule.smooth(bases)
    exact = rule.broken(codes, codes)
    assert ((smooth.detach().numpy() > 1e-4) == (exact > 0)).all()
    (gradient,) = torch.autograd.grad(smooth.sum(), bases)
    assert (gradient.abs().sum((1, 2)).numpy() > 0)[exact > 0].all()


@pytest.mark.parametrize("text", ["EcoRX", "", "GAXTC"])
def test_what_is_no_word_is_refused(text):
    with pytest.raises(ConfigError, match="no word"):
        word_of(text)
