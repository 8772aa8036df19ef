"""What INFO says of symbolic alleles: where they end, what they insert, or what is missing to know it.

VCF up to 4.3 has one END a record and SVLEN as a difference in length; VCF 4.4 one SVLEN an allele, as a length.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dnalect.core.numbers import whole_or_none

KEYS = (b"END", b"SVLEN", b"SEQ", b"SVINSSEQ", b"INSSEQ")
_BASES = frozenset("ACGTacgt")
# SVLEN is often an estimate that is older than END (in 1000 Genomes it differs by a sixth): END counts, unless they
# are further apart than this share of the length, and one base.
CLOSE = 0.25


@dataclass(frozen=True, slots=True)
class Event:
    """A symbolic allele. end: 0-based, half-open. inserted: bases of an insertion. missing: what isn't known."""

    end: int | None = None
    inserted: str = ""
    missing: str = ""


def kind_of(allele: str) -> str:
    """Return the type of a symbolic allele: DEL of <DEL:ME:ALU>."""
    return allele[1:].rstrip(">").partition(":")[0].upper()


def events(position: int, alternates: Sequence[str], info: Mapping[bytes, bytes]) -> tuple[Event | None, ...]:
    """Return what is known of each alternate, None of one that isn't symbolic. position: POS, the 1-based base before.

    SVLEN and sequences are read one an alternate where there are as many; a single length is that of all.
    """
    symbolic = [allele.startswith("<") and allele.endswith(">") for allele in alternates]
    lengths = _lengths(info.get(b"SVLEN", b""), len(alternates))
    end = whole_or_none(info.get(b"END", b""))
    spans = [
        length if each and kind_of(allele) != "INS" else None
        for each, allele, length in zip(symbolic, alternates, lengths or [None] * len(alternates), strict=True)
    ]
    # Of several alleles END is the end of the longest.
    longest = max((length for length in spans if length), default=None)
    found: list[Event | None] = []
    for at, allele in enumerate(alternates):
        if not symbolic[at]:
            found.append(None)
        elif kind_of(allele) == "INS":
            found.append(_insertion(info, at, len(alternates)))
        elif lengths is None:
            found.append(Event(end, missing="svlen_of_which_allele"))
        elif end is not None and longest is not None and abs(position + longest - end) > max(1, CLOSE * longest):
            found.append(Event(end, missing="end_contradicts_svlen"))
        elif (length := spans[at]) and (end is None or length != longest):
            found.append(Event(position + length))
        else:
            found.append(Event(end, missing="" if end is not None else "no_end"))
    return tuple(found)


def _lengths(text: bytes, count: int) -> list[int | None] | None:
    """One length an alternate, None where there is none; None altogether where it can't be told whose they are."""
    # A sign says only whether an allele adds or removes bases.
    given = [whole_or_none(each.lstrip(b"-")) or None for each in text.split(b",")]
    if len(given) == count:
        return given
    distinct = {length for length in given if length}
    if len(distinct) > 1:
        return None
    return [distinct.pop() if distinct else None] * count


def _insertion(info: Mapping[bytes, bytes], at: int, count: int) -> Event:
    for key in (b"SVINSSEQ", b"INSSEQ", b"SEQ"):
        values = info.get(key, b"").decode(errors="replace").split(",")
        text = values[at] if len(values) == count else ""
        if text and _BASES.issuperset(text):
            return Event(inserted=text)
    return Event(missing="no_sequence")
