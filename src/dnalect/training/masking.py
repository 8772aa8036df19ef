"""Which tokens a masked language model must guess, and what it sees in their place."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import ConfigError

Ids = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
# The neighbours that are hidden with a centre, by the length of overlapping words (DNABERT,
# run_pretrain.py): all words that hold one base, else the others would spell it.
NEIGHBOURS = {3: (-1, 1), 4: (-1, 1, 2), 5: (-2, -1, 1, 2), 6: (-2, -1, 1, 2, 3)}


@dataclass(frozen=True)
class MaskingConfig:
    """How tokens are chosen and hidden.

    rate: share of tokens chosen. late_rate, late_from: another share after this part of the
    steps (DNABERT: 0.2 from 100,000 of 120,000). contiguous: length of overlapping words
    whose neighbours are hidden with them, 0 to choose every token by itself. Of the chosen,
    `masked` become the mask and `random` another token; the rest stay.
    """

    rate: float = 0.15
    late_rate: float = 0.0
    late_from: float = 1.0
    contiguous: int = 0
    masked: float = 0.8
    random: float = 0.1

    def __post_init__(self) -> None:
        if not 0 < self.rate < 1 or not 0 <= self.late_rate < 1 or not 0 <= self.late_from <= 1:
            raise ConfigError("[masking] rate, late_rate and late_from must be shares")
        if self.contiguous and self.contiguous not in NEIGHBOURS:
            raise ConfigError(f"[masking] contiguous must be 0 or one of {', '.join(map(str, NEIGHBOURS))}")
        if not 0 <= self.masked <= 1 or not 0 <= self.random <= 1 or self.masked + self.random > 1:
            raise ConfigError("[masking] masked and random must be shares of at most 1 together")

    def rate_at(self, progress: float) -> float:
        """Return the share to choose when `progress` (0 to 1) of the steps are done."""
        return self.late_rate if self.late_rate and progress >= self.late_from else self.rate


def choose(config: MaskingConfig, candidates: Mask, rate: float, rng: np.random.Generator) -> Mask:
    """Return (B, T) True for the tokens to guess, at most those of `candidates` (B, T).

    With neighbours, centres are drawn at rate / k, as published: where their blocks meet, a
    little less than `rate` is chosen.
    """
    k = config.contiguous
    if not k:
        return np.asarray(candidates & (rng.random(candidates.shape) < rate))
    centres = candidates & (rng.random(candidates.shape) < rate / k)
    chosen = centres.copy()
    for offset in NEIGHBOURS[k]:
        if offset > 0:
            chosen[:, offset:] |= centres[:, :-offset]
        else:
            chosen[:, :offset] |= centres[:, -offset:]
    return np.asarray(chosen & candidates)


def hide(config: MaskingConfig, ids: Ids, chosen: Mask, mask: int, ordinary: Ids, rng: np.random.Generator) -> Ids:
    """Return the ids (B, T) as the model sees them. ordinary: the ids that may stand in as random tokens."""
    fate = rng.random(ids.shape)
    seen = np.where(chosen & (fate < config.masked), mask, ids)
    swapped = chosen & (fate >= config.masked) & (fate < config.masked + config.random)
    return np.where(swapped, rng.choice(ordinary, size=ids.shape), seen).astype(np.int64)
