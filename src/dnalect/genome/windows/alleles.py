"""Alternate alleles as written -> trimmed, left-aligned variants, or the reason for none."""

from dataclasses import dataclass

import numpy as np

from dnalect.core.records import Codes, Reason, Variant, Window
from dnalect.genome.fasta import Genome
from dnalect.genome.symbolic import Event, kind_of
from dnalect.genome.vcf import Record
from dnalect.tokens.bases import UNKNOWN, encode, reverse_complement

# Below this many known bases on either side a score says nothing.
MIN_FLANK = 32
SPECIAL_TOKENS = 2
_BASES = frozenset("ACGTacgt")
_CODE = {base: np.array([code], dtype=np.uint8) for code, base in enumerate("ACGT")}
_NOTHING = np.empty(0, dtype=np.uint8)
# A symbolic allele lacks something; the detail says what.
_FLAG = f"{Reason.SYMBOLIC}:needs_--dup-as-tandem"


@dataclass(frozen=True)
class Rules:
    """What can be scored.

    longest: most bases of an allele. reach: bases on each side in which known bases are counted
    for contig_edge. dup_as_tandem: <DUP> and <CNn> are copies right behind the original.
    """

    longest: int
    reach: int
    dup_as_tandem: bool = False


def resolve(record: Record, contig: int | None, genome: Genome, rules: Rules) -> list[Variant | str]:
    """Return for each alternate its variant, or why it has none: "reason" or "reason:detail".

    contig: number in the reference, None if it is not there.
    """
    unplaced, ref = reference_under(record, contig, genome)
    found: list[Variant | str] = []
    for at, fault in enumerate(map(unusable, record.alternates)):
        symbolic = fault == Reason.SYMBOLIC
        if fault and not symbolic:
            found.append(fault)
        elif symbolic and left_open(record, unplaced):
            found.append(_variant(record, at, contig, ref, genome, rules))
        else:
            found.append(unplaced or _variant(record, at, contig, ref, genome, rules))
    return found


def left_open(record: Record, unplaced: str) -> bool:
    """Whether N stands for the base that the reference has there, as before symbolic alleles and breakends."""
    return unplaced == Reason.AMBIGUOUS_BASE and not record.ref.strip("Nn")


def reference_under(record: Record, contig: int | None, genome: Genome) -> tuple[str, str]:
    """Return why no allele of a record can be placed, "" where all can, and the reference under REF."""
    if contig is None:
        return Reason.CONTIG_MISSING.value, ""
    if record.start < 0 or record.start + len(record.ref) > int(genome.lengths[contig]):
        return Reason.OUT_OF_RANGE.value, ""
    given = genome.fetch(contig, record.start, record.start + len(record.ref)).tobytes().decode("ascii").upper()
    if not _BASES.issuperset(record.ref) or not _BASES.issuperset(given):
        return Reason.AMBIGUOUS_BASE.value, given
    return ("" if given == record.ref.upper() else Reason.REF_MISMATCH.value), given


def _variant(record: Record, at: int, contig: int | None, given: str, genome: Genome, rules: Rules) -> Variant | str:
    assert contig is not None
    allele = record.alternates[at]
    if allele.startswith("<"):
        event = record.events[at] if record.events else None
        made = _spelled(record.start + 1, allele, event or Event(missing="no_end"), contig, genome, rules)
        if isinstance(made, str):
            return made
        variant = normalise(contig, record.start + 1, *made, genome)
    elif len(given) == len(allele) == 1:
        ref, alt = given, allele.upper()
        same = ref == alt
        start = record.start
        variant = Variant(contig, start, start + (not same), *((_NOTHING,) * 2 if same else (_CODE[ref], _CODE[alt])))
    else:
        variant = normalise(contig, record.start, encode(given), encode(allele), genome)
    if max(len(variant.ref), len(variant.alt)) > rules.longest:
        return Reason.TOO_LONG
    return edge(variant, genome, int(genome.lengths[contig]), rules.reach) or variant


def unusable(allele: str) -> str:
    """Return why an allele is no sequence of bases, "" where it is one."""
    if allele == "*":
        return Reason.STAR
    if allele in ("<*>", "<NON_REF>", "<X>"):
        return Reason.NON_REF
    if "[" in allele or "]" in allele or allele.startswith(".") or allele.endswith("."):
        return Reason.BREAKEND
    if allele.startswith("<"):
        return Reason.SYMBOLIC
    return "" if _BASES.issuperset(allele) and allele else Reason.AMBIGUOUS_BASE


def not_understood(allele: str, event: Event, rules: Rules) -> str:
    """Return why nobody knows what a symbolic allele joins to what, "" where that is known."""
    kind, copies, whole = kind_of(allele), _copies(allele), allele.upper()
    if kind == "CNV":
        return f"{Reason.SYMBOLIC}:copy_number"
    if kind not in ("DEL", "DUP", "INS", "INV") and copies is None:
        return f"{Reason.SYMBOLIC}:unknown_type"
    if kind == "DUP" and whole != "<DUP>" and not whole.startswith("<DUP:TANDEM"):
        return f"{Reason.SYMBOLIC}:no_place_of_copy"
    if copies == 1:
        return f"{Reason.SYMBOLIC}:one_copy"
    if (whole == "<DUP>" or (copies or 0) > 1) and not rules.dup_as_tandem:
        return _FLAG
    return f"{Reason.SYMBOLIC}:{event.missing}" if event.missing else ""


def _spelled(
    start: int, allele: str, event: Event, contig: int, genome: Genome, rules: Rules
) -> tuple[Codes, Codes] | str:
    """Spell a symbolic allele out: (REF, ALT) from `start` on, the base after POS; or the reason why it can't be."""
    if missing := not_understood(allele, event, rules):
        return missing
    kind, copies = kind_of(allele), _copies(allele)
    if kind == "INS":
        return _NOTHING, encode(event.inserted)
    end = event.end
    if end is None or end <= start or end > int(genome.lengths[contig]):
        return Reason.OUT_OF_RANGE
    more = (copies - 1 if copies else 1) if kind not in ("DEL", "INV") else 0
    if (end - start) * max(1, more) > rules.longest:
        return Reason.TOO_LONG
    bases = encode(genome.fetch(contig, start, end))
    if (bases == UNKNOWN).any():
        return Reason.AMBIGUOUS_BASE
    if kind == "INV":
        return bases, reverse_complement(bases)
    if kind == "DEL" or copies == 0:
        return bases, _NOTHING
    return _NOTHING, np.tile(bases, more)


def _copies(allele: str) -> int | None:
    """Copies on one haplotype of <CNn>, as 1000 Genomes writes it: the reference has one."""
    number = allele[3:-1]
    return int(number) if allele.upper().startswith("<CN") and number.isdecimal() and len(number) < 4 else None


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


def span_as_written(start: int, ref: str, alt: str) -> tuple[int, int]:
    """Return [start, end) of the bases that an allele changes, without the reference; equal of an insertion.

    start: of `ref`, 0-based. Bases that both alleles share at their ends are left out. Where an indel stands as far
    left as it slides, this is the span of its variant.
    """
    if not alt.isalpha():
        # POS of a symbolic allele is the base before it.
        start += alt.startswith("<")
        return start, start + max(1, len(ref))
    shared = 0
    while shared < min(len(ref), len(alt)) and ref[-1 - shared] == alt[-1 - shared]:
        shared += 1
    ref, alt = ref[: len(ref) - shared], alt[: len(alt) - shared]
    first = 0
    while first < min(len(ref), len(alt)) and ref[first] == alt[first]:
        first += 1
    return start + first, start + len(ref)


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
