"""Do the variants belong to the reference? Judged by the header of the VCF, then by the REF alleles."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from dnalect.core.errors import AssemblyError
from dnalect.core.records import Reason, Variant
from dnalect.genome.builds import Build, build_in, build_named, build_of, builds
from dnalect.genome.fasta import Genome
from dnalect.genome.names import ContigNames
from dnalect.genome.vcf import Record, VcfHeader
from dnalect.models.assemblies import Origin

# Of so many REF alleles, this share may differ from the reference.
FEWEST, MOST_DIFFERENT = 50, 0.02
# Of fewer alleles, nothing is said of one or two.
FEW = 3
# Contigs that differ in length, and hold no more than this share of the bases, set nothing but themselves aside.
SMALL = 0.01
# A contig of the reference that is shorter than this share of the header's is taken for a part of it.
PART = 0.9
# REF was compared, whatever came of the allele.
_COMPARED = (Reason.REF_MISMATCH, Reason.CONTIG_EDGE, Reason.TOO_LONG, Reason.COPY)
_CONTIG = re.compile(rb"##contig=<.*\bID=([^,>]+)")
_LENGTH, _ASSEMBLY = re.compile(rb"\blength=(\d{1,12})\b"), re.compile(rb"\bassembly=([^,>]+)")
FORCE = "--force-reference scores them all the same"


@dataclass(frozen=True)
class HeaderContig:
    """A ##contig line. length, assembly: None and "" where it says neither."""

    name: str
    length: int | None
    assembly: str


def header_contigs(header: VcfHeader) -> list[HeaderContig]:
    """Return the contigs that the header of a VCF names, in its order."""
    found = []
    for line in header.meta:
        if name := _CONTIG.match(line):
            length, assembly = _LENGTH.search(line), _ASSEMBLY.search(line)
            text = assembly[1].decode(errors="replace") if assembly else ""
            found.append(HeaderContig(name[1].decode(errors="replace"), int(length[1]) if length else None, text))
    return found


def header_build(header: VcfHeader, contigs: Sequence[HeaderContig]) -> Build | None:
    """Return the assembly that a header tells: by its lengths, else by assembly=, else by ##reference."""
    if found := build_of(each.length for each in contigs if each.length):
        return found
    named = (build_named(each.assembly) for each in contigs if each.assembly)
    references = (build_in(line.decode(errors="replace")) for line in header.meta if line.startswith(b"##reference="))
    return next(filter(None, named), None) or next(filter(None, references), None)


