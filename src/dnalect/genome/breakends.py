"""Breakends: which two sides of a genome an allele such as G]17:198982] joins, as VCF writes it."""

import re
from collections.abc import Callable, Mapping, Sequence

from dnalect.core.numbers import whole_or_none
from dnalect.core.records import Codes, Reason
from dnalect.core.structures import NOTHING, Junction, Side
from dnalect.tokens.bases import UNKNOWN, encode

_MATE = re.compile(r"([ACGTNacgtn.]*)([\[\]])(?:<([^<>]+)>|([^\[\]<>]+)):(\d+)\2([ACGTNacgtn.]*)")
# What DELLY's CT and the STRANDS of SURVIVOR and Sniffles say of the two sides: whether each is read backwards.
_ORIENTATIONS = {
    **dict.fromkeys((b"3to5", b"+-"), (False, False)),
    **dict.fromkeys((b"5to3", b"-+"), (True, True)),
    **dict.fromkeys((b"3to3", b"++"), (False, True)),
    **dict.fromkeys((b"5to5", b"--"), (True, False)),
}
Numbered = Callable[[str], int | None]


def joined_by(allele: str, ref: str, here: Side, numbered: Numbered, lengths: Sequence[int]) -> Junction | str:
    """Return the junction of a breakend, or the reason why there is none.

    ref: the REF of its record. here: the contig, and where REF starts. numbered: the number of a contig by its name, or
    None. lengths: of the contigs, in bases.
    """
    found = _MATE.fullmatch(allele)
    if found is None or bool(found[1]) == bool(found[6]):
        single = allele.startswith(".") or allele.endswith(".")
        return f"{Reason.BREAKEND}:{'single' if single else 'malformed'}"
    contig, at = numbered(found[3] or found[4]), whole_or_none(found[5].encode())
    if contig is None:
        return f"{Reason.CONTIG_MISSING}:mate"
    if at is None or not 0 <= at <= lengths[contig] + 1:
        return f"{Reason.OUT_OF_RANGE}:mate"
    first, bracket = bool(found[1]), found[2]
    # A side that begins at a base lies before it; one that ends at it, behind it.
    mate = Side(contig, at - 1 if bracket == "[" else at, (bracket == "]") == first)
    own = Side(here.contig, here.at + len(ref) if first else here.at)
    bases = found[1] if first else found[6]
    inserted = _beyond(bases.upper(), ref.upper(), first)
    if inserted is None:
        # The base at the breakpoint is another than in the reference: it counts as inserted.
        own, inserted = (own.moved(-len(ref)), encode(bases)) if first else (own.moved(len(ref)), encode(bases))
    if (inserted == UNKNOWN).any():
        return Reason.AMBIGUOUS_BASE
    return Junction(own, mate, inserted) if first else Junction(mate, own, inserted)


def _beyond(bases: str, ref: str, first: bool) -> Codes | None:
    """The bases beside REF, None where REF is not among them. A lone N or . is REF, whatever it is."""
    if bases in (".", "N"):
        return NOTHING
    if len(bases) >= len(ref) and (ref == "N" or (bases.startswith(ref) if first else bases.endswith(ref))):
        return encode(bases[len(ref) :] if first else bases[: len(bases) - len(ref)])
    return None


def joined_by_info(
    here: Side, info: Mapping[bytes, bytes], numbered: Numbered, lengths: Sequence[int]
) -> Junction | str:
    """Return the junction of <TRA> or <BND> with CHR2, POS2 or END, and CT or STRANDS, or the reason why there is none.

    here: the contig, and POS as the number of bases up to it.
    """
    at = whole_or_none(info.get(b"POS2", info.get(b"END", b"")))
    if b"CHR2" not in info or at is None:
        return f"{Reason.SYMBOLIC}:no_mate"
    turned = _ORIENTATIONS.get(info.get(b"CT", info.get(b"STRANDS", b"")))
    if turned is None:
        return f"{Reason.SYMBOLIC}:no_orientation"
    contig = numbered(info[b"CHR2"].decode(errors="replace"))
    if contig is None:
        return f"{Reason.CONTIG_MISSING}:mate"
    if not 1 <= at <= lengths[contig]:
        return f"{Reason.OUT_OF_RANGE}:mate"
    # A side that ends at a base (3') lies behind it, one that begins there (5') before it.
    left, right = turned
    return Junction(Side(here.contig, here.at - left, left), Side(contig, at - 1 + right, right), NOTHING)
