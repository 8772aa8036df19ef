"""Files of the folder that --data names: where they are, and the substitutions of a VCF."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from dnalect import Genome, InputError
from dnalect.genome import open_variants
from dnalect.tokens import BASES


def file_of(data: Path, name: str) -> Path:
    """Return a file of the data folder. InputError where it is not there."""
    path = data / name
    if not path.is_file():
        raise InputError(f"the study needs {path}, which is missing; --data names the folder that holds {name}")
    return path


class Substitution(NamedTuple):
    """An alternate base: number of the contig, 0-based position, base codes.

    carriers: of ALT, called: carriers of any allele, share: of ALT; 0 where the file does not say.
    polarity: 2 where REF is the ancestral allele (INFO/AA), -2 where ALT is; 1 and -1 where the file is not sure and
    writes it in small letters; 0 where it does not say, or names another base.
    """

    contig: int
    position: int
    ref: int
    alt: int
    carriers: int
    called: int
    share: float
    polarity: int


def substitutions(path: Path, genome: Genome, contig: str = "") -> Iterator[Substitution]:
    """Yield the substitutions of a VCF on contigs of a genome, in the order of the file.

    contig: the name to use for all records; the default is their own.
    """
    with open_variants(str(path), genome) as file:
        for record in file.records:
            number = genome.index.get(contig or record.contig)
            if number is None or len(record.ref) != 1 or record.ref not in BASES:
                continue
            for each, alt in enumerate(record.alternates):
                if len(alt) == 1 and alt in BASES:
                    count = (record.counts[each] if record.counts else None) or 0
                    share = (record.frequencies[each] if record.frequencies else None) or 0.0
                    called = round(count / share) if share else 0
                    codes = BASES.index(record.ref), BASES.index(alt)
                    told = record.ancestral.upper()
                    side = (told == record.ref) - (told == alt)
                    sure = 2 if record.ancestral in BASES else 1
                    yield Substitution(number, record.start, *codes, count, called, share, side * sure)
