"""Groups of vectors that nobody named: Leiden communities of the graph of neighbours, or k-means."""

import random
from typing import Any

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import ConfigError

METHODS = ("leiden", "kmeans", "none")
ROUNDS = 10
Numbers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.floating]


def leiden(neighbours: Numbers, resolution: float = 1.0, seed: int = 1) -> Numbers:
    """Return the community (n,) of each point, from 0 on, the largest first: modularity, by igraph.

    neighbours: (n, k). Two points are tied where one is among the other's, doubly where each is. Raises ConfigError
    without igraph.
    """
    igraph = _igraph()
    graph = igraph.Graph(len(neighbours), edges(neighbours)[0].tolist())
    graph.es["weight"] = edges(neighbours)[1].tolist()
    random.seed(seed)
    igraph.set_random_number_generator(random)
    found = graph.community_leiden("modularity", weights="weight", resolution=resolution, n_iterations=ROUNDS)
    return largest_first(np.array(found.membership, dtype=np.int64))


def kmeans(points: Floats, count: int, seed: int = 1) -> Numbers:
    """Return the cluster (n,) of each point (n, K), from 0 on, the largest first: k-means of scikit-learn."""
    from sklearn.cluster import KMeans

    fit = KMeans(min(count, len(points)), n_init=10, random_state=seed).fit(points)
    return largest_first(fit.labels_.astype(np.int64))


def check_clusters(method: str) -> None:
    """Raise ConfigError for another method, or for leiden without igraph."""
    if method not in METHODS:
        raise ConfigError(f"clusters are made by one of {', '.join(METHODS)}, not {method!r}")
    if method == "leiden":
        _igraph()


def edges(neighbours: Numbers) -> tuple[Numbers, Numbers]:
    """Return the pairs (E, 2) that are tied, each once, and how often they are (E,): 1 or 2. neighbours: (n, k)."""
    rows = np.repeat(np.arange(len(neighbours)), neighbours.shape[1])
    pairs = np.sort(np.column_stack([rows, neighbours.ravel()]), axis=1)
    return np.unique(pairs, axis=0, return_counts=True)


def largest_first(labels: Numbers) -> Numbers:
    """Return labels (n,) renumbered by how many have them, the most frequent 0."""
    known, counts = np.unique(labels, return_counts=True)
    rank = np.empty(len(known), dtype=np.int64)
    rank[np.argsort(-counts, kind="stable")] = np.arange(len(known))
    return rank[np.searchsorted(known, labels)]


def _igraph() -> Any:
    try:
        import igraph
    except ImportError as error:
        raise ConfigError(
            "Leiden clusters need igraph: pip install 'dnalect[map]' (or pip install igraph); --clusters kmeans does "
            "without, and --clusters none makes none"
        ) from error
    return igraph
