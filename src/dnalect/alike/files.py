"""A map as an AnnData file: everything where scanpy looks for it."""

from pathlib import Path

import numpy as np

from dnalect.alike.maps import Map
from dnalect.alike.projection import UMAP_DISTANCE
from dnalect.alike.vectors import check_anndata

KEYS = {"pca": "X_pca", "umap": "X_umap", "tsne": "X_tsne"}


def write_map(path: Path, found: Map, colours: dict[str, dict[str, str]], facts: dict[str, str]) -> None:
    """Write X, obs (places, labels, clusters), obsm (X_pca, X_umap, X_tsne), varm PCs, obsp and uns as scanpy has them.

    path: of a temporary file. colours: label -> class -> its colour. facts: how it was made.
    Raises InputError without anndata.
    """
    check_anndata(path)
    import pandas as pd
    from anndata import AnnData
    from anndata.utils import make_index_unique

    vectors, settings = found.vectors, found.settings
    ids = [str(each) for each in vectors.columns.get("id", range(len(vectors)))]
    columns = {name: _column(cells) for name, cells in vectors.columns.items()}
    obs = pd.DataFrame(columns, index=make_index_unique(pd.Index(ids, dtype="str")))
    for name, shades in colours.items():
        obs[name] = pd.Categorical(vectors.class_names(name) or (), sorted(shades, key=_natural))
    var = pd.DataFrame(index=pd.Index([f"channel{n}" for n in range(vectors.values.shape[1])], dtype="str"))
    held = AnnData(vectors.values, obs, var)
    own = found.pictures[0].who
    for picture in found.pictures:
        if picture.who == own and picture.method != "pca":
            held.obsm[KEYS[picture.method]] = np.asarray(picture.points, dtype=np.float32)
        elif picture.who != own:
            held.obsm[f"{KEYS[picture.method]}_{_word(picture.who)}"] = np.asarray(picture.points, dtype=np.float32)
    held.obsm["X_pca"] = np.asarray(found.principal.points, dtype=np.float32)
    held.varm["PCs"] = np.asarray(found.principal.axes, dtype=np.float32)
    held.uns["pca"] = {
        "params": {"zero_center": True, "use_highly_variable": False},
        "variance": found.principal.variance,
        "variance_ratio": found.principal.share,
    }
    _neighbours(held, found)
    if "umap" in settings.methods:
        held.uns["umap"] = {"params": {"min_dist": UMAP_DISTANCE, "random_state": settings.seed}}
    if found.clusters == "leiden":
        held.uns["leiden"] = {"params": {"resolution": settings.resolution, "random_state": settings.seed}}
    for name, shades in colours.items():
        held.uns[f"{name}_colors"] = np.array([shades[each] for each in held.obs[name].cat.categories])
    held.uns["dnalect"] = dict(facts)
    names = ("label", "class", "who", "metric", "n", "value", "low", "high", "by_chance", "p")
    rows = [(f.task, f.part, f.who, f.metric, f.n, *f.value, f.chance, f.p) for f in found.figures]
    if rows:
        held.uns["dnalect_purity"] = pd.DataFrame(dict(zip(names, zip(*rows, strict=True), strict=True)))
    held.write_h5ad(path)


def _neighbours(held: object, found: Map) -> None:
    """The graph as scanpy's `neighbors` leaves it: connectivities of 0.5 for one way and 1 for both."""
    from scipy.sparse import csr_matrix

    count, k = found.neighbours.shape
    rows = np.repeat(np.arange(count), k)
    one = csr_matrix((np.ones(count * k, dtype=np.float32), (rows, found.neighbours.ravel())), shape=(count, count))
    points = found.principal.points
    length = np.maximum(np.linalg.norm(points, axis=1, keepdims=True), 1e-12)
    own = points / length
    away = 1 - np.einsum("nk,nk->n", own[rows], own[found.neighbours.ravel()])
    apart = csr_matrix(
        (np.maximum(away, 1e-7).astype(np.float32), (rows, found.neighbours.ravel())), shape=(count, count)
    )
    held.obsp["connectivities"], held.obsp["distances"] = (one + one.T) / 2, apart  # type: ignore[attr-defined]
    held.uns["neighbors"] = {  # type: ignore[attr-defined]
        "connectivities_key": "connectivities",
        "distances_key": "distances",
        "params": {"n_neighbors": k + 1, "method": "exact", "metric": "cosine", "use_rep": "X_pca"},
    }


def _column(cells: list[object]) -> list[object]:
    """All text, or all numbers."""
    if any(isinstance(cell, str) for cell in cells):
        return ["" if cell is None else str(cell) for cell in cells]
    return [np.nan if cell is None else cell for cell in cells]


def _natural(text: str) -> tuple[int, int | str]:
    return (0, int(text)) if text.isdigit() else (1, text)


def _word(text: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in text)
