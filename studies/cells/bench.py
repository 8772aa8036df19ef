"""Elements, in which cells they are open, and the signals around them: read once, and kept."""

import re
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dnalect import InputError, open_genome
from dnalect.core import Examples, Target, made_folder, say, written_whole
from dnalect.examples import Elements, Places, Signals, audit, drop_leaks, elements, split
from studies.cells.options import Cells
from studies.data import file_of

GENOMES = ("genomes/human_chr20_GRCh37.fa.gz", "genomes/human_chrX_1-70Mb_GRCh37.fa.gz")
TRACKS = "tracks/hg19_chr20_X"
# Cell -> what its files are named by. Of the first four the assay is DNase, and many marks are known; of the others
# it is ATAC, of another laboratory, with two marks.
LINES = {"K562": "K562/", "GM12878": "GM12878/", "HeLa-S3": "HeLa-S3/", "HUVEC": "HUVEC/"}
BRAIN = {
    "neurons": "brain/NeuN_",
    "oligodendrocytes": "brain/Olig2_",
    "astrocytes": "brain/LHX2_",
    "microglia": "brain/PU1_",
}
CELLS = LINES | BRAIN
OPEN = r"Dnase|\.ATAC"
# What is known of all four lines; that CTCF is not its relative CTCFL.
MARKS = {
    "H3K4me1": r"H3k0?4me1",
    "H3K4me2": r"H3k0?4me2",
    "H3K4me3": r"H3k0?4me3",
    "H3K9ac": r"H3k0?9ac",
    "H3K27ac": r"H3k27(ac|\.)",
    "H3K27me3": r"H3k27me3",
    "H3K36me3": r"H3k36me3",
    "H2A.Z": r"H2a\.?z",
    "CTCF": r"Ctcf(?!l)",
}
WINDOW, BINS, BLOCK = 4096, 32, 1_000_000
# Never trained on, by the rule for all models here: 0-based, of GRCh37.
KEPT_OUT = (("20", 1_000_000, 2_000_000), ("20", 42_974_160, 42_994_444))
Singles = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Bench:
    """n windows. contigs, sequences, parts: (n,) text. starts: (n,) 0-based. opened: (n, C) 1, 0 or NaN, of `CELLS`.

    drawn: (n,) True for background. signals: (n, C, S, K) levels of `MARKS`, NaN where a cell has none.
    """

    contigs: npt.NDArray[np.str_]
    starts: Numbers
    sequences: npt.NDArray[np.str_]
    opened: Singles
    drawn: Mask
    parts: npt.NDArray[np.str_]
    signals: npt.NDArray[np.float16]

    def __len__(self) -> int:
        return len(self.starts)

    def rows(self, part: str) -> Numbers:
        """Return the numbers of the windows of a part."""
        return np.flatnonzero(self.parts == part)

    def blocks(self, rows: Numbers) -> npt.NDArray[np.str_]:
        """Return the block of 1 Mb of some windows: what is drawn whole for intervals."""
        return np.char.add(np.char.add(self.contigs[rows], ":"), (self.starts[rows] // BLOCK).astype(str))

    def texts(self, rows: Numbers) -> list[str]:
        """Return the sequences of some windows."""
        return [str(text) for text in self.sequences[rows]]


def bench_of(options: Cells) -> Bench:
    """Return the bench of a run, made if it is not there."""
    path = options.run / "elements.npz"
    if not path.is_file():
        made_folder(options.run)
        made = _made(options)
        with written_whole(path) as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, **{each.name: getattr(made, each.name) for each in fields(Bench)})
    with np.load(path) as kept:
        return Bench(**{each.name: kept[each.name] for each in fields(Bench)})


def _made(options: Cells) -> Bench:
    tracks = options.data / TRACKS
    peaks = {cell: _file(tracks, prefix, OPEN) for cell, prefix in CELLS.items()}
    examples, drawn = [], []
    for name in GENOMES:
        genome = open_genome(file_of(options.data, name))
        found = elements(peaks, genome, options.window, 1, options.seed)
        say(f"{genome.path.name}: {int((~found.drawn).sum()):,} elements, {int(found.drawn.sum()):,} of background")
        kept = _spread(found, options.sample // len(GENOMES))
        texts = [
            str(genome[found.contigs[row]][int(found.starts[row]) : int(found.ends[row])]).upper()
            for row in kept.tolist()
        ]
        told = Examples.of(texts, [Target("open", "tracks", found.cells)], {"open": found.opened[kept]})
        contigs = tuple(found.contigs[row] for row in kept.tolist())
        examples.append(replace(told, contigs=contigs, starts=found.starts[kept], ends=found.ends[kept]))
        drawn.append(found.drawn[kept])
    whole = _joined(examples)
    # Where background was drawn travels with the rows, through whatever leaves some out.
    whole = replace(whole, columns={"drawn": tuple("yes" if each else "" for each in np.concatenate(drawn))})
    whole = _kept_out(split(whole, "blocks", block=BLOCK, seed=options.seed, validate=0.15, test=0.25))
    # Copies and near copies of training windows are no test. What else the audit asks is asked by rivals here.
    whole = drop_leaks(whole, audit(replace(whole, targets=(), labels={})))
    for note in whole.notes:
        say(note)
    return Bench(
        np.array(whole.contigs),
        whole.starts,
        np.array(whole.sequences),
        whole.labels["open"],
        np.array([each == "yes" for each in whole.columns["drawn"]]),
        np.array(whole.parts),
        _signals(tracks, whole).astype(np.float16),
    )


def _file(folder: Path, prefix: str, pattern: str) -> Path:
    found = [each for each in sorted(folder.glob(f"{prefix}*")) if re.search(pattern, each.name, re.IGNORECASE)]
    if not found:
        raise InputError(f"no file of {folder / prefix}* is named as {pattern}")
    return found[0]


def _spread(found: Elements, count: int) -> Numbers:
    """Return the numbers of so many elements, evenly spread, and of half as much background; of all for 0."""
    if not count:
        return np.arange(len(found.starts))
    parts = [(np.flatnonzero(found.drawn == drawn), many) for drawn, many in ((False, count), (True, count // 2))]
    chosen = [each[np.linspace(0, len(each) - 1, min(many, len(each))).astype(np.int64)] for each, many in parts]
    return np.sort(np.concatenate(chosen))


def _joined(several: list[Examples]) -> Examples:
    first = several[0]
    sums: dict[str, Any] = {
        name: sum((getattr(each, name) for each in several), ())
        for name in ("sequences", "ids", "contigs", "strands", "parts", "notes")
    }
    numbers: dict[str, Any] = {
        name: np.concatenate([getattr(each, name) for each in several]) for name in ("starts", "ends")
    }
    return replace(first, **sums, **numbers, labels={"open": np.concatenate([each.labels["open"] for each in several])})


def _kept_out(examples: Examples) -> Examples:
    """Return examples whose windows in regions that nobody trains on are in the test part, and none lies near them."""
    parts, keep = list(examples.parts), np.ones(len(examples), dtype=np.bool_)
    for row, (contig, start, end) in enumerate(zip(examples.contigs, examples.starts, examples.ends, strict=True)):
        for name, low, high in KEPT_OUT:
            if contig == name and start < high + BINS and end > low - BINS:
                inside = start >= low and end <= high
                keep[row] &= inside or parts[row] == "test"
                parts[row] = "test"
    return replace(examples, parts=tuple(parts)).take(keep)


def _signals(tracks: Path, examples: Examples) -> Singles:
    """Return (n, C, S, K) levels of all marks of all cells, NaN where a cell lacks one."""
    places = Places(examples.contigs, examples.starts, examples.ends, examples.strands)
    each = []
    for cell, prefix in CELLS.items():
        files = {}
        for mark, pattern in MARKS.items():
            try:
                files[mark] = str(_file(tracks, prefix, pattern))
            except InputError:
                say(f"{cell} has no {mark}")
        each.append(Signals(tuple(MARKS), files, WINDOW, BINS).of(places))
    return np.stack(each, axis=1)
