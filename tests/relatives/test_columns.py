"""Likelihoods of columns: equal to sums over all ancestors, and right about sequence that did evolve so."""

from itertools import product

import numpy as np
import pytest

import dnalect
from dnalect.core.errors import InputError
from dnalect.core.records import Variant
from dnalect.relatives import Alignment, Columns, Evolution, evolution_of
from dnalect.relatives.evolution import RATES

FREQUENCIES = np.array([0.3, 0.2, 0.2, 0.3])
# ((reference, a), (b, c)): nodes 4, 5 and the root 6.
TREE = Evolution(
    ("a", "b", "c"),
    np.array([[0, 1], [2, 3], [4, 5]]),
    np.array([0, 0, 0, 0, 0.1, 0.2, 0.5]),
    FREQUENCIES,
    np.full(len(RATES), 1 / len(RATES)),
    np.zeros(0),
)
BRANCHES = {0: (4, 0.1), 1: (4, 0.1), 2: (5, 0.2), 3: (5, 0.2), 4: (6, 0.4), 5: (6, 0.3)}


def changing(length, rate):
    kept = np.exp(-length * rate / (1 - (FREQUENCIES**2).sum()))
    return kept * np.eye(4) + (1 - kept) * FREQUENCIES


def summed(bases, rate):
    """p(the leaves) by all bases of all inner nodes."""
    leaves = {number: [base] if base < 4 else range(4) for number, base in enumerate(bases)}
    total = 0.0
    for states in product(*leaves.values(), range(4), range(4), range(4)):
        p = FREQUENCIES[states[6]]
        for child, (above, length) in BRANCHES.items():
            p *= changing(length, rate)[states[above], states[child]]
        total += p
    return total


@pytest.mark.parametrize("column", [(0, 0, 0), (3, 0, 2), (4, 2, 2), (1, 4, 4)])
def test_likelihoods_are_sums_over_all_ancestors(column):
    told = np.exp(TREE.log_likelihoods(np.array(column, dtype=np.uint8)[:, None]))[0]
    for number, rate in enumerate(RATES):
        for base in range(4):
            assert told[number, base] == pytest.approx(summed((base, *column), rate) / FREQUENCIES[base])


