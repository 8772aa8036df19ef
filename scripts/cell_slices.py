"""Cut the slice of elements that are bound by EP300 in some cells, with other factors' peaks around them.

python scripts/cell_slices.py --data DATA [--out data]

Called by scripts/slices.py, too. Peaks are those of ENCODE-DREAM, by way of FactorNet.
"""

import argparse
import gzip
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from dnalect.core.examples import Examples, Target
from dnalect.core.files import write_durably
from dnalect.examples.peaks import elements
from dnalect.examples.splits import split
from dnalect.genome.fasta import open_genome

TARGET, CELLS = "EP300", ("GM12878", "HeLa-S3", "HepG2", "K562")
# GM12878 has none of the last two.
FACTORS = ("MAX", "JUND", "CEBPB")
WINDOW, ELEMENTS, BACKGROUND, AROUND, BLOCK = 256, 400, 100, 2048, 1_000_000
# Never trained on: chr20:1-2 Mb, and HNF4A.
KEPT_OUT = ((1_000_000, 2_000_000), (42_974_160, 42_994_444))
SEED = 1


def peaks(data: Path, cell: str, factor: str) -> Path:
    """Return the file of a factor in a cell."""
    return data / f"tracks/hg19_chr20_X/factornet/ChIPseq.{cell}.{factor}.conservative.train.narrowPeak.gz"


def cells(data: Path) -> Iterator[tuple[str, str]]:
    """Yield name and text of the files of the slice."""
    genome = open_genome(data / "genomes/human_chr20_GRCh37.fa.gz")
    found = elements({cell: peaks(data, cell, TARGET) for cell in CELLS}, genome, WINDOW, 1, SEED)
    near = [(found.starts < high) & (found.ends > low) for low, high in KEPT_OUT]
    rows = []
    for drawn, count in ((False, ELEMENTS), (True, BACKGROUND)):
        there = np.flatnonzero((found.drawn == drawn) & ~np.any(near, axis=0))
        rows.append(there[np.linspace(0, len(there) - 1, count).astype(np.int64)])
    chosen = np.sort(np.concatenate(rows))
    texts = [str(genome["20"][int(found.starts[row]) : int(found.ends[row])]).upper() for row in chosen.tolist()]
    told = Examples.of(texts, [Target("bound", "tracks", CELLS)], {"bound": found.opened[chosen]})
    placed = ("chr20",) * len(chosen), found.starts[chosen], found.ends[chosen]
    told = Examples(told.sequences, told.targets, told.labels, told.ids, *placed, told.strands, told.parts)
    told = split(told, "blocks", block=BLOCK, seed=SEED, test=0.3, validate=0.15)
    lines = ["contig\tstart\tend\tcell\tbound\tsplit\tsequence"]
    for row, (start, end) in enumerate(zip(told.starts.tolist(), told.ends.tolist(), strict=True)):
        for cell, label in zip(CELLS, told.labels["bound"][row].tolist(), strict=True):
            if np.isfinite(label):
                lines.append(f"chr20\t{start}\t{end}\t{cell}\t{label:.0f}\t{told.parts[row]}\t{told.sequences[row]}")
    yield "ep300.tsv.gz", "\n".join([*lines, ""])
    middles = (told.starts + told.ends) // 2
    for cell in CELLS:
        for factor in FACTORS:
            path = peaks(data, cell, factor)
            if path.is_file():
                with gzip.open(path, "rt", encoding="utf-8") as file:
                    kept = [line for line in file if _near(line.split("\t"), middles)]
                yield f"{cell}.{factor}.narrowPeak.gz", "".join(kept)


def _near(cells: list[str], middles: np.ndarray) -> bool:
    if cells[0] != "chr20":
        return False
    low, high = int(cells[1]) - AROUND, int(cells[2]) + AROUND
    return bool(np.searchsorted(middles, low) < np.searchsorted(middles, high))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("data"))
    options = parser.parse_args()
    for name, text in cells(options.data):
        path = options.out / "tasks/cells" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_durably(path, gzip.compress(text.encode(), 9, mtime=0))


if __name__ == "__main__":
    main()
