"""What a scored file says of splicing: SpliceAI's delta scores."""

import pyarrow as pa

from dnalect.core.measures import Splice
from dnalect.core.records import Row
from dnalect.scored.field import Column, Field, fixed, rounded

NAMES = ("ag", "al", "dg", "dl")
FORMAT = "ALLELE|SYMBOL|DS_AG|DS_AL|DS_DG|DS_DL|DP_AG|DP_AL|DP_DG|DP_DL"


def _told(row: Row) -> str:
    """All genes of an allele, as SpliceAI's package writes each."""
    return "&".join(_gene(row.alt, each) for each in row.score.splices)


def _gene(alt: str, splice: Splice) -> str:
    parts = [alt, splice.gene, *(f"{delta:.2f}" for delta in splice.deltas), *map(str, splice.positions)]
    return "|".join(parts)


def _largest(row: Row) -> float | None:
    return row.score.splice.largest if row.score.splice else None


def _delta(number: int, name: str) -> list[Column]:
    def value(row: Row) -> float | None:
        return rounded(row.score.splice.deltas[number]) if row.score.splice else None

    def position(row: Row) -> int | None:
        return row.score.splice.positions[number] if row.score.splice else None

    return [
        Column(f"splice_{name}", pa.float64(), value, "splice"),
        Column(f"splice_{name}_position", pa.int64(), position, "splice"),
    ]


SPLICE_FIELDS = (
    Field(
        "SPLICE",
        "String",
        f"gains and losses of splice sites in each gene, joined by &: {FORMAT}; places from POS; no clinical evidence",
        "splice",
        _told,
        always=True,
    ),
    Field(
        "SPLICE_MAX", "Float", "largest of the four deltas, of all genes", "splice", lambda row: fixed(_largest(row))
    ),
)
SPLICE_COLUMNS = (
    Column("splice_max", pa.float64(), lambda row: rounded(_largest(row)), "splice"),
    Column("splice_gene", pa.string(), lambda row: row.score.splice.gene if row.score.splice else None, "splice"),
    *(each for number, name in enumerate(NAMES) for each in _delta(number, name)),
    Column("splice", pa.string(), lambda row: _told(row) or None, "splice"),
)
