"""A map out: an interactive page, a picture, AnnData."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dnalect.alike.files import write_map
from dnalect.alike.maps import Map, verdicts
from dnalect.alike.vectors import is_numbers
from dnalect.core.files import written_together
from dnalect.report.atlas import Atlas, write_atlas
from dnalect.report.colours import shades
from dnalect.report.plots import DPI
from dnalect.report.scatter import Dots, draw_maps


def write_maps(outputs: Sequence[str], found: Map, dpi: int = DPI) -> None:
    """Write every output, together. dpi: of a PNG."""
    named = {name: found.vectors.class_names(name) for name in _columns(found)}
    classes = {name: names for name, names in named.items() if names is not None}
    with written_together() as files:
        for output in outputs:
            path = files.place(Path(output))
            if output.endswith(".html"):
                write_atlas(path, _atlas(found, classes))
            elif output.endswith(".h5ad"):
                write_map(path, found, {name: shades(cells) for name, cells in classes.items()}, found.vectors.facts)
            else:
                draw_maps(_panels(found, classes), path, output.rpartition(".")[2], dpi)


def _columns(found: Map) -> list[str]:
    """The columns that a reader may colour by: the labels first, then the clusters, then the others."""
    return list(dict.fromkeys([*found.labels, *([found.clusters] if found.clusters else []), *found.vectors.labels]))


def _atlas(found: Map, classes: dict[str, list[str]]) -> Atlas:
    vectors = found.vectors
    columns = vectors.columns
    numbers = {
        name: np.array([np.nan if cell in (None, "") else cell for cell in columns[name]], dtype=np.float64)
        for name in _columns(found)
        if name not in classes and is_numbers(columns[name])
    }
    # Names of genes and the like colour nothing, and are told on hover.
    told = {
        name: [str(cell or "") for cell in columns[name]]
        for name in _columns(found)
        if name not in classes and name not in numbers
    }
    title = f"A map of {len(vectors):,} windows by {found.pictures[0].who}"
    known = verdicts(found), vectors.loci(), found.pictures, classes, numbers, told
    return Atlas(title, *known, found.figures, vectors.facts)


def _panels(found: Map, classes: dict[str, list[str]]) -> list[Dots]:
    """The model's map by the first label and by cluster, then the rivals' by the label."""
    first = [each for each in found.pictures if each.method == found.pictures[0].method]
    out = []
    for picture in first:
        clusters = [found.clusters] if found.clusters and picture is first[0] else []
        for name in [*(found.labels[:1] or [""]), *clusters]:
            cells = classes.get(name) or (list(found.vectors.columns[name]) if name else [])
            out.append(Dots(picture.points, picture.axes, picture.who, name, cells))
    return out
