"""What a variant changes in the tracks of a model: alternate minus reference, over bins. Definition "change-bins-1"."""

from collections.abc import Sequence
from itertools import groupby

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import ConfigError
from dnalect.core.measures import Change
from dnalect.core.nearest import did_you_mean
from dnalect.core.records import Variant
from dnalect.core.reporter import track
from dnalect.genome.fasta import Genome
from dnalect.inference.changes import Changes, Output, safe_names
from dnalect.models.model import Allele, Model
from dnalect.tokens.bases import encode

DEFINITION = "change-bins-1"
# Tracks that are scored without being named.
UNNAMED = 16
# Bins on each side of the variant's own that count as its surroundings.
NEAR = 1
REDUCTIONS = {
    "sum": "the sum over all bins",
    "log": "ln(1 + the sum over all bins)",
    "max": "the bin that changes most",
    "l2": "the root of the summed squares of the changes of all bins, without a sign",
    "centre": f"the sum over the bin of the variant and {NEAR} on each side",
}
Floats = npt.NDArray[np.float64]


class BinChangeScorer(Changes):
    """Turns variants into changes of tracks; a change depends on reference and variant alone.

    model: of tracks in bins. tracks: their names, () for all of a model of few. reduce: of REDUCTIONS.
    The window has the first base of the variant in its middle; the alternate's begins with it and is as long.
    Raises ConfigError where these don't go together.
    """

    definition, draws_others, sites = DEFINITION, True, None
    stretch = 4096

    def __init__(self, model: Model, genome: Genome, tracks: Sequence[str] = (), reduce: str = "log"):
        can = model.can.tracks
        assert can is not None
        assert can.length is not None
        if not tracks and len(can.names) > UNNAMED:
            raise ConfigError(f"{model.card.id} predicts {can}: name those to score with --track")
        wanted = tracks or can.names
        if strange := [name for name in wanted if name not in can.names]:
            raise ConfigError(
                f"{model.card.id} has no track {strange[0]!r}: it has {can}.{did_you_mean(strange[0], can.names)}"
            )
        self.model, self.genome, self.reduce = model, genome, reduce
        self.columns = [can.names.index(name) for name in wanted]
        self.length, self.crop, self.stride = can.length, can.crop, can.stride
        told = f"{REDUCTIONS[reduce]} of {self.stride} bases"
        self.outputs = tuple(
            Output(safe, name, 0, f"{name}: {told}") for safe, name in zip(safe_names(wanted), wanted, strict=True)
        )

    @property
    def identity(self) -> str:
        """Names model and method: equal ones give equal numbers."""
        return f"{self.model.card.sha256} {DEFINITION} {self.reduce} {self.model.dtype}"

    @property
    def reach(self) -> int:
        """Bases on each side of a variant that its change depends on."""
        return self.length // 2

    @property
    def longest_allele(self) -> int:
        """Most bases of an allele: what is answered behind the middle of a window."""
        return max(1, self.length // 2 - self.crop)

    @property
    def facts(self) -> dict[str, str]:
        """What a reader needs to repeat the changes, in the order to show."""
        window = f"{self.length:,} bases, {self.crop:,} on each side without a bin"
        return self._facts(self.model.card, window=window, strands="the forward one only")

    def cost(self, variants: Sequence[Variant]) -> int:
        """Return about how many multiply-adds changes take: parameters times the bins, or bases, that are read."""
        windows = len(variants) + len({(each.contig, each.start) for each in variants})
        # Networks of one length of window fold most of it into bins first; a language model stays at its bases.
        each = self.length // (self.stride if self.model.can.fixed else 1)
        return windows * each * self.model.card.parameters

    def junction_cost(self, variants: Sequence[object]) -> int:
        """Return 0: there are no scores of junctions."""
        return 0

    def changes(self, variants: Sequence[Variant]) -> list[tuple[Change, ...]]:
        """Return the changes of each variant, in order, one for each of `outputs`, without percentiles."""
        found: list[tuple[Change, ...]] = [()] * len(variants)
        order = sorted(range(len(variants)), key=lambda n: (variants[n].contig, variants[n].start))
        sites = [list(rows) for _, rows in groupby(order, key=lambda n: (variants[n].contig, variants[n].start))]
        for rows in track(sites, "predicting changes", "sites"):
            for row, changes in zip(rows, self._at([variants[n] for n in rows]), strict=True):
                found[row] = changes
        return found

    def _at(self, variants: Sequence[Variant]) -> list[tuple[Change, ...]]:
        """Return the changes of variants that begin at one base."""
        before = self.length // 2
        low = variants[0].start - before
        behind = max(len(each.ref) for each in variants)
        codes = encode(self.genome.fetch(variants[0].contig, low, low + self.length + behind)).astype(np.int64)
        alleles = [Allele(before, before + len(each.ref), each.alt.astype(np.int64)) for each in variants]
        told = self.model.replaced(codes, alleles, (0, 0))
        reference = told.reference[:, self.columns].astype(np.float64)
        both = [(reference, each[:, self.columns].astype(np.float64)) for each in told.alternates]
        return [self._change(*each) for each in both]

    def _change(self, reference: Floats, alternate: Floats) -> tuple[Change, ...]:
        found = reduced(reference, alternate, self.reduce, (self.length // 2 - self.crop) // self.stride)
        return self._named(np.stack(found, axis=1).tolist())


def reduced(reference: Floats, alternate: Floats, how: str, centre: int) -> tuple[Floats, Floats, Floats]:
    """Return change, reference and alternate (K,) each of bins (n, K). how: of REDUCTIONS. centre: the variant's bin.

    Of "l2" the last two are sums over all bins; else the change is the difference of the two.
    """
    if how == "max":
        at = np.abs(alternate - reference).argmax(axis=0)[None]
        old, new = (np.take_along_axis(each, at, axis=0)[0] for each in (reference, alternate))
    else:
        part = slice(max(0, centre - NEAR), centre + NEAR + 1) if how == "centre" else slice(None)
        old, new = reference[part].sum(axis=0), alternate[part].sum(axis=0)
    if how == "l2":
        return np.sqrt(((alternate - reference) ** 2).sum(axis=0)), old, new
    if how == "log":
        old, new = np.log1p(old), np.log1p(new)
    return new - old, old, new
