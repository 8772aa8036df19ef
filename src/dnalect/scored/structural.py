"""What a scored file says of structural variants: their junctions, and the elements inside."""

import pyarrow as pa

from dnalect.core.measures import Inside
from dnalect.core.records import Row
from dnalect.scored.field import Column, Field, fixed, rounded

# Names that are written of each kind of change; of the others their number.
MOST_NAMES = 20
INSIDE_TEXTS = {
    "lost": "elements that lie wholly within a deletion",
    "gained": "elements that lie wholly within a tandem duplication",
    "inverted": "elements that lie wholly within an inversion",
    "cut": "elements in which a breakpoint lies",
    "fused": "elements that a junction joins in one direction, first::second",
}


def _value(row: Row) -> float | None:
    return row.score.joined.value if row.score.joined else None


def _percentile(row: Row) -> float | None:
    return row.score.joined.percentile if row.score.joined else None


def _each(row: Row) -> str:
    """The score of every junction where there are several."""
    joined = row.score.joined
    return "&".join(f"{value:.4f}" for value in joined.each) if joined and len(joined.each) > 1 else ""


def _structure(row: Row) -> str:
    return row.score.joined.kind.removeprefix("sv_") if row.score.joined else ""


def _size(row: Row) -> int | None:
    joined = row.score.joined
    return joined.size if joined and joined.kind != "sv_translocation" else None


def _names(row: Row, what: str) -> str:
    names: tuple[str, ...] = getattr(row.inside, what) if row.inside else ()
    more = [f"and {len(names) - MOST_NAMES:,} more"] if len(names) > MOST_NAMES else []
    return "&".join([*names[:MOST_NAMES], *more])


def _inside_field(what: str) -> Field:
    text = f"{INSIDE_TEXTS[what]}, joined by &"
    return Field(f"ELEMENTS_{what.upper()}", "String", text, "inside", lambda row: _names(row, what))


def _inside_column(what: str) -> Column:
    return Column(f"elements_{what}", pa.string(), lambda row: _names(row, what) or None, "inside")


STRUCTURAL_FIELDS = (
    Field(
        "JUNCTION",
        "Float",
        "what the bases beside the junctions of a structural variant gain by their new neighbours, nats; negative: "
        "they fit less well; no clinical evidence",
        "junction",
        lambda row: fixed(_value(row)),
        always=True,
    ),
    Field(
        "JUNCTION_PCT",
        "Float",
        "share of random structural variants of the same class and size with a lower DNALECT_JUNCTION; no p-value",
        "junction",
        lambda row: fixed(_percentile(row), 6),
        always=True,
    ),
    Field("JUNCTION_EACH", "String", "the same of each of several junctions, joined by &", "junction", _each),
    Field(
        "STRUCTURE",
        "String",
        "what it was compared with: deletion, duplication, inversion, insertion, translocation, or breakend (one "
        "inverted junction on one contig)",
        "junction",
        _structure,
    ),
    *map(_inside_field, Inside._fields),
)
STRUCTURAL_COLUMNS = (
    Column("junction", pa.float64(), lambda row: rounded(_value(row)), "junction"),
    Column("junction_percentile", pa.float64(), lambda row: rounded(_percentile(row), 6), "junction"),
    Column("junction_each", pa.string(), lambda row: _each(row) or None, "junction"),
    Column("structure", pa.string(), lambda row: _structure(row) or None, "junction"),
    Column("structure_size", pa.int64(), _size, "junction"),
    Column("event", pa.string(), lambda row: (row.score.joined and row.score.joined.event) or None, "junction"),
    *map(_inside_column, Inside._fields),
)