def evolved(length=60_000, seed=3, spacing=500):
    """Reference and relatives that came about by TREE, slow and fast in turn. Returns also the rate of each site."""
    rng = np.random.default_rng(seed)
    rates = np.where(np.arange(length) // spacing % 2, RATES[1], RATES[6])
    nodes = {6: rng.choice(4, length, p=FREQUENCIES)}
    for child in (5, 4, 3, 2, 1, 0):
        above, branch = BRANCHES[child]
        kept = rng.random(length) < np.exp(-branch * rates / (1 - (FREQUENCIES**2).sum()))
        nodes[child] = np.where(kept, nodes[above], rng.choice(4, length, p=FREQUENCIES))
    return np.stack([nodes[leaf] for leaf in range(4)]).astype(np.uint8), rates


def laid(folder, leaves):
    path = folder / "ref.fa"
    path.write_text(">one\n" + "".join("ACGT"[base] for base in leaves[0]) + "\n")
    return Alignment(dnalect.open_genome(path), ("a", "b", "c"), {0: leaves[1:]}, path)


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    """The alignment, what is learned from it, and the rates."""
    leaves, rates = evolved()
    alignment = laid(tmp_path_factory.mktemp("evolved"), leaves)
    return alignment, evolution_of(alignment), rates


@pytest.mark.slow
def test_the_tree_is_found_again(tmp_path):
    evolution = evolution_of(laid(tmp_path, evolved(spacing=60_000)[0]))
    assert {frozenset(pair) for pair in evolution.joins[:2].tolist()} == {frozenset({0, 1}), frozenset({2, 3})}
    assert evolution.heights[4:] == pytest.approx([0.1, 0.2, 0.5], rel=0.05)
    assert evolution.frequencies == pytest.approx(FREQUENCIES, abs=0.01)


def test_probabilities_are_what_they_say_and_the_columns_around_tell_the_rate(known):
    alignment, evolution, rates = known
    columns = Columns(alignment, evolution)
    at = np.arange(100, 60_000 - 100)
    read = columns.at(0, at)
    p = np.exp(read.told) * columns.evolution.frequencies
    p /= p.sum(1, keepdims=True)
    reference = alignment.reference(0)[at]
    mine = p[np.arange(len(at)), reference]
    for low, high in ((0.0, 0.05), (0.05, 0.3), (0.3, 0.9), (0.9, 0.98), (0.98, 1.0)):
        # Of all bases that are given a probability, that share is there.
        given = (p >= low) & (p < high)
        there = given[np.arange(len(at)), reference].sum() / given.sum()
        assert there == pytest.approx(p[given].mean(), abs=0.05)
    assert np.log(mine[rates[at] < 0.1]).mean() > np.log(mine[rates[at] > 0.5]).mean() + 0.5
    inside = np.abs(at % 500 - 250) < 200
    assert read.rate[inside & (rates[at] < 0.1)].mean() < 0.25 * read.rate[inside & (rates[at] > 0.5)].mean()


def substitution(start, ref, alt):
    return Variant(0, start, start + len(ref), np.array(ref, np.uint8), np.array(alt, np.uint8))


def test_ratios_of_substitutions(known):
    alignment, evolution, _ = known
    columns = Columns(alignment, evolution)
    told = columns.at(0, np.arange(700, 703)).told
    bases = alignment.reference(0)[700:703].tolist()
    others = [(base + 1) % 4 for base in bases]
    each = [substitution(700 + n, [bases[n]], [others[n]]) for n in range(3)]
    found = columns.ratios(
        [*each, substitution(700, bases, [others[0], bases[1], others[2]]), substitution(700, bases, bases[:1])]
    )
    single = [told[n, others[n]] - told[n, bases[n]] for n in range(3)]
    assert [value for value, _ in found[:3]] == pytest.approx(single)
    assert found[3] == (pytest.approx(single[0] + single[2]), 3)
    assert found[4] is None
    long = alignment.reference(0)[700:717].tolist()
    assert columns.ratios([substitution(700, long, [3 - base for base in long])]) == [None]
    turned = columns.ratios([substitution(700, others[:1], bases[:1])])
    assert turned[0][0] == pytest.approx(-single[0])


def test_the_base_at_a_site_is_not_read_there(known, tmp_path):
    alignment, evolution, _ = known
    bases = "".join("ACGT"[base] for base in alignment.reference(0))
    other = "ACGT"[("ACGT".index(bases[1000]) + 1) % 4]
    (tmp_path / "other.fa").write_text(f">one\n{bases[:1000]}{other}{bases[1001:]}\n")
    turned = Alignment(dnalect.open_genome(tmp_path / "other.fa"), alignment.names, alignment.laid, alignment.source)
    before, after = (Columns(each, evolution).at(0, np.arange(980, 1020)) for each in (alignment, turned))
    assert np.array_equal(before.told[20], after.told[20])
    assert not np.allclose(before.told[19], after.told[19])
    assert np.array_equal(before.told[:5], after.told[:5])


def test_who_is_of_the_species_itself_is_left_out(known, caplog):
    caplog.set_level("INFO")
    alignment, *_ = known
    twin = np.array(alignment.reference(0))
    twin[::50] = (twin[::50] + 1) % 4
    laid = {0: np.concatenate([alignment.laid[0], twin[None]])}
    evolution = evolution_of(Alignment(alignment.genome, (*alignment.names, "twin"), laid, alignment.source))
    assert evolution.names == ("a", "b", "c")
    assert "fewer than 3% of the bases: twin" in caplog.text
    with pytest.raises(InputError, match="no relative differs"):
        evolution_of(Alignment(alignment.genome, ("twin",), {0: twin[None]}, alignment.source))
    nothing = Alignment(alignment.genome, ("a",), {0: np.full((1, len(twin)), 4, np.uint8)}, alignment.source)
    with pytest.raises(InputError, match="nothing is aligned"):
        evolution_of(nothing)
