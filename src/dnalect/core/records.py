"""The records that cross stages. Coordinates are 0-based half-open everywhere but in the
readers and writers of VCF, TSV and GFF.
"""

import statistics
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Interval:
    """[start, end) on a contig; strand '+', '-' or '.'."""

    contig: str
    start: int
    end: int
    strand: str = "."
    name: str = ""


class Reason(StrEnum):
    """Why an alternate allele has no score."""

    REF_MISMATCH = "ref_mismatch"
    SYMBOLIC = "symbolic"
    BREAKEND = "breakend"
    STAR = "star"
    NON_REF = "non_ref"
    NO_ALTERNATE = "no_alternate"
    AMBIGUOUS_BASE = "ambiguous_base"
    TOO_LONG = "too_long"
    OUT_OF_RANGE = "out_of_range"
    CONTIG_MISSING = "contig_missing"
    CONTIG_EDGE = "contig_edge"
    COPY = "copy"
    HOMOLOGY = "homology"
    NOT_STRUCTURAL = "not_structural"
    NO_GENE = "no_gene"


StructuralClass = Literal[
    "sv_deletion", "sv_duplication", "sv_inversion", "sv_insertion", "sv_translocation", "sv_breakend"
]
VariantClass = Literal["snv", "mnv", "insertion", "deletion", "none"] | StructuralClass


@dataclass(frozen=True, slots=True)
class Variant:
    """One alternate allele, trimmed and left-aligned: reference[start:end] becomes `alt`.

    contig: number of the contig in the reference. start, end: 0-based half-open.
    ref, alt: base codes. tandem: an indel that adds or removes copies of its neighbour.
    """

    contig: int
    start: int
    end: int
    ref: Codes
    alt: Codes
    tandem: bool = False

    @property
    def kind(self) -> VariantClass:
        """snv, mnv (same length), insertion or deletion (by net length), none (REF = ALT)."""
        difference = len(self.alt) - len(self.ref)
        if difference:
            return "insertion" if difference > 0 else "deletion"
        return "none" if not len(self.ref) else "snv" if len(self.ref) == 1 else "mnv"

    @property
    def changed(self) -> int:
        """Changed bases: differing ones where the alleles are of one length, else those of the longer allele."""
        if len(self.ref) == len(self.alt):
            return int((self.ref != self.alt).sum())
        return max(len(self.ref), len(self.alt))

    @property
    def flags(self) -> tuple[str, ...]:
        """What every score of this variant is flagged with."""
        return ("tandem_repeat",) if self.tandem else ()


@dataclass(frozen=True, slots=True)
class Window:
    """Haplotypes of one variant with the same flanks.

    reference, alternate: base codes. start: 0-based, where the allele begins in both.
    """

    reference: Codes
    alternate: Codes
    start: int
    variant: Variant


class Distances(NamedTuple):
    """How far apart a model places the haplotypes of one variant: docs/scores.md, "distance-2".

    cosine: 1 - cosine of the angle, 0 to 2. l2: length of the difference. inner: inner product, which grows with
    likeness. window: between means over the window. site: over the changed bases. The same with the alleles swapped.
    """

    cosine_window: float
    l2_window: float
    inner_window: float
    cosine_site: float
    l2_site: float
    inner_site: float


class Influence(NamedTuple):
    """What a variant changes in the predictions around it: docs/scores.md, "influence-1".

    Of each base beside the alleles counts the largest change of the log-odds (nats) of the four bases. largest: the
    largest of these. total: their sum over the window. near: their sum over the 16 bases on each side. All are unsigned
    and the same with the alleles swapped. percentiles: of the three, shares of background variants of the same stratum
    with a lower value; () without a background.
    """

    largest: float
    total: float
    near: float
    percentiles: tuple[float | None, ...] = ()


class Joined(NamedTuple):
    """What a model says of the junctions of a structural variant: docs/scores.md, "llr-junction-1".

    value: the mean over its junctions, nats. each: of every junction. kind: its class. size: bases between the
    breakpoints, or inserted ones. event: what its records have in common. percentile: share of random ones of its class
    and size with a lower value.
    """

    value: float
    each: tuple[float, ...]
    kind: StructuralClass
    size: int
    event: str = ""
    percentile: float | None = None


class Splice(NamedTuple):
    """What a variant does to the splice sites of one gene: docs/scores.md, "splice-1".

    gene: its name; without genes the strand. deltas: acceptor gain and loss, donor gain and loss, in [0, 1].
    positions: where each is: bases behind POS, before it where negative.
    """

    gene: str
    deltas: tuple[float, float, float, float]
    positions: tuple[int, int, int, int]

    @property
    def largest(self) -> float:
        return max(self.deltas)


class Inside(NamedTuple):
    """What a structural variant does to annotated elements, by name, in the order of the contig.

    lost, gained, inverted: those that lie wholly between the breakpoints. cut: a breakpoint lies in them. fused: two
    that a junction joins in one direction, as "first::second".
    """

    lost: tuple[str, ...] = ()
    gained: tuple[str, ...] = ()
    inverted: tuple[str, ...] = ()
    cut: tuple[str, ...] = ()
    fused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """How an output of a predictor differs between the haplotypes: docs/scores.md, "change-1".

    name: of the output, safe in a heading. value: alternate - reference, which are the predictions: a signal in its own
    unit, a class or track as log-odds (nats). percentile: share of background variants of the stratum that are lower.
    """

    name: str
    value: float
    reference: float
    alternate: float
    percentile: float | None = None

    @property
    def rank(self) -> tuple[float, float]:
        """What ranks changes, the most unusual last, up or down: how far the percentile is from 1/2, then the size."""
        return (abs(2 * self.percentile - 1) if self.percentile is not None else 0.0), abs(self.value)


