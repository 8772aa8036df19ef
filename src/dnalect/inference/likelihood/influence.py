"""What a variant changes in the predictions around it. Definition "influence-1" (docs/scores.md)."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dnalect.core.measures import Influence
from dnalect.core.records import Codes, Variant, Window
from dnalect.core.reporter import track
from dnalect.genome.fasta import Genome
from dnalect.genome.windows.alleles import cut_window
from dnalect.genome.windows.sliding import over_its_range
from dnalect.inference.likelihood.causal import one_sided
from dnalect.inference.likelihood.strategy import Strategy
from dnalect.inference.run import TOKENS
from dnalect.tokens.bases import UNKNOWN

DEFINITION = "influence-1"
# Of the three numbers, as columns have them.
NAMES = ("max", "sum", "near")
# Bases on each side of the alleles that the near sum is over.
NEAR = 16
# Variants whose windows are held at once: alternates of a record nearly always share a chunk.
CHUNK = 256
Floats = npt.NDArray[np.float64]


def influences(
    likelihood: Strategy, variants: Sequence[Variant], genome: Genome, flank: int, longest: int
) -> list[Influence]:
    """Return what each variant changes in the log-odds of the bases beside it, in order.

    flank: bases on each side of the alleles. longest: bases that an allele may have.
    """
    out: list[Influence] = []
    for low in track(range(0, len(variants), CHUNK), "influences", "chunks"):
        windows = [window_of(variant, genome, flank, longest) for variant in variants[low : low + CHUNK]]
        out += [influence_of(moved, before) for moved, before in moves(likelihood, windows)]
    return out


def moves(likelihood: Strategy, windows: Sequence[Window]) -> list[tuple[Floats, int]]:
    """Return for each variant by how much the log-odds of each base of the flanks change, and where the alleles lie.

    (m, 4) alternate less reference, A, C, G, T, of the m bases of the left flank and then of the right one; NaN of
    unknown ones. The second is the length of the left flank. Raises ModelError for a causal model.
    """
    if likelihood.given != "rest":
        raise one_sided(likelihood.model)
    codes = [each for window in windows for each in (window.reference, window.alternate)]
    logs = _log_odds(likelihood, codes)
    found = []
    for number, window in enumerate(windows):
        ref, alt = window.variant.ref, window.variant.alt
        flanks = [
            np.delete(logs[2 * number + side], np.s_[window.start : window.start + len(allele)], axis=0)
            for side, allele in enumerate((ref, alt))
        ]
        moved = flanks[1] - flanks[0]
        kept = np.delete(window.reference, np.s_[window.start : window.start + len(ref)])
        moved[kept == UNKNOWN] = np.nan
        found.append((moved, window.start))
    return found


def window_of(variant: Variant, genome: Genome, flank: int, longest: int) -> Window:
    """Return both haplotypes in a window with `flank` bases on each side, an indel written over its whole range."""
    return cut_window(over_its_range(variant, genome, longest), genome, flank)


def log_odds(log_probs: npt.NDArray[np.floating]) -> Floats:
    """Return ln p - ln(1 - p) of each of four bases (..., 4), which is as exact for a p near 1 as for one near 0."""
    logs = log_probs.astype(np.float64)
    others = [np.logaddexp.reduce(np.delete(logs, base, axis=-1), axis=-1) for base in range(4)]
    return np.asarray(logs - np.stack(others, axis=-1))


def _log_odds(likelihood: Strategy, codes: Sequence[Codes]) -> list[Floats]:
    """Return the log-odds (L, 4) of every base of windows of any lengths; equal ones are computed once."""
    distinct: dict[bytes, Codes] = {each.tobytes(): each for each in codes}
    by_length: dict[int, list[bytes]] = {}
    for key, each in distinct.items():
        by_length.setdefault(len(each), []).append(key)
    found: dict[bytes, Floats] = {}
    for length, keys in by_length.items():
        most = max(1, TOKENS // max(1, length))
        for low in range(0, len(keys), most):
            part = keys[low : low + most]
            log_probs = likelihood.within(np.stack([distinct[key] for key in part]))
            found |= dict(zip(part, log_odds(log_probs), strict=True))
    return [found[each.tobytes()] for each in codes]


def influence_of(moved: Floats, before: int) -> Influence:
    """Return the numbers of one variant. before: bases of the left flank."""
    largest = np.abs(np.nan_to_num(moved)).max(axis=1, initial=0)
    near = largest[max(0, before - NEAR) : before + NEAR]
    # fsum does not depend on the order, so that the other strand gives exactly the same.
    return Influence(float(largest.max(initial=0)), math.fsum(largest.tolist()), math.fsum(near.tolist()))
