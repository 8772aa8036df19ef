"""What a designed sequence must keep: GC, words, motifs, runs of a base, edits.

Shapes: n sequences, L bases.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from dnalect.core.records import Codes
from dnalect.design.words import Word, least_misses, sites
from dnalect.genome.motifs import Motif, threshold
from dnalect.inference.motif_hits import side_by_side
from dnalect.tokens.bases import UNKNOWN

# Substitutions that are compared before one is made, and made at most for each base of a sequence.
TRIED, STEPS = 96, 2
# Bits of a row of a motif with an unknown base.
_NEVER = -100.0
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]


class Rule(Protocol):
    """told: the rule in words."""

    @property
    def told(self) -> str: ...

    def broken(self, codes: Codes, starts: Codes) -> Floats:
        """Return by how much each sequence breaks it (n,): 0 for not at all, else about so many substitutions.

        codes: (n, L). starts: what each began as (n, L), unknown where bases were free.
        """
        ...

    def smooth(self, bases: Tensor) -> Tensor:
        """Return about the same (n,) of soft bases (n, L, 4), with gradients."""
        ...


@dataclass(frozen=True)
class Gc:
    """Shares of G and C, both ends inside."""

    low: float
    high: float

    @property
    def told(self) -> str:
        return f"GC of {self.low:g} to {self.high:g}"

    def broken(self, codes: Codes, starts: Codes) -> Floats:
        length = codes.shape[1]
        count = ((codes == 1) | (codes == 2)).sum(axis=1)
        low, high = np.ceil(self.low * length - 1e-9), np.floor(self.high * length + 1e-9)
        return np.asarray(np.maximum(0, np.maximum(low - count, count - high)), dtype=np.float64)

    def smooth(self, bases: Tensor) -> Tensor:
        length, count = bases.shape[1], bases[..., 1:3].sum((1, 2))
        return torch.relu(self.low * length - count) + torch.relu(count - self.high * length)


@dataclass(frozen=True)
class Runs:
    """longest: bases of a run of one base."""

    longest: int

    @property
    def told(self) -> str:
        return f"no run of more than {self.longest} equal bases"

    def broken(self, codes: Codes, starts: Codes) -> Floats:
        if codes.shape[1] <= self.longest:
            return np.zeros(len(codes))
        same = np.cumsum(codes[:, 1:] == codes[:, :-1], axis=1)
        same = np.concatenate([np.zeros((len(codes), 1), dtype=same.dtype), same], axis=1)
        # A stretch of one base more than allowed is one too many, wherever it begins.
        return np.asarray((same[:, self.longest :] - same[:, : -self.longest] == self.longest).sum(axis=1), np.float64)

    def smooth(self, bases: Tensor) -> Tensor:
        if bases.shape[1] <= self.longest:
            return bases.new_zeros(len(bases))
        return bases.unfold(1, self.longest + 1, 1).prod(-1).sum((1, 2))


@dataclass(frozen=True)
class Edits:
    """most: substitutions that a sequence may be from what it began as."""

    most: int

    @property
    def told(self) -> str:
        return f"at most {self.most} bases changed"

    def broken(self, codes: Codes, starts: Codes) -> Floats:
        return np.asarray(np.maximum(0, changed(codes, starts) - self.most), dtype=np.float64)

    def smooth(self, bases: Tensor) -> Tensor:
        # Which changes are made is for whoever chooses the bases.
        return bases.new_zeros(len(bases))


@dataclass(frozen=True)
class Without:
    """Words that must not stand there, on either strand."""

    word: Word

    @property
    def told(self) -> str:
        return f"no {self.word.name}"

    def broken(self, codes: Codes, starts: Codes) -> Floats:
        return sites(codes, self.word).astype(np.float64)

    def smooth(self, bases: Tensor) -> Tensor:
        found = [_fitting(bases, table).prod(-1).sum(1) for table in self.word.strands]
        return torch.stack(found).sum(0)


@dataclass(frozen=True)
class With:
    """A word that must stand there, on either strand."""

    word: Word

    @property
    def told(self) -> str:
        return f"a {self.word.name}"

    def broken(self, codes: Codes, starts: Codes) -> Floats:
        return least_misses(codes, self.word).astype(np.float64)

    def smooth(self, bases: Tensor) -> Tensor:
        found = [(1 - _fitting(bases, table)).sum(-1).amin(1) for table in self.word.strands]
        return torch.stack(found).amin(0)


@dataclass(frozen=True, eq=False)
class Motifs:
    """Motifs of which none may have a site (`keep` False), or each must have one, on either strand.

    A site is a match with p at most 1e-4 and at least half of the bits of the best one.
    """

    motifs: tuple[Motif, ...]
    keep: bool
    source: str
    tables: tuple[npt.NDArray[np.float32], Numbers] = field(init=False)
    least: Floats = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "tables", side_by_side([each.bits() for each in self.motifs], _NEVER))
        object.__setattr__(self, "least", np.array([threshold(each) for each in self.motifs]))

    @property
    def told(self) -> str:
        return f"{'a site of each' if self.keep else 'no site of the'} {len(self.motifs):,} motifs of {self.source}"

    def broken(self, codes: Codes, starts: Codes) -> Floats:
        lacking = self.least.astype(np.float32) - self.best(codes)
        if self.keep:
            return np.asarray(np.maximum(0, lacking).sum(axis=1), dtype=np.float64)
        # A match of just as many bits is a site.
        return np.asarray(np.where(lacking <= 0, 1 - lacking, 0).sum(axis=1), dtype=np.float64)

    def smooth(self, bases: Tensor) -> Tensor:
        total = bases.new_zeros(len(bases))
        for motif, least in zip(self.motifs, self.least.tolist(), strict=True):
            if len(motif.probabilities) > bases.shape[1]:
                continue
            table = torch.from_numpy(motif.bits()).float().T
            weights = torch.stack([table, table.flip(0, 1)])
            best = torch.conv1d(bases.transpose(1, 2), weights).amax((1, 2))
            total = total + torch.relu(least - best if self.keep else best - least)
        return total

    def best(self, codes: Codes) -> npt.NDArray[np.float32]:
        """Return the bits of each motif's best match in each sequence (n, M), 0 where none is above it."""
        from dnalect.inference.motif_kernels import best_matches

        tables, rows = self.tables
        flank = int(np.diff(rows).max()) - 1
        padded = np.pad(codes, ((0, 0), (flank, flank)), constant_values=UNKNOWN)
        offsets = np.arange(len(codes), dtype=np.int64) * padded.shape[1]
        sizes = np.full(len(codes), codes.shape[1], dtype=np.int64)
        return np.asarray(best_matches(padded.ravel(), offsets, sizes, flank, tables, rows))


