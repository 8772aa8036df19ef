"""Markov rivals: counts against a dictionary, normalised, and as good as the source allows."""

from collections import Counter

import numpy as np
import pytest

from dnalect.baselines.contexts import ContextCounts, Side, context_keys, neighbours
from dnalect.baselines.markov import MarkovModel
from dnalect.tokens.bases import encode, reverse_complement

RNG = np.random.default_rng(3)


def random_codes(length: int) -> np.ndarray:
    return RNG.integers(4, size=length, dtype=np.uint8)


def counted(contigs: list[np.ndarray], side: Side, longest: int, order: int) -> Counter[tuple[tuple[int, ...], int]]:
    """The counts by brute force: positions whose `longest` neighbours are all known."""
    found: Counter[tuple[tuple[int, ...], int]] = Counter()
    for contig in contigs:
        for strand in (contig, reverse_complement(contig)):
            for i, base in enumerate(strand):
                around = [i + offset for offset in neighbours(side, longest)]
                if all(0 <= j < len(strand) and strand[j] < 4 for j in around) and base < 4:
                    found[tuple(int(strand[j]) for j in around[:order]), int(base)] += 1
    return found


def test_neighbours_alternate_nearest_first() -> None:
    assert neighbours("two", 5) == [-1, 1, -2, 2, -3]
    assert neighbours("one", 3) == [-1, -2, -3]
    assert sorted(neighbours("two", 24)) == [*range(-12, 0), *range(1, 13)]


@pytest.mark.parametrize("side", ["one", "two"])
@pytest.mark.parametrize("longest", [0, 1, 5, 24])
def test_counts_equal_brute_force(side: Side, longest: int) -> None:
    first = random_codes(400)
    first[[100, 101, 250]] = 4
    # The second contig shares a stretch with the first and with its other strand.
    second = np.concatenate([first[:90], random_codes(80), reverse_complement(first[120:200])])
    query = np.concatenate([first[20:80], encode("NNACGT"), random_codes(100), second[-60:]])
    table = ContextCounts([first, second], side, longest)
    checked = 0
    for order, (counts, known) in enumerate(table.look_up(query)):
        expected = counted([first, second], side, longest, order)
        for i in range(len(query)):
            around = [i + offset for offset in neighbours(side, order)]
            whole = all(0 <= j < len(query) and query[j] < 4 for j in around)
            assert known[i] == whole
            context = tuple(int(query[j]) for j in around) if whole else ()
            assert counts[i].tolist() == [expected[context, base] if whole else 0 for base in range(4)]
            checked += int(counts[i].sum())
    assert checked > 0


def test_depth_stops_at_the_first_unknown_neighbour() -> None:
    _, depth = context_keys(encode("ACGTNACGTA"), "two", 6)
    assert depth.tolist() == [0, 2, 3, 1, 6, 0, 2, 4, 3, 1]


@pytest.fixture(scope="module")
def source() -> np.ndarray:
    """A first-order chain: after each base the next letter follows with probability 0.85."""
    step = np.where(RNG.random(24_000) < 0.85, 1, RNG.integers(4, size=24_000))
    return (np.cumsum(step) % 4).astype(np.uint8)


@pytest.mark.parametrize("side", ["one", "two"])
def test_predictions_are_normalised_finite_and_do_not_see_their_base(side: Side, source: np.ndarray) -> None:
    model = MarkovModel(side, 10).fit([source[:12_000]], [source[12_000:16_000]])
    query = source[16_000:16_300].copy()
    query[150] = 4
    changed = query.copy()
    changed[60] = (query[60] + 1) % 4
    kinds = []
    for before, after in zip(model.sweep(query), model.sweep(changed), strict=True):
        kinds.append(before.kind)
        assert before.log_probs.shape == (300, 4)
        assert before.log_probs.dtype == np.float32
        assert np.isfinite(before.log_probs).all()
        np.testing.assert_allclose(np.exp(before.log_probs).sum(axis=1), 1, atol=1e-5)
        np.testing.assert_array_equal(before.log_probs[60], after.log_probs[60])
        if side == "one":
            np.testing.assert_array_equal(before.log_probs[:60], after.log_probs[:60])
    assert (kinds.count("plain"), kinds.count("interpolated"), kinds.count("mixed")) == (11, 11, 1)


def test_reaches_the_entropy_of_its_source(source: np.ndarray) -> None:
    # The reverse strand of this chain runs the same way: complement and reversal both flip it.
    model = MarkovModel("one", 8).fit([source[:12_000]], [source[12_000:16_000]])
    test = source[16_000:]
    p = np.array([0.85 + 0.0375, 0.0375, 0.0375, 0.0375])
    entropy = float(-(p * np.log2(p)).sum())

    def bits(order: int, kind: str) -> float:
        log_probs = model.log_probs(test, order, kind)  # type: ignore[arg-type]
        return float(-log_probs[np.arange(len(test)), test].mean() / np.log(2))

    assert bits(0, "plain") == pytest.approx(2, abs=0.01)
    for order, kind in [(1, "plain"), (1, "interpolated"), (8, "interpolated"), (8, "mixed")]:
        assert bits(order, kind) == pytest.approx(entropy, abs=0.06), (order, kind)
    assert bits(8, "interpolated") < bits(8, "plain")


def test_long_contexts_copy_a_repeat_from_either_strand() -> None:
    train = random_codes(20_000)
    repeats = [train[i : i + 300] for i in (2_000, 9_000, 15_000)]
    validation = np.concatenate([random_codes(6_000), repeats[0], random_codes(6_000), repeats[1]])
    test = np.concatenate([random_codes(1_000), reverse_complement(repeats[2])])
    log_probs = MarkovModel("two", 24).fit([train], [validation]).log_probs(test)
    bits = -log_probs[np.arange(len(test)), test] / np.log(2)
    assert bits[1_020:1_280].mean() < 0.2
    assert bits[:1_000].mean() == pytest.approx(2, abs=0.1)


def test_kinds_and_orders_that_do_not_exist() -> None:
    model = MarkovModel("one", 2).fit([random_codes(500)], [random_codes(200)])
    with pytest.raises(ValueError, match="orders 0 to 2"):
        model.log_probs(random_codes(20), 3)
    with pytest.raises(ValueError, match="mixed only 2"):
        model.log_probs(random_codes(20), 1, "mixed")
    with pytest.raises(ValueError, match="0 to 24"):
        ContextCounts([random_codes(50)], "one", 25)
