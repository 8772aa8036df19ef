"""Attention on bases: maps of layers and heads, their mean, rollout, attention by distance. It is no mechanism.

Shapes: L bases of a place, T tokens of the window around it, N heads.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import ModelError
from dnalect.core.records import Codes
from dnalect.inference.run import once
from dnalect.models.model import Ask, Model
from dnalect.stats.ranking import quantiles_within, spearman
from dnalect.tokens.bases import decode

# Pairs of bases nearer to each other than this are left out of comparisons with other maps.
NEAR = 2
Floats = npt.NDArray[np.floating]
Singles = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Attention:
    """What each base of a place attends to.

    maps: (layers, N, L, L) float32, from the base of the row to that of the column. A token's attention to another is
    shared out over the bases that this one covers; of a base that several tokens cover it is their mean. A row sums to
    1 less what goes elsewhere: to bases around the place, and to special tokens. special: (layers, N), the mean share
    of these. rollout: (L, L), what is left of each base after all layers (Abnar and Zuidema 2020): half of each layer
    passes by its attention, of whose heads the mean is taken.
    """

    maps: Singles
    special: Singles
    rollout: Singles

    @property
    def mean(self) -> Singles:
        """The mean over layers and heads (L, L)."""
        return np.asarray(self.maps.mean(axis=(0, 1)))

    @property
    def heads(self) -> Singles:
        """The maps, one after the other (layers * N, L, L)."""
        return self.maps.reshape(-1, *self.maps.shape[2:])


def attention_of(model: Model, codes: Codes, place: slice | None = None) -> Attention:
    """Return the attention of a window on the bases of a place; nothing is hidden. Raises ModelError without attention.

    codes: (W,) base codes of the window, at most the context. place: bases of it, None for all. It takes
    layers * heads * T * T numbers.
    """
    if not model.can.attentions:
        raise ModelError(f"{model.card.id} has no attention: models of transformers have, such as nt-v2-50m")
    encoding = model.encode([decode(codes)])
    inside = slice(*(place or slice(None)).indices(len(codes))[:2])
    asked, answered = _covers(encoding.spans[0], len(codes), inside)
    special = ~encoding.covering[0]
    maps, shares, passed = [], [], np.eye(len(special), dtype=np.float32)
    for layer in once(model, encoding, Ask(attentions=True)).attentions:
        weights = layer[0].cpu().numpy()
        maps.append(asked @ weights @ answered)
        shares.append(weights[:, ~special][:, :, special].sum(axis=2).mean(axis=1))
        passed = (weights.mean(axis=0) + np.eye(len(passed), dtype=np.float32)) / 2 @ passed
    rollout = (asked @ passed @ answered).astype(np.float32)
    return Attention(np.stack(maps), np.stack(shares), rollout)


def _covers(spans: npt.NDArray[np.int32], length: int, place: slice) -> tuple[Singles, Singles]:
    """From bases to the tokens that ask (L, T), rows summing to 1, and from tokens to the bases that answer (T, L)."""
    at = np.arange(length)[place]
    covered = ((spans[:, 0] <= at[:, None]) & (at[:, None] < spans[:, 1])).astype(np.float32)
    sizes = np.maximum(spans[:, 1] - spans[:, 0], 1).astype(np.float32)
    return covered / np.maximum(covered.sum(axis=1, keepdims=True), 1), (covered / sizes).T


def by_distance(maps: Floats, farthest: int) -> Floats:
    """Return the mean attention (..., 2 * farthest + 1) from a base to that -farthest to +farthest bases away.

    maps: (..., L, L). NaN where no two bases are so far apart.
    """
    length = maps.shape[-1]
    out = np.full((*maps.shape[:-2], 2 * farthest + 1), np.nan)
    for away in range(max(-farthest, 1 - length), min(farthest, length - 1) + 1):
        out[..., away + farthest] = np.diagonal(maps, away, -2, -1).mean(axis=-1)
    return out


def beyond_distance(maps: Floats) -> Floats:
    """Return by what factor each pair's attention (..., L, L) exceeds the mean of pairs as far apart, as log2."""
    length = maps.shape[-1]
    means = by_distance(maps, length - 1)
    away = np.arange(length)[None, :] - np.arange(length)[:, None] + length - 1
    return np.log2((maps + 1e-9) / (means[..., away] + 1e-9))


