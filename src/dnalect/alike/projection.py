"""Vectors of many channels in few: principal components, and two dimensions for a picture (PCA, t-SNE, UMAP)."""

import importlib.util
import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import ConfigError, InputError

METHODS = ("pca", "tsne", "umap")
NAMES = {"pca": "PCA", "tsne": "t-SNE", "umap": "UMAP"}
NO_UMAP = "UMAP needs umap-learn: pip install 'dnalect[map]' (or pip install umap-learn); pca and tsne do without"
# Channels that t-SNE, UMAP and neighbours start from, and rows that t-SNE is given at most: it grows with their square.
COMPONENTS, MOST = 50, 20_000
UMAP_NEIGHBOURS, UMAP_DISTANCE = 15, 0.1
Floats = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Principal:
    """Principal components of standardised channels.

    points: (n, K). axes: (C, K), 0 for a channel that does not vary. variance, share: (K,), of all that varies.
    """

    points: Floats
    axes: Floats
    variance: Floats
    share: Floats


def principal(vectors: Floats, most: int = COMPONENTS, seed: int = 1) -> Principal:
    """Return up to `most` principal components of vectors (n, C), each channel standardised first.

    Raises InputError for fewer than four rows, or where all are the same.
    """
    from sklearn.decomposition import PCA

    if len(vectors) < 4:
        raise InputError(f"a map needs at least four vectors, and here are {len(vectors)}")
    spread = vectors.std(axis=0)
    varies = spread > 0
    scaled = (vectors - vectors.mean(axis=0))[:, varies] / spread[varies]
    if not scaled.shape[1]:
        raise InputError("all vectors are the same: there is nothing to draw")
    pca = PCA(max(1, min(most, *scaled.shape)), random_state=seed).fit(scaled)
    axes = np.zeros((vectors.shape[1], pca.n_components_))
    axes[varies] = pca.components_.T
    return Principal(pca.transform(scaled), axes, pca.explained_variance_, pca.explained_variance_ratio_)


def planar(found: Principal, method: str = "pca", seed: int = 1) -> tuple[Floats, tuple[str, str]]:
    """Return n points (n, 2) and what the axes show. t-SNE and UMAP begin with the principal components.

    Raises ConfigError for another method, or umap without umap-learn; InputError for t-SNE of more than 20,000.
    """
    if method not in METHODS:
        raise ConfigError(f"a map is made by one of {', '.join(METHODS)}, not {method!r}")
    start = found.points
    if method == "pca":
        points = start[:, :2] if start.shape[1] > 1 else np.column_stack([start, np.zeros(len(start))])
        shares = [*found.share, 0.0]
        return points, (f"PC1 ({shares[0]:.0%} of the variance)", f"PC2 ({shares[1]:.0%})")
    axes = f"{NAMES[method]} 1", f"{NAMES[method]} 2"
    return (_tsne(start, seed) if method == "tsne" else _umap(start, seed)), axes


def reduced(vectors: Floats, method: str = "pca", seed: int = 1) -> tuple[Floats, tuple[str, str]]:
    """Return n points (n, 2) of vectors (n, C) and what the axes show: `planar` of their `principal` components."""
    if method not in METHODS:
        return planar(Principal(*[np.zeros((0, 0))] * 4), method)
    return planar(principal(vectors, seed=seed), method, seed)


def check_method(method: str) -> None:
    """Raise ConfigError where a method needs what is not installed."""
    if method == "umap" and importlib.util.find_spec("umap") is None:
        raise ConfigError(NO_UMAP)


def _tsne(start: Floats, seed: int) -> Floats:
    from sklearn.manifold import TSNE

    if len(start) > MOST:
        raise InputError(f"t-SNE of {len(start):,} vectors takes too long: take pca or umap, or fewer than {MOST:,}")
    perplexity = min(30.0, (len(start) - 1) / 3)
    begin = "pca" if start.shape[1] > 1 else "random"
    return np.asarray(TSNE(2, perplexity=perplexity, init=begin, random_state=seed).fit_transform(start))


def _umap(start: Floats, seed: int) -> Floats:
    near = min(UMAP_NEIGHBOURS, len(start) - 1)
    made = _umap_class()(n_neighbors=near, min_dist=UMAP_DISTANCE, metric="cosine", random_state=seed, n_jobs=1)
    return np.asarray(made.fit_transform(start))


def _umap_class() -> type:
    check_method("umap")
    with warnings.catch_warnings():
        # It warns that there is no Tensorflow, which it needs for another kind of UMAP.
        warnings.simplefilter("ignore")
        from umap import UMAP
    return UMAP  # type: ignore[no-any-return]
