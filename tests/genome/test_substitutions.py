import numpy as np
import pytest

from dnalect.baselines.mutability import ContextMutability, CrossFittedMutability
from dnalect.genome.substitutions import (
    bases_around,
    class_means,
    context_class,
    folded,
    information,
    local_mean,
    log_ratio,
    surprise,
)
from dnalect.stats.draws import estimate
from dnalect.tokens.bases import encode, reverse_complement
from studies.worth.profiles import contrast, oriented_windows, profile


def test_log_ratio_is_antisymmetric():
    table = np.log(np.array([[0.7, 0.1, 0.1, 0.1], [0.25, 0.25, 0.25, 0.25]], dtype=np.float32))
    ref, alt = np.array([0, 1], dtype=np.uint8), np.array([2, 3], dtype=np.uint8)
    assert log_ratio(table, ref, alt) == pytest.approx([np.log(1 / 7), 0], abs=1e-6)
    assert (log_ratio(table, alt, ref) == -log_ratio(table, ref, alt)).all()


def test_information_and_surprise_in_bits():
    table = np.log(np.array([[0.25] * 4, [1 - 3e-9, 1e-9, 1e-9, 1e-9]], dtype=np.float32))
    assert information(table) == pytest.approx([0, 2], abs=1e-5)
    bits = surprise(table, np.array([2, 4], dtype=np.uint8))
    assert bits[0] == pytest.approx(2)
    assert np.isnan(bits[1])


def test_local_mean_leaves_unknown_values_out():
    values = np.array([1, np.nan, 3, 5], dtype=np.float32)
    assert local_mean(values, 1) == pytest.approx([1, 2, 4, 4])
    assert local_mean(np.full(3, np.nan), 1).tolist() == [0, 0, 0]


@pytest.mark.parametrize("flank", [0, 1, 2, 3])
def test_a_substitution_and_its_complement_share_a_class(flank):
    rng = np.random.default_rng(flank)
    around = rng.integers(0, 4, (200, 7)).astype(np.uint8)
    alt = ((around[:, 3] + rng.integers(1, 4, 200)) % 4).astype(np.uint8)
    other = reverse_complement(around)
    classes = context_class(around, alt, flank)
    assert (classes == context_class(other, 3 - alt, flank)).all()
    assert len(np.unique(context_class(around, alt, 0))) == 6
    middle, _ = folded(around, alt)
    assert set(middle[:, 3]) <= {0, 1}


def test_an_unknown_neighbour_has_no_class():
    around = bases_around(encode("ACGT"), np.array([0, 2]), 1)
    assert around.tolist() == [[4, 0, 1], [1, 2, 3]]
    assert (context_class(around, np.array([1, 0], dtype=np.uint8), 1) >= 0).tolist() == [False, True]


def test_class_means_fall_back_to_the_mean_of_all():
    means = class_means(np.array([1, 2, 9]), np.array([1.0, 3, 5], dtype=np.float32), np.array([1, 1, 2]))
    assert means.tolist() == [2, 5, 3]


def planted(rng, count=60_000):
    """Sites of a random sequence; C before G becomes T ten times as often as anything else happens."""
    codes = rng.integers(0, 4, count).astype(np.uint8)
    around = bases_around(codes, np.arange(count), 3)
    alt = ((codes + rng.integers(1, 4, count)) % 4).astype(np.uint8)
    cpg = (around[:, 3] == 1) & (around[:, 4] == 2) & (alt == 3)
    cpg |= (around[:, 3] == 2) & (around[:, 2] == 1) & (alt == 0)
    return around, alt, cpg, rng.random(count) < np.where(cpg, 0.3, 0.03)


def test_mutability_finds_a_hot_context_on_both_strands():
    around, alt, cpg, happened = planted(np.random.default_rng(0))
    model = ContextMutability().fit(around[happened], alt[happened], around)
    rates = np.exp(model.log_rates(around, alt))
    assert rates[cpg].mean() == pytest.approx(0.1, rel=0.15)  # a third of the alternates are offered at each site
    assert rates[~cpg].mean() == pytest.approx(0.01, rel=0.15)
    assert rates[cpg].min() > rates[~cpg].max()


def test_mutability_of_a_group_does_not_depend_on_its_own_mutations():
    rng = np.random.default_rng(1)
    around, alt, _, happened = planted(rng, 6000)
    groups = np.repeat([0, 1], 3000)
    crossed = CrossFittedMutability(around[happened], alt[happened], groups[happened], around, groups)
    changed = happened & ((groups == 1) | (rng.random(6000) < 0.5))
    other = CrossFittedMutability(around[changed], alt[changed], groups[changed], around, groups)
    mine, theirs = (each.log_rates(around, alt, groups) for each in (crossed, other))
    assert (mine[groups == 0] == theirs[groups == 0]).all()
    assert (mine[groups == 1] != theirs[groups == 1]).any()


def test_mutability_where_a_neighbour_is_unknown_uses_the_shorter_context():
    around, alt, _, happened = planted(np.random.default_rng(2), 20_000)
    model = ContextMutability().fit(around[happened], alt[happened], around)
    cut = around[1000:1001].copy()
    cut[0, 0] = 4
    assert np.isfinite(model.log_rates(cut, alt[1000:1001])).all()


def test_profiles_turn_to_the_strand_and_leave_out_what_lies_beyond():
    values = np.arange(6.0)
    found = oriented_windows(values, np.array([1, 4]), np.array([True, False]), 2)
    assert found[0, 1:].tolist() == [0, 1, 2, 3]
    assert np.isnan(found[0, 0])
    assert found[1, 1:].tolist() == [5, 4, 3, 2]


def test_a_profile_finds_a_planted_peak():
    rng = np.random.default_rng(3)
    windows_ = rng.normal(size=(200, 21))
    windows_[:, 10] += 2
    found = profile(windows_)
    offsets = np.arange(-10, 11)
    value = estimate(contrast(found, offsets == 0, np.abs(offsets) > 5))
    assert value.mean == pytest.approx(2, abs=0.3)
    assert value.low > 1.5
    low, high = np.quantile(found[1:], [0.025, 0.975], axis=0)
    assert (low <= found[0]).all()
    assert (found[0] <= high).all()


def test_information_beyond_a_composition_is_the_relative_entropy():
    p, q = np.array([[0.7, 0.1, 0.1, 0.1], [0.3, 0.2, 0.2, 0.3]]), np.array([0.3, 0.2, 0.2, 0.3])
    found = information(np.log(p).astype(np.float32), np.log(q))
    assert found == pytest.approx([(p[0] * np.log2(p[0] / q)).sum(), 0], abs=1e-6)
    even = information(np.log(p).astype(np.float32), np.log(np.full(4, 0.25)))
    assert even == pytest.approx(information(np.log(p).astype(np.float32)), abs=1e-6)
