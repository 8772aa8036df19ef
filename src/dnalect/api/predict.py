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
from dnalect.jobs.predict.job import predict_file
from dnalect.jobs.predict.options import Options
from dnalect.models.model import Named


class Predictions(Table):
    """Predictions: a row a sequence, with its place, and a column for each thing that the model predicts.

    Attributes:
        predicted: The names of these columns.
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

    Args:
        model: Its folder, or what `load` gave.
        inputs: The path of a FASTA, BED or table; sequences as text, one, a list, or a dict by name;
            intervals (contig, start, end), 0-based half-open; a data frame with a column sequence, or
            chrom, start and end.
        reference: The genome that places lie on.
        window: Bases of the tiles of a FASTA or of intervals; None for whole ones.
        step: Bases from one tile to the next.
        outputs: Files to write too: .tsv, .bed, .bw, .parquet.
        progress: A Reporter; a function of a State; False for nowhere; None for a bar on a terminal.
        **more: The other options of the command, by their names here: beside (signals, `NAME=FILE`, for a model
            that was tuned with some), labels, track, raw, rename, batch, device, dtype.

    Returns:
        `Predictions`, in the order of the inputs.

    Raises:
        DnalectError: Something can't be predicted, or an option is wrong.

    Examples:
        A model that learns to tell sequences with many G and C from those with few:

        >>> import random
        >>> from pathlib import Path
        >>> import dnalect
        >>> at = random.Random(0)
        >>> rows = [(at.choices("ACGT", (1, 1 + label, 1 + label, 1), k=60), label) for label in (0, 1) * 60]
        >>> lines = ["sequence,label", *("".join(bases) + f",{label}" for bases, label in rows)]
        >>> _ = Path("gc.csv").write_text("\\n".join(lines))
        >>> tuned = dnalect.finetune("gc.csv", "gc-model", "duplex-yeast", method="probe", rivals=(), progress=False)
        >>> found = dnalect.predict("gc-model", {"rich": "GC" * 30, "poor": "AT" * 30}, progress=False)
        >>> found["id"], [round(chance, 1) for chance in found["label"]], found["label.predicted"]
        (['rich', 'poor'], [1.0, 0.0], ['1', '0'])
    """
    paths = [outputs] if isinstance(outputs, str | os.PathLike) else list(outputs)
    with TemporaryDirectory() as name, using(progress):
        folder = Path(name)
        kept = folder / "predictions.parquet"
        told: dict[str, Any] = {"given": input_path(inputs, folder), "model": model, "outputs": [kept, *paths]}
        told |= {"reference": reference_path(reference, folder), "window": window, "step": step}
        done = predict_file(options_of(Options, {**told, **more}))
        found = Predictions(pq.read_table(kept))
        found.predicted = done.columns
        return found
