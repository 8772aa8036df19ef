"""What predicted changes have in common, whatever predicts them: named outputs, and how they are told."""

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from dnalect.core.measures import Change
from dnalect.core.records import Variant
from dnalect.genome.fasta import Genome
from dnalect.models.card import Card

_UNSAFE = re.compile(r"\W", re.ASCII)


@dataclass(frozen=True)
class Output:
    """One number that a predictor gives.

    name: safe in headings, unlike all others in either case. target: whose head. column: of
    the head's outputs. meaning: what the number is, in words, without quotes.
    """

    name: str
    target: str
    column: int
    meaning: str


class Changes(ABC):
    """Turns variants into changes of some outputs; a change depends on reference and variant alone.

    definition: of the change, as docs/scores.md names it. outputs: what changes.
    """

    definition: str
    genome: Genome
    outputs: tuple[Output, ...]

    @property
    @abstractmethod
    def identity(self) -> str:
        """Names model and method: equal ones give equal numbers."""

    @property
    @abstractmethod
    def reach(self) -> int:
        """Bases on each side of a variant that its change depends on."""

    @property
    @abstractmethod
    def longest_allele(self) -> int:
        """Most bases of an allele."""

    @property
    @abstractmethod
    def facts(self) -> dict[str, str]:
        """What a reader needs to repeat the changes, in the order to show."""

    @abstractmethod
    def cost(self, variants: Sequence[Variant]) -> int:
        """Return about how many multiply-adds changes take: parameters times what is read."""

    @abstractmethod
    def changes(self, variants: Sequence[Variant]) -> list[tuple[Change, ...]]:
        """Return the changes of each variant, in order, one for each of `outputs`, without percentiles."""

    @property
    def names(self) -> list[str]:
        """The names of the outputs."""
        return [output.name for output in self.outputs]

    def numbers(self, variants: Sequence[Variant]) -> list[tuple[float, ...]]:
        """Return the changes of each variant, in order, as numbers."""
        return [tuple(each.value for each in changes) for changes in self.changes(variants)]

    def _facts(self, card: Card, **more: str) -> dict[str, str]:
        """Return the facts of every kind of change, then more: name -> text, without `change_`."""
        told = "; ".join(output.meaning for output in self.outputs)
        return {
            "predictor": f"{card.id} {card.revision}",
            "predictor_sha256": card.sha256,
            "change": f"{self.definition}; predicted alternate - reference; {told}",
        } | {f"change_{name}": text for name, text in more.items()}

    def _named(self, numbers: Sequence[Sequence[float]]) -> tuple[Change, ...]:
        """Return changes of value, reference and alternate of each output."""
        return tuple(Change(output.name, *each) for output, each in zip(self.outputs, numbers, strict=True))


def safe_names(names: Sequence[str]) -> list[str]:
    """Return the names with A-Z, a-z, 0-9 and _ only; of those that would be alike all but the first get numbers."""
    taken: set[str] = set()
    out = []
    for name in names:
        plain = safe = _UNSAFE.sub("_", name) or "output"
        number = 1
        while taken & (keys := {safe.upper() + end for end in ("", "_PCT", "_PERCENTILE")}):
            number += 1
            safe = f"{plain}_{number}"
        taken |= keys
        out.append(safe)
    return out
