"""`dnalect.predict`: what a fine-tuned model says of sequences, windows or a genome."""

import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow.parquet as pq

from dnalect.api.given import input_path, options_of, reference_path
from dnalect.api.score import Shown
from dnalect.api.table import Table
from dnalect.core.reporter import using
from dnalect.genome.fasta import Reference
from dnalect.jobs.predict.job import Options, predict_file
from dnalect.models.registry import Named


class Predictions(Table):
    """Predictions: a row a sequence, with its place, and a column for each thing that the model predicts.

    predicted: the names of these columns.
    """

    predicted: tuple[str, ...] = ()


def predict(
    model: Named,
    inputs: Any,
    *,
    reference: Reference | None = None,
    window: int | None = None,
    step: int | None = None,
    outputs: str | Path | Sequence[str | Path] = (),
    progress: Shown = None,
    **more: Any,
) -> Predictions:
    """Predict with a fine-tuned model: what `dnalect predict` does.

    model: its folder, or what `load` gave. inputs: the path of a FASTA, BED or table; sequences
    as text, one, a list, or a dict by name; intervals (contig, start, end), 0-based half-open; a
    data frame with a column sequence, or chrom, start and end. reference: the genome that places
    lie on. window, step: tiles of a FASTA or of intervals, in bases. outputs: files to write too
    (.tsv, .bed, .bw, .parquet). more: labels, track, raw, rename, batch, device, dtype.
    Raises a DnalectError for what can't be predicted.
    """
    paths = [outputs] if isinstance(outputs, str | os.PathLike) else list(outputs)
    with TemporaryDirectory() as name, using(progress):
        folder = Path(name)
        told = {"reference": reference_path(reference, folder), "window": window, "step": step}
        options = options_of(Options, {**told, "quiet": progress is False, **more})
        kept = folder / "predictions.parquet"
        done = predict_file(model, input_path(inputs, folder), [str(kept), *map(str, paths)], options)
        found = Predictions(pq.read_table(kept))
        found.predicted = done.columns
        return found
