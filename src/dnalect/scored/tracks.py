"""Scores as tracks for a genome browser: BED with one line an allele, bedGraph and bigWig with one value a base.

A value is the log-ratio; without one the score of the junctions, the largest change of a splice site, the first
predicted change, else the cosine distance at the site, else the summed influence.
"""

from array import array
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import numpy as np
import numpy.typing as npt

from dnalect.core.records import Row, Score
from dnalect.core.reporter import warn
from dnalect.genome.bigwig import BigWig
from dnalect.genome.names import own_name
from dnalect.genome.vcf import Record

LONGEST = 20


def value_of(score: Score) -> float | None:
    """Return what a track shows of an allele, None where it has no score."""
    if score.value is not None:
        return score.value
    if score.joined:
        return score.joined.value
    if score.splice:
        return score.splice.largest
    if score.changes:
        return score.changes[0].value
    if score.distances:
        return score.distances.cosine_site
    if score.column:
        return score.column.value
    return score.influence.total if score.influence else None


class _BedWriter:
    def __init__(self, file: TextIO, contigs: Mapping[str, int]):
        self.file, self.contigs = file, contigs

    def write(self, record: Record, scores: list[Score], rows: list[Row]) -> None:
        for row in rows:
            value = value_of(row.score)
            if value is None or row.span is None:
                continue
            start, end = row.span if row.span[0] < row.span[1] else (max(0, row.span[0] - 1), row.span[0] + 1)
            shade = 0 if (placed := row.score.placed) is None else round(1000 * (1 - placed))
            name = f"{_short(row.ref)}>{_short(row.alt)}:{value:.4g}"
            self.file.write(f"{own_name(row.contig, self.contigs)}\t{start}\t{end}\t{name}\t{shade}\t.\n")


def _short(allele: str) -> str:
    allele = "_".join(allele.split())
    return allele if len(allele) <= LONGEST else f"{allele[:8]}...{len(allele)}"


@contextmanager
def bed(output: Path, contigs: Mapping[str, int], provenance: Mapping[str, str]) -> Iterator[_BedWriter]:
    """Write BED: the changed bases (of an insertion, those beside it), REF>ALT:score, 1000 * (1 - percentile)."""
    with output.open("w", encoding="utf-8") as file:
        file.writelines(f"# dnalect {name}: {value}\n" for name, value in provenance.items())
        yield _BedWriter(file, contigs)


class _Sites:
    """Gathers values by contig, to be written in the order of the reference."""

    def __init__(self, contigs: Mapping[str, int]):
        self.contigs = contigs
        self.found: dict[str, tuple[array[int], array[float]]] = {}

    def write(self, record: Record, scores: list[Score], rows: list[Row]) -> None:
        for row in rows:
            value = value_of(row.score)
            if value is None or row.span is None:
                continue
            # An insertion changes no base: the one before it has its score.
            at = row.span[0] if row.span[0] < row.span[1] else max(0, row.span[0] - 1)
            positions, values = self.found.setdefault(own_name(row.contig, self.contigs), (array("q"), array("f")))
            positions.append(at)
            values.append(value)

    def lowest(self) -> Iterator[tuple[str, npt.NDArray[np.int64], npt.NDArray[np.float32]]]:
        """Yield contig, its positions by order (n,), and the lowest value at each."""
        if unknown := [name for name in self.found if name not in self.contigs]:
            warn(f"the reference has no contig {unknown[0]!r} under this name: the track leaves its scores out")
        for name in self.contigs:
            if name in self.found:
                positions, values = (np.array(each) for each in self.found[name])
                order = np.lexsort((values, positions))
                places, first = np.unique(positions[order], return_index=True)
                yield name, places, values[order][first].astype(np.float32)


@contextmanager
def bedgraph(output: Path, contigs: Mapping[str, int], provenance: Mapping[str, str]) -> Iterator[_Sites]:
    """Write bedGraph: the lowest score of the alleles that begin to change at each base."""
    with output.open("w", encoding="utf-8") as file:
        file.writelines(f"# dnalect {name}: {value}\n" for name, value in provenance.items())
        sites = _Sites(contigs)
        yield sites
        for name, places, values in sites.lowest():
            rows = zip(places.tolist(), values.tolist(), strict=True)
            file.writelines(f"{name}\t{at}\t{at + 1}\t{value:.4f}\n" for at, value in rows)


@contextmanager
def bigwig(output: Path, contigs: Mapping[str, int], provenance: Mapping[str, str]) -> Iterator[_Sites]:
    """Write bigWig with the values of `bedgraph`; the format has no place for the provenance."""
    import pyBigWig

    sites = _Sites(contigs)
    yield sites
    found = list(sites.lowest())
    if not found:
        # Without a value, the file of libBigWig has a least value above its greatest.
        empty = BigWig(output, contigs)
        empty.finish()
        empty.close()
        return
    with pyBigWig.open(str(output), "w") as file:
        file.addHeader(list(contigs.items()))
        for name, places, values in found:
            file.addEntries(name, places.tolist(), values=values.tolist(), span=1)
