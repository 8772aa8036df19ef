"""`dnalect.mutagenesis`: every substitution of a sequence and what a model makes of it (in-silico mutagenesis)."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dnalect.api.score import Shown
from dnalect.api.table import Table
from dnalect.core.errors import InputError
from dnalect.core.reporter import using
from dnalect.genome.fasta import Genome, Reference, open_genome
from dnalect.genome.regions import Region, read_regions
from dnalect.models.load import load
from dnalect.models.model import Named
from dnalect.tokens.bases import BASES, decode, encode
from dnalect.why.subject import Subject
from dnalect.why.substitutions import effects_of

Floats = npt.NDArray[np.float32]


class Mutagenesis(Table):
    """What each substitution of L bases changes: a row a base, with contig, position (from 1), ref, A, C, G, T.

    Attributes:
        effects: (L, 4) float32 in A, C, G, T order, 0 for the base that is there and NaN at an N.
        sequence: The L bases.
        unit: Of the effects, in words.
    """

    def __init__(self, genome: Genome, region: Region, effects: Floats, unit: str):
        codes = encode(genome.fetch(region.contig, region.start, region.end))
        self.sequence, self.effects, self.unit = decode(codes), effects, unit
        columns = {
            "contig": [genome.names[region.contig]] * len(codes),
            "position": np.arange(region.start + 1, region.end + 1),
            "ref": list(self.sequence),
            **{base: effects[:, n] for n, base in enumerate(BASES)},
        }
        super().__init__(pa.table(columns))


def mutagenesis(
    model: Named,
    reference: Reference,
    region: str | None = None,
    *,
    output: str | None = None,
    batch: int | None = None,
    device: str = "cpu",
    dtype: str = "float32",
    progress: Shown = None,
) -> Mutagenesis:
    """Change every base to every other one, and return what each change does (in-silico mutagenesis).

    Of a language model an effect is ln p(base) - ln p(the base that is there), in nats, as `score`
    has it for SNVs; of a fine-tuned predictor it is the prediction with the change less that without: a
    signal in its own unit, classes and tracks as log-odds.

    Args:
        model: By name, folder or object.
        reference: One sequence as text, or a genome (FASTA, open, or sequences by name).
        region: `chrI:1,001-1,200` of it (from 1, ends inside); the bases around are read too. None for
            the only contig.
        output: Which one, of a predictor with several.
        batch: Windows in one pass; None for the model's own.
        device: As torch names it, of a model given by name.
        dtype: "float32" or "bfloat16".
        progress: A Reporter; a function of a State; False for nowhere; None for a bar on a terminal.

    Returns:
        The effects (L, 4), with the places of the bases.

    Raises:
        ConfigError: `output` doesn't say which one.
        InputError: `region` doesn't say which part, or isn't in the genome.

    Examples:
        >>> import dnalect
        >>> genome = dnalect.open_genome(dnalect.demo_files().reference)
        >>> found = dnalect.mutagenesis("duplex-yeast", genome, "chrI:10,001-10,050")
        >>> found.effects.shape, found.unit
        ((50, 4), 'nats, ln p(base) - ln p(ref)')
        >>> found["position"][:2], found["ref"][:2]
        ([10001, 10002], ['G', 'A'])
    """
    genome = open_genome(reference)
    if region is None and len(genome) > 1:
        raise InputError(f"say which part of {genome.path.name}: region='{genome.names[0]}:1-200'")
    found = read_regions(genome, [region or genome.names[0]])
    if len(found) != 1:
        raise InputError(f"one region at a time, and {region} holds {len(found)}")
    subject = Subject(load(model, device, dtype), genome, found[0], output=output, batch=batch)
    with using(progress):
        effects = effects_of(subject)
    return Mutagenesis(genome, found[0], effects.effects, effects.unit)
