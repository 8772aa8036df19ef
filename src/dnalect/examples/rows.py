"""Tables of any format -> rows: sequences checked letter by letter, labels still as text."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from dnalect.core.errors import TableError
from dnalect.examples.kinds import has_negatives, is_hole
from dnalect.examples.loci import Folders, counted_from, fetched, named, parsed, renamed
from dnalect.examples.table import Table
from dnalect.genome.fasta import Genome

SPOT = ("contig", "start", "end")
LABELS = ("label", "labels", "target", "y")
ROLES = {
    "sequence": ("sequence", "seq", "sequences"),
    "id": ("id", "name", "seq_id", "ids"),
    "contig": ("contig", "chrom", "chr", "chromosome", "seqnames"),
    "start": ("start", "start0", "chromstart"),
    "end": ("end", "chromend", "stop"),
    "strand": ("strand",),
    "part": ("split", "part", "set", "partition"),
}
# The part that each word stands for.
PART_OF = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("validate", "validation", "valid", "val", "dev"), "validate"),
    **dict.fromkeys(("test", "testing"), "test"),
}
# An assembly after a name, as in chrom_hg19.
_ASSEMBLY = re.compile(r"_[a-z]+\d+$")
_IUPAC = str.maketrans("URYSWKMBDHV", "TNNNNNNNNNN")
_PLAIN = frozenset("ACGTN")


@dataclass
class Rows:
    """n rows of one file or several.

    sequences: A, C, G, T, N. labels: column -> cells (n). ids, places, parts: as in
    Examples. where: file and line of each row, for messages. notes: what was found. columns: more that was asked for.
    """

    sequences: list[str]
    labels: dict[str, list[str]]
    ids: list[str]
    places: Folders
    parts: list[str]
    where: list[str]
    notes: list[str] = field(default_factory=list)
    columns: dict[str, list[str]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.sequences)


@dataclass(frozen=True)
class Wanted:
    """What is to be read of a file. The fields are the parameters of `read_examples`."""

    reference: Genome | None = None
    labels: tuple[str, ...] = ()
    sequence: str | None = None
    unlabelled: bool = False
    part: str = ""
    positives: bool = False
    columns: tuple[str, ...] = ()


def rows_of(table: Table, wanted: Wanted) -> Rows:
    """Return the rows of a table. Raises TableError that names the row or lists the columns."""
    if not len(table):
        raise TableError(f"{table.source} holds no labelled sequence below its header")
    if wanted.positives:
        _check_positives(table)
    roles, notes = _roles(table, wanted), list(table.notes)
    where = table.where
    sequences, places, keep = _sequences(table, roles, wanted, where, notes)

    def kept(cells: Sequence[str]) -> list[str]:
        return [cells[row] for row in keep]

    parts = [wanted.part] * len(keep)
    if "part" in roles and not wanted.part:
        parts = _parts(kept(table.column(roles["part"])), table, notes)
    return Rows(
        sequences=sequences,
        labels={} if wanted.unlabelled else {name: kept(table.cells(name)) for name in _labels(table, wanted)},
        ids=kept(table.column(roles["id"])) if "id" in roles else [""] * len(keep),
        places=places.take(keep),
        parts=parts,
        where=kept(where),
        notes=notes,
        columns={name: kept(table.cells(name)) for name in wanted.columns},
    )


def _sequences(
    table: Table, roles: dict[str, int], wanted: Wanted, where: list[str], notes: list[str]
) -> tuple[list[str], Folders, list[int]]:
    """Return the sequences of the rows that are kept, the places of all, and which rows are kept; add to notes."""
    places, keep = Folders.none(len(table)), list(range(len(table)))
    placed = all(role in roles for role in SPOT)
    if placed:
        strands = table.column(roles["strand"]) if "strand" in roles else []
        places = parsed([table.column(roles[role]) for role in SPOT], strands, where)
    elif "id" in roles and "sequence" in roles:
        places = named(table.column(roles["id"]), where)
    notes += renamed(places, wanted.reference) if wanted.reference is not None else []
    if "sequence" in roles:
        sequences = _clean(table.column(roles["sequence"]), where, notes)
        notes += counted_from(places, sequences)
    elif placed and wanted.reference is not None:
        sequences, keep = fetched(places, wanted.reference, where)
        if len(keep) < len(table):
            notes.append(f"{len(table) - len(keep):,} rows of {table.source} lie on contigs that the reference lacks")
    else:
        raise TableError(_no_sequence(table, placed))
    if empty := [row for row, text in zip(keep, sequences, strict=True) if not text]:
        raise TableError(f"{where[empty[0]]}: the sequence is empty; fill it or leave the line out")
    return sequences, places, keep


def part_named(word: str) -> str:
    """Return the part that a word stands for; TableError where it is none."""
    if word.casefold() not in PART_OF:
        raise TableError(f"the part {word!r} is none of {', '.join(dict.fromkeys(PART_OF.values()))}")
    return PART_OF[word.casefold()]


def joined(several: Sequence[Rows]) -> Rows:
    """Return the rows of several files one after the other. Raises TableError where their labels differ."""
    first = several[0]
    for other in several[1:]:
        if other.labels.keys() != first.labels.keys():
            raise TableError(
                f"{other.where[0]}: the labels are {', '.join(other.labels)}, those of "
                f"{first.where[0].rpartition(',')[0]} are {', '.join(first.labels)}; name those of all files (labels)"
            )

    def all_of(lists: Iterable[list[str]]) -> list[str]:
        return [each for cells in lists for each in cells]

    places = Folders(
        all_of(rows.places.contigs for rows in several),
        [start for rows in several for start in rows.places.starts],
        [end for rows in several for end in rows.places.ends],
        all_of(rows.places.strands for rows in several),
    )
    return Rows(
        sequences=all_of(rows.sequences for rows in several),
        labels={name: all_of(rows.labels[name] for rows in several) for name in first.labels},
        ids=all_of(rows.ids for rows in several),
        places=places,
        parts=all_of(rows.parts for rows in several),
        where=all_of(rows.where for rows in several),
        notes=list(dict.fromkeys(all_of(rows.notes for rows in several))),
        columns={name: all_of(rows.columns[name] for rows in several) for name in first.columns},
    )


def _roles(table: Table, wanted: Wanted) -> dict[str, int]:
    """Return role -> number of its column. A column that is named as label has no other role."""
    taken = {table.find(name) for name in wanted.labels}
    names = [_ASSEMBLY.sub("", name.strip().casefold()) for name in table.names]
    found = {}
    for role, known in ROLES.items():
        at = next((names.index(name) for name in known if name in names and names.index(name) not in taken), None)
        if at is not None:
            # Asked by its full name: several columns of just that name are an error.
            found[role] = table.find(table.names[at]) or at
    if wanted.sequence is not None:
        at = table.find(wanted.sequence)
        if at is None:
            raise TableError(f"{table.source} has no column {wanted.sequence!r}: it has {table.listed}")
        found["sequence"] = at
    return found


def _labels(table: Table, wanted: Wanted) -> tuple[str, ...]:
    if wanted.labels:
        return wanted.labels
    if table.labels:
        return tuple(name for name in table.labels if name.lower() in LABELS) or table.labels
    named = [name for name in LABELS if table.find(name) is not None]
    if len(named) == 1:
        return (table.names[table.find(named[0]) or 0],)
    if named:
        raise TableError(f"{table.source} has the columns {' and '.join(named)}; name those that hold labels (--label)")
    raise TableError(
        f"{table.source} has no column named label: it has {table.listed}; {table.mend}, "
        "or read it without labels (unlabelled)"
    )


def _check_positives(table: Table) -> None:
    """Raise TableError where a column of labels says that some rows are negatives."""
    for name in (each for each in (*table.labels, *LABELS) if table.find(each) is not None):
        if has_negatives(table.cells(name)):
            raise TableError(
                f"{table.source} is to hold positives only, but its column {name!r} holds negatives, too: "
                "leave these rows out, or draw no background"
            )


def _no_sequence(table: Table, placed: bool) -> str:
    if placed:
        return f"{table.source} has places and no column sequence: give the reference that they lie on"
    return (
        f"{table.source} has no column named sequence: it has {table.listed}; name the one that holds the sequences "
        "(sequence), or give contig, start and end with a reference"
    )


def _clean(cells: list[str], where: list[str], notes: list[str]) -> list[str]:
    """Return sequences in upper case, other IUPAC letters as N, U as T; TableError for anything else."""
    clean, ambiguous, uracil = [], 0, 0
    for row, cell in enumerate(cells):
        # "NaN" is a hole that would pass for three bases.
        text = "" if is_hole(cell) else cell.upper()
        if not _PLAIN.issuperset(text):
            plain = text.translate(_IUPAC)
            if strange := set(plain) - _PLAIN:
                raise TableError(
                    f"{where[row]}: {text[:20]!r} is no sequence of A, C, G, T and N: it holds {min(strange)!r}"
                )
            uracil += "U" in text
            ambiguous += bool(set(text) - _PLAIN - {"U"})
            text = plain
        clean.append(text)
    if ambiguous:
        notes.append(f"{ambiguous:,} sequences hold IUPAC letters beside A, C, G, T and N: read as N")
    if uracil:
        notes.append(f"{uracil:,} sequences hold U: read as T")
    return clean


def _parts(cells: list[str], table: Table, notes: list[str]) -> list[str]:
    known = {cell: PART_OF.get(cell.casefold(), "") for cell in dict.fromkeys(cells)}
    if strange := [cell for cell, part in known.items() if cell and not part]:
        notes.append(f"{table.source}: {strange[0]!r} in its column of parts is none of {', '.join(PART_OF)}: no part")
    return [known[cell] for cell in cells]
