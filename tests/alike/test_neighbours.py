"""Neighbours, clusters, purity and silhouette: against slow references, and nothing where nothing is."""

import sys

import numpy as np
import pytest
from sklearn.metrics import silhouette_samples

from dnalect.alike.clusters import edges, kmeans, largest_first, leiden
from dnalect.alike.neighbours import Where, nearest, unit
from dnalect.alike.projection import planar, principal, reduced
from dnalect.alike.purity import MEAN, PURITY, SILHOUETTE, purities, separations, silhouettes, turned
from dnalect.core.errors import ConfigError


def _two(count=60, gap=3.0, seed=0):
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(count, 8))
    points[: count // 2, 0] += gap
    points[count // 2 :, 0] -= gap
    return unit(points)


def test_the_nearest_are_those_of_all_cosines(monkeypatch):
    monkeypatch.setattr("dnalect.alike.neighbours.ROWS", 7)
    points = unit(np.random.default_rng(1).normal(size=(40, 5)))
    cosines = points @ points.T
    np.fill_diagonal(cosines, -2)
    np.testing.assert_array_equal(nearest(points, 4), np.argsort(-cosines, axis=1)[:, :4])


def test_on_a_line_the_nearest_are_the_nearest():
    line = np.array([[-3.0], [1.0], [1.2], [0.2], [5.0]])
    assert nearest(unit(line), 1)[:, 0].tolist() == [3, 2, 1, 1, 2]


def test_of_many_that_are_equally_near_the_order_decides_nothing():
    points = unit(np.repeat([[0.0], [1.0]], 200, axis=0))
    classes = np.tile(np.repeat([0, 1], 100), 2)
    assert np.abs(purities(nearest(points, 15), classes).mean() - 0.5) < 0.1


def test_what_lies_near_by_on_the_genome_does_not_count():
    points = unit(np.random.default_rng(1).normal(size=(40, 5)))
    where = Where(np.repeat([0, 1], 20), np.tile(np.arange(20) * 1000, 2))
    found = nearest(points, 6, where, apart=3000)
    assert found.shape == (40, 6)
    same = where.contig[found] == where.contig[:, None]
    assert (np.abs(where.middle[found] - where.middle[:, None])[same] >= 3000).all()
    # Where all others lie near by, there is no neighbour.
    assert nearest(points, 6, Where(np.zeros(40, np.int64), np.arange(40)), 3000).shape == (40, 0)


def test_silhouettes_are_those_of_scikit_learn():
    points = _two(30, 1.0)
    classes = np.arange(30) % 3
    np.testing.assert_allclose(
        silhouettes(points, classes), silhouette_samples(points, classes, metric="cosine"), atol=1e-5
    )
    alone = np.array([0] * 29 + [1])
    assert silhouettes(points, alone)[-1] == 0
    assert (silhouettes(points, np.zeros(30, np.int64)) == 0).all()


def test_clusters_find_two_that_are_two():
    points, truth = _two(), np.repeat([0, 1], 30)
    for found in (leiden(nearest(points, 10), 0.3), kmeans(points, 2)):
        assert len({(a, b) for a, b in zip(found, truth, strict=True)}) == 2
    np.testing.assert_array_equal(leiden(nearest(points, 10)), leiden(nearest(points, 10)))
    pairs, counts = edges(np.array([[1], [0], [0]]))
    assert pairs.tolist() == [[0, 1], [0, 2]]
    assert counts.tolist() == [2, 1]
    assert largest_first(np.array([5, 2, 2, 9, 9, 9])).tolist() == [2, 1, 1, 0, 0, 0]


def test_labels_that_lie_together_are_told_from_chance():
    points, truth = _two(), np.repeat([0, 1], 30)
    near = nearest(points, 10)
    assert purities(near, truth).mean() > 0.95
    shuffled = np.random.default_rng(3).permutation(truth)
    figures = separations(
        "kind", ["a", "b"], truth, {"model": (points, near), "noise": (_two(60, 0), nearest(_two(60, 0)))}, None, 99
    )
    told = {(f.part, f.metric, f.who): f for f in figures}
    mine = told[MEAN, PURITY, "model"]
    assert mine.p == pytest.approx(0.01)
    assert mine.against == "noise"
    assert mine.difference.low > 0.2
    assert 0.4 < mine.chance < 0.6
    assert told["a", SILHOUETTE, "model"].value.mean > 0.5
    assert told[MEAN, PURITY, "noise"].p > 0.05
    none = separations("kind", ["a", "b"], shuffled, {"model": (points, near)}, None, 99)
    assert all(each.p > 0.01 for each in none)
    assert separations("kind", ["a"], np.zeros(60, np.int64), {"model": (points, near)}) == []


def test_the_test_holds_its_rate_where_labels_run_along_the_genome():
    """Vectors and labels that each change slowly, independent of each other: shuffled labels would call that alike."""
    where = Where(np.zeros(120, np.int64), np.arange(120) * 500)
    called = {"turned": 0, "shuffled": 0}
    for seed in range(20):
        rng = np.random.default_rng(seed)
        points = unit(np.cumsum(rng.normal(size=(120, 4)), axis=0))
        near = nearest(points, 8, where, 1000)
        truth = np.repeat(rng.integers(2, size=12), 10)
        for name, place in (("turned", where), ("shuffled", None)):
            figures = separations("kind", ["a", "b"], truth, {"m": (points, near)}, place, 39)
            called[name] += any(f.p <= 0.05 for f in figures if f.part == MEAN and f.metric == PURITY)
    assert called["turned"] <= 4
    assert called["shuffled"] >= 8


def test_turned_labels_stay_in_their_order():
    where = Where(np.array([1, 0, 0, 1]), np.array([5, 9, 2, 1]))
    order = where.order()
    assert order.tolist() == [2, 1, 3, 0]
    classes = np.arange(4)
    found = turned(classes, where, np.random.default_rng(0))[order]
    assert any(np.array_equal(found, np.roll(classes[order], shift)) for shift in (1, 2, 3))


def test_principal_components_explain_the_variance():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(50, 6)) @ rng.normal(size=(6, 6))
    vectors[:, 5] = 1.0
    found = principal(vectors)
    scaled = (vectors - vectors.mean(0)) / np.where(vectors.std(0) > 0, vectors.std(0), 1)
    np.testing.assert_allclose(scaled @ found.axes, found.points, atol=1e-9)
    assert found.share.sum() == pytest.approx(1)
    assert (found.axes[5] == 0).all()
    np.testing.assert_array_equal(planar(found)[0], reduced(vectors)[0])


def test_missing_libraries_are_named_with_what_installs_them(monkeypatch):
    points = _two()
    for name in ("umap", "igraph"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ConfigError, match=r"pip install 'dnalect\[map\]' \(or pip install umap-learn\)"):
        reduced(points, "umap")
    with pytest.raises(ConfigError, match=r"pip install 'dnalect\[map\]' \(or pip install igraph\); --clusters kmeans"):
        leiden(nearest(points, 5))


@pytest.mark.slow
def test_umap_keeps_two_apart():
    points, axes = reduced(_two(), "umap")
    assert axes == ("UMAP 1", "UMAP 2")
    one, other = points[:30].mean(axis=0), points[30:].mean(axis=0)
    assert np.linalg.norm(one - other) > 2 * points[:30].std(axis=0).max()
