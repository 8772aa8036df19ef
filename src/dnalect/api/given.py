"""What people hand over -> what the jobs take: options by name, and files for what is in memory."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar, get_origin

import numpy as np

from dnalect.core.configs import with_file
from dnalect.core.described import hints_of, plain
from dnalect.core.errors import ConfigError, InputError
from dnalect.core.near import copied
from dnalect.core.nearest import did_you_mean
from dnalect.genome.fasta import Genome, Reference, is_sequence, open_genome
from dnalect.genome.given import cells, column_names, is_frame

T = TypeVar("T")


def options_of(kind: type[T], given: Mapping[str, Any]) -> T:
    """Return a dataclass of options. Raises ConfigError for a name that it doesn't have, with the nearest one.

    Lists become tuples, paths become text, numbers of numpy those of Python, and a lone text where several are
    expected is one.
    """
    known = hints_of(kind)
    for name in given:
        if name not in known:
            hint = did_you_mean(name, known) or f" There are {', '.join(known)}."
            raise ConfigError(f"there is no option {name!r}.{hint}")
    told = {}
    for name, value in given.items():
        if get_origin(plain(known[name])) is tuple:
            value = (value,) if isinstance(value, str | os.PathLike) else tuple(value or ())
            value = tuple(map(_plain, value))
        told[name] = _plain(value)
    told = copied(kind, told)
    return with_file(kind, told["config"], told) if told.get("config") else kind(**told)


def _plain(value: Any) -> Any:
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    return value.item() if isinstance(value, np.generic) else value


def is_path(given: object) -> bool:
    """Whether something is the path of a file, and no sequence."""
    return isinstance(given, str | os.PathLike) and not is_sequence(given)


def reference_path(reference: Reference | None, folder: Path, name: str = "reference.fa") -> str | None:
    """Return the path of a genome; one that is in memory alone is written into the folder, by this name."""
    if reference is None or is_path(reference):
        return None if reference is None else os.fspath(reference)  # type: ignore[arg-type]
    genome = open_genome(reference)
    if genome.path.is_file():
        return str(genome.path)
    return str(_written(folder / name, _fasta(genome)))


def _fasta(genome: Genome) -> Iterable[str]:
    for name in genome:
        yield f">{name}"
        yield str(genome[name])


@contextmanager
def as_file(given: str) -> Iterator[str]:
    """Give the path of what was typed: a file, or a sequence, which is written into one for as long as it is used."""
    with TemporaryDirectory() as name:
        yield input_path(given, Path(name))


def input_path(given: Any, folder: Path) -> str:
    """Return the path of an input; what is in memory is written into the folder.

    given: a path; one sequence or several as text; sequences by name; a data frame; intervals
    (contig, start, end) or (contig, start, end, strand), 0-based half-open as in BED; or variants
    (contig, position, ref, alt), from 1 as in VCF. Raises InputError for what is none of these.
    """
    if is_path(given):
        return str(os.fspath(given))
    if isinstance(given, str):
        given = [given]
    if isinstance(given, Mapping) and all(isinstance(each, str) for each in given.values()):
        return _table(folder, ["id", "sequence"], given.items())
    if is_frame(given):
        names = column_names(given)
        return _table(folder, names, zip(*(cells(given, name) for name in names), strict=True))
    rows = list(given) if isinstance(given, Iterable) else []
    if rows and all(isinstance(each, str) for each in rows):
        return _table(folder, ["sequence"], ([each] for each in rows))
    if rows and all(_is_interval(each) for each in rows):
        lines = ["\t".join(map(str, [*each[:3], *([".", "0", each[3]] if len(each) > 3 else [])])) for each in rows]
        return str(_written(folder / "intervals.bed", lines))
    if rows and all(isinstance(each, Sequence) and len(each) == 4 for each in rows):
        return _table(folder, ["chrom", "pos", "ref", "alt"], rows)
    raise InputError(
        "give the path of a file, sequences as text (one, a list, or a dict by name), a data frame, intervals "
        f"(contig, start, end), or variants (contig, position, ref, alt), not {type(given).__name__} of {len(rows)}"
    )


def _is_interval(row: Any) -> bool:
    if not isinstance(row, Sequence) or isinstance(row, str) or len(row) not in (3, 4):
        return False
    return all(hasattr(each, "__index__") for each in row[1:3]) and (len(row) < 4 or row[3] in ("+", "-", "."))


def _table(folder: Path, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    lines = ["\t".join(names)]
    for row in rows:
        row = list(row)
        if any("\t" in str(cell) or "\n" in str(cell) for cell in row):
            raise InputError("a table's cells must hold no tab and no line end")
        lines.append("\t".join("" if cell is None or cell != cell else str(cell) for cell in row))
    if len(lines) == 1:
        raise InputError("the input is empty: it has no row")
    return str(_written(folder / "table.tsv", lines))


def _written(path: Path, lines: Iterable[str]) -> Path:
    with path.open("w", encoding="utf-8") as out:
        out.writelines(f"{line}\n" for line in lines)
    return path
