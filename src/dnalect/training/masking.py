"""Which tokens a masked language model must guess, and what it sees in their place."""

from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from annotated_types import Interval
from typing_extensions import Doc

from dnalect.core.configs import config
from dnalect.core.errors import ConfigError

Ids = npt.NDArray[np.int64]
Share = Annotated[float, Interval(ge=0, le=1)]
Mask = npt.NDArray[np.bool_]
# The neighbours that are hidden with a centre, by the length of overlapping words (DNABERT,
# run_pretrain.py): all words that hold one base, else the others would spell it.
NEIGHBOURS = {3: (-1, 1), 4: (-1, 1, 2), 5: (-2, -1, 1, 2), 6: (-2, -1, 1, 2, 3)}


@config
class MaskingConfig:
    """How tokens of masked models are chosen and hidden: the table [masking]."""

    rate: Annotated[float, Interval(gt=0, lt=1), Doc("Share of the tokens that must be guessed.")] = 0.15
    late_rate: Annotated[
        float,
        Interval(ge=0, lt=1),
        Doc("Another share after `late_from` of the steps (DNABERT: 0.2 from 0.83 on); 0 for none."),
    ] = 0.0
    late_from: Annotated[Share, Doc("Share of the steps after which `late_rate` holds.")] = 1.0
    contiguous: Annotated[
        Literal[0, 3, 4, 5, 6],
        Doc("Length of overlapping words whose neighbours are hidden with them; 0 hides every token by itself."),
    ] = 0
    masked: Annotated[Share, Doc("Share of the chosen tokens that become the mask.")] = 0.8
    random: Annotated[Share, Doc("Share of the chosen tokens that become another token; the rest stay.")] = 0.1

    def __post_init__(self) -> None:
        if self.masked + self.random > 1:
            raise ConfigError(f"masked ({self.masked}) and random ({self.random}) must be at most 1 together")

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
