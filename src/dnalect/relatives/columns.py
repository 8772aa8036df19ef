"""What the relatives' bases at a site say of the four bases there. Definition "column-1" (docs/scores.md)."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dnalect.core.records import Variant
from dnalect.relatives.alignment import Alignment
from dnalect.relatives.evolution import RATES, Evolution
from dnalect.relatives.rates import around
from dnalect.tokens.bases import UNKNOWN

DEFINITION = "column-1"
CHUNK = 20_000
# Bases that a substitution changes: more are an inversion, which is none.
MOST = 16

Doubles = npt.NDArray[np.float64]
Positions = npt.NDArray[np.int64]


class Read(NamedTuple):
    """What is known of n sites. told (n, 4): ln p(the relatives' bases | base). relatives (n,): aligned there.

    rate (n,): the mean of the substitution rate, by the columns around and the site's own.
    """

    told: Doubles
    relatives: Positions
    rate: Doubles


class Columns:
    """An alignment and how it came about: likelihoods of the bases of any site of the reference."""

    def __init__(self, alignment: Alignment, evolution: Evolution):
        self.alignment, self.evolution = alignment.only(evolution.names), evolution

    @property
    def identity(self) -> str:
        """Names all that the numbers depend on."""
        return f"{self.alignment.checksum} of {len(self.evolution.names)} relatives"

    def at(self, contig: int, positions: Positions) -> Read:
        """Return what is known of sites (n,), 0-based. The reference's base at a site is not read for `told`."""
        parts = [self._at(contig, part) for part in np.array_split(positions, max(1, -(-len(positions) // CHUNK)))]
        return Read(*(np.concatenate(each) for each in zip(*parts, strict=True)))

    def ratios(self, variants: Sequence[Variant]) -> list[tuple[float, int] | None]:
        """Return ln p(relatives | ALT) - ln p(relatives | REF) of each variant, and how many relatives are aligned.

        Substitutions alone, of one base or of up to 16 in alleles of one length, summed over those that differ; the
        relatives are those of the base with the fewest. None of an insertion or deletion, and where none is aligned.
        """
        out: list[tuple[float, int] | None] = [None] * len(variants)
        sites = [
            (number, each.contig, each.start + at, int(each.ref[at]), int(each.alt[at]))
            for number, each in enumerate(variants)
            if len(each.ref) == len(each.alt) and each.changed <= MOST
            for at in np.flatnonzero(each.ref != each.alt).tolist()
        ]
        for contig in dict.fromkeys(site[1] for site in sites):
            own = [site for site in sites if site[1] == contig]
            read = self.at(contig, np.array([site[2] for site in own], dtype=np.int64))
            for (number, _, _, ref, alt), told, relatives in zip(own, read.told, read.relatives.tolist(), strict=True):
                before = out[number] or (0.0, relatives)
                value = float(told[alt] - told[ref]) if max(ref, alt) < UNKNOWN else 0.0
                out[number] = before[0] + value, min(before[1], relatives)
        return [each if each and each[1] else None for each in out]

    def _at(self, contig: int, positions: Positions) -> Read:
        near, own, reference = around(self.alignment, self.evolution, contig, positions)
        rates = np.einsum("nwk,w->nk", near, self.evolution.weights) + np.log(self.evolution.shares)
        rates -= np.logaddexp.reduce(rates, axis=1, keepdims=True)
        told = np.logaddexp.reduce(rates[:, :, None] + own, axis=1)
        known = np.concatenate([own, np.zeros((*own.shape[:2], 1))], axis=2)
        both = rates + known[np.arange(len(positions)), :, reference]
        both = np.exp(both - np.logaddexp.reduce(both, axis=1, keepdims=True))
        relatives = (self.alignment.bases(contig)[:, positions] < UNKNOWN).sum(0)
        return Read(told, relatives, both @ np.asarray(RATES))
