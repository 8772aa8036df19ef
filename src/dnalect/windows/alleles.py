"""Alternate alleles as written -> trimmed, left-aligned variants, or the reason for none."""

import numpy as np

from dnalect.core.records import Codes, Reason, Variant, Window
from dnalect.genome.fasta import Genome
from dnalect.genome.vcf import Record
from dnalect.tokens.bases import UNKNOWN, encode, reverse_complement

# Below this many known bases on either side a score says nothing.
MIN_FLANK = 32
SPECIAL_TOKENS = 2
_BASES = frozenset("ACGTacgt")
_CODE = {base: np.array([code], dtype=np.uint8) for code, base in enumerate("ACGT")}
_NOTHING = np.empty(0, dtype=np.uint8)


def resolve(record: Record, allele: str, contig: int | None, genome: Genome, longest: int, reach: int) -> Variant | str:
    """Return the variant of one alternate allele, or why it has none: "reason" or "reason:detail".

    contig: number in the reference, None if it is not there. longest: most bases of an
    allele. reach: bases on each side in which known bases are counted for contig_edge.
    """
    fault = _unusable(allele)
    symbolic = allele.startswith("<")
    if fault and not symbolic:
        return fault
    if contig is None:
        return Reason.CONTIG_MISSING
    length = int(genome.lengths[contig])
    if record.start < 0 or record.start + len(record.ref) > length:
        return Reason.OUT_OF_RANGE
    if max(len(record.ref), len(allele)) > longest and not symbolic:
        return Reason.TOO_LONG
    given = genome.fetch(contig, record.start, record.start + len(record.ref)).tobytes().decode("ascii").upper()
    if not _BASES.issuperset(record.ref) or not _BASES.issuperset(given):
        return Reason.AMBIGUOUS_BASE
    if given != record.ref.upper():
        return Reason.REF_MISMATCH
    if symbolic:
        made = _symbolic(record, allele, contig, genome, longest)
        if isinstance(made, str):
            return made
        variant = normalise(contig, record.start + 1, *made, genome)
    elif len(record.ref) == len(allele) == 1:
        ref, alt = given, allele.upper()
        same = ref == alt
        start = record.start
        variant = Variant(contig, start, start + (not same), *((_NOTHING,) * 2 if same else (_CODE[ref], _CODE[alt])))
    else:
        variant = normalise(contig, record.start, encode(given), encode(allele), genome)
    return edge(variant, genome, length, reach) or variant


def _unusable(allele: str) -> str:
    if allele == "*":
        return Reason.STAR
    if allele in ("<*>", "<NON_REF>", "<X>"):
        return Reason.NON_REF
    if "[" in allele or "]" in allele or allele.startswith(".") or allele.endswith("."):
        return Reason.BREAKEND
    if allele.startswith("<"):
        return Reason.SYMBOLIC
    return "" if _BASES.issuperset(allele) and allele else Reason.AMBIGUOUS_BASE


def _symbolic(record: Record, allele: str, contig: int, genome: Genome, longest: int) -> tuple[Codes, Codes] | str:
    """Spell a symbolic allele out; it begins after POS, the base before the event."""
    if allele not in ("<DEL>", "<CN0>", "<DUP:TANDEM>", "<INV>") or record.end is None:
        return Reason.NON_REF if _unusable(allele) == Reason.NON_REF else Reason.SYMBOLIC
    start, end = record.start + 1, record.end
    if end <= start or end > int(genome.lengths[contig]):
        return Reason.OUT_OF_RANGE
    if (end - start) * (2 if allele == "<DUP:TANDEM>" else 1) > longest:
        return Reason.TOO_LONG
    bases = encode(genome.fetch(contig, start, end))
    if (bases == UNKNOWN).any():
        return Reason.AMBIGUOUS_BASE
    if allele == "<INV>":
        return bases, reverse_complement(bases)
    return (_NOTHING, bases) if allele == "<DUP:TANDEM>" else (bases, _NOTHING)


