"""p(base | the rest) from a masked model with any tokenizer: the mean over strands and frames of words."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import Literal

import numpy as np
import numpy.typing as npt

from dnalect.core.records import Codes
from dnalect.core.reporter import track
from dnalect.genome.windows.junctions import Joint
from dnalect.inference.likelihood import kmers as words
from dnalect.inference.likelihood import pieces
from dnalect.inference.likelihood.junctions import gains
from dnalect.inference.likelihood.shown import Shown
from dnalect.inference.likelihood.strategy import substituted_one_by_one
from dnalect.models.model import Model
from dnalect.tokens.bases import UNKNOWN, reverse_complement
from dnalect.tokens.bpe import BytePairs
from dnalect.tokens.chunks import Chunks
from dnalect.tokens.species import SpeciesKmers

# Bases changed at once that a window leaves room for.
LONGEST_MNV = 16
# Bases on each side of an indel whose conditional probabilities are added up. Exact: each costs a pass.
INDEL_FLANK = {"fast": 3, "exact": 24}
INDELS = tuple(INDEL_FLANK)
OPPOSITE = [3, 2, 1, 0]
Floats = npt.NDArray[np.float64]
Folders = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Compared:
    """What byte pairs say of two alleles.

    ratios: ln P of the second less the first, one a strand; None where they have different lengths and no number of
    masks can spell both. tokens: pieces of each. alone: whether they were spelled base by base. prob: of the first,
    among the four bases of a site.
    """

    ratios: list[float] | None
    tokens: tuple[int, int]
    alone: bool = False
    prob: float | None = None


class Masked:
    """The likelihoods of a model of this kind: see `Strategy`.

    flank: bases on each side of an allele, by default half of what the model reads or 256, of a model that reads whole
    windows three quarters of one. batch: most passes of
    a forward. strands: 2 for the mean over both, 1 for the forward strand. phases: frames of words that stand
    side by side, 1 to their length. indels: "fast" hides the bases in question together, "exact" one by one and
    more of them.
    """

    given: Literal["rest"] = "rest"
    whole = False

    def __init__(
        self,
        model: Model,
        batch: int | None = None,
        flank: int | None = None,
        strands: int = 2,
        phases: int | None = None,
        indels: str = "fast",
    ):
        self.model, self.batch, self.ways, self.indels = model, batch, strands, indels
        longest = model.can.context_bases
        self.flank = flank or (3 * longest // 8 if model.can.fixed else min(256, (longest - LONGEST_MNV) // 2))
        self.paired = isinstance(model.tokenizer, BytePairs)
        self.phases = (phases or model.tokenizer.k) if isinstance(model.tokenizer, Chunks) else 1
        # Of a SpeciesLM a base counts by all words that have it, as its authors define it.
        self.named = model.tokenizer if isinstance(model.tokenizer, SpeciesKmers) else None

    def log_probs(self, windows: Sequence[Codes], sites: Folders, together: Folders | None = None) -> Floats:
        """Return ln p (m, 4) at one site of each window, over strands and frames.

        together: (m,) ascending numbers; sites with the same one are of one window, and hidden in one pass.
        """
        views = self.views(windows, sites, together).mean(axis=1)
        return np.asarray(views - np.logaddexp.reduce(views, axis=1, keepdims=True))

    def views(self, windows: Sequence[Codes], sites: Folders, together: Folders | None = None) -> Floats:
        """Return ln p (m, views, 4) of every strand and frame, each read as the forward strand's."""
        marginal = self.named.alike if self.named else None
        method = (
            pieces.conditionals if self.paired else partial(words.conditionals, together=together, marginal=marginal)
        )
        seen: list[Floats] = []
        for strand in range(self.ways):
            turned = [reverse_complement(window) for window in windows] if strand else list(windows)
            lengths = np.array([len(window) for window in windows])
            at = lengths - 1 - sites if strand else sites
            for phase in range(self.phases):
                cut = np.minimum(phase, at)
                parts = [window[n:] for window, n in zip(turned, cut, strict=True)]
                log_probs = method(self.model, parts, at - cut, self.batch)
                seen.append(log_probs[:, OPPOSITE] if strand else log_probs)
        return np.stack(seen, axis=1)

    def ratio(self, reference: Sequence[Codes], alternate: Sequence[Codes], background: Floats) -> Floats:
        """Return what the alternate haplotypes gain (n,): see `gained`; of byte pairs, how much likelier they are."""
        if not self.paired:
            return self.gained(reference, alternate, background)
        found = self.compared(
            [_known(*pair) for pair in zip(reference, alternate, strict=True)], [(0, 1)] * len(reference)
        )
        out = np.array([np.nan if each.ratios is None else mean(each.ratios) for each in found])
        if lost := np.flatnonzero(np.isnan(out)).tolist():
            out[lost] = self.gained([reference[n] for n in lost], [alternate[n] for n in lost], background)
        return out

    def gained(self, reference: Sequence[Codes], alternate: Sequence[Codes], background: Floats) -> Floats:
        """Return the differences (n,) between alternate and reference haplotypes of sums over bases.

        Of each base counts ln p(it | the rest) less that of the background, over the allele and the bases around it,
        which are hidden together or alone.
        """
        beside = INDEL_FLANK[self.indels]
        windows: list[Codes] = []
        sites: list[Folders] = []
        for codes in (*reference, *alternate):
            known = np.flatnonzero(codes != UNKNOWN)
            low, high = (int(known[0]), int(known[-1]) + 1) if len(known) else (0, 0)
            first, last = self.flank - beside, len(codes) - self.flank + beside
            at = known[(known >= max(low, first)) & (known < min(high, last))] - low
            windows.append(codes[low:high])
            sites.append(at)
        each = zip(windows, sites, self._own_logs(windows, sites), strict=True)
        sums = np.array([math.fsum(logs - background[codes[at]]) for codes, at, logs in each])
        return np.asarray(sums[len(reference) :] - sums[: len(reference)])

    def joined(self, joints: Sequence[Joint]) -> Floats:
        """Return what the kept bases on the left and the right of each joint gain (n, 2): those near it count."""
        return gains(joints, INDEL_FLANK[self.indels], self._own_logs)

    def _own_logs(self, windows: Sequence[Codes], sites: Sequence[Folders]) -> list[Floats]:
        """Return ln p of the bases that stand at some sites of each window, hidden together or one by one."""
        owners = np.repeat(np.arange(len(windows)), [*map(len, sites)])
        flat = np.concatenate([*sites, np.empty(0, dtype=np.int64)])
        asked = [windows[owner] for owner in owners.tolist()]
        log_probs = self.log_probs(asked, flat, owners if self.indels == "fast" and not self.paired else None)
        own = np.array([codes[at] for codes, at in zip(asked, flat, strict=True)], dtype=np.int64)
        return np.split(log_probs[np.arange(len(flat)), own], np.cumsum([*map(len, sites)])[:-1])

    def compared(self, alleles: Sequence[Sequence[Codes]], pairs: Sequence[tuple[int, int]]) -> list[Compared]:
        """Return what byte pairs say of two alleles of each site: one span for all, both with the same masks.

        alleles: windows with the same flanks; four are the bases of a site. pairs: which two of them.
        """
        turned = [
            [reverse_complement(c) for c in each] if way else each for each in alleles for way in range(self.ways)
        ]
        spans = [pieces.span_of(self.model, each) for each in turned]
        asked = [pair for pair in pairs for _ in range(self.ways)]
        masks = [
            sorted({span.counts[at] for at in ((*pair, 0, 1, 2, 3) if len(span.texts) == 4 else pair)})
            for span, pair in zip(spans, asked, strict=True)
        ]
        sums = pieces.log_sums(self.model, spans, masks, self.batch)
        sites = [slice(low, low + self.ways) for low in range(0, len(spans), self.ways)]
        found = [_compared(spans[site], sums[site], pair) for site, pair in zip(sites, pairs, strict=True)]
        lost = [n for n, site in enumerate(sites) if found[n].ratios is None and spans[site][0].even(*pairs[n])]
        alone = [span for n in lost for span in spans[sites[n]]]
        logs: Iterator[Floats] = iter(pieces.single_bases(self.model, alone, self.batch) if alone else ())
        for n in lost:
            before, after = pairs[n]
            ratios = [float(log[after] - log[before]) for log in islice(logs, self.ways)]
            found[n] = replace(found[n], ratios=ratios, alone=True)
        return found

    def every(self, codes: Codes, wanted: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
        """Return ln p (L, 4) of the wanted bases of a sequence, with `flank` bases on each side; elsewhere ln 1/4."""
        positions = np.flatnonzero(wanted)
        out = np.full((len(codes), 4), np.log(0.25), dtype=np.float32)
        lows = np.maximum(positions - self.flank, 0)
        parts = np.array_split(np.arange(len(positions)), max(1, len(positions) // 64))
        for part in track(parts, "computing pictures", "parts"):
            windows = [codes[lows[n] : positions[n] + self.flank + 1] for n in part]
            if windows:
                out[positions[part]] = self.log_probs(windows, positions[part] - lows[part])
        return out

    def substituted(self, codes: Codes, start: int, end: int, hidden: bool = False) -> npt.NDArray[np.float32]:
        """Return ln p (n, 4, n, 4) of the bases of [start, end), after each became each of four: [i, b, j, base].

        hidden: hide each base that is asked for, a pass for each pair of bases; else a pass for each substitution.
        """
        if hidden:
            return substituted_one_by_one(codes, start, end, self.flank, self._at)
        return Shown(self.model, self.ways, self.phases, self.batch).substituted(codes, start, end)

    def _at(self, codes: Codes, sites: Folders) -> npt.NDArray[np.float32]:
        out = np.full((len(sites), 4), np.log(0.25), dtype=np.float32)
        known = np.flatnonzero(codes[sites] != UNKNOWN)
        lows = np.maximum(sites[known] - self.flank, 0)
        windows = [codes[low : site + self.flank + 1] for low, site in zip(lows, sites[known], strict=True)]
        if windows:
            out[known] = self.log_probs(windows, sites[known] - lows)
        return out

    def within(self, windows: Codes) -> npt.NDArray[np.float32]:
        """Return ln p (n, L, 4) of every base of windows (n, L); of unknown ones ln 1/4."""
        return np.stack([self.every(codes, codes != UNKNOWN) for codes in windows])


def mean(ratios: Sequence[float]) -> float:
    """Return the mean, whatever the order: swapped alleles give exactly the opposite."""
    return math.fsum(ratios) / len(ratios)


def _compared(spans: Sequence[pieces.Span], sums: Sequence[dict[int, Floats]], pair: tuple[int, int]) -> Compared:
    before, after = pair
    ratios = [pieces.ratio(found, span.counts, *pair) for found, span in zip(sums, spans, strict=True)]
    known = [ratio for ratio in ratios if ratio is not None]
    prob = _prob(sums, before) if len(spans[0].texts) == 4 else None
    whole = known if len(known) == len(ratios) else None
    return Compared(whole, (spans[0].counts[before], spans[0].counts[after]), prob=prob)


def _known(reference: Codes, alternate: Codes) -> list[Codes]:
    """Return both haplotypes without the unknown bases at their ends."""
    known = np.flatnonzero(reference != UNKNOWN)
    low, high = int(known[0]), len(reference) - 1 - int(known[-1])
    return [codes[low : len(codes) - high] for codes in (reference, alternate)]


def _prob(sums: Sequence[dict[int, Floats]], ref: int) -> float | None:
    """Probability of the reference base among the four, mean of log-probabilities over masks and strands."""
    rows = [values for found in sums for values in found.values() if np.isfinite(values).all()]
    if not rows:
        return None
    middle = np.mean(rows, axis=0)
    return float(np.exp(middle[ref] - np.logaddexp.reduce(middle)))
