"""Which files there are: those of the folders that the operator named, and what was dropped. Names, never paths."""

import os
import re
import secrets
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dnalect.core.errors import InputError

KINDS = {
    "genome": (".fa", ".fasta", ".fna"),
    "annotation": (".gff", ".gff3", ".gtf"),
    "variants": (".vcf", ".bcf", ".tsv", ".bed"),
    "signal": (".bw", ".bigwig"),
}
PACKED = (".gz", ".bgz")
# What a dropped file may be called.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,119}")
DROPPED = re.compile(r"[0-9a-f]{16}")
# Files of a folder that are looked at, and levels below it.
MOST, DEEPEST = 5_000, 3


@dataclass(frozen=True)
class Known:
    """A file by the name that it is asked for with: FOLDER/FILE, or the id of what was dropped. bytes: its size."""

    name: str
    kind: str
    path: Path
    bytes: int


def kind_of(name: str) -> str:
    """Return which of KINDS a name is of by its end, "" for none."""
    bare = name.lower()
    for packed in PACKED:
        bare = bare.removesuffix(packed)
    return next((kind for kind, ends in KINDS.items() if bare.endswith(ends)), "")


class Files:
    """folders: name -> folder whose files may be used. dropped: where uploads lie, one to a folder. most: bytes of all.

    What is asked for is looked up among the files that are there: no name is ever joined to a path.
    """

    def __init__(self, folders: dict[str, Path], dropped: Path, most: int):
        self.folders, self.dropped, self.most = folders, dropped, most
        dropped.mkdir(parents=True, exist_ok=True)
        for folder in [each for each in dropped.iterdir() if DROPPED.fullmatch(each.name)]:
            # What was being dropped when a server ended.
            if not any(NAME.fullmatch(each.name) for each in folder.iterdir()):
                shutil.rmtree(folder)

    def shared(self) -> dict[str, Known]:
        """Return the files of the folders by name, folder after folder."""
        found = {}
        for label, folder in self.folders.items():
            root = folder.resolve()
            for path in _below(root):
                name = f"{label}/{path.relative_to(root).as_posix()}"
                # A link may lead out of the folder.
                if (kind := kind_of(path.name)) and path.resolve().is_relative_to(root):
                    found[name] = Known(name, kind, path, path.stat().st_size)
        return found

    def uploads(self) -> dict[str, Known]:
        """Return what was dropped by its id."""
        found = {}
        for folder in sorted(self.dropped.iterdir(), key=lambda each: each.stat().st_mtime):
            files = [each for each in folder.iterdir() if NAME.fullmatch(each.name)] if folder.is_dir() else []
            if DROPPED.fullmatch(folder.name) and files:
                path = files[0]
                found[folder.name] = Known(folder.name, kind_of(path.name), path, path.stat().st_size)
        return found

    def get(self, name: str, kind: str) -> Known | None:
        """Return a file by its name, FOLDER/FILE or an id, None where there is none of this kind."""
        known = {**self.shared(), **self.uploads()}.get(name)
        return known if known is not None and known.kind == kind else None

    def find(self, name: str, kind: str) -> Known:
        """Return the same. Raises InputError where there is none."""
        known = self.get(name, kind)
        if known is None:
            mine = {**self.shared(), **self.uploads()}
            there = [each.name for each in mine.values() if each.kind == kind]
            hint = f"there are {', '.join(there[:8])}" if there else "name a folder with one: dnalect serve FOLDER"
            raise InputError(f"there is no {kind} {name!r:.120} here; {hint}")
        return known

    def place(self, name: str) -> Path:
        """Return where a file that is being dropped goes. Raises InputError for a name that it can't have."""
        if not NAME.fullmatch(name):
            raise InputError(f"a file is called by letters, digits, dots and dashes here, not {name!r:.120}: rename it")
        if kind_of(name) != "variants":
            ends = ", ".join(KINDS["variants"])
            raise InputError(f"{name} is no file of variants ({ends}, each also .gz); name the genome from a folder")
        if (there := sum(each.bytes for each in self.uploads().values())) > self.most:
            raise InputError(f"{there:,} bytes were dropped so far, and {self.most:,} may be: remove some")
        folder = self.dropped / secrets.token_hex(8)
        folder.mkdir()
        return folder / name

    def drop(self, name: str) -> None:
        """Remove what was dropped. Raises InputError where there is no such thing."""
        if name not in self.uploads():
            raise InputError(f"nothing with the id {name!r:.40} was dropped")
        shutil.rmtree(self.dropped / name)


def _below(root: Path) -> Iterator[Path]:
    seen = 0
    for folder, folders, names in os.walk(root):
        depth = len(Path(folder).relative_to(root).parts)
        folders[:] = sorted(each for each in folders if not each.startswith(".")) if depth < DEEPEST else []
        for name in sorted(names):
            seen += 1
            if seen > MOST:
                return
            if not name.startswith("."):
                yield Path(folder) / name


def labelled(folders: Sequence[Path]) -> dict[str, Path]:
    """Return folders by their last names; of equal ones all but the first get numbers."""
    found: dict[str, Path] = {}
    for folder in folders:
        label, number = folder.resolve().name or "root", 1
        while (name := label if number == 1 else f"{label}-{number}") in found:
            number += 1
        found[name] = folder
    return found
