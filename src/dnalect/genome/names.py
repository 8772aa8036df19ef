"""What the name of a contig says; when two files name the same one differently: never guessed in silence."""

import re
from collections.abc import Container, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from dnalect.core.errors import ContigNameError, InputError, TableError
from dnalect.core.numbers import whole_number, whole_or_none
from dnalect.genome.fasta import Genome

_ROMAN = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII", "XIII", "XIV", "XV", "XVI"]
_SPAN = re.compile(r"(.+):([\d,]+)-([\d,]+)")
_ALIGNED = re.compile(r"[^:]+:([^:]+):1:\+:\d+")
_MITO = {"M", "MT", "Mito", "chrM", "chrMT", "chrMito", "chrmt"}


def aliases(name: str) -> list[str]:
    """Return other names that the same contig goes by: chr added or dropped, MT, roman numerals.

    Of `species:contig:1:+:length`, as alignments name a whole contig, the middle is an alias.
    """
    if aligned := _ALIGNED.fullmatch(name):
        return [aligned[1], *aliases(aligned[1])]
    bare = name[3:] if name.lower().startswith("chr") else name
    found = [bare, f"chr{bare}"]
    if number := whole_or_none(bare, 0, len(_ROMAN)):
        roman = _ROMAN[number - 1]
        found += [f"chr{roman}", roman]
    if bare.upper() in _ROMAN:
        number = _ROMAN.index(bare.upper()) + 1
        found += [f"chr{number}", str(number), f"chr{number:02d}"]
    if name in _MITO:
        found += sorted(_MITO)
    return [other for other in dict.fromkeys(found) if other != name]


def own_name(name: str, known: Container[str]) -> str:
    """Return the name under which a file knows a contig: its own, else an alias, else its own."""
    return next((other for other in (name, *aliases(name)) if other in known), name)


def split_region(text: str, names: Iterable[str]) -> tuple[str, int, int | None]:
    """Return (contig, start, end) of a text, 0-based half-open; (contig, 0, None) of a whole contig.

    text: a name of `names` as it stands, else `name:start-end`, 1-based with both ends
    inside, commas allowed. A text that is neither is taken for a name. Raises InputError for
    numbers beyond any sequence.
    """
    if text in names or not (found := _SPAN.fullmatch(text)):
        return text, 0, None
    try:
        start, end = (whole_number(part.replace(",", "")) for part in found.groups()[1:])
    except ValueError as error:
        shown = text if len(text) <= 60 else f"{text[:57]}..."
        raise InputError(f"{shown!r} is no region: {error}") from error
    return found[1], start - 1, end


@dataclass(frozen=True)
class Slice:
    """What a contig was cut from, by its name: bases [start, end) of `contig`, 0-based."""

    contig: str
    start: int
    end: int


def slice_of(name: str, length: int) -> Slice | None:
    """Return what a contig of this name and length was cut from, as samtools faidx names it; None of a whole one."""
    contig, start, end = split_region(name, ())
    return Slice(contig, start, end) if end is not None and start >= 0 and end - start == length else None


class ContigNames:
    """Looks contigs up in the reference under the names that the variants use.

    rename: None, "auto" (use aliases), or a file of two columns: the name in the variants,
    the name in the reference. what: has the other names, for messages.
    """

    def __init__(self, genome: Genome, rename: str | None = None, what: str = "the variants"):
        self.genome, self.what = genome, what
        self.auto = rename == "auto"
        self._known: dict[str, int | None] = dict(genome.index)
        if rename and not self.auto:
            self._read(Path(rename))

    def number(self, name: str) -> int | None:
        """Return the number of the contig in the reference, None if it is not there.

        Raises ContigNameError where an alias is there and no renaming was asked for, or only a part of the contig.
        """
        if name not in self._known:
            alias = next((other for other in aliases(name) if other in self.genome.index), None)
            if alias and not self.auto:
                raise ContigNameError(
                    f"{self.what} call a contig {name!r}, the reference calls it {alias!r} "
                    f"(reference: {_few(self.genome.names)}). If they are the same assembly, "
                    "give --rename-contigs auto, or --rename-contigs FILE with two columns "
                    f"(name in {self.what}, name in the reference)"
                )
            if alias is None:
                self._check_parts(name)
            self._known[name] = self.genome.index[alias] if alias else None
        return self._known[name]

    def _check_parts(self, name: str) -> None:
        for other in (name, *aliases(name)):
            if other in self._parts:
                part, start = self._parts[other]
                raise ContigNameError(
                    f"{self.what} are on {name!r}, of which the reference has a part alone, {part!r}, and positions "
                    f"in it count from 1. Give all of {name!r} as the reference; or call the contig {part!r} in "
                    f"{self.what}, and take {start:,} from their positions"
                )

    @cached_property
    def _parts(self) -> dict[str, tuple[str, int]]:
        """Contig -> a contig of the reference that is a part of it, and where it begins (0-based)."""
        found = ((name, slice_of(name, int(n))) for name, n in zip(self.genome.names, self.genome.lengths, strict=True))
        return {part.contig: (name, part.start) for name, part in found if part}

    def likely(self, name: str) -> int | None:
        """Return the number of the contig in the reference under any of its names, None if it is not there."""
        known = self._known.get(name)
        index = self.genome.index
        return (
            next((index[other] for other in (name, *aliases(name)) if other in index), None) if known is None else known
        )

    def _read(self, path: Path) -> None:
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except OSError as error:
            raise TableError(f"cannot read --rename-contigs {path}: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise TableError(f"--rename-contigs {path} is no text (UTF-8): {error}") from error
        for number, line in enumerate(lines, 1):
            if not line.strip() or line.startswith("#"):
                continue
            words = line.split()
            if len(words) != 2 or words[1] not in self.genome.index:
                raise TableError(
                    f"{path}, line {number}: two names are needed, the second one of the reference: {line!r}"
                )
            self._known[words[0]] = self.genome.index[words[1]]


def _few(names: tuple[str, ...]) -> str:
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
