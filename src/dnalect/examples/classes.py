"""The layouts of Genomic Benchmarks (Grešová 2023), as tables: parts, and in each the classes by name.

NAME/train/CLASS/ID.txt     one sequence a file, as its `download_dataset` writes them
NAME/train/CLASS.csv.gz     columns id, region, start, end (0-based, half-open), strand; beside
                            them NAME/metadata.yaml: class -> url of the genome they lie on
"""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import yaml

from dnalect.core.errors import InputError, TableError
from dnalect.core.reporter import track
from dnalect.examples.rows import PART_OF
from dnalect.examples.table import Table, of_rows, read_table

METADATA = "metadata.yaml"
_ENDINGS = (".csv.gz", ".csv")


def has_classes(folder: Path) -> bool:
    """Whether a folder has folders of parts, or says that it should have."""
    return bool(_parts(folder)) or (folder / METADATA).is_file()


def class_tables(folder: Path, reference: bool, part: str = "") -> list[tuple[str, Table]]:
    """Return (part, table) of each class of each part; the label is the name of the class.

    reference: whether there is a genome to take intervals from. part: the only one, "" for all.
    Raises InputError where a part lacks a class that another, or the metadata, has, where
    intervals lie on several genomes, and where they have no reference.
    """
    genomes = _genomes(folder / METADATA)
    found = {name: _classes(path) for name, path in _parts(folder).items()}
    if not found:
        raise InputError(f"{folder} has {METADATA} but no folders train and test; copy them, too")
    names = sorted(genomes.keys() | {name for classes in found.values() for name in classes})
    for name in names:
        if lacking := [each for each, classes in found.items() if name not in classes]:
            there = "metadata.yaml names it" if name in genomes else "another part has it"
            raise InputError(
                f"{folder}: the part {lacking[0]} lacks the class {name!r} ({there}); copy {name}/ or {name}.csv.gz"
            )
    tables = []
    for each in (each for each in found if part in ("", each)):
        for name in names:
            path = found[each][name]
            tables.append((each, _sequences(path) if path.is_dir() else _intervals(path, name, genomes, reference)))
    return tables


def _parts(folder: Path) -> dict[str, Path]:
    """Part -> folder."""
    inside = sorted(each for each in folder.iterdir() if each.is_dir() and each.name.lower() in PART_OF)
    return {PART_OF[each.name.lower()]: each for each in inside}


def _classes(folder: Path) -> dict[str, Path]:
    """Class -> its folder or file."""
    found = {each.name: each for each in sorted(folder.iterdir()) if each.is_dir() and not each.name.startswith(".")}
    for ending in _ENDINGS:
        found |= {path.name.removesuffix(ending): path for path in sorted(folder.glob(f"*{ending}"))}
    if not found:
        raise InputError(f"{folder} holds no class: neither a folder of .txt files nor a CLASS.csv.gz")
    return found


def _genomes(path: Path) -> dict[str, str]:
    """Class -> url of its genome, {} where there is no file."""
    if not path.is_file():
        return {}
    try:
        told = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{path} cannot be read: {str(error).splitlines()[0]}") from error
    classes = told.get("classes") if isinstance(told, dict) else None
    if not isinstance(classes, dict) or not all(isinstance(each, dict) for each in classes.values()):
        raise InputError(f"{path} must hold classes, and for each of them the url of its genome")
    return {str(name): str(each.get("url", "")) for name, each in classes.items()}


def _sequences(folder: Path) -> Table:
    """One row a file."""
    names = sorted(entry.name for entry in os.scandir(folder) if entry.name.endswith(".txt"))
    if not names:
        raise InputError(f"{folder} holds no .txt file: each sequence of a class is one")
    rows = []
    for name in track(names, f"reading {folder.parent.name}/{folder.name}", "files"):
        try:
            text = (folder / name).read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            raise InputError(f"cannot read {folder / name}: {error.strerror}") from error
        rows.append([name.removesuffix(".txt"), "".join(text.split()), folder.name])
    lines = list(range(1, len(rows) + 1))
    return of_rows(str(folder), ("id", "sequence", "label"), rows, lines, files=tuple(names))


def _intervals(path: Path, label: str, genomes: Mapping[str, str], reference: bool) -> Table:
    """The file's own columns, its region called contig, and the label."""
    table = read_table(path)
    if table.find("sequence") is None:
        _check_intervals(table, set(genomes.values()), reference)
    own = ["contig" if name.casefold() == "region" else name for name in table.names]
    genome = genomes.get(label, "").rpartition("/")[2]
    notes = (f"intervals of {genome}, says {METADATA}",) if genome else ()
    return replace(
        table,
        names=(*own, "label"),
        column=lambda at: [label] * len(table) if at == len(own) else table.column(at),
        notes=(*table.notes, *notes),
    )


def _check_intervals(table: Table, urls: set[str], reference: bool) -> None:
    if lacking := [name for name in ("region", "start", "end") if table.find(name) is None]:
        raise TableError(
            f"{table.source} has no column {lacking[0]!r}: it has {table.listed}; "
            "a class of Genomic Benchmarks has id, region, start, end and strand"
        )
    whose = " and ".join(sorted(url.rpartition("/")[2] for url in urls if url)) or "a genome"
    instead = "take the sequences that genomic_benchmarks.loc2seq.download_dataset writes"
    if len(urls) > 1:
        # One file cannot stand for two genomes: I of a worm and 1 of a human go by the same aliases.
        raise TableError(f"{table.source}: the classes are intervals of {whose}; {instead}")
    if not reference:
        raise TableError(f"{table.source} holds intervals of {whose}: name that genome as the reference, or {instead}")
