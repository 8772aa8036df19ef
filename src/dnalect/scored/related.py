"""What a scored file says of relatives: the evidence of their bases, alone and with the log-ratio."""

import pyarrow as pa

from dnalect.core.measures import Column as Related
from dnalect.core.records import Row
from dnalect.scored.field import Column, Field, fixed, rounded

NAMES = ("column", "llr_column")
TEXTS = (
    "ln p(bases of the relatives | ALT) - ln p(the same | REF), substitutions; negative: they speak against ALT",
    "DNALECT_LLR + DNALECT_COLUMN: what the model and the relatives say together",
)


def _value(row: Row, number: int) -> float | None:
    found = row.score.column
    return found and rounded((found.value, found.together)[number])


def _percentile(row: Row, number: int) -> float | None:
    found: Related | None = row.score.column
    return rounded(found.percentiles[number], 6) if found and len(found.percentiles) > number else None


def _fields(number: int) -> list[Field]:
    key, text = NAMES[number].upper(), TEXTS[number]
    lower = f"share of background variants of the same class with a lower DNALECT_{key}; no p-value"
    return [
        Field(key, "Float", text, "column", lambda row: fixed(_value(row, number))),
        Field(f"{key}_PCT", "Float", lower, "column", lambda row: fixed(_percentile(row, number), 6)),
    ]


def _columns(number: int) -> list[Column]:
    name = NAMES[number]
    return [
        Column(name, pa.float64(), lambda row: _value(row, number), "column"),
        Column(f"{name}_percentile", pa.float64(), lambda row: _percentile(row, number), "column"),
    ]


def _relatives(row: Row) -> int | None:
    return row.score.column and row.score.column.relatives


RELATED_FIELDS = (
    *(each for number in range(len(NAMES)) for each in _fields(number)),
    Field(
        "RELATIVES",
        "Integer",
        "relatives that are aligned at the changed base",
        "column",
        lambda row: str(_relatives(row) or ""),
    ),
)
RELATED_COLUMNS = (
    *(each for number in range(len(NAMES)) for each in _columns(number)),
    Column("relatives", pa.int64(), _relatives, "column"),
)
