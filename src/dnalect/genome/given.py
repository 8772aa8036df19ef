"""Variants in memory -> records: tuples (contig, 1-based position, REF, ALT), or a data frame."""

import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from dnalect.core.errors import TableError
from dnalect.genome.vcf import Record

# Names that a column may have, the first that is there wins; also those of the tables of files.
NAMES = {
    "chrom": ("chrom", "#chrom", "chr", "contig", "chromosome"),
    "pos": ("pos", "position"),
    "ref": ("ref", "reference"),
    "alt": ("alt", "alternate"),
}


def is_frame(given: object) -> bool:
    """Whether something has named columns: a data frame of pandas, polars or pyarrow, or a dict of lists."""
    return isinstance(given, Mapping) or (hasattr(given, "columns") and hasattr(given, "__getitem__"))


def column_names(frame: Any) -> list[str]:
    """Return the names of the columns of a frame."""
    names = frame if isinstance(frame, Mapping) else getattr(frame, "column_names", None) or frame.columns
    return [str(name) for name in names]


def cells(frame: Any, name: str) -> list[Any]:
    """Return a column of a frame as Python values."""
    column = frame[name]
    for method in ("to_pylist", "to_list", "tolist"):
        if hasattr(column, method):
            return list(getattr(column, method)())
    return list(column)


def given_records(variants: Any) -> Iterator[Record]:
    """Yield the records of variants in memory, in order.

    variants: tuples (contig, position, REF, ALT) with an id as the fifth if you like, positions
    from 1 as in a VCF, several alternates with commas between them; or a frame with the columns
    chrom, pos, ref, alt, and perhaps id. Raises TableError that names what is no variant.
    """
    if is_frame(variants):
        rows: Iterable[Sequence[Any]] = _rows(variants)
    elif isinstance(variants, Iterable) and not isinstance(variants, str | bytes):
        rows = variants
    else:
        raise TableError(
            "variants are the path of a VCF, TSV or BED, a list of (contig, position, ref, alt), or a data frame with "
            f"the columns chrom, pos, ref and alt, not {type(variants).__name__}"
        )
    for number, row in enumerate(rows, 1):
        yield _record(row, number)


def _rows(frame: Any) -> Iterator[tuple[Any, ...]]:
    by_lower = {name.lower(): name for name in reversed(column_names(frame))}
    found = {wanted: next((by_lower[n] for n in names if n in by_lower), None) for wanted, names in NAMES.items()}
    if missing := [wanted for wanted, name in found.items() if name is None]:
        raise TableError(
            f"a table of variants needs the columns chrom, pos, ref and alt; it lacks {', '.join(missing)}"
        )
    wanted = [name for name in (*found.values(), by_lower.get("id")) if name is not None]
    yield from zip(*(cells(frame, name) for name in wanted), strict=True)


def _record(row: Any, number: int) -> Record:
    try:
        contig, position, ref, alt, *more = row
        start = operator.index(int(position) if isinstance(position, float) and position.is_integer() else position) - 1
        if not (isinstance(contig, str) and isinstance(ref, str) and isinstance(alt, str)):
            raise TypeError("contig, ref and alt must be text")
        return Record(
            contig, start, str(more[0]) if more else ".", ref, tuple(a for a in alt.split(",") if a not in ("", "."))
        )
    except (TypeError, ValueError) as error:
        shown = repr(row)
        raise TableError(
            f"variant {number} is {shown if len(shown) < 80 else shown[:77] + '...'}: "
            f"give (contig, position from 1, ref, alt) ({error})"
        ) from error
