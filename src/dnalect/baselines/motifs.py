"""A regression on how well known motifs fit anywhere in a sequence, on either strand."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional as F

from dnalect.baselines.base import KINDS, regressed
from dnalect.baselines.kmers import padded, pieces
from dnalect.core.examples import Examples, Target
from dnalect.genome.motifs import Motif
from dnalect.tokens.bases import UNKNOWN

PENALTIES = (1e-2, 3e-2, 1e-1, 3e-1, 1.0, 3.0)
# Log-odds that are held at once.
_AT_ONCE = 1 << 24


@dataclass(frozen=True)
class Motifs:
    """motifs: whose best fit and mean odds are the features."""

    motifs: tuple[Motif, ...]
    kinds: tuple[str, ...] = KINDS

    @property
    def name(self) -> str:
        return f"{len(self.motifs):,} motifs"

    def fit_predict(
        self, train: Examples, tune: Examples, test: Sequence[str], target: Target, seed: int
    ) -> npt.NDArray[np.float64]:
        def features(sequences: Sequence[str]) -> npt.NDArray[np.float32]:
            return scan(sequences, self.motifs)

        return regressed(features, train, tune, test, target, PENALTIES)


def scan(sequences: Sequence[str], motifs: Sequence[Motif]) -> npt.NDArray[np.float32]:
    """Return the best log-odds of each motif, then the logarithm of its mean odds (n, 2M); natural logarithms.

    Both are taken over all places and both strands; an unknown base neither helps nor harms.
    Where a sequence is shorter than a motif both are 0.
    """
    count = len(motifs)
    out = np.zeros((len(sequences), 2 * count), dtype=np.float32)
    by_width: dict[int, list[int]] = {}
    for number, motif in enumerate(motifs):
        by_width.setdefault(len(motif.probabilities), []).append(number)
    for piece in pieces(sequences, max(1, _AT_ONCE // max(1, 2 * max(map(len, by_width.values()), default=1)))):
        codes = torch.from_numpy(padded(sequences[piece]).astype(np.int64))
        lengths = torch.tensor([len(text) for text in sequences[piece]])
        # The last column is that of unknown bases, whose log-odds are 0.
        bases = F.one_hot(codes, UNKNOWN + 1)[..., :4].float().transpose(1, 2)
        for width, numbers in by_width.items():
            if width > bases.shape[2]:
                continue
            forward = torch.from_numpy(np.stack([motifs[number].log_odds().T for number in numbers])).float()
            odds = F.conv1d(bases, torch.cat([forward, forward.flip(1, 2)]))
            best, mean = _summed(odds, lengths, width, len(numbers))
            out[piece, numbers], out[piece, [count + number for number in numbers]] = best, mean
    return out


def _summed(
    odds: torch.Tensor, lengths: torch.Tensor, width: int, count: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Best and log mean (n, count) over strands and places. odds: (n, 2 * count, places)."""
    places = lengths - width + 1
    outside = torch.arange(odds.shape[2]) >= places[:, None]
    odds = odds.masked_fill(outside[:, None], -torch.inf)
    odds = torch.cat([odds[:, :count], odds[:, count:]], dim=2)
    mean = odds.logsumexp(dim=2) - (2 * places.clamp(min=1)).log()[:, None]
    fits = (places > 0)[:, None]
    return torch.where(fits, odds.amax(dim=2), 0.0).numpy(), torch.where(fits, mean, 0.0).numpy()