@dataclass(frozen=True, slots=True)
class Score:
    """What is known of one alternate allele.

    Attributes:
        value: The log-ratio ln p(ALT) - ln p(REF); None where there is none.
        unit: "nats".
        percentile: Share of background variants of the same stratum that score lower.
        ref_prob: The model's probability of the reference base (SNVs).
        reason: Why nothing is known, as REASON or REASON:detail; "" where something is.
        flags: "tandem_repeat" of indels, "repeat" of substitutions.
        kind: "snv", "mnv", "insertion", "deletion" or "none".
        strand_gap: |forward - reverse| of a model that reads one strand at a time.
        tokens: Pieces that the reference and the alternate allele are cut into.
        members: The log-ratios whose mean `value` is, one a model, () of a single model.
        distances: None unless they were asked for.
        influence: None unless it was asked for.
        joined: Of a structural variant; None unless it was asked for.
        changes: One an output of a predictor, else ().
        changed: Bases that the allele changes, 0 where nothing does.
        splices: One a gene that the allele lies in, else ().
    """

    value: float | None = None
    unit: str = "nats"
    percentile: float | None = None
    ref_prob: float | None = None
    reason: str = ""
    flags: tuple[str, ...] = ()
    kind: VariantClass = "none"
    strand_gap: float | None = None
    tokens: tuple[int, int] | None = None
    members: tuple[float, ...] = ()
    distances: Distances | None = None
    influence: Influence | None = None
    joined: Joined | None = None
    changes: tuple[Change, ...] = ()
    changed: int = 0
    splices: tuple[Splice, ...] = ()

    @property
    def per_base(self) -> float | None:
        """The log-ratio over the changed bases, None where none changes."""
        return self.value / self.changed if self.value is not None and self.changed else None

    @property
    def placed(self) -> float | None:
        """The percentile of the log-ratio, else that of the junctions."""
        return self.joined.percentile if self.percentile is None and self.joined else self.percentile

    @property
    def known(self) -> bool:
        """Whether there is a log-ratio, a distance, an influence, a score of junctions or splicing, or a change."""
        numbers = (self.value, self.distances, self.influence, self.joined)
        return any(each is not None for each in numbers) or bool(self.changes or self.splices)

    @property
    def splice(self) -> Splice | None:
        """What it does to splicing in the gene where it does most."""
        return max(self.splices, key=lambda each: each.largest, default=None)

    @property
    def spread(self) -> float | None:
        """Standard deviation of the members (divided by their number), None of a single model."""
        return statistics.pstdev(self.members) if self.members else None

    @property
    def rank(self) -> float:
        """What ranks alleles without percentiles, lowest first: log-ratio, junction, splicing, distance, influence."""
        if self.value is not None:
            return self.value
        if self.joined:
            return self.joined.value
        if self.splice:
            return -self.splice.largest
        if self.distances:
            return -self.distances.cosine_site
        return -self.influence.total if self.influence else 0.0


@dataclass(frozen=True, slots=True)
class MotifChange:
    """The motif whose best match over a variant changes most between the haplotypes: docs/files.md, "Motifs".

    reference, alternate: bits of the best match, 0 for none above. threshold: bits from which a match is a site.
    """

    name: str
    reference: float
    alternate: float
    threshold: float

    @property
    def change(self) -> float:
        """Bits gained, below 0 where some are lost."""
        return self.alternate - self.reference

    @property
    def words(self) -> str:
        """Say it, e.g. "breaks HNF4A: 9.1 -> 2.3 bits"."""
        was, remains = self.reference >= self.threshold, self.alternate >= self.threshold
        verb = ("makes" if not was else "strengthens") if self.change > 0 else ("breaks" if not remains else "weakens")
        return f"{verb} {self.name}: {self.reference:.1f} -> {self.alternate:.1f} bits"


@dataclass(frozen=True, slots=True)
class Row:
    """One alternate allele with its score: a line of the table and of the report.

    Attributes:
        contig: As the reference names it.
        position: 1-based, as in the VCF.
        identifier: As in the VCF, "." without one.
        ref: The reference allele, as in the VCF.
        alt: The alternate allele.
        score: What is known of it.
        allele_count: Carriers of ALT, None where the file doesn't say.
        af: Allele frequency or None.
        seen: Whether the model was trained on this place, None where that isn't known.
        gene: The nearest gene, "" without a GFF.
        region: Where it lies in the gene, "" without a GFF.
        tss_distance: To the transcription start, in bases, None without a GFF.
        consequence: Terms of the Sequence Ontology joined by "&", the most severe first.
        transcript: Where that is.
        protein: The change of the protein in HGVS's words.
        span: [start, end) of the changed bases, 0-based, on the reference; start = end of an
            insertion; None where the allele was not understood.
        motif: None unless asked for.
        inside: Elements that a structural variant loses, gains, inverts, cuts or fuses; None unless asked for.
        ancestral: Of a substitution "ref" or "alt", whichever is the ancestral allele, "" where neither is known to
            be; None where the file does not say it of any (INFO/AA).
    """

    contig: str
    position: int
    identifier: str
    ref: str
    alt: str
    score: Score
    allele_count: int | None = None
    af: float | None = None
    seen: bool | None = None
    gene: str = ""
    region: str = ""
    tss_distance: int | None = None
    consequence: str = ""
    transcript: str = ""
    protein: str = ""
    span: tuple[int, int] | None = None
    motif: MotifChange | None = None
    inside: Inside | None = None
    ancestral: str | None = None
