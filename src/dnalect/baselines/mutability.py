"""How often a base mutates in its sequence context: what a score must beat to know more than mutation."""

from typing import Self

import numpy as np
import numpy.typing as npt

from dnalect.genome.substitutions import Codes, Numbers, context_class

FLANK = 3
# Mutations that a context must have shown before its own rate counts as much as its shorter context's.
TRUST = 5.0

Floats = npt.NDArray[np.float64]


class ContextMutability:
    """Rates of the folded substitutions in contexts of 0 to 3 bases on each side.

    Every longer context's rate is drawn towards the shorter one's by 5 expected mutations.
    """

    def fit(self, mutated: Codes, alternates: Codes, sites: Codes) -> Self:
        """Count mutations against opportunities.

        mutated: windows (m, 7) around mutations, alternates: (m,) what they became. sites:
        windows (s, 7) around all bases that could have been seen to mutate.
        """
        everywhere = np.repeat(sites, 3, axis=0)
        middle = everywhere[:, everywhere.shape[1] // 2].astype(np.int64)
        others = ((middle + np.tile([1, 2, 3], len(sites))) % 4).astype(np.uint8)
        self._rates: list[Floats] = []
        prior = np.full(16, (len(mutated) + 1) / (len(everywhere) + 1))
        for flank in range(FLANK + 1):
            size = 4 ** (2 * flank + 2)
            seen = _counts(context_class(mutated, alternates, flank), size)
            possible = _counts(context_class(everywhere, others, flank), size)
            shorter = prior if flank == 0 else prior[_inner(size, flank)]
            self._rates.append((seen + TRUST) / (possible + TRUST / shorter))
            prior = self._rates[-1]
        return self

    def log_rates(self, around: Codes, alternates: Codes) -> Floats:
        """Return ln rate (n,) of substitutions in windows (n, 7); where a base is unknown that of a shorter context."""
        out = np.full(len(alternates), np.log(self._rates[0].mean()))
        for flank, rates in enumerate(self._rates):
            number = context_class(around, alternates, flank)
            out = np.where(number >= 0, np.log(rates[number]), out)
        return out


def _counts(classes: Numbers, size: int) -> Floats:
    return np.bincount(classes[classes >= 0], minlength=size).astype(np.float64)


def _inner(size: int, flank: int) -> Numbers:
    """Number of the next shorter context of every context: the outer base of both sides dropped."""
    number = np.arange(size)
    alt, bases = number % 4, number // 4
    inner = bases // 4 % 4 ** (2 * flank - 1)
    return np.asarray(inner * 4 + alt)


class CrossFittedMutability:
    """Rates for every group from the mutations of all the others; a group is a contig or a block.

    mutated, alternates, groups: windows (m, 7) around mutations, what they became (m,), their
    groups (m,). sites, site_groups: (s, 7) and (s,) of all bases that could have mutated.
    """

    def __init__(self, mutated: Codes, alternates: Codes, groups: Numbers, sites: Codes, site_groups: Numbers):
        self._mutated, self._alternates, self._groups = mutated, alternates, groups
        self._sites, self._site_groups = sites, site_groups
        self._fitted: dict[int, ContextMutability] = {}

    def _without(self, group: int) -> ContextMutability:
        held = group if group in self._groups or group in self._site_groups else -1
        if held not in self._fitted:
            use, where = self._groups != held, self._site_groups != held
            model = ContextMutability().fit(self._mutated[use], self._alternates[use], self._sites[where])
            self._fitted[held] = model
        return self._fitted[held]

    def log_rates(self, around: Codes, alternates: Codes, groups: Numbers) -> Floats:
        """Return ln rate (n,) of substitutions in windows (n, 7) of some groups (n,), 0 or above."""
        out = np.zeros(len(alternates))
        for group in np.unique(groups):
            own = groups == group
            out[own] = self._without(int(group)).log_rates(around[own], alternates[own])
        return out
