"""A map out: an interactive page, a picture, AnnData."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dnalect.alike.files import write_map
from dnalect.alike.maps import Map, verdicts
from dnalect.alike.vectors import is_numbers
from dnalect.core.files import written_together
from dnalect.report.atlas import Atlas, Picture, write_atlas
from dnalect.report.colours import shades
from dnalect.report.scatter import Dots, draw_maps


def write_maps(outputs: Sequence[str], found: Map, labels: Sequence[str]) -> None:
    """Write every output, together. labels: columns that colour the map, the first that of pictures."""
    named = {name: found.vectors.class_names(name) for name in _columns(found, labels)}
    classes = {name: names for name, names in named.items() if names is not None}
    with written_together() as files:
        for output in outputs:
            path = files.place(Path(output))
            if output.endswith(".html"):
                write_atlas(path, _atlas(found, labels, classes))
            elif output.endswith(".h5ad"):
                write_map(path, found, {name: shades(cells) for name, cells in classes.items()}, found.vectors.facts)
            else:
                draw_maps(_panels(found, labels, classes), path, output.rpartition(".")[2])


def _columns(found: Map, labels: Sequence[str]) -> list[str]:
    """The columns that a reader may colour by: the labels first, then the clusters, then the others."""
    return list(dict.fromkeys([*labels, *([found.clusters] if found.clusters else []), *found.vectors.labels]))


def _atlas(found: Map, labels: Sequence[str], classes: dict[str, list[str]]) -> Atlas:
    vectors = found.vectors
    columns = vectors.columns
    numbers = {
        name: np.array([np.nan if cell in (None, "") else cell for cell in columns[name]], dtype=np.float64)
        for name in _columns(found, labels)
        if name not in classes and is_numbers(columns[name])
    }
    # Names of genes and the like colour nothing, and are told on hover.
    told = {
        name: [str(cell or "") for cell in columns[name]]
        for name in _columns(found, labels)
        if name not in classes and name not in numbers
    }
    pictures = [Picture(each.who, each.method, each.points, each.axes) for each in found.views]
    title = f"A map of {len(vectors):,} windows by {found.views[0].who}"
    known = verdicts(found), vectors.loci(), pictures, classes, numbers, told
    return Atlas(title, *known, found.figures, vectors.facts)


def _panels(found: Map, labels: Sequence[str], classes: dict[str, list[str]]) -> list[Dots]:
    """The model's map by the first label and by cluster, then the rivals' by the label."""
    first = [each for each in found.views if each.method == found.views[0].method]
    out = []
    for view in first:
        clusters = [found.clusters] if found.clusters and view is first[0] else []
        for name in [*(labels[:1] or [""]), *clusters]:
            cells = classes.get(name) or (list(found.vectors.columns[name]) if name else [])
            out.append(Dots(view.points, view.axes, view.who, name, cells))
    return out