@dataclass
class Fit:
    """What speaks against scoring these variants on this reference.

    force: go on whatever does. told: the assembly that the VCF's header tells, or None. apart: contigs of
    the reference whose records can't be scored, as the header gives them another length.
    """

    genome: Genome
    names: ContigNames
    origin: Origin
    force: bool = False
    told: Build | None = None
    apart: dict[int, str] = field(default_factory=dict)
    judged: int = 0
    different: int = 0
    first: str = ""
    against: str = ""

    def read(self, header: VcfHeader) -> None:
        """Compare a header with the reference. Raises AssemblyError where it is of another assembly, unless forced."""
        contigs = header_contigs(header)
        self.told = header_build(header, contigs)
        wrong, right = self._compare(contigs)
        bases = sum(each.length or 0 for _, each in wrong)
        mine = build_of(self.origin.lengths)
        if wrong and bases > SMALL * (bases + right):
            self._oppose(self._lengths_differ(wrong))
        elif wrong:
            self.apart = {} if self.force else {number: f"{each.length}" for number, each in wrong}
        elif not right and mine and self.told and mine != self.told:
            self._oppose(
                f"the header of the variants names {self.told.title}, and the reference {self.genome.path.name} "
                f"is {mine.title} by the lengths of its contigs"
            )

    def _compare(self, contigs: Sequence[HeaderContig]) -> tuple[list[tuple[int, HeaderContig]], int]:
        """Return the contigs whose lengths contradict the reference's, and how many bases agree."""
        wrong, right = [], 0
        for each in contigs:
            number = self.names.likely(each.name)
            if number is None or not each.length:
                continue
            here = self.origin.lengths[number]
            if here == each.length:
                right += here
            elif here > each.length or here >= PART * each.length or _whole(here):
                wrong.append((number, each))
        return wrong, right

    def _lengths_differ(self, wrong: Sequence[tuple[int, HeaderContig]]) -> str:
        number, each = max(wrong, key=lambda pair: pair[1].length or 0)
        here = self.origin.lengths[number]
        more = f" ({len(wrong) - 1} more contigs differ)" if len(wrong) > 1 else ""
        return (
            f"{each.name} has {each.length:,} bases in the header of the variants{_is(self.told)}, and {here:,} in the "
            f"reference {self.genome.path.name}{_is(build_of(self.origin.lengths))}{more}"
        )

    def judge(self, record: Record, contig: int | None, found: Sequence[Variant | str]) -> None:
        """Count the REF alleles of one record that were compared with the reference."""
        for each in found:
            reason = "" if isinstance(each, Variant) else each.partition(":")[0]
            if reason and reason not in _COMPARED:
                continue
            self.judged += 1
            if reason == Reason.REF_MISMATCH:
                self.different += 1
                if not self.first and contig is not None:
                    there = self.genome.fetch(contig, record.start, record.start + len(record.ref)).tobytes().decode()
                    self.first = f"{record.contig}:{record.start + 1}: REF {_short(record.ref)}, not {_short(there)}"

    @property
    def suspicious(self) -> bool:
        """Whether more REF alleles differ than a few errors explain."""
        return self.different >= FEW and self.different > MOST_DIFFERENT * self.judged

    def check(self) -> None:
        """Raise AssemblyError where too many of the REF alleles so far differ, unless forced."""
        if self.judged >= FEWEST and self.different > MOST_DIFFERENT * self.judged and not self.force:
            raise AssemblyError(
                f"{self._share()}: the variants are of another assembly than the reference "
                f"{self.genome.path.name}{_is(self.origin.build)}{self._header()}. Give the reference that they were "
                f"called on, or lift them over; {FORCE}"
            )

    def _share(self) -> str:
        rate = self.different / max(1, self.judged)
        return f"{self.different:,} of the first {self.judged:,} alleles ({rate:.0%}) have another REF ({self.first})"

    def _header(self) -> str:
        return f"; their header tells {self.told.title}" if self.told else ""

    def _oppose(self, text: str) -> None:
        if not self.force:
            raise AssemblyError(
                f"the variants and the reference are of different assemblies: {text}. Give the reference that "
                f"the variants were called on, or lift them over; {FORCE}"
            )
        self.against = text

    @property
    def notes(self) -> list[str]:
        """What the reader of the outputs must not miss."""
        notes = []
        if self.against:
            notes.append(
                f"FORCED ONTO ANOTHER ASSEMBLY (--force-reference): {self.against}. "
                "Scores of places that are not those of the variants are meaningless."
            )
        for number, length in self.apart.items():
            name, here = self.genome.names[number], self.origin.lengths[number]
            notes.append(
                f"{name} has {int(length):,} bases in the header of the variants and {here:,} in the reference: its "
                f"records are not scored (contig_missing:other_length); {FORCE}."
            )
        if self.suspicious:
            forced = "FORCED (--force-reference): " if self.force else ""
            share = self._share().replace("the first ", "")
            notes.append(
                f"{forced}{share}: are the variants of this assembly? A quarter of wrong places fit by chance."
            )
        return notes


def _whole(length: int) -> bool:
    """Whether a chromosome of a known assembly has this length."""
    return any(length in each.contigs.values() for each in builds())


def _is(build: Build | None) -> str:
    return f", which is {build.title}" if build else ""


def _short(bases: str) -> str:
    return bases if len(bases) <= 12 else f"{bases[:9]}..."
