"""What a structural variant does to annotated elements: those of a GFF or GTF, and of a BED."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dnalect.core.measures import Inside
from dnalect.core.structures import Junction, Rearrangement, Side
from dnalect.genome.bed import bed_lines
from dnalect.genome.fasta import Genome
from dnalect.genome.gff import CLASSES, GENES, Positions, Row, gene_name, parse_attributes
from dnalect.genome.names import own_name
from dnalect.genome.streams import open_lines

# Lines of a GFF that are elements beside genes, with the class that stands before their names.
NAMED = ("mobile element", "centromere", "telomere", "origin")
_KINDS = {kind: name.replace(" ", "_") for name, kinds in CLASSES if name in NAMED for kind in kinds}


@dataclass(frozen=True)
class _Placed:
    """The elements of one contig by their start. forward: None where no strand is known."""

    starts: Positions
    ends: Positions
    names: tuple[str, ...]
    forward: tuple[bool | None, ...]

    def inside(self, start: int, end: int) -> tuple[str, ...]:
        """Names of those that lie wholly in [start, end)."""
        return self._named(np.flatnonzero((self.starts >= start) & (self.ends <= end)))

    def around(self, at: int) -> Positions:
        """Numbers of those that have bases on both sides of a boundary."""
        return np.flatnonzero((self.starts < at) & (self.ends > at))

    def _named(self, numbers: Positions) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.names[n] for n in numbers.tolist()))


_Found = tuple[int, int, str, bool | None]


class Elements:
    """Elements by contig of a genome.

    add: takes lines of a GFF or GTF. Genes go by their names, mobile elements, centromeres, telomeres and origins by
    class:name. bed: more of them, by the names of its fourth column; InputError where it is no BED.
    """

    def __init__(self, bed: str | Path | None = None):
        self._found: dict[str, list[_Found]] = {}
        self._placed: dict[str, _Placed] = {}
        for contig, element in _of_bed(bed) if bed else ():
            self._found.setdefault(contig, []).append(element)

    def add(self, row: Row) -> None:
        """Take a line of a GFF, if it is an element."""
        if row.kind in GENES or row.kind in _KINDS:
            name = gene_name(parse_attributes(row.attributes)) or f"{row.contig}:{row.start + 1}-{row.end}"
            shown = f"{_KINDS[row.kind]}:{name}" if row.kind in _KINDS else name
            strand = {"+": True, "-": False}.get(row.strand)
            self._found.setdefault(row.contig, []).append((row.start, row.end, shown, strand))

    def of(self, variant: Rearrangement, genome: Genome) -> Inside:
        """Return what a structural variant does to elements. Sides without any known contig have none."""
        kind, within = variant.kind, self._on(genome, variant.contig).inside(variant.start, variant.end)
        fused = (name for junction in variant.junctions for name in self._fused(junction, genome))
        return Inside(
            lost=within if kind == "sv_deletion" else (),
            gained=within if kind == "sv_duplication" else (),
            inverted=within if kind == "sv_inversion" else (),
            cut=self._cut(variant, genome),
            fused=tuple(dict.fromkeys(fused)),
        )

    def _cut(self, variant: Rearrangement, genome: Genome) -> tuple[str, ...]:
        sides = [side for junction in variant.junctions for side in (junction.left, junction.right)]
        cut = [(side.contig, int(n)) for side in sides for n in self._on(genome, side.contig).around(side.at)]
        if variant.kind == "sv_duplication":
            # An element at one end of a tandem copy stays whole beside it; only what holds both ends is broken.
            cut = [each for each in cut if cut.count(each) > 1]
        return tuple(self._on(genome, contig).names[n] for contig, n in dict.fromkeys(cut))

    def _fused(self, junction: Junction, genome: Genome) -> Iterable[str]:
        """Elements on the left and on the right of a junction that are read in one direction, the first one first."""
        left, right = (self._read(side, genome) for side in (junction.left, junction.right))
        for one, forwards in left.items():
            for other, too in right.items():
                if one != other and forwards == too:
                    yield f"{one}::{other}" if forwards else f"{other}::{one}"

    def _read(self, side: Side, genome: Genome) -> dict[str, bool]:
        """Names of the elements that a side lies in, and whether they are read in its direction."""
        there = self._on(genome, side.contig)
        strands = ((there.names[n], there.forward[n]) for n in there.around(side.at).tolist())
        return {name: forward != side.turned for name, forward in strands if forward is not None}

    def _on(self, genome: Genome, contig: int) -> _Placed:
        name = own_name(genome.names[contig], self._found)
        if name not in self._placed:
            found = sorted(set(self._found.get(name, ())), key=lambda each: each[:3])
            starts, ends = (np.array([each[n] for each in found], dtype=np.int64) for n in (0, 1))
            strands = tuple(each[3] for each in found)
            self._placed[name] = _Placed(starts, ends, tuple(each[2] for each in found), strands)
        return self._placed[name]


def _of_bed(path: str | Path) -> Iterable[tuple[str, _Found]]:
    with open_lines(str(path), "BED") as lines:
        for _, columns in bed_lines(lines, path):
            start, end = int(columns[1]), int(columns[2])
            name = columns[3] if len(columns) > 3 and columns[3] not in ("", ".") else f"{columns[0]}:{start + 1}-{end}"
            strand = {"+": True, "-": False}.get(columns[5]) if len(columns) > 5 else None
            yield columns[0], (start, end, name, strand)
