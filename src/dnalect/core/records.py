"""The records that cross stages. Coordinates are 0-based half-open everywhere but in the
readers and writers of VCF, TSV and GFF.
"""

import statistics
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import numpy as np
import numpy.typing as npt

from dnalect.core.measures import (
    Change,
    Column,
    Distances,
    Influence,
    Inside,
    Joined,
    MotifChange,
    Splice,
    StructuralClass,
)

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
    NO_RELATIVE = "no_relative"


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
        column: Of a substitution; None unless it was asked for, and where no relative is aligned.
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
    column: Column | None = None
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
        """Whether any number is known."""
        numbers = (self.value, self.distances, self.influence, self.column, self.joined)
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
        """What ranks alleles without percentiles, lowest first: the log-ratio, else the first other number."""
        if self.value is not None:
            return self.value
        if self.joined:
            return self.joined.value
        if self.splice:
            return -self.splice.largest
        if self.distances:
            return -self.distances.cosine_site
        if self.column:
            return self.column.value
        return -self.influence.total if self.influence else 0.0


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
