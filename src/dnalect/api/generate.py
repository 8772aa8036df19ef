"""`dnalect.generate`: sequences that a model finds likely."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa

from dnalect.api.given import options_of, reference_path
from dnalect.api.score import Shown
from dnalect.api.table import Table
from dnalect.core.reporter import using
from dnalect.genome.fasta import Reference, is_sequence
from dnalect.jobs.generate import generate as write_sequences
from dnalect.jobs.generate import table_of
from dnalect.jobs.options import GenerateOptions
from dnalect.models.model import Named


class Sequences(Table):
    """Sequences: name, sequence, length, drawn (bases that the model drew), gc (0 to 1), bits (a base, by the model).

    Attributes:
        sequences: The texts, in order.
    """

    def __init__(self, table: pa.Table):
        super().__init__(table)
        self.sequences: list[str] = self["sequence"]


def generate(
    model: Named,
    template: Reference | None = None,
    *,
    count: int = 10,
    length: int = 200,
    temperature: float = 1.0,
    seed: int = 0,
    progress: Shown = None,
    **more: Any,
) -> Sequences:
    """Draw sequences that a model finds likely: what `dnalect generate` does.

    Args:
        model: A model by name (`MODEL:SPECIES` where it reads one), folder or object.
        template: What is given: a sequence, sequences by name, or a FASTA. A causal model goes on from it; any other
            draws what is N in it, and what it lacks behind it.
        count: Sequences of each template.
        length: Bases of a sequence, the given ones included.
        temperature: 0 takes the likeliest base or word each time.
        seed: Of all that is drawn.
        progress: A Reporter; a function of a State; False for nowhere; None for a bar on a terminal.
        **more: The other options of the command, by their names here: top_k, top_p, sweeps, apart, batch, device,
            dtype.

    Returns:
        `Sequences`, a row a sequence.

    Raises:
        DnalectError: The model can't generate, or go on from a template.

    Examples:
        >>> import dnalect
        >>> found = dnalect.generate("duplex-yeast@1", "ACGTNNNNACGT", count=2, length=12, sweeps=1)
        >>> len(found), found["drawn"], found.sequences[0][:4]
        (2, [4, 4], 'ACGT')
    """
    with TemporaryDirectory() as name, using(progress):
        given = template if is_sequence(template) else reference_path(template, Path(name), "templates.fa")
        told = {"count": count, "length": length, "temperature": temperature, "seed": seed}
        options = options_of(GenerateOptions, {"model": model, "template": given, "output": "", **told, **more})
        return Sequences(table_of(write_sequences(options)))
