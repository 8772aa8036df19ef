"""VCF lines in and out. Every byte passes through but our INFO fields and header lines.

No VCF library writes here: they reorder INFO, round floats and reject lines that are
common in practice. This is one of the places that know that POS is 1-based.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dnalect.core.errors import VcfError
from dnalect.core.numbers import whole_number, whole_or_none
from dnalect.genome.symbolic import KEYS, Event, events

PREFIX = "DNALECT_"
_READ = frozenset((b"AA", b"AC", b"AF", b"AN", *KEYS))


@dataclass(frozen=True, slots=True)
class Record:
    """One site as given.

    contig, identifier, ref: as written. start: 0-based position of REF. alternates: as
    written; empty for ALT ".". events: what INFO says of each symbolic one; () where none is.
    counts, frequencies: one of each alternate where the file gives them, else None.
    ancestral: the ancestral allele as INFO/AA has it, "" where the file does not say; 1000 Genomes writes what it
    is not sure of in small letters.
    line: the whole input line with its end, for VCF; otherwise b"".
    """

    contig: str
    start: int
    identifier: str
    ref: str
    alternates: tuple[str, ...]
    events: tuple[Event | None, ...] = ()
    counts: tuple[int | None, ...] = ()
    frequencies: tuple[float | None, ...] = ()
    ancestral: str = ""
    line: bytes = b""

    @property
    def end(self) -> int | None:
        """0-based end of the symbolic allele that ends last; None where none has an end."""
        return max((each.end for each in self.events if each and each.end is not None), default=None)

    def ancestral_of(self, alt: str) -> str:
        """Return "ref" or "alt", whichever is the ancestral base of a substitution, "" where neither is."""
        told = self.ancestral.upper()
        if len(self.ref) != 1 or len(alt) != 1 or not told:
            return ""
        return {self.ref.upper(): "ref", alt.upper(): "alt"}.get(told, "")


@dataclass(frozen=True)
class VcfHeader:
    """Header lines with their line ends: the ## lines, then the #CHROM line."""

    meta: tuple[bytes, ...]
    columns: bytes

    @property
    def tells_ancestral(self) -> bool:
        """Whether INFO has the ancestral allele."""
        return any(line.startswith(b"##INFO=<ID=AA,") for line in self.meta)

    def with_lines(self, added: Iterable[str]) -> Iterator[bytes]:
        """Yield all header lines with ours before #CHROM, in place of those of an earlier run."""
        end = b"\r\n" if self.columns.endswith(b"\r\n") else b"\n"
        yield from (line for line in self.meta if not _ours(line))
        for line in added:
            yield line.encode() + end
        yield self.columns if self.columns.endswith(b"\n") else self.columns + b"\n"


def _ours(line: bytes) -> bool:
    return line.startswith((b"##dnalect", b"##INFO=<ID=DNALECT_"))


def read_header(lines: Iterator[bytes], source: str) -> VcfHeader:
    """Read up to the #CHROM line. Raises VcfError where the header is missing or wrong."""
    first = next(lines, None)
    if first is None:
        raise VcfError(f"the VCF {source} is empty; a VCF begins with a header line '##fileformat=VCF...'")
    if not first.startswith(b"##fileformat=VCF"):
        raise VcfError(f"{source} has no VCF header: its first line must be '##fileformat=VCF...'")
    meta = [first]
    for line in lines:
        if line.startswith(b"##"):
            meta.append(line)
        elif line.startswith(b"#CHROM\t"):
            return VcfHeader(tuple(meta), line)
        else:
            break
    raise VcfError(f"the header of {source} has no line '#CHROM\tPOS\tID\tREF\tALT...'")


def read_records(lines: Iterator[bytes], source: str, first_line: int) -> Iterator[Record]:
    """Yield the records in order. first_line: 1-based number of the first one, for messages."""
    for number, line in enumerate(lines, first_line):
        if line.isspace():
            continue
        try:
            yield _record(line)
        except (ValueError, IndexError) as error:
            shown = line[:60].decode(errors="replace").rstrip()
            raise VcfError(f"{source}, line {number} is no VCF record ({error}): {shown!r}") from error


def _record(line: bytes) -> Record:
    columns = line.split(b"\t", 8)
    if len(columns) < 8:
        raise ValueError(f"{len(columns)} columns instead of at least 8")
    contig, position, identifier, ref, alt = (part.decode() for part in columns[:5])
    alternates = () if alt == "." else tuple(alt.split(","))
    info = _info(columns[7].rstrip(b"\r\n"))
    count, start = len(alternates), whole_number(position) - 1
    return Record(
        contig=contig,
        start=start,
        identifier=identifier,
        ref=ref,
        alternates=alternates,
        events=events(start + 1, alternates, info) if "<" in alt else (),
        counts=tuple(whole_or_none(value) for value in _values(info, b"AC", count)),
        frequencies=_frequencies(info, count),
        ancestral=info.get(b"AA", b"").partition(b"|")[0].decode(errors="replace"),
        line=line,
    )


def _info(text: bytes) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    for entry in text.split(b";"):
        key, _, value = entry.partition(b"=")
        if key in _READ:
            found[key] = value
    return found


def info_of(line: bytes) -> dict[bytes, bytes]:
    """Return all that INFO says in a line of a VCF; flags are there without a value. {} of no line."""
    columns = line.split(b"\t", 8)
    entries = columns[7].rstrip(b"\r\n").split(b";") if len(columns) > 7 else ()
    return {key: value for key, _, value in (entry.partition(b"=") for entry in entries)}


def _values(info: dict[bytes, bytes], key: bytes, count: int) -> list[str]:
    values = info.get(key, b"").decode(errors="replace").split(",")
    return values if len(values) == count else [""] * count


def _frequencies(info: dict[bytes, bytes], count: int) -> tuple[float | None, ...]:
    given = _values(info, b"AF", count)
    if any(given):
        return tuple(_float(value) for value in given)
    total = whole_or_none(info.get(b"AN", b""))
    if not total:
        return (None,) * count
    counts = (whole_or_none(value) for value in _values(info, b"AC", count))
    return tuple(None if each is None else each / total for each in counts)


def _float(value: str) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None


def annotate_line(line: bytes, fields: str) -> bytes:
    """Return the line with our INFO fields appended, in place of those of an earlier run."""
    head = line.split(b"\t", 8)
    info = head[7]
    end = b""
    if len(head) == 8:
        stripped = info.rstrip(b"\r\n")
        info, end = stripped, info[len(stripped) :]
    kept = info
    if PREFIX.encode() in info:
        kept = b";".join(entry for entry in info.split(b";") if not entry.startswith(PREFIX.encode()))
    added = fields.encode()
    head[7] = (added if kept in (b".", b"") else kept + b";" + added) + end
    return b"\t".join(head)


def plain_line(record: Record, fields: str) -> bytes:
    """Return a VCF line for a record that did not come from a VCF."""
    alternates = ",".join(record.alternates) or "."
    return (
        f"{record.contig}\t{record.start + 1}\t{record.identifier or '.'}\t{record.ref}\t{alternates}\t.\t.\t{fields}\n"
    ).encode()
