"""The records that say what a whole scoring run did, as the report shows them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from dnalect.core.records import Row
from dnalect.core.views import View


@dataclass(slots=True)
class Context:
    """What the model expects around one variant, for the picture in the report.

    start: 0-based position of the first base shown. probabilities: (L, 4) A, C, G, T.
    bases: the reference, L letters. row: the variant. motif: what it does to the site of a known motif, "" where
    nothing stands out of shuffled sequence. views: what else the model sees there, for the first variants.
    """

    row: Row
    start: int
    bases: str
    probabilities: npt.NDArray[np.float32]
    motif: str = ""
    views: tuple[View, ...] = ()


@dataclass(slots=True)
class Summary:
    """A whole scoring run, as the report shows it.

    provenance: name -> value, in the order to show. outcomes: "scored" or a reason ->
    number of alternate alleles. kinds: class -> number scored. percentiles: class -> counts
    in 20 equal bins of the percentile. scores, background: class -> (bin edges, counts) of
    the log-ratio. changes: "output, class" -> (bin edges, counts, counts of the background).
    frequency: None without allele counts, else the check of rare against
    common alleles. top: the lowest-ranked (most disfavoured) rows, best candidate first.
    within: of each of them, its place among the SNVs of its substitution type: see `shares_within`.
    notes: sentences that the reader must not miss. facts: such as are good to know. seen: of
    these, how much of it the model saw in training. measured: names of the scores, of SCORES.
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
    facts: list[str] = field(default_factory=list)
    seen: str = ""
    annotated: bool = False
    measured: tuple[str, ...] = ("llr",)
    within: list[float | None] = field(default_factory=list)
    changes: dict[str, tuple[npt.NDArray[np.float64], npt.NDArray[np.int64], npt.NDArray[np.int64]]] = field(
        default_factory=dict
    )


def substitution_type(ref: str, alt: str) -> str:
    """Return the type of an SNV on the strand on which REF is A or C, such as "C>T"; "" of any other allele."""
    pair = f"{ref}>{alt}".upper()
    if len(pair) != 3 or pair[0] == pair[2] or not set(pair[::2]) <= set("ACGT"):
        return ""
    return pair if pair[0] in "AC" else pair.translate(str.maketrans("ACGT", "TGCA"))


def shares_within(types: Iterable[str], totals: Mapping[str, int]) -> list[float | None]:
    """Return for each allele, by rank, the share of those of its type that rank as high; None for no type.

    What a score tells of substitution types alone, such as of transitions, tells nothing here. totals: type -> alleles.
    """
    seen: Counter[str] = Counter()
    found: list[float | None] = []
    for each in types:
        seen[each] += 1
        found.append(seen[each] / totals[each] if each else None)
    return found


@dataclass(frozen=True, slots=True)
class FrequencyCheck:
    """Do common alleles score higher than singletons, by SNV percentile?

    common: AF > 0.05. rare: allele count of 1. auroc: P(common > rare), 0.5 is chance, with
    a 95% interval. common_bins, rare_bins: counts in 20 equal bins of the percentile. polarised: of
    those alone whose REF is the ancestral allele.
    """

    common: int
    rare: int
    auroc: float
    low: float
    high: float
    common_bins: npt.NDArray[np.int64]
    rare_bins: npt.NDArray[np.int64]
    polarised: bool = False
