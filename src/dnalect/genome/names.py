"""When two files name the same contig differently: never guessed in silence."""

import re
from collections.abc import Container
from pathlib import Path

from dnalect.core.errors import ContigNameError, TableError
from dnalect.core.numbers import whole_or_none
from dnalect.genome.fasta import Genome

_ROMAN = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII", "XIII", "XIV", "XV", "XVI"]
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

        Raises ContigNameError where an alias is there and no renaming was asked for.
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
            self._known[name] = self.genome.index[alias] if alias else None
        return self._known[name]

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