def _fitting(bases: Tensor, table: npt.NDArray[np.bool_]) -> Tensor:
    """Return how much of each base of a word is there (n, places, w), at each place of soft bases (n, L, 4)."""
    takes = torch.from_numpy(table[:, :UNKNOWN]).float()
    # (n, places, 4, w).
    return (bases.unfold(1, len(table), 1) * takes.T).sum(2)


def changed(codes: Codes, starts: Codes) -> Numbers:
    """Return how many bases differ from known ones of what each sequence began as (n,)."""
    return np.asarray(((codes != starts) & (starts != UNKNOWN)).sum(axis=1), dtype=np.int64)


@dataclass(frozen=True)
class Rules:
    """All rules together."""

    each: tuple[Rule, ...] = ()

    @property
    def told(self) -> str:
        """All rules in words, "" without one."""
        return "; ".join(rule.told for rule in self.each)

    def broken(self, codes: Codes, starts: Codes) -> Floats:
        """Return by how much sequences break rules (n,), 0 for those that keep all."""
        total = np.zeros(len(codes))
        for rule in self.each:
            total += rule.broken(codes, starts)
        return total

    def kept(self, codes: Codes, starts: Codes) -> Mask:
        """Return which sequences keep all (n,)."""
        return np.asarray(self.broken(codes, starts) == 0)

    def mended(self, codes: Codes, starts: Codes, free: Mask, rng: np.random.Generator) -> Codes:
        """Return sequences (n, L) that keep the rules where single substitutions lead there; else as near as they led.

        free: which bases of each may change (n, L). Of some substitutions drawn at random that which breaks least is
        made, over and over.
        """
        out = codes.copy()
        for row in np.flatnonzero(self.broken(codes, starts) > 0).tolist():
            places = np.flatnonzero(free[row])
            if len(places):
                out[row] = self._mended(out[row], starts[row], places, rng)
        return out

    def _mended(self, codes: Codes, start: Codes, places: Numbers, rng: np.random.Generator) -> Codes:
        best, least = codes, float(self.broken(codes[None], start[None])[0])
        now = codes
        for _ in range(STEPS * len(codes)):
            tried = np.repeat(now[None], TRIED, axis=0)
            at = rng.choice(places, TRIED)
            tried[np.arange(TRIED), at] = (now[at] + rng.integers(1, UNKNOWN, TRIED)) % UNKNOWN
            scores = self.broken(tried, np.repeat(start[None], TRIED, axis=0))
            pick = int(scores.argmin())
            now = tried[pick]
            if scores[pick] < least:
                best, least = now, float(scores[pick])
            if not least:
                break
        return best

    def broken_by(self, codes: Codes, starts: Codes) -> list[str]:
        """Return the rules in words that any of the sequences breaks."""
        return [rule.told for rule in self.each if rule.broken(codes, starts).any()]


def together(rules: Sequence[Rule | None]) -> Rules:
    """Return the rules that there are."""
    return Rules(tuple(rule for rule in rules if rule is not None))
