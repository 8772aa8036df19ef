"""The numbers that can be measured of a variant beside its log-ratio, each a part of its `Score`."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

StructuralClass = Literal[
    "sv_deletion", "sv_duplication", "sv_inversion", "sv_insertion", "sv_translocation", "sv_breakend"
]


class Column(NamedTuple):
    """What the bases of relatives say of a substitution: docs/scores.md, "column-1".

    value: ln p(the relatives' bases | ALT) - ln p(the same | REF), nats. relatives: how many are aligned there.
    together: that and the log-ratio, None without one. percentiles: of these two, as of an `Influence`.
    """

    value: float
    relatives: int
    together: float | None = None
    percentiles: tuple[float | None, ...] = ()


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
    """What a variant does to the splice sites of one gene: docs/scores.md, "splice-1" and "splice-usage-1".

    gene: its name; without genes the strand. deltas: gain and loss of acceptors, then of donors, or gain and loss of
    splice sites by a model that doesn't tell them apart, in [0, 1]. positions: where each is: bases behind POS, before
    it where negative.
    """

    gene: str
    deltas: tuple[float, ...]
    positions: tuple[int, ...]

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
class MotifChange:
    """The motif whose best match over a variant changes most between the haplotypes: docs/files.md, "Motifs".

    reference, alternate: bits of the best match, 0 for none above. threshold: bits from which a match is a site.
    other: the motif's second name, of JASPAR's the factor, "" without one.
    """

    name: str
    reference: float
    alternate: float
    threshold: float
    other: str = ""

    @property
    def change(self) -> float:
        """Bits gained, below 0 where some are lost."""
        return self.alternate - self.reference

    @property
    def words(self) -> str:
        """Say it, e.g. "breaks HNF4A: 9.1 -> 2.3 bits"."""
        was, remains = self.reference >= self.threshold, self.alternate >= self.threshold
        verb = ("makes" if not was else "strengthens") if self.change > 0 else ("breaks" if not remains else "weakens")
        called = f"{self.other} ({self.name})" if self.other else self.name
        return f"{verb} {called}: {self.reference:.1f} -> {self.alternate:.1f} bits"
