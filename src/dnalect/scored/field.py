"""One number or text that a scored file has of each alternate allele: as a key of INFO, as a column."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from dnalect.core.records import Row

# What may not stand in a value of INFO as it is.
_RESERVED = " %,;=\x7f"


@dataclass(frozen=True)
class Field:
    """An INFO key, one value an alternate.

    part: which runs have it: "always", "llr", "junction", "splice", "distance", "influence", "change", "ensemble",
    "annotation", "motif", "inside", "ancestral", "splice sites" or "splice usage".
    shown: the value as text, "" where an allele has none. always: written even where no allele of a record
    has one.
    """

    key: str
    kind: str
    text: str
    part: str
    shown: Callable[[Row], str]
    always: bool = False

    @property
    def line(self) -> str:
        """Its header line."""
        return f'##INFO=<ID=DNALECT_{self.key},Number=A,Type={self.kind},Description="dnalect: {self.text}">'

    def written(self, rows: Sequence[Row]) -> str:
        """Return KEY=values of one record, "" to leave it out."""
        values = [_escaped(self.shown(row)) for row in rows]
        if not self.always and not any(values):
            return ""
        return f"DNALECT_{self.key}=" + ",".join(value or "." for value in values)


@dataclass(frozen=True)
class Column:
    """A column of a table. value: None where a row has none. part: as of a Field."""

    name: str
    kind: pa.DataType
    value: Callable[[Row], Any]
    part: str = "always"


def _escaped(text: str) -> str:
    """Return a text with what has a meaning in INFO as %XX, as VCF 4.3 has it."""
    if text.isascii() and text.replace(".", "").replace("-", "").isalnum():
        return text
    return "".join(f"%{ord(letter):02X}" if letter in _RESERVED or letter < " " else letter for letter in text)


def fixed(value: float | None, digits: int = 4) -> str:
    """Return a number as text, "" of none."""
    return "" if value is None else f"{value:.{digits}f}"


def rounded(value: float | None, digits: int = 4) -> float | None:
    """Return a number as a table has it."""
    return None if value is None else round(value, digits)
