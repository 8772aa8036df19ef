"""Signals along a genome as labels of bins: peaks and counts of a BED, means of a bigWig. Shapes: N bins, K tracks."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import InputError, TableError
from dnalect.examples.table import Table, read_table
from dnalect.genome.bed import bed_lines
from dnalect.genome.fasta import Genome
from dnalect.genome.names import own_name
from dnalect.genome.regions import Region
from dnalect.genome.signal import read_signal
from dnalect.genome.streams import open_lines

KINDS = ("peaks", "counts", "signal")
# The name that stands for every name in the fourth column of a BED.
EACH = "*"
BEDS, BIGWIGS = (".bed", ".narrowpeak", ".broadpeak"), (".bw", ".bigwig")
# Column of a narrowPeak that says where the summit is, from the start.
SUMMIT = 9
SHOWN = 4
Halves = npt.NDArray[np.float16]


@dataclass(frozen=True)
class Along:
    """Labels of all bins of a genome, contig by contig.

    names, kinds: of K tracks. stride: bases of a bin, the first of which begins with the contig. contigs: number of a
    contig -> its bins (N, K), NaN without a label; one that no file speaks of is not there. notes: what was found.
    files: that were read.
    """

    names: tuple[str, ...]
    kinds: tuple[str, ...]
    stride: int
    contigs: dict[int, Halves]
    notes: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()

    def of(self, contig: int, start: int, bins: int) -> Halves:
        """Return the labels (bins, K) from a base on, which begins a bin; NaN beyond the end of the contig."""
        first = start // self.stride
        found = self.contigs[contig][first : first + bins]
        return np.pad(found, ((0, bins - len(found)), (0, 0)), constant_values=np.nan)

    def within(self, regions: Sequence[Region]) -> Halves:
        """Return the labels (n, K) of all bins that lie in regions, end to end."""
        cut = [self.contigs[each.contig][-(-each.start // self.stride) : each.end // self.stride] for each in regions]
        return np.concatenate(cut) if cut else np.zeros((0, len(self.names)), np.float16)


def read_along(path: str | Path, genome: Genome, stride: int, fewest: int = 200) -> Along:
    """Read signals along a genome.

    path: a bigWig; a BED, narrowPeak or broadPeak, of which the middles, or summits, count; or a table with the
    columns name, file (beside the table) and, if wished, kind. A BED of its own gives a track to each name of its
    fourth column that at least `fewest` intervals bear, else one to all of them; in a table the name * asks for that.
    Of a BED the kind is "peaks" (whether there is one in a bin) unless the table says "counts" (how many); of a bigWig
    it is "counts" where no value is below 0, else "signal". Contigs that a file does not name have no label. Raises
    InputError for files that can't be read or name no contig of the genome, TableError for another table.
    """
    path = Path(path)
    sources = _listed(path) if _ending(path) not in (*BEDS, *BIGWIGS) else [_Source(EACH, path, "")]
    found = _Found(genome, stride, fewest, alone=len(sources) == 1 and sources[0].line == 0)
    for source in sources:
        found.bigwig(source) if _ending(source.file) in BIGWIGS else found.bed(source)
    if repeated := [name for name, times in Counter(found.names).items() if times > 1]:
        raise TableError(f"{path}: several tracks are called {repeated[0]}; name each of them apart")
    files = dict.fromkeys([path, *(source.file for source in sources)])
    return replace(found.together(), files=tuple(files))


@dataclass(frozen=True)
class _Source:
    """A line of a table. line: its number, 0 for a file that was given by itself."""

    name: str
    file: Path
    kind: str
    line: int = 0


def _ending(path: Path) -> str:
    suffixes = [each.lower() for each in path.suffixes if each.lower() not in (".gz", ".bgz")]
    return suffixes[-1] if suffixes else ""


def _listed(path: Path) -> list[_Source]:
    table = read_table(path)
    if not {"name", "file"} <= {*table.names}:
        raise TableError(
            f"{path}: a table of tracks has the columns name, file, perhaps kind, and not {', '.join(table.names[:8])}"
        )
    found = [_source(path, table, row) for row in range(len(table.lines))]
    if not found:
        raise TableError(f"{path} lists no track")
    return found


def _source(path: Path, table: Table, row: int) -> _Source:
    cells = {name: table.column(number)[row] for number, name in enumerate(table.names)}
    name, file, kind, line = cells["name"], path.parent / cells["file"], cells.get("kind", ""), table.lines[row]
    where = f"{path}, line {line}"
    if not name:
        raise TableError(f"{where}: the track has no name; * is for all names of a BED")
    if kind and kind not in KINDS:
        raise TableError(f"{where}: a track is {', '.join(KINDS)}, not {kind!r}")
    if _ending(file) not in (*BEDS, *BIGWIGS):
        raise TableError(f"{where}: {file.name} is no BED (.bed, .narrowPeak, .broadPeak) and no bigWig (.bw)")
    if (kind == "peaks" and _ending(file) in BIGWIGS) or (kind == "signal" and _ending(file) in BEDS):
        raise TableError(f"{where}: of a BED there are peaks or counts, of a bigWig counts or signal, not {kind}")
    if name == EACH and _ending(file) in BIGWIGS:
        raise TableError(f"{where}: a bigWig holds one track: give it a name")
    return _Source(name, file, kind, line)


@dataclass
class _Found:
    """Tracks as they are read. columns: contig -> its bins of each track, None where the file does not name it."""

    genome: Genome
    stride: int
    fewest: int
    alone: bool
    names: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    columns: list[dict[int, npt.NDArray[np.floating]]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def together(self) -> Along:
        known = sorted({contig for column in self.columns for contig in column})
        contigs = {}
        for contig in known:
            labels = np.full((self._bins(contig), len(self.names)), np.nan, dtype=np.float16)
            for number, column in enumerate(self.columns):
                if contig in column:
                    labels[:, number] = column[contig]
            contigs[contig] = labels
        return Along(tuple(self.names), tuple(self.kinds), self.stride, contigs, tuple(self.notes))

    def _bins(self, contig: int) -> int:
        return -(-int(self.genome.lengths[contig]) // self.stride)

    def bigwig(self, source: _Source) -> None:
        columns: dict[int, npt.NDArray[np.floating]] = {}
        below = False
        for contig, name in enumerate(self.genome.names):
            values = read_signal(source.file, name, int(self.genome.lengths[contig]))
            if not np.isfinite(values).any():
                continue
            below |= bool((values < 0).any())
            padded = np.pad(values, (0, self._bins(contig) * self.stride - len(values)), constant_values=np.nan)
            parts = padded.reshape(-1, self.stride)
            known = np.isfinite(parts)
            sums, counts = np.where(known, parts, 0).sum(1, dtype=np.float64), known.sum(1)
            means = np.divide(sums, counts, out=np.full(len(sums), np.nan), where=counts > 0)
            largest = float(np.finfo(np.float16).max)
            columns[contig] = means.clip(-largest, largest)
        if not columns:
            raise InputError(f"{source.file} has no value on any contig of {self.genome.path.name}")
        if source.kind == "counts" and below:
            raise InputError(f"{source.file} has values below 0, which are no counts: its kind is signal")
        name = source.file.name.split(".")[0] if source.name == EACH else source.name
        self._add(name, source.kind or ("signal" if below else "counts"), columns)

    def bed(self, source: _Source) -> None:
        places: dict[str, dict[str, list[int]]] = {}
        named: Counter[str] = Counter()
        with open_lines(str(source.file), "BED") as lines:
            for _, cells in bed_lines(_headless(lines), source.file):
                track = cells[3] if source.name == EACH and len(cells) > 3 else ""
                named[track] += 1
                places.setdefault(track, {}).setdefault(cells[0], []).append(_middle(source.file, cells))
        there = {each for track in places.values() for each in track}
        theirs = {number: own_name(name, there) for number, name in enumerate(self.genome.names)}
        if not there & {*theirs.values()}:
            raise InputError(
                f"{source.file} names none of the contigs of {self.genome.path.name} "
                f"({', '.join(self.genome.names[:SHOWN])} ...) but {', '.join(sorted(there)[:SHOWN])}; "
                "rename its first column"
            )
        often = [track for track, times in named.items() if track and times >= self.fewest]
        if source.name == EACH and not often and not self.alone:
            raise InputError(
                f"{source.file}: no name of its fourth column stands there {self.fewest} times; give the track a "
                "name, or lower `fewest`"
            )
        if not often:
            merged: dict[str, list[int]] = {}
            for each in places.values():
                for contig, spots in each.items():
                    merged.setdefault(contig, []).extend(spots)
            places = {source.file.name.split(".")[0] if source.name == EACH else source.name: merged}
        elif len(often) < len(named):
            less = f"{len(named) - len(often):,} of {len(named):,} names"
            self.notes.append(f"{less} of {source.file.name} have fewer than {self.fewest} intervals")
        for track in sorted(often) or list(places):
            self._add(track, source.kind or "peaks", dict(self._counted(source, places[track], theirs, there)))

    def _counted(
        self, source: _Source, places: dict[str, list[int]], theirs: dict[int, str], there: set[str]
    ) -> Iterator[tuple[int, npt.NDArray[np.floating]]]:
        """Yield the bins of each contig that the file speaks of, whether this track has something there or not."""
        for contig, name in theirs.items():
            if name not in there:
                continue
            spots, length = np.array(places.get(name, []), dtype=np.int64), int(self.genome.lengths[contig])
            if len(spots) and spots.max() >= length:
                raise InputError(
                    f"{source.file}: an interval lies beyond the {length:,} bases of {name}: it is of another assembly"
                )
            counts = np.bincount(spots // self.stride, minlength=self._bins(contig))
            yield contig, (counts > 0 if source.kind in ("", "peaks") else counts).astype(np.float32)

    def _add(self, name: str, kind: str, columns: dict[int, npt.NDArray[np.floating]]) -> None:
        self.names.append(name)
        self.kinds.append(kind)
        self.columns.append(columns)


def _headless(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Yield lines, a blank one for the first where that names the columns, as tables of intervals have it."""
    for number, line in enumerate(lines):
        names = [each.lower() for each in line.split()[1:3]]
        yield b"\n" if number == 0 and names in ([b"start", b"end"], [b"chromstart", b"chromend"]) else line


def _middle(file: Path, cells: list[str]) -> int:
    start, end = int(cells[1]), int(cells[2])
    summit = cells[SUMMIT] if _ending(file) == ".narrowpeak" and len(cells) > SUMMIT else ""
    return start + int(summit) if summit.isdigit() else max(start, (start + end - 1) // 2)


def some(labels: Along, names: Sequence[str]) -> Along:
    """Return the labels of some tracks. Raises InputError for one that is not there."""
    if strange := [name for name in names if name not in labels.names]:
        raise InputError(f"there is no track {strange[0]}: there are {', '.join(labels.names[:8])} ...")
    at = [labels.names.index(name) for name in names]
    contigs = {contig: each[:, at] for contig, each in labels.contigs.items()}
    return replace(labels, names=tuple(names), kinds=tuple(labels.kinds[n] for n in at), contigs=contigs)