def reach_of(maps: Floats) -> Floats:
    """Return the mean distance in bases (...,) over which a head attends, within the place. maps: (..., L, L)."""
    at = np.arange(maps.shape[-1])
    return np.asarray((maps * np.abs(at[:, None] - at)).sum(axis=(-2, -1)) / np.maximum(maps.sum(axis=(-2, -1)), 1e-9))


@dataclass(frozen=True)
class Agreement:
    """How a map goes with another, such as a dependency map: Spearman over pairs of bases.

    within: among pairs equally far apart, where nothing is left of both falling off with distance. p: how often the
    other map, shifted along the sequence, agrees as well or better within distances; one-sided.
    """

    raw: float
    within: float
    p: float


def agreement(attention: Floats, other: Floats, shifts: int = 200, seed: int = 1) -> Agreement:
    """Return how attention (L, L), made symmetric, agrees with another map (L, L) of pairs of bases."""
    rows, columns = np.triu_indices(len(attention), NEAR)
    away = columns - rows
    first, second = ((each + each.T) / 2 for each in (attention, other))
    mine = quantiles_within(first[rows, columns].astype(np.float64), away)

    def within(shift: int) -> float:
        moved = np.roll(second, (shift, shift), (0, 1))[rows, columns]
        return float(np.corrcoef(mine, quantiles_within(moved.astype(np.float64), away))[0, 1])

    here = within(0)
    rng, length = np.random.default_rng(seed), len(attention)
    drawn = rng.choice(np.arange(1, length), min(shifts, length - 1), replace=False)
    above = sum(within(int(shift)) >= here for shift in drawn)
    raw = spearman(first[rows, columns], second[rows, columns])
    return Agreement(raw, here, (1 + above) / (1 + len(drawn)))


@dataclass(frozen=True, eq=False)
class Preference:
    """What each head attends to. ratio: (heads,) attention that labelled bases get from others, over an even share.

    expected: (heads,) the mean of the same for labels shifted along the sequences. p: (heads,) how often any head's
    departs as far with shifted labels: it holds for all heads together. bases: labelled ones.
    """

    ratio: Floats
    expected: Floats
    p: Floats
    bases: int


def preference(
    maps: Sequence[Floats], labels: Sequence[npt.NDArray[np.bool_]], draws: int = 999, seed: int = 1
) -> Preference:
    """Return whether heads attend to labelled bases of some places more, or less, than to others.

    maps: (heads, L, L) of each place. labels: (L,) of each. Labels are permuted by moving them along each place and
    round its end, so that they stay as clustered as they are; distances from the chosen null are measured in its
    standard deviations, and the largest over heads is what each head is compared with (Westfall and Young 1993).
    p is NaN where every base or none is labelled.
    """
    rng = np.random.default_rng(seed)
    count, heads = sum(int(each.sum()) for each in labels), len(maps[0])
    here, drawn = np.zeros(heads), np.zeros((draws, heads))
    for weights, mask in zip(maps, labels, strict=True):
        got = received(weights)
        # All shifts at once: a circular correlation.
        turned = np.fft.irfft(np.fft.rfft(got) * np.conj(np.fft.rfft(mask.astype(float))), len(mask), axis=-1)
        here += turned[:, 0]
        drawn += turned[:, rng.integers(len(mask), size=draws)].T
    spread = drawn.std(axis=0)
    if not count or not (spread > 1e-12 * np.abs(here)).all():
        return Preference(here / max(count, 1), drawn.mean(axis=0) / max(count, 1), np.full(heads, np.nan), count)
    centre = drawn.mean(axis=0)
    furthest = np.abs((drawn - centre) / spread).max(axis=1)
    above = (furthest[:, None] >= np.abs((here - centre) / spread)).sum(axis=0)
    return Preference(here / count, centre / count, (1 + above) / (1 + draws), count)


def received(maps: Floats) -> Floats:
    """Return the attention that each base gets from the others, as a multiple of an even share (heads, L)."""
    length = maps.shape[-1]
    others = maps * (1 - np.eye(length))
    got = others.sum(axis=-2)
    return np.asarray(got * length / np.maximum(got.sum(axis=-1, keepdims=True), 1e-12), dtype=np.float64)
