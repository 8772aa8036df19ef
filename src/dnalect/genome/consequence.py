"""What a variant does to transcripts, in terms of the Sequence Ontology: docs/files.md, "Consequences".

The standard genetic code. An indel can often be written in several places without changing the
sequence; of its left-most and its right-most place the one that does less is what it does.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from dnalect.core.records import Codes, Variant
from dnalect.genome.coding import translate
from dnalect.genome.fasta import Genome
from dnalect.genome.names import own_name
from dnalect.genome.transcripts import Span, Transcript
from dnalect.tokens.bases import encode, reverse_complement

# The most severe first, in the order of Ensembl.
TERMS = (
    "transcript_ablation",
    "splice_acceptor_variant",
    "splice_donor_variant",
    "stop_gained",
    "frameshift_variant",
    "stop_lost",
    "start_lost",
    "inframe_insertion",
    "inframe_deletion",
    "missense_variant",
    "splice_region_variant",
    "stop_retained_variant",
    "synonymous_variant",
    "coding_sequence_variant",
    "5_prime_UTR_variant",
    "3_prime_UTR_variant",
    "non_coding_transcript_exon_variant",
    "intron_variant",
    "upstream_gene_variant",
    "downstream_gene_variant",
    "intergenic_variant",
)
_SEVERITY = {term: number for number, term in enumerate(TERMS)}
NEAR = 500
SITE, EXON_SIDE, INTRON_SIDE = 2, 3, 8
# A shorter gap is a frameshift that an annotation writes as an intron.
SHORTEST_INTRON = 10
# No indel is moved further than this to the right.
FARTHEST = 1000
_THREE = dict(
    zip(
        "ARNDCQEGHILKMFPSTWYV*",
        "Ala Arg Asn Asp Cys Gln Glu Gly His Ile Leu Lys Met Phe Pro Ser Thr Trp Tyr Val Ter".split(),
        strict=True,
    )
)


@dataclass(frozen=True, slots=True)
class Effect:
    """What a variant does to one transcript.

    terms: of the Sequence Ontology, the most severe first. gene, transcript: names, "" between
    genes. protein: the change of one codon in HGVS's words, e.g. "p.Gly12Asp", else "".
    """

    terms: tuple[str, ...]
    gene: str = ""
    transcript: str = ""
    protein: str = ""

    @property
    def severity(self) -> int:
        """Place of its first term in TERMS, 0 the most severe."""
        return _SEVERITY[self.terms[0]]

    @property
    def inside(self) -> bool:
        """Whether the variant touches the transcript, not only its surroundings."""
        return self.terms[0] not in ("upstream_gene_variant", "downstream_gene_variant", "intergenic_variant")


@dataclass(frozen=True)
class _Change:
    """[start, end) of the contig becomes `alt`, on the + strand."""

    start: int
    end: int
    alt: Codes

    def touches(self, low: int, high: int) -> bool:
        """Whether it changes a base of [low, high), or puts bases between two of them."""
        if self.start < self.end:
            return self.start < high and low < self.end
        return low < self.start < high


@dataclass(frozen=True)
class _Spliced:
    """A transcript read in its own direction. positions, codes: (n,). low, high: of the CDS."""

    positions: npt.NDArray[np.int64]
    codes: Codes
    low: int
    high: int

    def place(self, position: int) -> int:
        """Return where the base of a genome position stands."""
        if self.positions[0] <= self.positions[-1]:
            return int(np.searchsorted(self.positions, position))
        return len(self.positions) - 1 - int(np.searchsorted(self.positions[::-1], position, side="left"))


@dataclass(frozen=True)
class _Contig:
    transcripts: list[Transcript]
    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    # The furthest end of a transcript and of all before it.
    reached: npt.NDArray[np.int64]


class Consequences:
    """Says what variants do, of the transcripts of an annotation on a genome."""

    def __init__(self, transcripts: dict[str, list[Transcript]], genome: Genome):
        self.genome = genome
        self._contigs = {name: _contig(each) for name, each in transcripts.items()}
        self._known: dict[int, _Contig | None] = {}
        self._spliced = lru_cache(maxsize=2048)(self._read)

    def of(self, variant: Variant) -> Effect | None:
        """Return the effect on the transcript that suffers most, None on a contig that the annotation lacks.

        Of equally severe effects that on the transcript which the file names as the one to show, then
        on the longest CDS. Up to 500 bases before and after transcripts there are upstream and downstream effects.
        """
        contig = self._contig(variant.contig)
        if contig is None:
            return None
        places = list(self._places(variant))
        low = int(np.searchsorted(contig.reached, places[0].start - NEAR, side="left"))
        high = int(np.searchsorted(contig.starts, places[-1].end + NEAR, side="right"))
        best: tuple[tuple[int, bool, int, str], Effect] | None = None
        for at in range(low, high):
            if contig.ends[at] < places[0].start - NEAR:
                continue
            transcript = contig.transcripts[at]
            effects = [self._effect(place, transcript, variant.contig) for place in places]
            least = max(filter(None, effects), key=lambda each: each.severity, default=None)
            if least is None or None in effects:
                continue
            distance = min(abs(places[0].start - end) for end in (transcript.start, transcript.end))
            tie = distance if not least.inside else -transcript.coding_length
            key = least.severity, not transcript.chosen, tie, transcript.name
            if best is None or key < best[0]:
                best = key, least
        return best[1] if best else Effect(("intergenic_variant",))

    def _contig(self, number: int) -> _Contig | None:
        if number not in self._known:
            name = own_name(self.genome.names[number], self._contigs)
            self._known[number] = self._contigs.get(name)
        return self._known[number]

    def _places(self, variant: Variant) -> Iterator[_Change]:
        """The left-most place of a variant, and the right-most where that is another."""
        yield _Change(variant.start, variant.end, variant.alt)
        deleted, inserted = len(variant.ref), len(variant.alt)
        if (deleted == 0) == (inserted == 0):
            return
        moved = variant.ref if deleted else variant.alt
        after = encode(self.genome.fetch(variant.contig, variant.end, variant.end + FARTHEST))
        agree = after == moved[np.arange(FARTHEST) % len(moved)]
        shift = FARTHEST if agree.all() else int(agree.argmin())
        if shift:
            yield _Change(variant.start + shift, variant.end + shift, np.roll(variant.alt, -shift))

    def _effect(self, change: _Change, transcript: Transcript, contig: int) -> Effect | None:
        if not change.touches(transcript.start, transcript.end):
            return _beside(change, transcript)
        if change.start <= transcript.start and transcript.end <= change.end and not len(change.alt):
            return _made({"transcript_ablation"}, transcript)
        terms = set(_splicing(change, transcript))
        protein = ""
        exon = next((span for span in transcript.exons if change.touches(*span)), None)
        if exon and exon[0] <= change.start and change.end <= exon[1]:
            if transcript.coding:
                found, protein = _in_exon(change, transcript, self._spliced(transcript, contig))
                terms |= found
            else:
                terms.add("non_coding_transcript_exon_variant")
        else:
            terms |= set(_across(change, transcript))
        return _made(terms, transcript, protein)

    def _read(self, transcript: Transcript, contig: int) -> _Spliced:
        positions, low, high = transcript.spliced()
        bases = self.genome.contig(self.genome.names[contig])
        # An annotation of another assembly may reach beyond the contig.
        codes = encode(bases[np.minimum(positions, len(bases) - 1)])
        return _Spliced(positions, codes if transcript.forward else reverse_complement(codes)[::-1], low, high)


def _contig(transcripts: list[Transcript]) -> _Contig:
    starts = np.array([each.start for each in transcripts], dtype=np.int64)
    ends = np.array([each.end for each in transcripts], dtype=np.int64)
    return _Contig(transcripts, starts, ends, np.maximum.accumulate(ends))


def _made(terms: set[str], transcript: Transcript, protein: str = "") -> Effect:
    return Effect(tuple(sorted(terms, key=_SEVERITY.__getitem__)), transcript.gene, transcript.name, protein)


def _beside(change: _Change, transcript: Transcript) -> Effect | None:
    """Upstream or downstream, None where it is too far away."""
    if max(transcript.start - change.end, change.start - transcript.end) >= NEAR:
        return None
    upstream = (change.end <= transcript.start) == transcript.forward
    return _made({"upstream_gene_variant" if upstream else "downstream_gene_variant"}, transcript)


def _splicing(change: _Change, transcript: Transcript) -> Iterator[str]:
    """Terms of the introns that a change touches."""
    for start, end in transcript.introns:
        if end + EXON_SIDE < change.start or change.end < start - EXON_SIDE:
            continue
        if end - start < SHORTEST_INTRON:
            if change.touches(start, end):
                yield "intron_variant"
            continue
        first, last = change.touches(start, start + SITE), change.touches(end - SITE, end)
        if first or last:
            yield from ["splice_donor_variant"] * (first if transcript.forward else last)
            yield from ["splice_acceptor_variant"] * (last if transcript.forward else first)
        elif change.touches(start - EXON_SIDE, start + INTRON_SIDE) or change.touches(
            end - INTRON_SIDE, end + EXON_SIDE
        ):
            yield "splice_region_variant"
        if change.touches(start + SITE, end - SITE) or change.start == change.end in (start + SITE, end - SITE):
            yield "intron_variant"


def _across(change: _Change, transcript: Transcript) -> Iterator[str]:
    """Terms of the exons of a change that isn't inside one of them."""
    low, high = (change.start, change.end) if change.start < change.end else (change.start - 1, change.start + 1)
    parts = [(max(low, start), min(high, end)) for start, end in transcript.exons if start < high and low < end]
    if not transcript.coding:
        if parts:
            yield "non_coding_transcript_exon_variant"
        return
    first, last = transcript.coding[0][0], transcript.coding[-1][1]
    if any(_shared(part, span) for part in parts for span in transcript.coding):
        yield "coding_sequence_variant"
    if any(start < first for start, _ in parts):
        yield "5_prime_UTR_variant" if transcript.forward else "3_prime_UTR_variant"
    if any(end > last for _, end in parts):
        yield "3_prime_UTR_variant" if transcript.forward else "5_prime_UTR_variant"


