"""Scores from a masked model with any tokenizer. Definition "llr-masked-2" (docs/scores.md)."""

import math
from collections.abc import Sequence
from functools import cached_property, partial

import numpy as np
import numpy.typing as npt

from dnalect.core.records import Codes, Distances, Score, Variant
from dnalect.core.reporter import track
from dnalect.genome.fasta import Genome
from dnalect.genome.windows.alleles import cut_window, haplotypes
from dnalect.genome.windows.sliding import over_its_range
from dnalect.inference.composition import log_composition
from dnalect.inference.distance import distances
from dnalect.inference.masked import pieces, words
from dnalect.inference.masked.passes import Masked
from dnalect.inference.scorer import identity_of
from dnalect.tokens.bases import UNKNOWN, encode, reverse_complement
from dnalect.tokens.bpe import BytePairs
from dnalect.tokens.chunks import Chunks

DEFINITION = "llr-masked-2"
INDELS = ("fast", "exact")
LONGEST_MNV = 16
# Bases on each side of an indel whose conditional probabilities are added up. Exact: each costs a pass.
INDEL_FLANK = {"fast": 3, "exact": 24}
OPPOSITE = [3, 2, 1, 0]
Floats = npt.NDArray[np.float64]


class MaskedScorer:
    """Turns variants into scores; a score depends on reference and variant alone.

    model: of kind "masked". flank: bases on each side of an allele, by default half of what
    the model reads or 256. batch: passes at once. strands: 2 for the mean over both, 1 for the
    forward strand. phases: frames of words that stand side by side, 1 to their length. indels: "fast"
    hides the bases in question together, "exact" one by one and more of them (docs/scores.md).
    """

    shares_forwards = False
    # They cost several passes each, where the three substitutions of a site share one.
    draws_others = False
    sites = None

    def __init__(
        self,
        model: Masked,
        genome: Genome,
        flank: int | None = None,
        batch: int = 16,
        strands: int = 2,
        phases: int | None = None,
        indels: str = "fast",
    ):
        self.model, self.genome, self.batch, self.ways = model, genome, batch, strands
        self.flank = flank or min(256, (model.context_bases - LONGEST_MNV) // 2)
        tokenizer = model.tokenizer
        self.paired, self.indels = isinstance(tokenizer, BytePairs), indels
        self.definition = DEFINITION if indels == "fast" else f"{DEFINITION}, exact indels"
        self.phases = (phases or tokenizer.k) if isinstance(tokenizer, Chunks) else 1

    @property
    def strands(self) -> str:
        """How strands and frames are treated, for the provenance."""
        frames = f", {self.phases} frames" if self.phases > 1 else ""
        return ("the mean over both" if self.ways == 2 else "the forward one only") + frames

    @property
    def identity(self) -> str:
        """Names model and method: equal ones give equal numbers."""
        return identity_of(self)

    @property
    def reach(self) -> int:
        """Bases on each side of an allele that its score depends on."""
        return self.flank

    @property
    def longest_allele(self) -> int:
        """Most bases of an allele whose haplotype fits the context."""
        return self.model.context_bases - 2 * self.flank

    @cached_property
    def log_background(self) -> Floats:
        """ln q of A, C, G, T and unknown (0): the strand-symmetric base composition of the reference."""
        return log_composition(self.genome)

    def cost(self, variants: Sequence[Variant]) -> int:
        """Return about how many multiply-adds the scores of variants take: parameters times the bases that are read."""
        # One pass serves all alternates of a site; byte pairs take about two numbers of masks.
        sites = {(v.contig, v.start) for v in variants if v.kind == "snv"}
        passes = len(sites) * (2 if self.paired else 1)
        for variant in variants:
            if self.paired and variant.kind not in ("snv", "none"):
                passes += 2
            elif _treated_as(variant, self.paired) == "mnv":
                passes += 2 * variant.changed
            elif variant.kind not in ("snv", "none"):
                exact = 4 * INDEL_FLANK["exact"] + len(variant.ref) + len(variant.alt)
                passes += 2 if self.indels == "fast" else exact
        return passes * self.ways * self.phases * (2 * self.flank + 1) * int(self.model.card.parameters)

    def at_sites(self, contigs: npt.NDArray[np.int64], positions: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """Return ln p(base | the rest of the window) at n sites: (n, 4) in A, C, G, T order."""
        windows, at = self._around(contigs, positions)
        return self.conditionals(windows, at).astype(np.float32)

    def distances(self, variants: Sequence[Variant]) -> list[Distances]:
        """Return how far apart the haplotypes of each variant lie, in order: means over strands and frames."""
        return distances(
            self.model, variants, self.genome, self.flank, self.longest_allele, self.batch, self.ways, self.phases
        )

    def within(self, codes: Codes, positions: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """Return ln p (L, 4) of some positions of a sequence (L,), with `flank` bases on each side.

        Elsewhere ln 1/4.
        """
        out = np.full((len(codes), 4), np.log(0.25), dtype=np.float32)
        lows = np.maximum(positions - self.flank, 0)
        parts = np.array_split(np.arange(len(positions)), max(1, len(positions) // 64))
        for part in track(parts, "computing pictures", "parts"):
            windows = [codes[lows[n] : positions[n] + self.flank + 1] for n in part]
            if windows:
                out[positions[part]] = self.conditionals(windows, positions[part] - lows[part])
        return out

    def conditionals(
        self, windows: Sequence[Codes], at: npt.NDArray[np.int64], together: npt.NDArray[np.int64] | None = None
    ) -> Floats:
        """Return ln p(base | the rest) (n, 4) at one site of each window, over strands and phases.

        together: (n,) ascending numbers; sites with the same one are of one window, and hidden in one pass.
        """
        views = self._views(windows, at, together).mean(axis=1)
        return np.asarray(views - np.logaddexp.reduce(views, axis=1, keepdims=True))

    def score(self, variants: Sequence[Variant]) -> list[Score]:
        """Return one score for each variant, in order, without percentiles."""
        scores: list[Score | None] = [None] * len(variants)
        for kinds, method in (
            (("none",), self._identical),
            (("snv",), self._snvs),
            (("mnv",), self._spans if self.paired else self._mnvs),
            (("insertion", "deletion"), self._spans if self.paired else self._indels),
        ):
            chosen = [n for n, v in enumerate(variants) if _treated_as(v, self.paired) in kinds]
            if chosen:
                for n, score in zip(chosen, method([variants[n] for n in chosen]), strict=True):
                    scores[n] = score
        return [score for score in scores if score is not None]

    def _identical(self, variants: Sequence[Variant]) -> list[Score]:
        return [Score(0.0, kind="none") for _ in variants]

    def _snvs(self, variants: Sequence[Variant]) -> list[Score]:
        if self.paired:
            return self._spans(variants)
        contigs = np.array([v.contig for v in variants], dtype=np.int64)
        positions = np.array([v.start for v in variants], dtype=np.int64)
        views = self._views(*self._around(contigs, positions))
        rows = np.arange(len(variants))
        ref, alt = (np.array([int(codes[0]) for codes in each]) for each in _alleles(variants))
        ratios = views[rows, :, alt] - views[rows, :, ref]
        mean = views.mean(axis=1)
        probs = np.exp(mean - np.logaddexp.reduce(mean, axis=1, keepdims=True))[rows, ref]
        return [
            Score(math.fsum(each) / len(each), ref_prob=float(p), kind="snv", strand_gap=self._gap(each))
            for each, p in zip(ratios, probs, strict=True)
        ]

    def _mnvs(self, variants: Sequence[Variant]) -> list[Score]:
        """Brook's lemma: change the bases one by one, left to right and right to left; the mean."""
        windows: list[Codes] = []
        steps: list[tuple[int, int, int, int]] = []
        for number, variant in enumerate(variants):
            codes, first = self._window(variant.contig, variant.start, variant.end)
            codes[first : first + len(variant.ref)] = variant.ref
            differ = np.flatnonzero(variant.ref != variant.alt)
            for way in (differ, differ[::-1]):
                haplotype = codes.copy()
                for at in way:
                    windows.append(haplotype.copy())
                    steps.append((number, first + int(at), int(variant.ref[at]), int(variant.alt[at])))
                    haplotype[first + at] = variant.alt[at]
        log_probs = self.conditionals(windows, np.array([step[1] for step in steps]))
        terms: list[list[float]] = [[] for _ in variants]
        for (number, _, ref, alt), row in zip(steps, log_probs, strict=True):
            terms[number].append(float(row[alt] - row[ref]))
        # fsum does not depend on the order, so swapped alleles give exactly the opposite.
        return [Score(math.fsum(each) / 2, kind="mnv") for each in terms]

    def _indels(self, variants: Sequence[Variant]) -> list[Score]:
        """Gain over the base composition, summed over the allele and the bases around it, hidden together or alone."""
        beside = INDEL_FLANK[self.indels]
        windows: list[Codes] = []
        sites: list[int] = []
        owners: list[int] = []
        for number, variant in enumerate(variants):
            whole = over_its_range(variant, self.genome, self.longest_allele)
            for which, codes in enumerate(haplotypes(whole, self.genome, self.flank)):
                known = np.flatnonzero(codes != UNKNOWN)
                low, high = int(known[0]), int(known[-1]) + 1
                allele = whole.alt if which else whole.ref
                first, last = self.flank - beside, self.flank + len(allele) + beside
                for at in range(max(low, first), min(high, last)):
                    if codes[at] != UNKNOWN:
                        windows.append(codes[low:high])
                        sites.append(at - low)
                        owners.append(2 * number + which)
        together = np.array(owners) if self.indels == "fast" and not self.paired else None
        log_probs = self.conditionals(windows, np.array(sites, dtype=np.int64), together)
        totals: list[list[float]] = [[] for _ in range(2 * len(variants))]
        for owner, window, at, row in zip(owners, windows, sites, log_probs, strict=True):
            totals[owner].append(float(row[window[at]] - self.log_background[window[at]]))
        sums = [math.fsum(each) for each in totals]
        return [Score(sums[2 * n + 1] - sums[2 * n], kind=v.kind, flags=v.flags) for n, v in enumerate(variants)]

    def _spans(self, variants: Sequence[Variant]) -> list[Score]:
        """Byte pairs: one span for all alleles of a site, both alleles with the same masks."""
        jobs, wanted = [], []
        for variant in variants:
            alleles, pair = self._byte_pair_alleles(variant)
            for codes in ([_opposite(a) for a in alleles] if way else alleles for way in range(self.ways)):
                jobs.append(pieces.span_of(self.model, codes))
                wanted.append(pair)
        masks = [
            sorted({job.counts[at] for at in ((*pair, 0, 1, 2, 3) if len(job.texts) == 4 else pair)})
            for job, pair in zip(jobs, wanted, strict=True)
        ]
        sums = pieces.log_sums(self.model, jobs, masks, self.batch)
        scores = []
        for number, variant in enumerate(variants):
            mine = range(number * self.ways, (number + 1) * self.ways)
            ratios = [pieces.ratio(sums[n], jobs[n].counts, *wanted[n]) for n in mine]
            scores.append(self._of_ratios(variant, [jobs[n] for n in mine], [sums[n] for n in mine], ratios))
        return scores

    def _of_ratios(
        self,
        variant: Variant,
        spans: Sequence[pieces.Span],
        sums: Sequence[dict[int, Floats]],
        ratios: Sequence[float | None],
    ) -> Score:
        flags = variant.flags
        pair = self._byte_pair_alleles(variant)[1]
        if any(ratio is None for ratio in ratios):
            if len(variant.ref) != len(variant.alt):
                (score,) = self._indels([variant])
                return Score(score.value, kind=variant.kind, flags=(*flags, "pseudo_likelihood"))
            alone = pieces.single_bases(self.model, spans, self.batch)
            ratios = [float(row[pair[1]] - row[pair[0]]) for row in alone]
            flags = (*flags, "single_bases")
        values = np.array([ratio for ratio in ratios if ratio is not None])
        tokens = (spans[0].counts[pair[0]], spans[0].counts[pair[1]])
        prob = _ref_prob(sums, pair[0]) if variant.kind == "snv" else None
        value = math.fsum(values) / len(values)
        return Score(value, ref_prob=prob, kind=variant.kind, flags=flags, tokens=tokens, strand_gap=self._gap(values))

    def _byte_pair_alleles(self, variant: Variant) -> tuple[list[Codes], tuple[int, int]]:
        """The windows of all alleles that share a span, and which are ref and alternate."""
        if variant.kind == "snv":
            codes, at = self._window(variant.contig, variant.start, variant.end)
            return pieces.four_alleles(codes, at), (int(variant.ref[0]), int(variant.alt[0]))
        whole = over_its_range(variant, self.genome, self.longest_allele)
        window = cut_window(whole, self.genome, self.flank)
        return [window.reference, window.alternate], (0, 1)

    def _views(
        self, windows: Sequence[Codes], at: npt.NDArray[np.int64], together: npt.NDArray[np.int64] | None = None
    ) -> Floats:
        """Return ln p (n, views, 4) of every strand and phase, each read as the forward strand's."""
        method = pieces.conditionals if self.paired else partial(words.conditionals, together=together)
        seen: list[Floats] = []
        for strand in range(self.ways):
            turned = [_opposite(window) for window in windows] if strand else list(windows)
            lengths = np.array([len(window) for window in windows])
            sites = lengths - 1 - at if strand else at
            for phase in range(self.phases):
                cut = np.minimum(phase, sites)
                parts = [window[n:] for window, n in zip(turned, cut, strict=True)]
                log_probs = method(self.model, parts, sites - cut, self.batch)
                seen.append(log_probs[:, OPPOSITE] if strand else log_probs)
        return np.stack(seen, axis=1)

    def _around(
        self, contigs: npt.NDArray[np.int64], positions: npt.NDArray[np.int64]
    ) -> tuple[list[Codes], npt.NDArray[np.int64]]:
        found = [self._window(int(c), int(p), int(p) + 1) for c, p in zip(contigs, positions, strict=True)]
        return [window for window, _ in found], np.array([at for _, at in found], dtype=np.int64)

    def _window(self, contig: int, start: int, end: int) -> tuple[Codes, int]:
        """Return the codes around [start, end), cut at the ends of the contig, and where `start` is in it."""
        low = max(0, start - self.flank)
        high = min(int(self.genome.lengths[contig]), end + self.flank)
        return encode(self.genome.fetch(contig, low, high)), start - low

    def _gap(self, ratios: npt.NDArray[np.float64]) -> float | None:
        """|forward - reverse| of the log-ratio, None with one strand."""
        if self.ways < 2:
            return None
        half = len(ratios) // 2
        return abs(float(np.mean(ratios[:half]) - np.mean(ratios[half:])))


def _alleles(variants: Sequence[Variant]) -> tuple[list[Codes], list[Codes]]:
    return [v.ref for v in variants], [v.alt for v in variants]


def _opposite(codes: Codes) -> Codes:
    return reverse_complement(codes)


def _ref_prob(sums: Sequence[dict[int, Floats]], ref: int) -> float | None:
    """Probability of the reference base among the four, mean of log-probabilities over masks and strands."""
    rows = [values for found in sums for values in found.values() if np.isfinite(values).all()]
    if not rows:
        return None
    mean = np.mean(rows, axis=0)
    return float(np.exp(mean[ref] - np.logaddexp.reduce(mean)))


def _treated_as(variant: Variant, paired: bool) -> str:
    """A change of many bases of equal length is scored by the formula for indels."""
    many = variant.kind == "mnv" and int((variant.ref != variant.alt).sum()) > LONGEST_MNV
    return "insertion" if many and not paired else variant.kind
