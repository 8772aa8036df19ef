"""The records that cross stages. Coordinates are 0-based half-open everywhere but in the
readers and writers of VCF, TSV and GFF.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

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


VariantClass = Literal["snv", "mnv", "insertion", "deletion", "none"]


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


@dataclass(frozen=True, slots=True)
class Window:
    """Haplotypes of one variant with the same flanks: codes, and where the allele lies in them."""

    reference: Codes
    alternate: Codes
    start: int
    variant: Variant


@dataclass(frozen=True, slots=True)
class Encoding:
    """What a model reads.

    input_ids: (n, T) int64. attention_mask: (n, T) bool, False for padding.
    spans: (n, T, 2) int32, the bases of the window that each token covers, 0-based
    half-open; (0, 0) for special tokens and padding.
    """

    input_ids: npt.NDArray[np.int64]
    attention_mask: npt.NDArray[np.bool_]
    spans: npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Score:
    """What is known of one alternate allele.

    value: None where there is no score; then `reason` says why, as REASON or REASON:detail.
    unit: "nats". percentile: share of background variants of the same stratum that score
    lower, in (0, 1). ref_prob: the model's probability of the reference base (SNVs).
    flags: e.g. "tandem_repeat". strand_gap: |forward - reverse| of a model that reads one
    strand at a time. tokens: pieces that the reference and the alternate allele are cut into.
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


@dataclass(frozen=True, slots=True)
class Row:
    """One alternate allele with its score: a line of the table and of the report.

    position: 1-based, as in the VCF. af: allele frequency or None. seen: whether the model
    saw this contig in training. gene, region, tss_distance: empty or None without a GFF.
    """

    contig: str
    position: int
    identifier: str
    ref: str
    alt: str
    score: Score
    allele_count: int | None = None
    af: float | None = None
    seen: bool = False
    gene: str = ""
    region: str = ""
    tss_distance: int | None = None


@dataclass(slots=True)
class Context:
    """What the model expects around one variant, for the picture in the report.

    start: 0-based position of the first base shown. probabilities: (L, 4) A, C, G, T.
    bases: the reference, L letters. row: the variant.
    """

    row: Row
    start: int
    bases: str
    probabilities: npt.NDArray[np.float32]


@dataclass(slots=True)
class Summary:
    """A whole scoring run, as the report shows it.

    provenance: name -> value, in the order to show. outcomes: "scored" or a reason ->
    number of alternate alleles. kinds: class -> number scored. percentiles: class -> counts
    in 20 equal bins of the percentile. scores, background: class -> (bin edges, counts) of
    the log-ratio. frequency: None without allele counts, else the check of rare against
    common alleles. top: the lowest-ranked (most disfavoured) rows, best candidate first.
    notes: sentences that the reader must not miss.
    """

    title: str
    provenance: dict[str, str]
    records: int
    alternates: int
    outcomes: dict[str, int]
    kinds: dict[str, int]
    percentiles: dict[str, npt.NDArray[np.int64]]
    scores: dict[str, tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]]
    background: dict[str, tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]]
    top: list[Row]
    contexts: list[Context]
    frequency: "FrequencyCheck | None" = None
    notes: list[str] = field(default_factory=list)
    annotated: bool = False


@dataclass(frozen=True, slots=True)
class FrequencyCheck:
    """Do common alleles score higher than singletons, by SNV percentile?

    common: AF > 0.05. rare: allele count of 1. auroc: P(common > rare), 0.5 is chance, with
    a 95% interval. common_bins, rare_bins: counts in 20 equal bins of the percentile.
    """

    common: int
    rare: int
    auroc: float
    low: float
    high: float
    common_bins: npt.NDArray[np.int64]
    rare_bins: npt.NDArray[np.int64]
