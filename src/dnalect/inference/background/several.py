"""Backgrounds of several numbers that the same forwards give."""

import hashlib
from collections.abc import Callable, Sequence
from typing import Protocol

from dnalect.core.records import Score, Variant
from dnalect.genome.fasta import Genome
from dnalect.inference.background.percentiles import Background


class Several(Protocol):
    """What gives some numbers for every variant, which depend on reference and variant alone: see `Measure`.

    names: of the numbers.
    """

    genome: Genome

    @property
    def names(self) -> Sequence[str]: ...

    @property
    def identity(self) -> str: ...

    @property
    def reach(self) -> int: ...

    @property
    def longest_allele(self) -> int: ...

    def cost(self, variants: Sequence[Variant]) -> int: ...

    def numbers(self, variants: Sequence[Variant]) -> list[tuple[float, ...]]:
        """Return the numbers of each variant, in order."""
        ...


class OneNumber:
    """One of several numbers as a measure, for a background.

    number: which. Those of one run share `read`, so that a draw is read once for all of them.
    """

    draws_others, sites = True, None

    def __init__(self, source: Several, number: int, read: dict[bytes, list[tuple[float, ...]]]):
        self.source, self.number, self.read = source, number, read
        self.genome, self.reach, self.longest_allele = source.genome, source.reach, source.longest_allele

    @property
    def identity(self) -> str:
        """Names model, method and number: equal ones give equal numbers."""
        return f"{self.source.identity} {self.source.names[self.number]}"

    def cost(self, variants: Sequence[Variant]) -> int:
        """Return about how many multiply-adds the numbers of variants take."""
        return self.source.cost(variants)

    def score(self, variants: Sequence[Variant]) -> list[Score]:
        """Return the number of each variant as the value of a score, in order."""
        digest = hashlib.sha256()
        for variant in variants:
            digest.update(f"{variant.contig} {variant.start} {variant.ref.tolist()} {variant.alt.tolist()}\n".encode())
        key = digest.digest()
        if key not in self.read:
            self.read[key] = self.source.numbers(variants)
        return [Score(each[self.number], kind=v.kind) for v, each in zip(variants, self.read[key], strict=True)]


def backgrounds_of(
    source: Several, snvs: int | None, others: int | None, seed: int, notify: Callable[[str], None]
) -> list[Background]:
    """Return a background of each number; one draw serves all, and is announced once. The rest: see `Background`."""
    read: dict[bytes, list[tuple[float, ...]]] = {}
    notices = [notify, *[_silent] * len(source.names)]
    return [
        Background(OneNumber(source, number, read), snvs, others, seed, notices[number], quiet=number > 0)
        for number in range(len(source.names))
    ]


def _silent(_: str) -> None: ...
