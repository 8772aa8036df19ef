"""What a question is about, out of texts and numbers that anybody may have typed."""

from dnalect.core.errors import InputError
from dnalect.genome.fasta import Genome, genome_of
from dnalect.genome.regions import Region
from dnalect.models.model import Model
from dnalect.why.subject import Subject


def genome_from(sequence: str) -> Genome:
    """Return a sequence as a genome of one contig. Raises InputError for what is none."""
    if not isinstance(sequence, str):
        raise InputError(f"a sequence is a text such as 'ACGT', not {type(sequence).__name__}")
    return genome_of({"sequence": sequence})


def subject_of(model: Model, sequence: str, start: int, end: int | None) -> Subject:
    """Return a part of a sequence as what is explained. Raises InputError for a part that is none."""
    genome = genome_from(sequence)
    stop = len(sequence) if end is None else end
    if not is_whole(start) or not is_whole(stop) or not 0 <= start < stop <= len(sequence):
        raise InputError(
            f"start={start!r:.40}, end={stop!r:.40}: a part begins at 0 or later and ends after that, at "
            f"{len(sequence):,} at most"
        )
    return Subject(model, genome, Region(0, start, stop))


def is_whole(number: object) -> bool:
    """Return whether something is a whole number: True is none."""
    return isinstance(number, int) and not isinstance(number, bool)
