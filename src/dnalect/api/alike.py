"""`dnalect.map_windows`, `dnalect.similar`, `dnalect.discover`: what is alike."""

import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dnalect.alike.maps import Map as Made
from dnalect.api.given import input_path, is_path, options_of, reference_path
from dnalect.api.score import Shown
from dnalect.api.table import Table, measures_of
from dnalect.core.arrow import SUFFIXES
from dnalect.core.figures import Figure
from dnalect.core.reporter import using
from dnalect.genome.fasta import Reference
from dnalect.jobs.discover.job import discover_elements
from dnalect.jobs.discover.options import Options as DiscoverOptions
from dnalect.jobs.discover.outputs import Found as Candidates
from dnalect.jobs.map.job import check_output, make_map
from dnalect.jobs.map.options import Options as MapOptions
from dnalect.jobs.map.outputs import write_maps
from dnalect.jobs.similar.job import similar_windows
from dnalect.jobs.similar.options import Options as SimilarOptions
from dnalect.jobs.similar.outputs import Found
from dnalect.models.model import Named

# Dots an inch of a picture in a notebook.
INLINE = 72


class Map(Table):
    """Windows on a map: their places, labels, clusters, and x and y; a row each.

    Attributes:
        points: x and y of the first picture of the model (n, 2).
        vectors: Of the model (n, C) float32.
        neighbours: Rows of the nearest others of each, by cosine (n, k).
        figures: Purity and silhouette of each label, by the model and its rivals: `Figure`s, whose `chance` and `p`
            come from labels turned about.

    Examples:
        >>> import dnalect
        >>> texts = ["ACGTTGCATGACC" * 9, "GATTACA" * 20, "CCGCGGA" * 20, "ATTTTA" * 20]
        >>> labelled = {"sequence": texts, "label": [*"aabb"]}
        >>> found = dnalect.map_windows(labelled, "duplex-yeast", method="pca", clusters="none", rivals="none")
        >>> found.points.shape, found["label"]
        ((4, 2), ['a', 'a', 'b', 'b'])
    """

    def __init__(self, made: Made):
        self._made = made
        self.points: npt.NDArray[np.floating] = made.pictures[0].points
        self.vectors: npt.NDArray[np.float32] = made.vectors.values
        self.neighbours: npt.NDArray[np.int64] = made.neighbours
        self.figures: list[Figure] = list(made.figures)
        super().__init__(pa.table({**made.vectors.columns, "x": self.points[:, 0], "y": self.points[:, 1]}))

    @property
    def measures(self) -> Table:
        """The figures as a table: what each reached, with its interval and what chance gives, a row each."""
        return measures_of(self.figures)

    def write(self, *paths: str | Path) -> None:
        """Write files: .html, .png, .svg and .h5ad as `dnalect map` does, and the rows as .tsv, .csv or .parquet.

        Raises:
            OutputError: Another suffix, or a file that can't be written.
        """
        rows = [path for path in paths if Path(path).suffix in SUFFIXES]
        maps = [str(path) for path in paths if path not in rows]
        for path in maps:
            check_output(path)
        super().write(*rows)
        write_maps(maps, self._made)

    _repr_html_ = None  # type: ignore[assignment]

    def _repr_png_(self) -> bytes:
        """The pictures, in a notebook."""
        with TemporaryDirectory() as name:
            path = Path(name) / "map.png"
            write_maps([str(path)], self._made, INLINE)
            return path.read_bytes()


class Similar(Table):
    """Windows like a sequence, the most alike first: place (0-based, half-open), similarity, p, and what rivals say.

    Attributes:
        notes: What the numbers mean, in words.
    """

    def __init__(self, found: Found):
        self.notes: tuple[str, ...] = found.notes
        texts = ("contig", "strand", "gene", "region")
        whole = ("rank", "start", "end")
        columns = zip(
            found.names, zip(*found.rows, strict=True) if found.rows else [()] * len(found.names), strict=True
        )
        kinds = {name: str if name in texts else int if name in whole else float for name in found.names}
        super().__init__(pa.table({name: [kinds[name](cell) for cell in cells] for name, cells in columns}))


class Discovery(Table):
    """Candidates in a genome, the likeliest first: place (0-based, half-open) and what everybody says of each.

    The first column after the place is the model's calibrated chance.

    Attributes:
        figures: How well the model and its rivals do on windows held out of the labelled genome, and, with `known`, on
            the genome that was searched: `Figure`s.
    """

    def __init__(self, found: Candidates):
        self.figures: list[Figure] = found.figures
        contig, start, end = zip(*found.places(), strict=True)
        places = {"contig": contig, "start": start, "end": end}
        super().__init__(pa.table({**places, **found.scores}))

    @property
    def measures(self) -> Table:
        """The figures as a table: what each reached, with its interval and what chance gives, a row each."""
        return measures_of(self.figures)


