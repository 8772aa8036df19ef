"""A map of vectors: two dimensions, neighbours, clusters, and how far labels lie together, beside the rivals' maps.

Shapes: n windows, C channels, K principal components, k neighbours.
"""

import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from dnalect.alike.clusters import check_clusters, kmeans, leiden
from dnalect.alike.neighbours import APART, NEIGHBOURS, nearest, unit
from dnalect.alike.projection import Principal, check_method, planar, principal
from dnalect.alike.purity import MEAN, PERMUTATIONS, separations
from dnalect.alike.vectors import Vectors, classes_of
from dnalect.core.figures import Figure, plain
from dnalect.core.reporter import Phase, phase, say, warn
from dnalect.core.views import Picture

Singles = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int64]
# UMAP compiles itself for half a minute, in which t-SNE has drawn as many.
FEW = 2_000


@dataclass(frozen=True)
class Settings:
    """How a map is made. methods: pca, tsne, umap. clusters: leiden, kmeans, none; count: of k-means."""

    methods: tuple[str, ...] = ("pca",)
    clusters: str = "leiden"
    resolution: float = 1.0
    count: int = 10
    neighbours: int = NEIGHBOURS
    apart: int = APART
    permutations: int = PERMUTATIONS
    seed: int = 1


@dataclass(frozen=True, eq=False)
class Map:
    """What `made` found.

    vectors: with the column of the clusters, where there are any. principal, neighbours (n, k): of the model's
    vectors. pictures: the model's, one a method, then the rivals'. figures: purity and silhouette of each label that
    names classes. labels: the columns that colour it. notes: what was left out, in words.
    """

    vectors: Vectors
    principal: Principal
    neighbours: Numbers
    pictures: tuple[Picture, ...]
    figures: tuple[Figure, ...]
    settings: Settings
    labels: tuple[str, ...] = ()
    clusters: str = ""
    notes: tuple[str, ...] = ()


def chosen(method: str | None, clusters: str | None, rows: int = 0) -> tuple[str, str]:
    """Return the method and the clusters that are asked for; of what is not, the best that is installed for these rows.

    Raises ConfigError where a library is missing.
    """
    there = {name: importlib.util.find_spec(name) is not None for name in ("umap", "igraph")}
    if not (there["umap"] or method) or not (there["igraph"] or clusters):
        say("pip install 'dnalect[map]' brings UMAP and Leiden clusters")
    method = method or ("umap" if there["umap"] and rows > FEW else "tsne")
    clusters = clusters or ("leiden" if there["igraph"] else "none")
    check_method(method)
    check_clusters(clusters)
    return method, clusters


def made(vectors: Vectors, who: str, rivals: Mapping[str, Singles], labels: Sequence[str], settings: Settings) -> Map:
    """Return the map of vectors. who: made them. rivals: name -> vectors (n, F). labels: columns to test.

    All are standardised by channel and cut to 50 principal components; neighbours are by cosine there. Raises
    InputError for fewer than four vectors or equal ones, ConfigError for a column or a library that is missing.
    """
    cells = {label: vectors.column(label) for label in labels}
    classes = {label: known for label, each in cells.items() if (known := classes_of(each)) is not None}
    notes = [
        f"{label} names no classes, so it colours the map and has no purity" for label in labels if label not in classes
    ]
    spaces = {who: vectors.values, **rivals}
    steps = len(spaces) * (1 + len(settings.methods)) + 1 + len(classes)
    with phase("mapping", steps, "steps") as bar:
        components: dict[str, Principal] = {}
        pictures: list[Picture] = []
        for name, each in spaces.items():
            components[name] = principal(each, seed=settings.seed)
            for method in settings.methods:
                bar.update()
                pictures.append(Picture(name, method, *planar(components[name], method, settings.seed)))
            bar.update()
        own = nearest(unit(components[who].points), settings.neighbours)
        column, clusters = _clustered(components[who], own, settings)
        bar.update()
        figures = list(_tested(vectors, classes, components, settings, bar))
    columns = {**vectors.columns, **({column: clusters} if column else {})}
    every = replace(vectors, columns=columns)
    return Map(
        every, components[who], own, tuple(pictures), tuple(figures), settings, tuple(labels), column, tuple(notes)
    )


def _clustered(found: Principal, neighbours: Numbers, settings: Settings) -> tuple[str, list[str]]:
    if settings.clusters == "none":
        return "", []
    if settings.clusters == "leiden":
        labels = leiden(neighbours, settings.resolution, settings.seed)
    else:
        labels = kmeans(unit(found.points), settings.count, settings.seed)
    return settings.clusters, [str(each) for each in labels.tolist()]


def _tested(
    vectors: Vectors,
    classes: Mapping[str, tuple[list[str], Numbers]],
    found: Mapping[str, Principal],
    settings: Settings,
    bar: Phase,
) -> Iterator[Figure]:
    if not classes:
        return
    where = vectors.where()
    spaces = {}
    for name, each in found.items():
        points = unit(each.points)
        spaces[name] = (points, nearest(points, settings.neighbours, where, settings.apart))
    if not next(iter(spaces.values()))[1].shape[1]:
        warn(f"no window has neighbours more than {settings.apart:,} bases away: no purity (lower --apart)")
        return
    for label, (names, numbers) in classes.items():
        yield from separations(label, names, numbers, spaces, where, settings.permutations, settings.seed)
        bar.update()


def verdicts(found: Map) -> list[str]:
    """Return a sentence a label: how pure neighbourhoods are, by chance, and by the rivals."""
    out = []
    for figure in found.figures:
        if figure.part != MEAN or figure.who != found.pictures[0].who:
            continue
        if figure.against and figure.against != next((f.against for f in found.figures if f.against), ""):
            continue
        others = [f for f in found.figures if (f.task, f.part, f.metric) == (figure.task, MEAN, figure.metric)]
        rest = "".join(f"; {f.who} {plain(f.value.mean, 2)}" for f in others if f.who != figure.who)
        out.append(
            f"{figure.task}: {figure.metric} {plain(figure.value.mean, 2)} "
            f"(labels turned about: {plain(figure.chance, 2)}, p {figure.p:.2g}{rest})"
        )
    return out
