"""`dnalect.embed`: sequences, windows, intervals or alleles as vectors."""

import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, overload

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from dnalect.api.given import input_path, is_path, options_of, reference_path
from dnalect.api.score import Shown
from dnalect.api.table import Table
from dnalect.core.errors import ConfigError
from dnalect.core.reporter import using
from dnalect.examples.items import VECTORS
from dnalect.genome.fasta import Reference
from dnalect.inference.embed import embed as embed_sequences
from dnalect.jobs.embed.job import embed_file
from dnalect.jobs.embed.map import matrix, plot_vectors
from dnalect.jobs.embed.options import Options
from dnalect.models.model import Named

Floats = npt.NDArray[np.float32]
STRANDS = {1: 1, 2: 2, "forward": 1, "both": 2}


class Embeddings(Table):
    """Windows with their places, what the input says of them, and their vectors. The columns are places and labels.

    Attributes:
        vectors: (n, C) float32; with pool="base" a list of n arrays (L, C).

    Examples:
        >>> import dnalect
        >>> genome = dnalect.open_genome(dnalect.demo_files().reference)
        >>> found = dnalect.embed("duplex-yeast", [("chrI", 0, 200), ("chrI", 200, 400)], reference=genome)
        >>> found.vectors.shape, found["start"]
        ((2, 256), [0, 200])
    """

    def __init__(self, table: pa.Table):
        column = table[VECTORS].combine_chunks()
        if pa.types.is_fixed_size_list(column.type):
            self.vectors: Floats | list[Floats] = matrix(column)
        else:
            self.vectors = [matrix(each.values) for each in column]
        super().__init__(table.drop_columns([VECTORS]))

    def plot(self, path: str | Path, method: str = "pca", colour: str | None = None) -> None:
        """Draw a map of the vectors in two dimensions as PNG.

        Args:
            path: The PNG.
            method: "pca", "tsne" or "umap" (which needs umap-learn).
            colour: The column that colours the dots; None for the first label, if there is one.

        Raises:
            ConfigError: There is no such column or method, or the vectors are of bases.
        """
        if isinstance(self.vectors, list):
            raise ConfigError("a map has a dot a window, and here is a vector a base: embed with another pool")
        plot_vectors(self.vectors, self.to_arrow(), Path(path), method, colour)

    def __array__(self, dtype: Any = None, copy: Any = None) -> npt.NDArray[Any]:
        return np.asarray(self.vectors, dtype=dtype)


@overload
def embed(
    model: Named,
    inputs: list[str] | tuple[str, ...],
    pool: str = ...,
    layer: int | None = ...,
    strands: Any = ...,
    batch: int | None = ...,
    quiet: bool = ...,
) -> Floats: ...
@overload
def embed(model: Named | None, inputs: Any, pool: str = ..., **options: Any) -> Any: ...
def embed(
    model: Named | None,
    inputs: Any,
    pool: str = "mean",
    layer: int | None = None,
    strands: int | str = 1,
    batch: int | None = None,
    quiet: bool = False,
    *,
    reference: Reference | None = None,
    outputs: str | Path | Sequence[str | Path] = (),
    progress: Shown = None,
    **more: Any,
) -> Floats | Embeddings:
    """Return the vectors that a model has for sequences, or for the windows of files: what `dnalect embed` does.

    Args:
        model: A name, a folder or what `load` gave. None lets a genome choose.
        inputs: Sequences as text, one or a list, give an array. The path of a FASTA, BED, VCF or
            table, intervals (contig, start, end), 0-based half-open, variants (contig, position
            from 1, ref, alt), sequences by name or a data frame give `Embeddings`, which know
            their places and labels.
        pool: "mean", "max", "mean-max", "summary", or of files "base", a vector for every base.
            [What they mean](embed.md).
        layer: 0 for the embedding, 1 and on for what comes after that layer, None for the last,
            after its norm.
        strands: 1 or "forward"; 2 or "both" for the mean with the reverse complement.
        batch: Most sequences in one pass; None for as many as fit its budget of tokens.
        quiet: No progress.
        reference: The genome that places lie on: a FASTA, what `open_genome` gave, or sequences by name.
        outputs: Files to write too: .parquet, .h5ad, .npz.
        progress: A Reporter; a function of a State; False for nowhere; None for a bar on a terminal.
        **more: The other options of the command, by their names here: window, step, labels, rename, device, dtype.

    Returns:
        Of plain sequences an array (n, C) float32, (n, 2 C) for "mean-max", in their order; of all else `Embeddings`.

    Raises:
        DnalectError: Something can't be embedded, or an option is wrong.

    Examples:
        >>> import dnalect
        >>> model = dnalect.load("duplex-yeast")
        >>> dnalect.embed(model, ["ACGTTGCATGACC" * 20, "GATTACA" * 30]).shape
        (2, 256)
    """
    if strands not in STRANDS:
        raise ConfigError(f"strands are 1 or 2, 'forward' or 'both', not {strands!r}")
    ways = STRANDS[strands]
    plain = isinstance(inputs, str) and not is_path(inputs)
    plain |= isinstance(inputs, list | tuple) and all(isinstance(each, str) for each in inputs)
    shown = False if quiet else progress
    if plain and model is not None and not (reference or outputs or more or pool == "base"):
        with using(shown):
            return embed_sequences(model, inputs, pool, layer, ways, batch, quiet)
    paths = [outputs] if isinstance(outputs, str | os.PathLike) else list(outputs)
    with TemporaryDirectory() as name, using(shown):
        folder = Path(name)
        kept = folder / "embeddings.parquet"
        told: dict[str, Any] = {"source": input_path(inputs, folder), "outputs": [kept, *paths]}
        told |= {"model": model, "pool": pool, "layer": layer, "strands": ways, "batch": batch}
        embed_file(options_of(Options, {**told, "reference": reference_path(reference, folder), **more}))
        return Embeddings(pq.read_table(kept))