def map_windows(
    inputs: Any,
    model: Named | None = None,
    *,
    reference: Reference | None = None,
    outputs: str | Path | Sequence[str | Path] = (),
    progress: Shown = None,
    **more: Any,
) -> Map:
    """Return a map of windows by a model's vectors, with clusters, beside its rivals: what `dnalect map` does.

    Args:
        inputs: What `embed` takes, or a file of vectors that it wrote (.h5ad, .parquet, .npz).
        model: A name, a folder or what `load` gave. None lets a genome choose.
        reference: The genome that places lie on.
        outputs: Files to write: .html, .png, .svg, .h5ad.
        progress: A Reporter; a function of a State; False for nowhere; None for a bar on a terminal.
        **more: The other options of the command, by their names here: annotate, colours, method, clusters, resolution,
            count, rivals, sample, neighbours, apart, permutations, seed, pool, layer, strands, window, step, labels ...

    Returns:
        The map.

    Raises:
        ConfigError: An option is wrong, or a library is missing; the message names it.
        DnalectError: Something can't be embedded.

    Examples:
        >>> import dnalect
        >>> texts = ["ACGTTGCATGACC" * 9, "GATTACA" * 20, "CCGCGGA" * 20, "ATTTTA" * 20]
        >>> given = {"sequence": texts}
        >>> found = dnalect.map_windows(given, "duplex-yeast", method="pca", clusters="none", rivals="none")
        >>> found.points.shape
        (4, 2)
    """
    with TemporaryDirectory() as name, using(progress):
        folder = Path(name)
        paths = [outputs] if isinstance(outputs, str | os.PathLike) else list(outputs)
        told = {"source": input_path(inputs, folder), "outputs": paths, "model": model, **more}
        return Map(make_map(options_of(MapOptions, {**told, "reference": reference_path(reference, folder)})))


def similar(
    genome: Reference,
    to: str | tuple[str, int, int],
    model: Named | None = None,
    *,
    outputs: str | Path | Sequence[str | Path] = (),
    progress: Shown = None,
    **more: Any,
) -> Similar:
    """Return the windows of a genome that a model finds most like a sequence: what `dnalect similar` does.

    Args:
        genome: A FASTA, what `open_genome` gave, or sequences by name.
        to: Bases, a region of the genome ("chrI:1,001-1,500", or (contig, start, end), 0-based half-open), or the path
            of a FASTA of one record.
        model: A name, a folder or what `load` gave. None lets the genome choose.
        outputs: Files to write: .tsv, .bed, .html.
        progress: A Reporter; a function of a State; False for nowhere; None for a bar on a terminal.
        **more: The other options of the command: index, space, top, annotate, window, step, pool, layer, device, dtype.

    Returns:
        The windows.

    Raises:
        DnalectError: Something can't be searched, or an option is wrong.

    Examples:
        >>> import dnalect
        >>> genome = dnalect.open_genome(dnalect.demo_files().reference)
        >>> part = {"part": str(genome["chrI"][20_000:32_000])}
        >>> found = dnalect.similar(part, ("part", 1_000, 1_400), "duplex-yeast", top=3)
        >>> len(found), found["rank"]
        (3, [1, 2, 3])
    """
    with TemporaryDirectory() as name, using(progress):
        source = reference_path(genome, Path(name))
        query = to if is_path(to) or isinstance(to, str) else f"{to[0]}:{to[1] + 1}-{to[2]}"
        told = {"source": source, "to": query, "outputs": outputs, "model": model, **more}
        return Similar(similar_windows(options_of(SimilarOptions, told)))


def discover(
    genome: Reference,
    like: Any,
    reference: Reference,
    model: Named | None = None,
    *,
    known: Any = None,
    outputs: str | Path | Sequence[str | Path] = (),
    progress: Shown = None,
    **more: Any,
) -> Discovery:
    """Return candidates in a genome that are like known elements of another: what `dnalect discover` does.

    Args:
        genome: That is searched: a FASTA, what `open_genome` gave, or sequences by name.
        like: Known elements of the other genome: a BED, or intervals (contig, start, end), 0-based half-open.
        reference: The other genome, on which they lie.
        model: A name, a folder or what `load` gave. None lets the labelled genome choose.
        known: Known elements of the genome that is searched, to measure; never learned from.
        outputs: Files to write: .bed, .tsv, .html.
        progress: A Reporter; a function of a State; False for nowhere; None for a bar on a terminal.
        **more: The other options of the command: window, step, regions, within, sample, top, rivals, seed, layer ...

    Returns:
        The candidates.

    Raises:
        InputError: Too few windows hold an element, or none of them lies on the genome.
        DnalectError: Something else can't be read, or an option is wrong.

    Examples:
        >>> import dnalect
        >>> genome = dnalect.open_genome(dnalect.demo_files().reference)
        >>> home, other = {"a": str(genome["chrI"][:60_000])}, {"b": str(genome["chrI"][60_000:90_000])}
        >>> known = [("a", 3_000 * n, 3_000 * n + 400) for n in range(1, 20)]
        >>> found = dnalect.discover(other, known, home, "duplex-yeast", rivals="none", top=3)
        >>> len(found), found.columns[:4]
        (3, ['contig', 'start', 'end', 'duplex-yeast: probe'])
    """
    with TemporaryDirectory() as name, using(progress):
        folders = [Path(name) / each for each in ("searched", "labelled")]
        for folder in folders:
            folder.mkdir()
        told = {
            "source": reference_path(genome, folders[0], "searched.fa"),
            "reference": reference_path(reference, folders[1], "labelled.fa"),
            "like": input_path(like, folders[1]),
            "known": known if known is None else input_path(known, folders[0]),
        }
        return Discovery(
            discover_elements(options_of(DiscoverOptions, {**told, "model": model, "outputs": outputs, **more}))
        )
