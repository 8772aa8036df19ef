"""The scorers of the kinds of likelihood: "llr-loo-2", "llr-masked-2" and "llr-marginal-1" (docs/scores.md)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from dnalect.core.records import Codes, Score, Variant
from dnalect.core.reporter import track
from dnalect.genome.fasta import Genome
from dnalect.genome.windows.alleles import cut_window
from dnalect.genome.windows.sliding import over_its_range
from dnalect.inference.likelihood import pieces
from dnalect.inference.likelihood.leave_one_out import LeaveOneOut, LogProbs
from dnalect.inference.likelihood.masked import INDEL_FLANK, Masked, mean
from dnalect.inference.likelihood.scorer import Floats, Folders, LikelihoodScorer, Method
from dnalect.inference.tiles import whole_log_probs
from dnalect.models.model import Model
from dnalect.tokens.bases import encode

TILE = 4096
# Sites whose windows are held at once.
HELD = 4096


class Sites(Protocol):
    """Log-probabilities of single sites from elsewhere than the network (inference.precomputed).

    identity: names the numbers. at_sites: ln p (n, 4) of n sites, sorted by contig and
    position, and which of them are known (n,).
    """

    identity: str

    def at_sites(self, contigs: Folders, positions: Folders) -> tuple[LogProbs, npt.NDArray[np.bool_]]: ...


class LeaveOneOutScorer(LikelihoodScorer[LeaveOneOut]):
    """Scores of a leave-one-out model.

    flank: of an indel's haplotypes, by default half the card's window. sites: asked first for
    single sites; the model computes those that it does not know.
    """

    definition = "llr-loo-2"
    stretch, draws_others = TILE, True
    strands = "both, exactly symmetric"

    def __init__(
        self,
        model: Model,
        genome: Genome,
        flank: int | None = None,
        batch: int | None = None,
        sites: Sites | None = None,
    ):
        super().__init__(model, genome, flank or model.card.window // 2, batch)
        self.sites, self.likelihood = sites, LeaveOneOut(model, batch)

    @property
    def reach(self) -> int:
        """Bases on each side that the probability of a base depends on."""
        return self.likelihood.reach

    @property
    def worth_a_tile(self) -> int:
        """How many single sites cost about as much as a tile."""
        return self._worth(TILE)

    def _worth(self, span: int) -> int:
        """How many single sites cost about as much as a stretch: all layers of it against what a pyramid reads."""
        return max(1, round((span + 2 * self.reach) * self.model.can.layers / self.reach))

    def _near(self, positions: Folders) -> list[Folders]:
        """Split sorted positions of a tile into runs, between which more lies than a site depends on."""
        return np.split(positions, np.flatnonzero(np.diff(positions) > self.reach) + 1)

    def _singles(self, run: Folders) -> int:
        """How many single sites a run costs, read site by site or as a stretch."""
        span = int(run[-1] - run[0]) + 1
        return min(len(run), self._worth(span))

    def cost(self, variants: Sequence[Variant]) -> int:
        """Return about how many multiply-adds the scores of variants take: parameters times the bases that are read."""
        tiles: dict[tuple[int, int], set[int]] = {}
        for variant in variants:
            if variant.kind == "snv":
                tiles.setdefault((variant.contig, variant.start // TILE), set()).add(variant.start)
        tile = TILE + 2 * self.reach
        worth = self.worth_a_tile
        each = (np.array(sorted(starts)) for starts in tiles.values())
        singles = sum(min(worth, sum(map(self._singles, self._near(starts)))) for starts in each)
        bases = singles * tile // worth
        for variant in variants:
            treated = self._treated_as(variant)
            if treated == "mnv":
                bases += 2 * variant.changed * tile // worth
            elif treated in ("insertion", "deletion"):
                bases += 4 * self.flank + len(variant.ref) + len(variant.alt)
        return 2 * self.model.card.parameters * bases

    def at_sites(self, contigs: Folders, positions: Folders) -> LogProbs:
        """Return ln p(base | the rest of the reference) at n sites: (n, 4) in A, C, G, T order."""
        order = np.lexsort((positions, contigs))
        keys = np.stack([contigs, positions], axis=1)[order]
        sites, back = np.unique(keys, axis=0, return_inverse=True)
        out = np.empty((len(sites), 4), dtype=np.float32)
        tiles, which, sizes = np.unique(
            np.stack([sites[:, 0], sites[:, 1] // TILE], axis=1), axis=0, return_inverse=True, return_counts=True
        )
        dense = sizes[which.ravel()] >= self.worth_a_tile
        wanted = self._look_up(sites, out)
        wanted &= ~self._fill_stretches(sites, which.ravel(), wanted, out)
        lone = np.flatnonzero(~dense & wanted)
        for part in _parts(lone, HELD):
            low = sites[part, 1] - self.reach
            out[part] = self.likelihood.centers(self._read(sites[part, 0], low, 2 * self.reach + 1))
        self._fill_tiles(sites, tiles, which.ravel(), dense & wanted, out)
        result = np.empty_like(out, shape=(len(contigs), 4))
        result[order] = out[back.ravel()]
        return result

    def _read(self, contigs: Folders, starts: Folders, length: int) -> npt.NDArray[Any]:
        return encode(self.genome.windows(contigs, starts, length))

    def _look_up(self, sites: npt.NDArray[np.int64], out: LogProbs) -> npt.NDArray[np.bool_]:
        """Fill in what is known of sites (n, 2); return which of them the model must compute."""
        if self.sites is None:
            return np.ones(len(sites), dtype=np.bool_)
        log_probs, known = self.sites.at_sites(sites[:, 0], sites[:, 1])
        out[known] = log_probs[known]
        return np.asarray(~known)

    def _fill_stretches(
        self, sites: npt.NDArray[np.int64], which: npt.NDArray[np.intp], asked: npt.NDArray[np.bool_], out: LogProbs
    ) -> npt.NDArray[np.bool_]:
        """Read at once the sites of a tile that lie close together; return which of all they are."""
        read = np.zeros(len(sites), dtype=np.bool_)
        rows = np.flatnonzero(asked)
        tiles = np.split(rows, np.flatnonzero(np.diff(which[rows])) + 1) if len(rows) else []
        for tile in tiles:
            at = 0
            for run in self._near(sites[tile, 1]):
                mine, at = tile[at : at + len(run)], at + len(run)
                if self._singles(run) < len(run):
                    start, length = run[0] - self.reach, int(run[-1] - run[0]) + 1 + 2 * self.reach
                    logs = whole_log_probs(self.model, self._read(sites[mine[:1], 0], np.array([start]), length))
                    out[mine], read[mine] = logs[0, run - start], True
        return read

    def _fill_tiles(
        self, sites: np.ndarray, tiles: np.ndarray, which: np.ndarray, dense: np.ndarray, out: LogProbs
    ) -> None:
        for part in track(_parts(np.unique(which[dense]), 2), "reading along the genome", "batches"):
            starts = tiles[part, 1] * TILE - self.reach
            codes = self._read(tiles[part, 0], starts, TILE + 2 * self.reach)
            log_probs = whole_log_probs(self.model, codes)
            for row, tile in enumerate(part):
                mine = np.flatnonzero(dense & (which == tile))
                out[mine] = log_probs[row, self.reach + sites[mine, 1] - tiles[tile, 1] * TILE]

    def _snvs(self, variants: Sequence[Variant]) -> list[Score]:
        log_probs = self.at_sites(*_sites(variants))
        rows = np.arange(len(variants))
        ref, alt = _bases(variants)
        before, after = log_probs[rows, ref], log_probs[rows, alt]
        values, probs = (after - before).tolist(), np.exp(before).tolist()
        return [Score(v, ref_prob=p, kind="snv") for v, p in zip(values, probs, strict=True)]


class MaskedScorer(LikelihoodScorer[Masked]):
    """Scores of a masked model with any tokenizer. The other parameters are those of `Masked`."""

    # They cost several passes each, where the three substitutions of a site share one.
    stretch, draws_others = 1, False
    windows_a_junction = 4

    def __init__(
        self,
        model: Model,
        genome: Genome,
        flank: int | None = None,
        batch: int | None = None,
        strands: int = 2,
        phases: int | None = None,
        indels: str = "fast",
    ):
        self.likelihood = Masked(model, batch, flank, strands, phases, indels)
        super().__init__(model, genome, self.likelihood.flank, batch)
        self.ways, self.phases = strands, self.likelihood.phases
        if indels == "exact" or self.likelihood.paired:
            self.windows_a_junction *= 4 * INDEL_FLANK[indels]
        named = self.likelihood.named
        self.definition = f"llr-marginal-1, {named.species}" if named else "llr-masked-2"
        self.definition += "" if indels == "fast" else ", exact indels"

    def cost(self, variants: Sequence[Variant]) -> int:
        """Return about how many multiply-adds the scores of variants take: parameters times the bases that are read."""
        paired, fast = self.likelihood.paired, self.likelihood.indels == "fast"
        # One pass serves all alternates of a site; byte pairs take about two numbers of masks.
        sites = {(v.contig, v.start) for v in variants if v.kind == "snv"}
        passes = len(sites) * (2 if paired else 1)
        for variant in variants:
            if paired and variant.kind not in ("snv", "none"):
                passes += 2
            elif self._treated_as(variant) == "mnv":
                passes += 2 * variant.changed
            elif variant.kind not in ("snv", "none"):
                passes += 2 if fast else 4 * INDEL_FLANK["exact"] + len(variant.ref) + len(variant.alt)
        return passes * self.ways * self.phases * (2 * self.flank + 1) * int(self.model.card.parameters)

    def at_sites(self, contigs: Folders, positions: Folders) -> npt.NDArray[np.float32]:
        """Return ln p(base | the rest of the window) at n sites: (n, 4) in A, C, G, T order."""
        return self.likelihood.log_probs(*self._around(contigs, positions)).astype(np.float32)

    @property
    def passes_a_base(self) -> int:
        """How often the network reads a base when all bases of a window are asked for: once for each of them."""
        return self.ways * self.phases * (2 * self.flank + 1)

    @property
    def _methods(self) -> dict[Method, tuple[str, ...]]:
        if not self.likelihood.paired:
            return super()._methods
        return {self._snvs: ("snv",), self._spans: ("mnv", "insertion", "deletion")}

    def _treated_as(self, variant: Variant) -> str:
        return variant.kind if self.likelihood.paired else super()._treated_as(variant)

    def _snvs(self, variants: Sequence[Variant]) -> list[Score]:
        if self.likelihood.paired:
            return self._spans(variants)
        views = self.likelihood.views(*self._around(*_sites(variants)))
        rows = np.arange(len(variants))
        ref, alt = _bases(variants)
        ratios = views[rows, :, alt] - views[rows, :, ref]
        middle = views.mean(axis=1)
        probs = np.exp(middle - np.logaddexp.reduce(middle, axis=1, keepdims=True))[rows, ref]
        return [
            Score(mean(each), ref_prob=float(p), kind="snv", strand_gap=self._gap(each))
            for each, p in zip(ratios, probs, strict=True)
        ]

    def _spans(self, variants: Sequence[Variant]) -> list[Score]:
        """Byte pairs: one span for all alleles of a site."""
        alleles, pairs = zip(*map(self._alleles, variants), strict=True)
        scores, compared = [], self.likelihood.compared(alleles, pairs)
        for variant, found in zip(variants, compared, strict=True):
            flags = (*variant.flags, "single_bases") if found.alone else variant.flags
            ratios = found.ratios or [0.0] * self.ways
            score = Score(mean(ratios), ref_prob=found.prob, kind=variant.kind, flags=flags)
            scores.append(replace(score, tokens=found.tokens, strand_gap=self._gap(np.array(ratios))))
        lost = [n for n, found in enumerate(compared) if found.ratios is None]
        for n, score in zip(lost, self._indels([variants[n] for n in lost]) if lost else (), strict=True):
            flags = (*variants[n].flags, "pseudo_likelihood")
            scores[n] = Score(score.value, kind=variants[n].kind, flags=flags)
        return scores

    def _gained(self, reference: Sequence[Codes], alternate: Sequence[Codes]) -> Floats:
        return self.likelihood.gained(reference, alternate, self.log_background)

    def _alleles(self, variant: Variant) -> tuple[list[Codes], tuple[int, int]]:
        """The windows of all alleles that share a span, and which are ref and alternate."""
        if variant.kind == "snv":
            codes, at = self._window(variant.contig, variant.start, variant.end)
            return pieces.four_alleles(codes, at), (int(variant.ref[0]), int(variant.alt[0]))
        window = cut_window(over_its_range(variant, self.genome, self.longest_allele), self.genome, self.flank)
        return [window.reference, window.alternate], (0, 1)

    def _around(self, contigs: Folders, positions: Folders) -> tuple[list[Codes], Folders]:
        found = [self._window(int(c), int(p), int(p) + 1) for c, p in zip(contigs, positions, strict=True)]
        return [window for window, _ in found], np.array([at for _, at in found], dtype=np.int64)

    def _gap(self, ratios: Floats) -> float | None:
        """|forward - reverse| of the log-ratio, None with one strand."""
        if self.ways < 2:
            return None
        half = len(ratios) // 2
        return abs(float(np.mean(ratios[:half]) - np.mean(ratios[half:])))


def _sites(variants: Sequence[Variant]) -> tuple[Folders, Folders]:
    return np.array([v.contig for v in variants], np.int64), np.array([v.start for v in variants], np.int64)


def _bases(variants: Sequence[Variant]) -> tuple[Folders, Folders]:
    """The bases of ref and alternate of SNVs."""
    return np.array([int(v.ref[0]) for v in variants]), np.array([int(v.alt[0]) for v in variants])


def _parts(rows: Folders, size: int) -> list[Folders]:
    return [rows[low : low + size] for low in range(0, len(rows), size)]
