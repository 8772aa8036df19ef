"""A map of embeddings: a dot a window, in two dimensions."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dnalect.alike.projection import NAMES, reduced
from dnalect.alike.vectors import PLAIN
from dnalect.core.errors import ConfigError
from dnalect.report.scatter import draw_map

Floats = npt.NDArray[np.float32]


def plot_vectors(vectors: Floats, table: pa.Table, path: Path, method: str = "pca", colour: str | None = None) -> None:
    """Draw a map of vectors (n, C) as PNG.

    table: their places and labels. method: "pca", "tsne" or "umap" (which needs umap-learn). colour:
    the column that colours the dots, None for the first label, if there is one. Raises ConfigError
    for a missing column.
    """
    labels = [name for name in table.column_names if name not in PLAIN]
    colour = colour or (labels[0] if labels else None)
    if colour and colour not in table.column_names:
        raise ConfigError(f"there is no column {colour!r}; there are {', '.join(table.column_names)}")
    points, axes = reduced(vectors, method)
    title = f"{NAMES[method]} of {len(vectors):,} vectors"
    draw_map(points, axes, title, path, colour or "", table[colour].to_pylist() if colour else ())


def matrix(column: pa.FixedSizeListArray) -> Floats:
    """Return a column of vectors as (n, C)."""
    return np.asarray(column.flatten().to_numpy(), dtype=np.float32).reshape(-1, column.type.list_size)
