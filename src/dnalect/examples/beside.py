"""Signals that stand beside sequences: `NAME=FILE` as it is asked for -> levels around every place.

FILE may hold columns of the table in braces: of `H3K4me1={cell}.H3K4me1.bed.gz` every row reads the file of its cell.
"""

import string
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import ConfigError, InputError
from dnalect.core.examples import Floats, Numbers
from dnalect.genome.levels import Levels

# Instead of any signal.
NONE = "none"
SUFFIXES = (".gz", ".bgz", ".bw", ".bigwig", ".bed", ".narrowpeak", ".broadpeak")


@dataclass(frozen=True)
class Places:
    """Where n sequences stand: as in `Examples`. columns: name -> what a table says of each (n)."""

    contigs: Sequence[str]
    starts: Numbers
    ends: Numbers
    strands: Sequence[str]
    columns: Mapping[str, Sequence[str | None]] = field(default_factory=dict)


def files_asked(asked: Sequence[str]) -> dict[str, str]:
    """Return name -> file of each `NAME=FILE`, or of a file, which goes by its name without its endings.

    Raises ConfigError where two have one name, or braces hold no name of a column.
    """
    found: dict[str, str] = {}
    for text in asked:
        name, mark, file = text.partition("=")
        if not mark:
            name, file = _stem(text), text
        if not name.strip() or not file.strip():
            raise ConfigError(f"give a signal as NAME=FILE, not {text!r}")
        if name in found:
            raise ConfigError(f"two signals are called {name}: give each a name of its own (NAME=FILE)")
        _columns(file)
        found[name] = file
    return found


def columns_asked(files: Mapping[str, str]) -> tuple[str, ...]:
    """Return the columns of a table that the names of the files need."""
    return tuple(dict.fromkeys(name for file in files.values() for name in _columns(file)))


def files_found(files: Mapping[str, str]) -> list[Path]:
    """Return the files that there are of those that are asked for, whatever the columns may say."""
    found: list[Path] = []
    for file in files.values():
        if not _columns(file):
            found.append(Path(file))
            continue
        pattern = Path("".join(text + ("*" if name is not None else "") for text, name, _, _ in _parts(file)))
        found += sorted(pattern.parent.glob(pattern.name))
    return found


class Signals:
    """Opened signals. names: in the order of the model's, of which `files` may lack some."""

    def __init__(self, names: Sequence[str], files: Mapping[str, str], window: int, bins: int):
        self.names, self.files, self.window, self.bins = tuple(names), files, window, bins
        self._opened: dict[str, Levels | None] = {}
        self._lacking: dict[str, int] = {}

    def of(self, places: Places) -> Floats:
        """Return the levels (n, S, K) in the direction of each sequence's strand; NaN where a signal is missing.

        Raises InputError where a file can't be read, or a sequence has no place.
        """
        count = len(places.starts)
        out = np.full((count, len(self.names), self.bins), np.nan, dtype=np.float32)
        if lost := int((np.asarray(places.starts) < 0).sum()):
            raise InputError(
                f"{lost:,} of {count:,} sequences have no place in a genome, and signals lie there: give contig, start "
                "and end, or find them (--place with --reference)"
            )
        contigs = np.array(places.contigs, dtype=object)
        middles = (np.asarray(places.starts) + np.asarray(places.ends)) // 2
        for number, name in enumerate(self.names):
            if name in self.files:
                paths = np.array(_paths(self.files[name], places.columns, count), dtype=object)
                for path in dict.fromkeys(paths.tolist()):
                    self._read(name, str(path), paths == path, contigs, middles, out[:, number])
        backward = np.array([strand == "-" for strand in places.strands], dtype=np.bool_)
        out[backward] = out[backward, :, ::-1]
        return out

    def _read(
        self, name: str, path: str, mine: npt.NDArray[np.bool_], contigs: np.ndarray, middles: Numbers, out: Floats
    ) -> None:
        levels = self._open(name, path)
        for contig in dict.fromkeys(contigs[mine].tolist()):
            rows = np.flatnonzero(mine & (contigs == contig))
            found = levels.around(contig, middles[rows], self.window, self.bins) if levels else None
            if found is not None:
                out[rows] = found
            else:
                what = f"{path}, which has nothing on {contig}" if levels else f"{path}, which is not there"
                self._lacking[f"{name}: {what}"] = self._lacking.get(f"{name}: {what}", 0) + len(rows)

    def _open(self, name: str, path: str) -> Levels | None:
        """Return a file, None where it is that of a cell which has none."""
        if path not in self._opened:
            if not Path(path).is_file() and not _columns(self.files[name]):
                raise InputError(f"cannot read the signal {name}: there is no file {path}")
            self._opened[path] = Levels(path) if Path(path).is_file() else None
        return self._opened[path]

    def notes(self) -> list[str]:
        """Return what was missing, in words."""
        lost = [f"{count:,} sequences without {what}" for what, count in self._lacking.items()]
        without = [name for name in self.names if name not in self.files]
        return [*([f"read without {', '.join(without)}, which was not given"] if without else []), *lost[:8]]


def check_some(levels: Floats, names: Sequence[str]) -> None:
    """Raise InputError where a signal is missing beside every sequence. levels: (n, S, K)."""
    lost = [name for name, each in zip(names, levels.swapaxes(0, 1), strict=True) if np.isnan(each).all()]
    if lost and len(levels):
        raise InputError(
            f"{', '.join(lost)}: no sequence has this signal: are its files those of the cells and contigs of the data?"
        )


def _paths(file: str, columns: Mapping[str, Sequence[str | None]], count: int) -> list[str]:
    needed = _columns(file)
    if not needed:
        return [file] * count
    if missing := [name for name in needed if name not in columns]:
        raise ConfigError(f"{file} names the column {missing[0]}, which only a table has: name the file itself")
    rows: Iterable[tuple[str | None, ...]] = zip(*(columns[name] for name in needed), strict=True)
    return [file.format(**dict(zip(needed, cells, strict=True))) for cells in rows]


def _columns(file: str) -> list[str]:
    return list(dict.fromkeys(name for _, name, _, _ in _parts(file) if name is not None))


def _parts(file: str) -> list[tuple[str, str | None, str | None, str | None]]:
    try:
        parts = list(string.Formatter().parse(file))
    except ValueError as error:
        raise ConfigError(f"{file!r}: write a column of the table in braces, such as {{cell}}: {error}") from error
    if any(name == "" or more or turned for _, name, more, turned in parts):
        raise ConfigError(f"{file!r}: braces hold the name of a column of the table, such as {{cell}}")
    return parts


def _stem(path: str) -> str:
    name = Path(path).name
    while (suffix := Path(name).suffix).lower() in SUFFIXES:
        name = name.removesuffix(suffix)
    return name
