"""Scores from a leave-one-out model: one forward gives every base's probability at once.

Score definition "llr-loo-2" (docs/scores.md). Natural logarithms throughout.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch

from dnalect.core.records import Codes, Distances, Score, Variant
from dnalect.core.reporter import track
from dnalect.genome.fasta import Genome
from dnalect.genome.windows.alleles import haplotypes
from dnalect.genome.windows.sliding import over_its_range
from dnalect.inference.batches import by_length
from dnalect.inference.composition import log_composition
from dnalect.inference.distance import distances
from dnalect.inference.scorer import identity_of
from dnalect.models.model import Model
from dnalect.tokens.bases import UNKNOWN, encode, known

DEFINITION = "llr-loo-2"
LONGEST_MNV = 16
TILE = 4096
# A tile costs about as much as this many single sites.
SITES_WORTH_A_TILE = 90
# Fewer rows than this may take another kernel, with other rounding: batches are filled up.
SMALLEST_BATCH = 16
LogProbs = npt.NDArray[np.float32]


class Sites(Protocol):
    """Log-probabilities of single sites from elsewhere than the network (inference.precomputed).

    identity: names the numbers. at_sites: ln p (n, 4) of n sites, sorted by contig and
    position, and which of them are known (n,).
    """

    identity: str

    def at_sites(
        self, contigs: npt.NDArray[np.int64], positions: npt.NDArray[np.int64]
    ) -> tuple[LogProbs, npt.NDArray[np.bool_]]: ...


class LeaveOneOutScorer:
    """Turns variants into scores; a score depends on reference and variant alone.

    model: of kind "leave_one_out". flank: bases on each side of an indel's haplotypes,
    by default half the card's window. batch: windows a forward. sites: asked first for
    single sites; the model computes those that it does not know.
    """

    definition = DEFINITION
    shares_forwards = draws_others = True
    strands = "both, exactly symmetric"

    def __init__(
        self, model: Model, genome: Genome, flank: int | None = None, batch: int = 64, sites: Sites | None = None
    ):
        self.model, self.genome, self.sites = model, genome, sites
        self.flank = flank or model.card.window // 2
        self.batch = batch

    @property
    def identity(self) -> str:
        """Names model and method: equal ones give equal numbers."""
        return identity_of(self)

    @property
    def reach(self) -> int:
        """Bases on each side that the probability of a base depends on."""
        return self.model.reach

    @property
    def longest_allele(self) -> int:
        """Most bases of an allele whose haplotype fits the context."""
        return self.model.context_bases - 2 * self.flank

    @cached_property
    def log_background(self) -> npt.NDArray[np.float64]:
        """ln q of A, C, G, T and unknown (0): the strand-symmetric base composition of the reference."""
        return log_composition(self.genome)

    def score(self, variants: Sequence[Variant]) -> list[Score]:
        """Return one score for each variant, in order, without percentiles."""
        scores: list[Score | None] = [None] * len(variants)
        for kinds, method in (
            (("none",), self._identical),
            (("snv",), self._snvs),
            (("mnv",), self._mnvs),
            (("insertion", "deletion"), self._indels),
        ):
            chosen = [n for n, v in enumerate(variants) if _treated_as(v) in kinds]
            if chosen:
                for n, score in zip(chosen, method([variants[n] for n in chosen]), strict=True):
                    scores[n] = score
        return [score for score in scores if score is not None]

    def cost(self, variants: Sequence[Variant]) -> int:
        """Return about how many multiply-adds the scores of variants take: parameters times the bases that are read."""
        sites = {(v.contig, v.start) for v in variants if v.kind == "snv"}
        tiles = Counter((contig, start // TILE) for contig, start in sites)
        tile = TILE + 2 * self.model.reach
        bases = sum(min(count, SITES_WORTH_A_TILE) for count in tiles.values()) * tile // SITES_WORTH_A_TILE
        for variant in variants:
            treated = _treated_as(variant)
            if treated == "mnv":
                bases += 2 * variant.changed * tile // SITES_WORTH_A_TILE
            elif treated in ("insertion", "deletion"):
                bases += 4 * self.flank + len(variant.ref) + len(variant.alt)
        return 2 * self.model.card.parameters * bases

    def distances(self, variants: Sequence[Variant]) -> list[Distances]:
        """Return how far apart the haplotypes of each variant lie, in order."""
        return distances(self.model, variants, self.genome, self.flank, self.longest_allele, self.batch)

    def at_sites(self, contigs: npt.NDArray[np.int64], positions: npt.NDArray[np.int64]) -> LogProbs:
        """Return ln p(base | the rest of the reference) at n sites: (n, 4) in A, C, G, T order."""
        order = np.lexsort((positions, contigs))
        keys = np.stack([contigs, positions], axis=1)[order]
        sites, back = np.unique(keys, axis=0, return_inverse=True)
        out = np.empty((len(sites), 4), dtype=np.float32)
        tiles, which, sizes = np.unique(
            np.stack([sites[:, 0], sites[:, 1] // TILE], axis=1), axis=0, return_inverse=True, return_counts=True
        )
        dense = sizes[which.ravel()] >= SITES_WORTH_A_TILE
        wanted = self._look_up(sites, out)
        lone = np.flatnonzero(~dense & wanted)
        reach = self.model.reach
        out[lone] = self._centers(
            lambda part: encode(self.genome.windows(sites[part, 0], sites[part, 1] - reach, 2 * reach + 1)), lone
        )
        self._fill_tiles(sites, tiles, which.ravel(), dense & wanted, out)
        result = np.empty_like(out, shape=(len(contigs), 4))
        result[order] = out[back.ravel()]
        return result

    def _look_up(self, sites: npt.NDArray[np.int64], out: LogProbs) -> npt.NDArray[np.bool_]:
        """Fill in what is known of sites (n, 2); return which of them the model must compute."""
        if self.sites is None:
            return np.ones(len(sites), dtype=np.bool_)
        log_probs, known = self.sites.at_sites(sites[:, 0], sites[:, 1])
        out[known] = log_probs[known]
        return ~known

    def _fill_tiles(
        self, sites: np.ndarray, tiles: np.ndarray, which: np.ndarray, dense: np.ndarray, out: LogProbs
    ) -> None:
        reach = self.model.reach
        wanted = np.unique(which[dense])
        for part in track(_parts(wanted, 2), "reading along the genome", "batches"):
            starts = tiles[part, 1] * TILE - reach
            codes = encode(self.genome.windows(tiles[part, 0], starts, TILE + 2 * reach))
            log_probs = self._all(codes)
            for row, tile in enumerate(part):
                mine = np.flatnonzero(dense & (which == tile))
                out[mine] = log_probs[row, reach + sites[mine, 1] - tiles[tile, 1] * TILE]

    def _centers(self, gather: Callable[[npt.NDArray[np.int64]], Codes], rows: npt.NDArray[np.int64]) -> LogProbs:
        """Return ln p at the middle of many windows; `gather` gives the codes of some rows."""
        out = np.empty((len(rows), 4), dtype=np.float32)
        for low in track(range(0, len(rows), self.batch), "substitutions", "batches"):
            codes = gather(rows[low : low + self.batch])
            count = len(codes)
            if count < SMALLEST_BATCH:
                codes = np.concatenate([codes, np.repeat(codes[:1], SMALLEST_BATCH - count, axis=0)])
            logits = self.model.center_logits(codes)
            out[low : low + count] = torch.log_softmax(logits, -1)[:count].cpu().numpy()
        return out

    def _all(self, codes: Codes) -> LogProbs:
        logits = self.model.logits(codes, known(codes))
        result: LogProbs = torch.log_softmax(logits, -1).cpu().numpy()
        return result

    def _identical(self, variants: Sequence[Variant]) -> list[Score]:
        return [Score(0.0, kind="none") for _ in variants]

    def _snvs(self, variants: Sequence[Variant]) -> list[Score]:
        contigs = np.array([v.contig for v in variants], dtype=np.int64)
        positions = np.array([v.start for v in variants], dtype=np.int64)
        ref = np.array([v.ref[0] for v in variants])
        alt = np.array([v.alt[0] for v in variants])
        log_probs = self.at_sites(contigs, positions)
        rows = np.arange(len(variants))
        before, after = log_probs[rows, ref], log_probs[rows, alt]
        values, probs = (after - before).tolist(), np.exp(before).tolist()
        return [Score(v, ref_prob=p, kind="snv") for v, p in zip(values, probs, strict=True)]

    def _mnvs(self, variants: Sequence[Variant]) -> list[Score]:
        """Brook's lemma: change the bases one by one, left to right and right to left; the mean."""
        reach = self.model.reach
        windows: list[Codes] = []
        steps: list[tuple[int, int, int]] = []
        for number, variant in enumerate(variants):
            width = len(variant.ref)
            around = encode(self.genome.fetch(variant.contig, variant.start - reach, variant.end + reach))
            differ = np.flatnonzero(variant.ref != variant.alt)
            for way in (differ, differ[::-1]):
                haplotype = around.copy()
                haplotype[reach : reach + width] = variant.ref
                for at in way:
                    windows.append(haplotype[at : at + 2 * reach + 1].copy())
                    steps.append((number, int(variant.ref[at]), int(variant.alt[at])))
                    haplotype[reach + at] = variant.alt[at]
        stacked = np.stack(windows)
        log_probs = self._centers(lambda part: stacked[part], np.arange(len(stacked)))
        terms: list[list[float]] = [[] for _ in variants]
        for (number, ref, alt), row in zip(steps, log_probs.astype(np.float64), strict=True):
            terms[number].append(float(row[alt] - row[ref]))
        # fsum does not depend on the order, so swapped alleles give exactly the opposite.
        return [Score(math.fsum(each) / 2, kind="mnv") for each in terms]

    def _indels(self, variants: Sequence[Variant]) -> list[Score]:
        whole = [over_its_range(v, self.genome, self.longest_allele) for v in variants]
        pairs = [haplotypes(v, self.genome, self.flank) for v in whole]
        totals = self._pseudo_likelihoods([codes for pair in pairs for codes in pair])
        scores = []
        for variant, (ref, alt) in zip(variants, totals.reshape(-1, 2), strict=True):
            scores.append(Score(float(alt - ref), kind=variant.kind, flags=variant.flags))
        return scores

    def _pseudo_likelihoods(self, windows: Sequence[Codes]) -> npt.NDArray[np.float64]:
        """Sum over each window of ln p(x_i | the rest) - ln q(x_i), known bases only."""
        out = np.empty(len(windows))
        lengths = np.array([len(codes) for codes in windows])
        for part in track(by_length(lengths, self.batch), "insertions and deletions", "batches"):
            padded = np.full((len(part), int(lengths[part].max())), UNKNOWN, dtype=np.uint8)
            for row, number in enumerate(part):
                padded[row, : lengths[number]] = windows[number]
            log_probs = np.concatenate([self._all(padded).astype(np.float64), np.zeros((*padded.shape, 1))], axis=2)
            gained = np.take_along_axis(log_probs, padded[..., None].astype(np.int64), axis=2)[..., 0]
            out[part] = (gained - self.log_background[padded]).sum(axis=1)
        return out


def _treated_as(variant: Variant) -> str:
    """A change of many bases of equal length is scored by the formula for indels."""
    if variant.kind == "mnv" and int((variant.ref != variant.alt).sum()) > LONGEST_MNV:
        return "insertion"
    return variant.kind


def _parts(rows: npt.NDArray[np.int64], size: int) -> list[npt.NDArray[np.int64]]:
    return [rows[low : low + size] for low in range(0, len(rows), size)]
