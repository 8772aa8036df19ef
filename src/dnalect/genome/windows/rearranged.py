"""Records of structural variants -> the junctions that they make, or the reason for none."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from dnalect.core.records import Codes, Reason
from dnalect.core.structures import NOTHING, Junction, Rearrangement, Side
from dnalect.genome.breakends import Numbered, joined_by, joined_by_info
from dnalect.genome.fasta import Genome
from dnalect.genome.symbolic import Event, kind_of
from dnalect.genome.vcf import Record, info_of
from dnalect.genome.windows.alleles import Rules, left_open, normalise, not_understood, reference_under, unusable
from dnalect.genome.windows.junctions import HOMOLOGY, classed, settled, unknown_near
from dnalect.tokens.bases import encode, reverse_complement

# Sequence that changes so many bases is a structural variant, as symbolic alleles and breakends always are.
LEAST = 50


def rearranged(
    record: Record, contig: int | None, genome: Genome, numbered: Numbered, rules: Rules
) -> list[Rearrangement | str]:
    """Return for each alternate what it joins, or why it has no score: "reason" or "reason:detail".

    contig: number in the reference, None if it is not there. numbered: the number of a mate's contig by its name.
    rules: longest is the most bases that two sides may share.
    """
    short = [not unusable(each) and max(len(record.ref), len(each)) < LEAST for each in record.alternates]
    if all(short):
        return [Reason.NOT_STRUCTURAL] * len(short)
    info = info_of(record.line)
    unplaced, _ = reference_under(record, contig, genome)
    found: list[Rearrangement | str] = []
    for at, allele in enumerate(record.alternates):
        fault = unusable(allele)
        named = fault in (Reason.SYMBOLIC, Reason.BREAKEND)
        if fault and not named:
            found.append(fault)
        elif unplaced and not ((named or not short[at]) and left_open(record, unplaced)):
            found.append(unplaced)
        elif short[at]:
            found.append(Reason.NOT_STRUCTURAL)
        else:
            assert contig is not None
            made = _made(record, at, contig, info, genome, numbered, rules)
            change = (
                made if isinstance(made, str) else placed(made, genome, rules, marks_of(info), _event(record, info))
            )
            if isinstance(change, Rearrangement) and change.kind in ("sv_translocation", "sv_breakend"):
                # Its place is that of the record, not of the mate.
                change = replace(change, contig=contig, start=record.start, end=record.start + 1)
            found.append(change)
    return found


def _made(
    record: Record,
    at: int,
    contig: int,
    info: Mapping[bytes, bytes],
    genome: Genome,
    numbered: Numbered,
    rules: Rules,
) -> list[Junction] | str:
    """The junctions of an allele as they are written."""
    allele, joined = record.alternates[at], None
    lengths = genome.lengths.tolist()
    if unusable(allele) == Reason.BREAKEND:
        joined = joined_by(allele, record.ref, Side(contig, record.start), numbered, lengths)
    elif allele.startswith("<") and kind_of(allele) in ("TRA", "BND"):
        joined = joined_by_info(Side(contig, record.start + 1), info, numbered, lengths)
    if joined is not None:
        return joined if isinstance(joined, str) else [joined]
    if allele.startswith("<"):
        event = (record.events[at] if record.events else None) or Event(missing="no_end")
        return _symbolic(record.start + 1, allele, event, info, contig, genome, rules)
    if not record.ref.strip("Nn"):
        # As Severus and Sniffles write an insertion: N is the base before it, and not in ALT.
        end = record.start + len(record.ref)
        return [Junction(Side(contig, end), Side(contig, end), encode(allele))]
    variant = normalise(contig, record.start, encode(record.ref), encode(allele), genome)
    if max(len(variant.ref), len(variant.alt)) < LEAST:
        return Reason.NOT_STRUCTURAL
    if np.array_equal(variant.alt, reverse_complement(variant.ref)):
        return inversion(contig, variant.start, variant.end)
    return [Junction(Side(contig, variant.start), Side(contig, variant.end), variant.alt)]


def _symbolic(
    start: int,
    allele: str,
    event: Event,
    info: Mapping[bytes, bytes],
    contig: int,
    genome: Genome,
    rules: Rules,
) -> list[Junction] | str:
    missing, kind = not_understood(allele, event, rules), kind_of(allele)
    if kind == "INS":
        ends = _ends(info) if missing else encode(event.inserted)
        return missing if ends is None else [Junction(Side(contig, start), Side(contig, start), ends)]
    if missing:
        return missing
    end = event.end
    if end is None or not start < end <= int(genome.lengths[contig]):
        return Reason.OUT_OF_RANGE
    if kind == "INV":
        return inversion(contig, start, end)
    return [deletion(contig, start, end) if kind in ("DEL", "CN0") else duplication(contig, start, end)]


def _ends(info: Mapping[bytes, bytes]) -> Codes | None:
    """How an insertion that Manta could not assemble begins and ends, with an unknown base between."""
    known = [info.get(key, b"").decode(errors="replace") for key in (b"LEFT_SVINSSEQ", b"RIGHT_SVINSSEQ")]
    return encode("N".join(known)) if all(known) else None


def deletion(contig: int, start: int, end: int) -> Junction:
    """Return the junction of a deletion of [start, end), 0-based."""
    return Junction(Side(contig, start), Side(contig, end), NOTHING)


def duplication(contig: int, start: int, end: int) -> Junction:
    """Return the junction of a copy of [start, end) right behind it."""
    return Junction(Side(contig, end), Side(contig, start), NOTHING)


def inversion(contig: int, start: int, end: int) -> list[Junction]:
    """Return the two junctions of [start, end) turned round."""
    sides = (Side(contig, start), Side(contig, end, True)), (Side(contig, start, True), Side(contig, end))
    return [Junction(left, right, NOTHING) for left, right in sides]


def placed(
    made: Sequence[Junction], genome: Genome, rules: Rules, marks: Sequence[str] = (), event: str = ""
) -> Rearrangement | str:
    """Return junctions in their one form as a rearrangement, or why they have no score. Two are those of an inversion.

    marks: flags. event: what the records of it have in common.
    """
    junctions = []
    for each in made:
        junction = settled(each, genome, rules.longest)
        if isinstance(junction, str):
            return junction
        junctions.append(junction)
    left, right = junctions[0].left, junctions[0].right
    kind, size = classed(junctions[0])
    if len(junctions) > 1:
        kind = "sv_inversion"
    # Between two contigs there is nothing.
    low, high = sorted((left.at, right.at)) if left.contig == right.contig else (left.at, left.at)
    flags = list(marks)
    if any(unknown_near(junction, genome, rules.reach) for junction in junctions):
        flags.append("unknown_bases")
    if any(junction.shared >= HOMOLOGY for junction in junctions):
        flags.append("homology")
    return Rearrangement(
        left.contig,
        low,
        high,
        NOTHING,
        NOTHING,
        structure=kind,
        size=size,
        junctions=tuple(junctions),
        marks=tuple(flags),
        event=event,
    )


def marks_of(info: Mapping[bytes, bytes]) -> list[str]:
    """Return "imprecise" where INFO says that a breakpoint isn't known to the base."""
    spread = b",".join(info.get(key, b"0") for key in (b"CIPOS", b"CIEND")).split(b",")
    return ["imprecise"] if b"IMPRECISE" in info or any(each not in (b"0", b"-0", b".", b"") for each in spread) else []


def _event(record: Record, info: Mapping[bytes, bytes]) -> str:
    """The name that all records of an event share: EVENT, else the IDs of the mates."""
    mates = info.get(b"MATEID", info.get(b"MATE_ID", b"")).decode(errors="replace")
    return (
        info[b"EVENT"].decode(errors="replace")
        if b"EVENT" in info
        else "&".join(sorted((record.identifier, mates)))
        if mates
        else ""
    )
