"""What a scored file says of splicing: SpliceAI's delta scores, or Pangolin's gain and loss."""

import pyarrow as pa

from dnalect.core.measures import Splice
from dnalect.core.records import Row
from dnalect.scored.field import Column, Field, fixed, rounded

NAMES, USED = ("ag", "al", "dg", "dl"), ("gain", "loss")
FORMAT = "ALLELE|SYMBOL|DS_AG|DS_AL|DS_DG|DS_DL|DP_AG|DP_AL|DP_DG|DP_DL"
USAGE = "ALLELE|SYMBOL|POS:GAIN|POS:LOSS of usage"
# Parts of a run of each kind of model.
SITES_PART, USAGE_PART = "splice sites", "splice usage"


def _told(row: Row) -> str:
    """All genes of an allele, as SpliceAI's package, or Pangolin's, writes each."""
    return "&".join(_gene(row.alt, each) for each in row.score.splices)


def _gene(alt: str, splice: Splice) -> str:
    if len(splice.deltas) == len(USED):
        (gain, loss), (gained, lost) = splice.deltas, splice.positions
        return f"{alt}|{splice.gene}|{gained}:{gain:.2f}|{lost}:{-loss:.2f}"
    parts = [alt, splice.gene, *(f"{delta:.2f}" for delta in splice.deltas), *map(str, splice.positions)]
    return "|".join(parts)


def _largest(row: Row) -> float | None:
    return row.score.splice.largest if row.score.splice else None


def _delta(number: int, name: str, part: str) -> list[Column]:
    def value(row: Row) -> float | None:
        return rounded(row.score.splice.deltas[number]) if row.score.splice else None

    def position(row: Row) -> int | None:
        return row.score.splice.positions[number] if row.score.splice else None

    return [
        Column(f"splice_{name}", pa.float64(), value, part),
        Column(f"splice_{name}_position", pa.int64(), position, part),
    ]


SPLICE_FIELDS = (
    Field(
        "SPLICE",
        "String",
        f"gains and losses of splice sites in each gene, joined by &: {FORMAT}, or {USAGE}; places from POS; "
        "no clinical evidence",
        "splice",
        _told,
        always=True,
    ),
    Field("SPLICE_MAX", "Float", "largest of these changes, of all genes", "splice", lambda row: fixed(_largest(row))),
)
SPLICE_COLUMNS = (
    Column("splice_max", pa.float64(), lambda row: rounded(_largest(row)), "splice"),
    Column("splice_gene", pa.string(), lambda row: row.score.splice.gene if row.score.splice else None, "splice"),
    *(each for number, name in enumerate(NAMES) for each in _delta(number, name, SITES_PART)),
    *(each for number, name in enumerate(USED) for each in _delta(number, name, USAGE_PART)),
    Column("splice", pa.string(), lambda row: _told(row) or None, "splice"),
)