def normalise(contig: int, start: int, ref: Codes, alt: Codes, genome: Genome) -> Variant:
    """Trim common ends, then move a pure insertion or deletion as far left as it goes.

    start: 0-based position of the first base of `ref` in the contig.
    """
    shared = min(len(ref), len(alt))
    same_end = np.cumprod(ref[len(ref) - shared :][::-1] == alt[len(alt) - shared :][::-1]).sum() if shared else 0
    ref, alt = ref[: len(ref) - same_end], alt[: len(alt) - same_end]
    shared = min(len(ref), len(alt))
    same_start = int(np.cumprod(ref[:shared] == alt[:shared]).sum()) if shared else 0
    ref, alt, start = ref[same_start:], alt[same_start:], start + same_start
    if (len(ref) == 0) == (len(alt) == 0):
        return Variant(contig, start, start + len(ref), ref, alt)
    moved = ref if len(ref) else alt
    shift = _room_to_the_left(contig, start, moved, genome)
    turn = shift % len(moved)
    moved = np.concatenate([moved[len(moved) - turn :], moved[: len(moved) - turn]]) if turn else moved
    start -= shift
    end = start + len(ref)
    after = encode(genome.fetch(contig, end, end + len(moved)))
    tandem = bool(np.array_equal(after, moved))
    return Variant(contig, start, end, moved if len(ref) else ref, moved if len(alt) else alt, tandem)


def _room_to_the_left(contig: int, start: int, moved: Codes, genome: Genome) -> int:
    """How far the bases before `start` continue `moved` repeated to the left."""
    shift, step = 0, 256
    while shift < start:
        low = max(0, start - shift - step)
        before = encode(genome.fetch(contig, low, start - shift))[::-1]
        expected = moved[::-1][(np.arange(shift, shift + len(before))) % len(moved)]
        agree = int(np.cumprod(before == expected).sum())
        shift += agree
        if agree < len(before):
            break
    return shift


def edge(variant: Variant, genome: Genome, length: int, reach: int) -> str:
    """Why there is too little sequence around: contig_edge:N with N known bases on the poorer side."""
    if MIN_FLANK <= variant.start and variant.end + MIN_FLANK <= length:
        near = genome.fetch(variant.contig, variant.start - MIN_FLANK, variant.end + MIN_FLANK)
        if (encode(near) != UNKNOWN).all():
            return ""
    left = genome.fetch(variant.contig, variant.start - reach, variant.start)
    right = genome.fetch(variant.contig, variant.end, variant.end + reach)
    known = min(int((encode(side) != UNKNOWN).sum()) for side in (left, right))
    return f"{Reason.CONTIG_EDGE}:{known}" if known < MIN_FLANK else ""


def haplotypes(variant: Variant, genome: Genome, flank: int) -> tuple[Codes, Codes]:
    """Return the reference and the alternate window: the same flanks around each allele."""
    left = encode(genome.fetch(variant.contig, variant.start - flank, variant.start))
    right = encode(genome.fetch(variant.contig, variant.end, variant.end + flank))
    return np.concatenate([left, variant.ref, right]), np.concatenate([left, variant.alt, right])


def cut_window(variant: Variant, genome: Genome, flank: int) -> Window:
    """Return both haplotypes without the unknown bases at their ends; one base of a flank always stays."""
    reference, alternate = haplotypes(variant, genome, flank)
    known = np.flatnonzero(reference != UNKNOWN)
    first, last = (int(known[0]), int(known[-1])) if len(known) else (len(reference), -1)
    low, high = (min(each, max(flank - 1, 0)) for each in (first, len(reference) - 1 - last))
    cut = [codes[low : len(codes) - high] for codes in (reference, alternate)]
    return Window(cut[0], cut[1], flank - low, variant)


def fitting(codes: Codes, low: int, high: int, positions: int | None) -> tuple[Codes, int, int]:
    """Return a window and its site [low, high), cut around the site where its words may outnumber the positions.

    Words of a fixed length begin anew at each unknown base, so a window with such bases may need
    a token for every base. Others are left whole. positions: tokens, two special ones among them; None for any number.
    """
    room = max((positions or 0) - SPECIAL_TOKENS, high - low)
    if positions is None or len(codes) <= room or not (codes == UNKNOWN).any():
        return codes, low, high
    first = min(max(0, (low + high - room) // 2), len(codes) - room)
    return codes[first : first + room], low - first, high - first
