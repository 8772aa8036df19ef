"""Searches: they climb, keep to the calls and the rules, and find the whole front."""

import numpy as np
import pytest
import torch

from dnalect.design.ascent import ascend
from dnalect.design.asked import Asked, Problem
from dnalect.design.beam import beam
from dnalect.design.evolution import evolve
from dnalect.design.goals import Aim
from dnalect.design.pareto import apart, crowding, front, fronts, ordered
from dnalect.design.rivals import random
from dnalect.design.rules import Edits, Gc, Rules, Without, changed
from dnalect.design.templates import templates
from dnalect.design.words import word_of
from dnalect.tokens.bases import decode, encode

SEARCHES = {"evolution": evolve, "beam": beam, "gradient": ascend}


class Weights:
    """Two sums of weights of bases, in place of predictors: the best sequence of each is known."""

    models = ()

    def __init__(self, length, *aims):
        self.weights = np.random.default_rng(3).normal(size=(2, length, 4))
        self.aims = aims or (Aim("first", "high"),)
        self.asked = []

    def read(self, codes):
        self.asked += [decode(row) for row in codes]
        one = np.eye(4)[codes]
        return np.einsum("nlb,klb->nk", one, self.weights)[:, : len(self.aims)]

    def gains(self, values):
        return np.stack([aim.gain(values[:, n]) for n, aim in enumerate(self.aims)], axis=1)

    def smooth(self, bases, text):
        weights = torch.from_numpy(self.weights).float()
        return torch.einsum("nlb,klb->nk", bases, weights)[:, : len(self.aims)]

    def check_smooth(self, text):
        pass


def problem(panel, template="N" * 40, rules=(), protected=()):
    mask = np.zeros(len(template), dtype=bool)
    mask[list(protected)] = True
    return Problem(panel, tuple(templates([("t", template)], 1, len(template))), mask, Rules(tuple(rules)))


@pytest.mark.parametrize("name", SEARCHES)
def test_a_search_beats_random_sequences_at_as_many_calls(name):
    found = {}
    for who, search in (("search", SEARCHES[name]), ("random", random)):
        asked = Asked(problem(panel := Weights(40)), 600)
        search(asked, np.random.default_rng(0))
        assert asked.calls <= 600
        assert len(asked.codes) <= asked.calls
        assert len(set(panel.asked)) == len(panel.asked)
        found[who] = asked.gains().max()
    best = Weights(40).weights[0].max(axis=1).sum()
    assert found["random"] < 0.6 * best < 0.75 * best < found["search"] <= best + 1e-6


@pytest.mark.parametrize("name", [*SEARCHES, "random"])
def test_nothing_that_breaks_a_rule_or_changes_what_is_protected_is_asked(name):
    start = "ACGTGATTACAAGGATCCTTACGTACGATCGATTACAGGC"
    rules = (Gc(0.3, 0.5), Without(word_of("BamHI")), Edits(6))
    asked = Asked(problem(Weights(40), start, rules, range(8)), 300)
    (SEARCHES | {"random": random})[name](asked, np.random.default_rng(2))
    codes = np.stack(asked.codes)
    starts = np.stack([encode(start)] * len(codes))
    assert len(codes) > 20
    assert (codes[:, :8] == starts[:, :8]).all()
    assert changed(codes, starts).max() <= 6
    assert not any("GGATCC" in decode(row) for row in codes)
    assert all(0.3 <= np.isin(row, (1, 2)).mean() <= 0.5 for row in codes)


@pytest.mark.parametrize("name", SEARCHES)
def test_two_goals_give_a_front_that_reaches_both_ends(name):
    aims = Aim("first", "high"), Aim("second", "low")
    asked, other = (Asked(problem(Weights(40, *aims)), 800) for _ in range(2))
    SEARCHES[name](asked, np.random.default_rng(0))
    random(other, np.random.default_rng(0))
    gains = asked.gains()
    best = gains[front(gains)]
    assert len(best) > 3
    assert (best.max(axis=0) > other.gains().max(axis=0)).all()
    assert not any((other.gains() >= each).all(axis=1).any() for each in best)


@pytest.mark.parametrize("name", SEARCHES)
def test_a_search_is_repeated_to_the_base_by_its_seed(name):
    texts = []
    for seed in (1, 1, 2):
        asked = Asked(problem(Weights(40)), 200)
        SEARCHES[name](asked, np.random.default_rng(seed))
        texts.append([decode(row) for row in asked.codes])
    assert texts[0] == texts[1] != texts[2]


def test_a_value_is_come_near_to_from_both_sides():
    panel = Weights(40, Aim("first", 5.0))
    asked = Asked(problem(panel), 500)
    evolve(asked, np.random.default_rng(0))
    assert abs(np.array(asked.values)[:, 0] - 5).min() < 0.05


def test_fronts_are_those_of_their_definition():
    gains = np.random.default_rng(0).integers(6, size=(80, 2)).astype(float)

    def beaten(a, among):
        return any((b >= a).all() and (b > a).any() for b in among)

    left, number = list(range(80)), 0
    while left:
        now = [row for row in left if not beaten(gains[row], gains[left])]
        assert (fronts(gains)[now] == number).all()
        assert number or sorted(front(gains).tolist()) == now
        left, number = [row for row in left if row not in now], number + 1
    line = np.array([[0.0, 3], [1, 2], [1.1, 1.9], [3, 0]])
    assert ordered(line)[:2].tolist() in ([0, 3], [3, 0])
    assert np.isinf(crowding(line, fronts(line))).sum() == 2


def test_designs_stand_apart_from_each_other():
    codes = np.stack([encode(text) for text in ("AAAA", "AAAC", "AACC", "CCCC")])
    assert apart(codes, np.arange(4), 4, 2).tolist() == [0, 2, 3]
    assert apart(codes, np.arange(4), 2, 0).tolist() == [0, 1]