def _shared(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _in_exon(change: _Change, transcript: Transcript, spliced: _Spliced) -> tuple[set[str], str]:
    """Terms, and the protein's change, of a change inside an exon of a coding transcript."""
    if change.start < change.end:
        ends = spliced.place(change.start), spliced.place(change.end - 1)
        low, high = min(ends), max(ends) + 1
    else:
        low = high = max(spliced.place(change.start - 1), spliced.place(change.start))
    alt = change.alt if transcript.forward else reverse_complement(change.alt)
    if high <= spliced.low:
        return {"5_prime_UTR_variant"}, ""
    if low >= spliced.high:
        return {"3_prime_UTR_variant"}, ""
    if low < spliced.low:
        kept = _ends_with(np.concatenate([spliced.codes[:low], alt]), spliced.codes[spliced.low : high])
        return {"5_prime_UTR_variant"} | (set() if kept else {"start_lost"}), ""
    return _coding(low, high, alt, transcript, spliced)


def _ends_with(codes: Codes, tail: Codes) -> bool:
    return len(codes) >= len(tail) and bool(np.array_equal(codes[len(codes) - len(tail) :], tail))


def _coding(low: int, high: int, alt: Codes, transcript: Transcript, spliced: _Spliced) -> tuple[set[str], str]:
    """Of a change that begins in the CDS: [low, high) of the transcript becomes `alt`, all on its strand."""
    origin = spliced.low + transcript.phase
    if low < origin:
        return {"coding_sequence_variant"}, ""
    net = len(alt) - (high - low)
    first = origin + (low - origin) // 3 * 3
    last = max(first, origin + (high - origin + 2) // 3 * 3)
    beyond = high > spliced.high
    if last > spliced.high and not beyond:
        return {"coding_sequence_variant"}, ""
    before = translate(spliced.codes[first : min(last, spliced.high)])
    codons = max(1, -(-(low - first + len(alt)) // 3)) if net % 3 else (last - first + net) // 3
    if beyond:
        codons = max(codons, len(before))
    tail = spliced.codes[high : high + 3 * codons]
    after = translate(np.concatenate([spliced.codes[first:low], alt, tail])[: 3 * codons])
    if "X" in before + after:
        return {"coding_sequence_variant"}, ""
    terms = _translated(before, after, net)
    if first == origin and not transcript.phase and before[:1] == "M" != after[:1]:
        terms = (terms | {"start_lost"}) - {"missense_variant"}
    if beyond:
        terms = {"3_prime_UTR_variant", "stop_retained_variant" if "stop_retained_variant" in terms else "stop_lost"}
    one = len(before) == len(after) == 1 and not net and not beyond and not transcript.phase
    return terms, _words(before, after, (first - origin) // 3 + 1) if one else ""


def _translated(before: str, after: str, net: int) -> set[str]:
    """Terms of the amino acids `before` that become `after`. net: bases that are added, below 0 where some are lost."""
    stop, new_stop = before.find("*"), after.find("*")
    if stop >= 0 and before[: stop + 1] == after[: stop + 1]:
        return {"stop_retained_variant"}
    if before == after and not net:
        return {"synonymous_variant"}
    terms = set()
    if stop >= 0 and new_stop < 0:
        terms.add("stop_lost")
    if new_stop >= 0 and not 0 <= stop <= new_stop:
        terms.add("stop_gained")
    if net:
        terms.add("frameshift_variant" if net % 3 else "inframe_insertion" if net > 0 else "inframe_deletion")
    return terms or {"missense_variant"}


def _words(before: str, after: str, number: int) -> str:
    if number == 1 and before == "M" != after:
        return "p.Met1?"
    return f"p.{_THREE[before]}{number}{'=' if before == after else _THREE[after]}"
