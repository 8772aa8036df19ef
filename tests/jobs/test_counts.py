"""What the report ranks and counts."""

import numpy as np
import pytest

from dnalect.core.records import Row, Score
from dnalect.jobs.counts import Tally, auroc


def row(position: int, value: float, percentile: float | None, **more: object) -> Row:
    score = Score(value=value, percentile=percentile, kind="snv")
    return Row("chrI", position, ".", "A", "C", score, **more)  # type: ignore[arg-type]


def test_ranked_by_percentile_then_score() -> None:
    tally = Tally()
    for position, value, percentile in [(1, -2.0, 0.2), (2, -3.0, 0.1), (3, -4.0, 0.1), (4, -9.0, 0.3)]:
        tally.add([row(position, value, percentile)])
    assert [r.position for r in tally.top()] == [3, 2, 1, 4]


def test_ranked_by_score_without_a_background() -> None:
    tally = Tally()
    for position, value in [(1, -2.0), (2, 1.0), (3, -4.0)]:
        tally.add([row(position, value, None)])
    assert [r.position for r in tally.top()] == [3, 1, 2]


def test_what_has_no_percentile_comes_last_and_by_the_score_of_a_base() -> None:
    """A long deletion's sum says how long it is."""
    tally = Tally()
    tally.add([row(1, -0.5, 0.9)])
    for position, value, changed in [(2, -300.0, 1_000), (3, -4.0, 2)]:
        score = Score(value=value, kind="deletion", changed=changed)
        tally.add([Row("chrI", position, ".", "AC", "A", score)])
    assert [r.position for r in tally.top()] == [1, 3, 2]


def test_common_against_rare() -> None:
    rng = np.random.default_rng(3)
    common, rare = rng.random(40) * 0.6 + 0.4, rng.random(50)
    tally = Tally()
    for n, p in enumerate(common):
        tally.add([row(n, 0.0, float(p), allele_count=60, af=0.3)])
    for n, p in enumerate(rare):
        tally.add([row(n, 0.0, float(p), allele_count=1, af=0.005)])
    check = tally.frequency()
    assert check is not None
    assert (check.common, check.rare) == (40, 50)
    assert check.auroc == pytest.approx((common[:, None] > rare).mean(), abs=0.01)
    assert check.low < check.auroc < check.high


def test_where_the_ancestral_allele_is_told_only_changes_from_it_count() -> None:
    tally = Tally()
    for n in range(20):
        told = {"ancestral": ("ref", "alt", "")[n % 3]}
        tally.add([row(n, 0.0, 0.9, allele_count=60, af=0.3, **told)])
        tally.add([row(n, 0.0, 0.1, allele_count=1, af=0.005, ancestral="ref")])
    assert tally.frequency() is None
    for n in range(3):
        tally.add([row(n, 0.0, 0.9, allele_count=60, af=0.3, ancestral="ref")])
    check = tally.frequency()
    assert check is not None
    assert (check.common, check.rare, check.auroc, check.polarised) == (10, 20, 1.0, True)


def test_too_few_for_a_check() -> None:
    tally = Tally()
    for n in range(9):
        tally.add([row(n, 0.0, 0.5, allele_count=60, af=0.3), row(n, 0.0, 0.5, allele_count=1, af=0.005)])
    assert tally.frequency() is None


def test_auroc_counts_ties_half() -> None:
    assert auroc(np.array([0, 1, 1]), np.array([1, 1, 0])) == pytest.approx((1 + 0.5 + 1 + 1) / 4)
