"""`dnalect.design_sequences`: sequences towards fine-tuned models, under constraints."""

import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa

from dnalect.api.given import input_path, options_of, reference_path
from dnalect.api.score import Shown
from dnalect.api.table import Table
from dnalect.core.figures import Figure
from dnalect.core.reporter import using
from dnalect.genome.fasta import Reference, is_sequence
from dnalect.jobs.design.job import design_file
from dnalect.jobs.design.options import Options
from dnalect.models.model import Named


class Designs(Table):
    """Designs, a row each, the best first: see docs/design-sequences.md for the columns.

    Attributes:
        sequences: The texts, in order.
        rivals: The same table of the best of each rival.
        figures: Means of designs and rivals with 95% intervals, side by side.
    """

    def __init__(self, table: pa.Table, rivals: Table, figures: list[Figure]):
        super().__init__(table)
        self.sequences: list[str] = self["sequence"]
        self.rivals, self.figures = rivals, figures


def design_sequences(
    models: Named | Sequence[Named],
    goals: str | Sequence[str],
    template: Reference | None = None,
    *,
    length: int | None = None,
    known: Any = None,
    judges: Named | Sequence[Named] = (),
    method: str = "gradient",
    calls: int = 1000,
    count: int = 10,
    seed: int = 0,
    outputs: str | Path | Sequence[str | Path] = (),
    progress: Shown = None,
    **more: Any,
) -> Designs:
    """Design sequences towards fine-tuned models: what `dnalect design` does.

    Args:
        models: Folders of fine-tuned models that goals speak of, or what `load` gave.
        goals: `OUTPUT=high`, `OUTPUT=low` or `OUTPUT=NUMBER`, one or several.
        template: What designs begin as: a sequence, sequences by name, or a FASTA; N for what is drawn.
        length: Bases of a design; None for those of the template.
        known: Sequences that are known, as a path or in memory: the nearest one is told, and they are a rival.
        judges: Fine-tuned models that the design doesn't use and that are asked at the end.
        method: "gradient", "beam" or "evolution".
        calls: Sequences that the predictors may read.
        count: Designs, at most.
        seed: Of all that is drawn.
        outputs: Files to write too: FASTA, .tsv, .csv, .parquet, .html.
        progress: A Reporter; a function of a State; False for nowhere; None for a bar on a terminal.
        **more: The other options of the command, by their names here: protect, edits, gc, keep, forbid, homopolymer,
            apart, likelihood, motifs, rivals, batch, device, dtype.

    Returns:
        `Designs`.

    Raises:
        DnalectError: No sequence keeps the constraints, or an option is wrong.

    Examples:
        A model that learns to tell sequences with many G and C from those with few designs some with many:

        >>> import random
        >>> from pathlib import Path
        >>> import dnalect
        >>> at = random.Random(0)
        >>> rows = [(at.choices("ACGT", (1, 1 + label, 1 + label, 1), k=60), label) for label in (0, 1) * 60]
        >>> lines = ["sequence,label", *("".join(bases) + f",{label}" for bases, label in rows)]
        >>> _ = Path("gc.csv").write_text("\\n".join(lines))
        >>> tuned = dnalect.finetune("gc.csv", "gc-model", "duplex-yeast", method="probe", rivals=(), progress=False)
        >>> found = dnalect.design_sequences("gc-model", "label=high", length=40, calls=100, count=2, progress=False)
        >>> len(found), min(found["gc"]) > max(found.rivals["gc"]) - 0.2, found.rivals["origin"][0]
        (2, True, 'random')
    """
    files = [outputs] if isinstance(outputs, str | os.PathLike) else list(outputs)
    with TemporaryDirectory() as name, using(progress):
        folder = Path(name)
        given = template if is_sequence(template) else reference_path(template, folder, "templates.fa")
        told = {"models": _several(models), "goals": goals, "template": given, "length": length}
        told |= {"known": None if known is None else input_path(known, folder), "judges": _several(judges)}
        told |= {"method": method, "calls": calls, "count": count, "seed": seed}
        done = design_file(options_of(Options, {**told, "outputs": files, **more}))
        rivals = done.table.slice(len(done.designs))
        return Designs(done.designs, Table(rivals), done.figures)


def _several(given: Any) -> list[Any]:
    return list(given) if isinstance(given, list | tuple) else [given]
