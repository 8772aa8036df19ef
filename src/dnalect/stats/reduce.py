"""Vectors of many channels in two dimensions, for a picture: PCA, t-SNE, UMAP."""

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import ConfigError, InputError

METHODS = ("pca", "tsne", "umap")
NAMES = {"pca": "PCA", "tsne": "t-SNE", "umap": "UMAP"}
# Channels that t-SNE and UMAP start from, and rows that t-SNE is given at most: it grows with their square.
COMPONENTS, MOST = 50, 20_000
Floats = npt.NDArray[np.floating]


def reduced(vectors: Floats, method: str = "pca", seed: int = 1) -> tuple[Floats, tuple[str, str]]:
    """Return n points (n, 2) and what the axes show.

    vectors: (n, C), each channel standardised first. t-SNE and UMAP begin with 50 principal components.
    Raises ConfigError for another method, or umap without umap-learn; InputError for fewer than four rows.
    """
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    if method not in METHODS:
        raise ConfigError(f"a map is made by one of {', '.join(METHODS)}, not {method!r}")
    if len(vectors) < 4:
        raise InputError(f"a map needs at least four vectors, and here are {len(vectors)}")
    spread = vectors.std(axis=0)
    scaled = (vectors - vectors.mean(axis=0))[:, spread > 0] / spread[spread > 0]
    if not scaled.shape[1]:
        raise InputError("all vectors are the same: there is nothing to draw")
    pca = PCA(max(2, min(COMPONENTS, *scaled.shape)) if min(scaled.shape) > 1 else 1, random_state=seed).fit(scaled)
    start = pca.transform(scaled)
    if method == "pca":
        points = start[:, :2] if start.shape[1] > 1 else np.column_stack([start, np.zeros(len(start))])
        shares = [*pca.explained_variance_ratio_, 0.0]
        return points, (f"PC1 ({shares[0]:.0%} of the variance)", f"PC2 ({shares[1]:.0%})")
    if method == "tsne":
        if len(start) > MOST:
            raise InputError(
                f"t-SNE of {len(start):,} vectors takes too long: take pca or umap, or fewer than {MOST:,}"
            )
        perplexity = min(30.0, (len(start) - 1) / 3)
        return TSNE(2, perplexity=perplexity, init="pca", random_state=seed).fit_transform(start), (
            "t-SNE 1",
            "t-SNE 2",
        )
    try:
        from umap import UMAP  # type: ignore[import-not-found]
    except ImportError as error:
        raise ConfigError("UMAP needs umap-learn: pip install umap-learn; pca and tsne do without") from error
    return UMAP(n_neighbors=min(15, len(start) - 1), random_state=seed).fit_transform(start), ("UMAP 1", "UMAP 2")
