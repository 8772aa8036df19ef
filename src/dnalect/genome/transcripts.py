"""Transcripts of a GFF3 or GTF: exons, coding parts, strand, gene.

One reader for the dialects of GENCODE, Ensembl, NCBI, SGD and GenBank converters. What differs: how a part
names its transcript, whether a CDS ends before its stop codon (GTF) or with it, whether exons have lines at all.
"""

import re
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from dnalect.genome.gff import CLASSES, GENES, Row, gene_name, parse_attributes

_UTRS = frozenset(dict(CLASSES)["UTR"])
_PARTS = frozenset({"exon", "CDS", "stop_codon"}) | _UTRS
_BODIES = frozenset({"mRNA", "transcript", "primary_transcript", "pseudogenic_transcript", *dict(CLASSES)["ncRNA"]}) - {
    "ncRNA_gene"
}
_OWNER = re.compile(r'(?:^|;)\s*(?:Parent=|transcript_id "?)([^;"]+)')
_ALONE = ("protein_id", "locus_tag", "name", "ID", "gene_id")
_PREFIX = re.compile(r"^(?:transcript[:_]|mRNA:|rna-|gene[:-])")
# The transcript that a database names as the one to show.
_CHOSEN = ("MANE_Select", "MANE Select", "Ensembl_canonical")

Span = tuple[int, int]
Positions = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Transcript:
    """One transcript. Coordinates are 0-based half-open on the + strand of its contig.

    exons: joined where they touch, by position. coding: parts of the CDS with its stop codon, by
    position; () where it has none. phase: bases before the first whole codon. chosen: whether the
    file names it as the transcript of its gene to show.
    """

    name: str
    gene: str
    forward: bool
    exons: tuple[Span, ...]
    coding: tuple[Span, ...] = ()
    phase: int = 0
    chosen: bool = False

    @property
    def start(self) -> int:
        return self.exons[0][0]

    @property
    def end(self) -> int:
        return self.exons[-1][1]

    @cached_property
    def introns(self) -> list[Span]:
        """The gaps between its exons, by position."""
        return [(left[1], right[0]) for left, right in zip(self.exons, self.exons[1:], strict=False)]

    @cached_property
    def coding_length(self) -> int:
        return sum(end - start for start, end in self.coding)

    def spliced(self) -> tuple[Positions, int, int]:
        """Return the positions (n,) of its bases in the order of transcription, and where its CDS begins and ends.

        Parts of a CDS that overlap, as in a ribosomal frameshift, have their bases twice.
        Without a CDS both are 0.
        """
        parts = [np.arange(start, end, dtype=np.int64) for start, end in self.coding or self.exons]
        middle = np.concatenate(parts)
        if not self.coding:
            return (middle if self.forward else middle[::-1]), 0, 0
        outside = np.concatenate([np.arange(start, end, dtype=np.int64) for start, end in self.exons])
        before, after = outside[outside < self.coding[0][0]], outside[outside >= self.coding[-1][1]]
        whole = np.concatenate([before, middle, after])
        if not self.forward:
            whole, before = whole[::-1], after
        return whole, len(before), len(before) + len(middle)


@dataclass
class _Found:
    """What the lines of one transcript say.

    coding: (start, end, phase). second: whether a part named it after another owner.
    """

    forward: bool
    gene: str = ""
    exons: list[Span] = field(default_factory=list)
    coding: list[tuple[int, int, str]] = field(default_factory=list)
    stops: list[Span] = field(default_factory=list)
    bodies: list[Span] = field(default_factory=list)
    chosen: bool = False
    second: bool = False


class TranscriptReader:
    """Takes the lines of a GFF one by one, in any order; `finish` returns the transcripts."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, str, str], _Found] = {}
        self.names: dict[str, tuple[str, str]] = {}

    def add(self, row: Row) -> None:
        """Take one line."""
        if row.kind in _PARTS:
            first, *others = _owners(row)
            self._part(row, first)
            for other in others:
                self._part(row, other).second = True
        elif row.kind in _BODIES or row.kind in GENES:
            told = parse_attributes(row.attributes)
            name = told.get("ID", "")
            if name:
                self.names[name] = gene_name(told), told.get("Parent", "").partition(",")[0]
            if row.kind in _BODIES:
                key = name or told.get("transcript_id") or next((told[k] for k in _ALONE if told.get(k)), "")
                mine = self._of(row, key)
                mine.bodies.append((row.start, row.end))
                mine.chosen |= any(word in row.attributes for word in _CHOSEN)

    def _of(self, row: Row, key: str) -> _Found:
        found = self.found.get((row.contig, key, row.strand))
        if found is None:
            gene = "" if "Parent=" in row.attributes else gene_name(parse_attributes(row.attributes))
            found = self.found[row.contig, key, row.strand] = _Found(row.strand != "-", gene)
        return found

    def _part(self, row: Row, owner: str) -> _Found:
        mine = self._of(row, owner)
        if row.kind == "CDS":
            mine.coding.append((row.start, row.end, row.phase))
        elif row.kind == "stop_codon":
            mine.stops.append((row.start, row.end))
        else:
            mine.exons.append((row.start, row.end))
        return mine

    def finish(self) -> dict[str, list[Transcript]]:
        """Return contig -> its transcripts by start."""
        out: dict[str, list[Transcript]] = defaultdict(list)
        for (contig, key, _), found in self.found.items():
            # TAIR names a protein beside the transcript of a CDS.
            if found.second and not found.bodies:
                continue
            name = _PREFIX.sub("", key)
            out[contig].append(_transcript(name, found.gene or self._gene(key) or name, found))
        return {contig: sorted(each, key=lambda t: (t.start, t.end, t.name)) for contig, each in out.items()}

    def _gene(self, key: str) -> str:
        """The name of the topmost parent, at most three levels up."""
        name = ""
        for _ in range(3):
            if key not in self.names:
                break
            name, key = self.names[key][0] or name, self.names[key][1]
        return _PREFIX.sub("", name)


def _owners(row: Row) -> list[str]:
    """The transcripts that a line is part of."""
    if match := _OWNER.search(row.attributes):
        return match[1].split(",")
    told = parse_attributes(row.attributes)
    return [next((told[key] for key in _ALONE if told.get(key)), f"{row.kind} {row.start + 1}")]


def _transcript(name: str, gene: str, found: _Found) -> Transcript:
    coding = sorted(found.coding)
    spans = [(start, end) for start, end, _ in coding]
    phase = (coding[0] if found.forward else coding[-1])[2] if coding else "0"
    if spans:
        added = [stop for stop in found.stops if not any(start <= stop[0] and stop[1] <= end for start, end in spans)]
        spans = sorted([*spans, *dict.fromkeys(added)])
    exons = found.exons
    if not exons:
        bodies = found.bodies
        if len(bodies) == 1 and spans:
            (start, end), (first, last) = bodies[0], (spans[0][0], spans[-1][1])
            bodies = [(min(start, first), first), (last, max(end, last))]
        exons = bodies
    joined = _joined([*exons, *spans])
    return Transcript(
        name, gene, found.forward, joined, tuple(spans), int(phase) if phase in ("1", "2") else 0, found.chosen
    )


def _joined(spans: list[Span]) -> tuple[Span, ...]:
    out: list[list[int]] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if out and start <= out[-1][1]:
            out[-1][1] = max(out[-1][1], end)
        else:
            out.append([start, end])
    return tuple((start, end) for start, end in out) or ((0, 0),)
