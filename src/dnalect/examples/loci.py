"""Folders of rows: what the cells say, the sequences that stand there, and from where they count."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from dnalect.core.errors import TableError
from dnalect.core.numbers import LONGEST
from dnalect.genome.fasta import Genome
from dnalect.genome.names import own_name
from dnalect.tokens.bases import decode, encode, reverse_complement

# No contig is this long.
FAR = 1 << 40
# chr1:100-200, chr1:100-200(+) and name::chr1:100-200(+), as bedtools and others write them.
NAME = re.compile(r"(?:.*::)?([^:\s]+):(\d+)-(\d+)(?:\(([+\-.])\))?")
_STRANDS = {"+": "+", "-": "-", "1": "+", "+1": "+", "-1": "-"}


@dataclass
class Folders:
    """Where n rows stand, 0-based half-open; "", -1, -1 and "." where that is not known."""

    contigs: list[str]
    starts: list[int]
    ends: list[int]
    strands: list[str]

    @classmethod
    def none(cls, count: int) -> "Folders":
        """Return places of rows that have none."""
        return cls([""] * count, [-1] * count, [-1] * count, ["."] * count)

    def take(self, rows: Sequence[int]) -> "Folders":
        """Return the places of some rows."""
        return Folders(
            [self.contigs[row] for row in rows],
            [self.starts[row] for row in rows],
            [self.ends[row] for row in rows],
            [self.strands[row] for row in rows],
        )

    def clear(self, row: int) -> None:
        """Forget the place of a row."""
        self.contigs[row], self.starts[row], self.ends[row], self.strands[row] = "", -1, -1, "."


def parsed(cells: Sequence[Sequence[str]], strands: Sequence[str], where: Sequence[str]) -> Folders:
    """Return places of the cells of contig, start and end; a row with an empty cell has none.

    Raises TableError that names the row whose start or end is no whole number, or is negative,
    or whose end lies before its start.
    """
    places = Folders.none(len(where))
    for row, (contig, start, end) in enumerate(zip(*cells, strict=True)):
        if "" in (contig, start, end) or contig == ".":
            continue
        low, high = _whole(start, where[row]), _whole(end, where[row])
        if not 0 <= low <= high < FAR:
            raise TableError(f"{where[row]}: {contig}:{low}-{high} is no interval; starts count from 0, end >= start")
        places.contigs[row], places.starts[row], places.ends[row] = contig, low, high
        places.strands[row] = _STRANDS.get(strands[row], ".") if strands else "."
    return places


def named(names: Sequence[str], where: Sequence[str]) -> Folders:
    """Return the places that rows are named by, such as `chr1:100-200` or `chr1:100-200|label`.

    No row has one unless all have. Whether they count from 0 or 1 is for `counted_from` to tell.
    """
    found = [NAME.fullmatch(name.partition("|")[0]) for name in names]
    cells = [match.groups(default=".") for match in found if match]
    if not cells or len(cells) < len(names):
        return Folders.none(len(names))
    contigs, starts, ends, strands = zip(*cells, strict=True)
    return parsed([contigs, starts, ends], strands, where)


def _whole(text: str, where: str) -> int:
    try:
        value = float(text)
    except ValueError:
        value = 0.5
    if not value.is_integer() or abs(value) > LONGEST:
        raise TableError(f"{where}: {text!r} is no whole number; start and end must be")
    return int(value)


def spelled(genome: Genome, contig: int, start: int, end: int, strand: str) -> str:
    """Return the upper-case A, C, G, T, N of a place; those of the opposite strand for "-"."""
    codes = encode(genome.fetch(contig, start, end))
    return decode(reverse_complement(codes) if strand == "-" else codes)


def renamed(places: Folders, genome: Genome) -> list[str]:
    """Call the contigs as the genome does; return what that changed, in words."""
    known = {name: own_name(name, genome.index) for name in dict.fromkeys(places.contigs) if name}
    places.contigs = [known.get(name, name) for name in places.contigs]
    changed = [f"{old} is {new}" for old, new in known.items() if old != new]
    return [f"contigs that the reference names differently: {', '.join(changed[:8])}"] if changed else []


def fetched(places: Folders, genome: Genome, where: Sequence[str]) -> tuple[list[str], list[int]]:
    """Return the sequences of all rows whose contig the genome has, and which rows these are.

    Raises TableError where a row has no place or ends beyond its contig, or no row's contig is there.
    """
    sequences, rows = [], []
    for row, name in enumerate(places.contigs):
        if not name:
            raise TableError(f"{where[row]} has neither a sequence nor a place; fill contig, start and end")
        if (contig := genome.index.get(name)) is None:
            continue
        start, end, length = places.starts[row], places.ends[row], int(genome.lengths[contig])
        if end > length:
            raise TableError(
                f"{where[row]} ends at {end:,}, beyond the {length:,} bases of {name}; give the same assembly"
            )
        sequences.append(spelled(genome, contig, start, end, places.strands[row]))
        rows.append(row)
    if not rows:
        raise TableError(
            f"no contig of the rows ({', '.join(list(dict.fromkeys(places.contigs))[:6])}) is in {genome.path}, "
            f"which has {', '.join(genome.names[:6])}; give the reference that they belong to"
        )
    return sequences, rows


def counted_from(places: Folders, sequences: Sequence[str]) -> list[str]:
    """Mend places that count from 1, forget those that don't fit their sequences; return notes.

    Where end - start + 1 is the length of every placed sequence, starts count from 1 with both
    ends inside, and become 0-based half-open.
    """
    rows = [row for row, start in enumerate(places.starts) if start >= 0]
    surplus = [len(sequences[row]) - (places.ends[row] - places.starts[row]) for row in rows]
    if rows and set(surplus) == {1} and all(places.starts[row] > 0 for row in rows):
        for row in rows:
            places.starts[row] -= 1
        return ["start and end were read as counting from 1: end - start + 1 is the length of every sequence"]
    wrong = [row for row, each in zip(rows, surplus, strict=True) if each]
    for row in wrong:
        places.clear(row)
    if not wrong:
        return []
    return [f"{len(wrong):,} of {len(rows):,} places left out: end - start is not the length of the sequence"]
