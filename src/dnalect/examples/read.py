"""Labelled files of any kind -> Examples."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from dnalect.core.errors import InputError
from dnalect.core.examples import PARTS, Examples
from dnalect.examples.bed import bed, is_bed
from dnalect.examples.classes import class_tables, has_classes
from dnalect.examples.duplicates import merged
from dnalect.examples.fasta import fasta, is_fasta
from dnalect.examples.kinds import check_variety, targets
from dnalect.examples.rows import PART_OF, ROLES, Rows, Wanted, joined, part_named, rows_of
from dnalect.examples.table import Table, delimited, is_parquet, parquet, read_lines
from dnalect.genome.fasta import Genome

# train.csv.gz, sample_val.tsv, test.parquet, train.fna
_FILE = re.compile(
    r"(?:.*[_.\-])?(train|training|validate|validation|valid|val|dev|test|testing)"
    r"\.(?:csv|tsv|txt|parquet|fa|fasta|fna|bed|narrowpeak|bedgraph)(?:\.b?gz)?",
    re.IGNORECASE,
)


def read_examples(
    path: str | Path,
    *,
    reference: Genome | None = None,
    labels: Sequence[str] = (),
    kind: str | None = None,
    part: str = "",
    sequence: str | None = None,
    conflicts: str = "error",
    unlabelled: bool = False,
    positives: bool = False,
    columns: Sequence[str] = (),
) -> Examples:
    """Read labelled sequences; the format is known by the content of the file.

    path: a table (comma, semicolon or tab; plain, gzipped or Parquet) with the columns sequence
    and label; a BED, narrowPeak or bedGraph of the reference; a FASTA whose headers hold the
    labels; a folder with files named train, dev or valid, and test (of train.parquet and
    train.fna, the Parquet is read); a folder of Genomic Benchmarks (classes.py); or "-" for stdin.

    Columns, in whatever case: sequence (or seq); id, name; contig, chrom or chr, start, end
    (0-based, half-open) and strand; split, part or set (train, valid or dev, test). A table
    without sequences gets them from the reference, reverse-complemented on strand "-". Rows that
    are all named as `chr1:100-200` have these places; the length of the sequences tells whether
    they count from 0 or 1.
    reference: the genome that places lie on. labels: columns of the labels, several for
    several tasks; by default label, labels, target or y, in a BED the value, signalValue or
    name, in a FASTA all keys. Empty, NA and nan: no label. kind: "classes", "tracks" or
    "signal" for all labels, else by their cells: few different words or whole numbers are
    classes, numbers with fractions a signal, lists such as `liver;heart` tracks (there an
    empty cell is none of them). With "tracks" several columns of 0 and 1 are one target.
    part: of all rows, whatever the file says. sequence: the column of the sequences.
    conflicts: "error", or "drop" to leave out sequences with contradictory classes.
    unlabelled: read no labels; the examples have no targets. positives: the same, and a column
    of labels that holds negatives is an error. columns: to keep as text, such as the cell that a label is of.

    Rows without any label are left out and repeated sequences, of which these columns say the same, are kept once, with
    a note.
    Raises TableError (an InputError) that names the line, or the columns there are, and the fix.
    """
    unlabelled = unlabelled or positives
    named = part_named(part) if part else ""
    wanted = Wanted(reference, _names(labels), sequence, unlabelled, named, positives, tuple(columns))
    if str(path) != "-" and Path(path).is_dir():
        return build(joined(_of_folder(Path(path), wanted)), kind, conflicts, unlabelled)
    return build(_rows(str(path), wanted), kind, conflicts, unlabelled)


def read_parts(
    paths: Mapping[str, str | Path],
    *,
    reference: Genome | None = None,
    labels: Sequence[str] = (),
    kind: str | None = None,
    sequence: str | None = None,
    conflicts: str = "error",
) -> Examples:
    """Read one file for each part as one set of examples, with the same classes in all parts.

    paths: "train", "validate", "test" (or their other names) -> file. The rest as in `read_examples`.
    """
    several = []
    for part, path in paths.items():
        several.append(_rows(str(path), Wanted(reference, _names(labels), sequence, part=part_named(part))))
    if not several:
        raise InputError("no file of labelled sequences was given")
    return build(joined(several), kind, conflicts)


def part_files(folder: Path) -> dict[str, Path]:
    """Return part -> file of a folder; of files that differ in their ending only, the Parquet.

    Raises InputError where none has such a name, or two have the same.
    """
    found: dict[str, Path] = {}
    # Parquet comes first.
    for path in sorted(folder.iterdir(), key=lambda each: (each.suffix.lower() != ".parquet", each.name)):
        if not path.is_file() or not (named := _FILE.fullmatch(path.name)):
            continue
        part = PART_OF[named[1].lower()]
        if (other := found.get(part)) is None:
            found[part] = path
        elif other.suffix.lower() != ".parquet" or other.stem != path.name.partition(".")[0]:
            raise InputError(f"{folder} holds {other.name} and {path.name}, both for the part {part}; keep one")
    if not found:
        names = ", ".join(sorted(each.name + "/" * each.is_dir() for each in folder.iterdir())[:8]) or "nothing"
        raise InputError(f"{folder} holds no train, dev or test file (.csv, .tsv, .parquet ...): it holds {names}")
    return {part: found[part] for part in PARTS if part in found}


def build(rows: Rows, kind: str | None = None, conflicts: str = "error", unlabelled: bool = False) -> Examples:
    """Return the examples of rows: labels as numbers, rows without any left out, repeats merged, all checked."""
    found, numbers, notes = targets(rows.labels, kind, rows.where) if not unlabelled else ((), {}, [])
    notes = rows.notes + notes
    examples = Examples(
        sequences=tuple(rows.sequences),
        targets=found,
        labels=numbers,
        ids=tuple(rows.ids),
        contigs=tuple(rows.places.contigs),
        starts=np.array(rows.places.starts, dtype=np.int64),
        ends=np.array(rows.places.ends, dtype=np.int64),
        strands=tuple(rows.places.strands),
        parts=tuple(rows.parts),
        columns={name: tuple(cells) for name, cells in rows.columns.items()},
    )
    where = rows.where
    if found:
        known = np.any([~np.isnan(each).all(axis=1) for each in numbers.values()], axis=0)
        if holes := int((~known).sum()):
            notes.append(f"{holes:,} rows without any label left out")
            examples = examples.take(known)
            where = [each for each, kept in zip(where, known.tolist(), strict=True) if kept]
    examples = replace(examples, notes=tuple(notes))
    examples = merged(examples, where, conflicts) if found else examples
    for target in found:
        check_variety(target, examples.labels[target.name])
    return examples


def _names(labels: Sequence[str]) -> tuple[str, ...]:
    return (labels,) if isinstance(labels, str) else tuple(dict.fromkeys(labels))


def _rows(path: str, wanted: Wanted) -> Rows:
    return rows_of(table_of(path), wanted)


def _of_folder(folder: Path, wanted: Wanted) -> list[Rows]:
    """Return the rows of each file, or of each class, of the parts that are wanted."""
    tables: list[tuple[str, Table]]
    if has_classes(folder) and not any(_FILE.fullmatch(each.name) for each in folder.iterdir() if each.is_file()):
        tables = class_tables(folder, wanted.reference is not None, wanted.part)
    else:
        files = part_files(folder).items()
        tables = [(part, table_of(str(path))) for part, path in files if wanted.part in ("", part)]
    if not tables:
        raise InputError(f"{folder} holds no file of the part {wanted.part!r}")
    return [rows_of(table, replace(wanted, part=part)) for part, table in tables]


def table_of(path: str) -> Table:
    """Return a file of any format as a table of text."""
    if is_parquet(path):
        return parquet(path)
    lines = read_lines(path)
    if is_fasta(lines):
        return fasta(path, lines)
    if is_bed(lines) and not _has_header(lines):
        return bed(path, lines)
    return delimited(path, lines)


def _has_header(lines: list[bytes]) -> bool:
    """Whether a line above the rows names columns, as `#chrom start end label` does above what else is a BED."""
    for line in lines:
        names = line.decode("utf-8", errors="replace").strip().lower().lstrip("#").split("\t")
        if any(name.strip() in ROLES["contig"] for name in names) and any(name in ROLES["end"] for name in names):
            return True
        if not (line.isspace() or line.startswith(b"#")):
            return False
    return False
