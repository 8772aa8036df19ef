"""Cut the slices of real data that the repository ships from the full data.

python scripts/slices.py --data DATA [--out data]

The slices have the names and the layout of the full files, so that the same code reads both. Whatever is drawn
is drawn with one seed. Prints the rows of the table in data/README.md.
"""

import argparse
import csv
import gzip
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from dnalect.core.files import sha256, write_durably
from dnalect.genome.examples.read import read_examples
from dnalect.genome.fasta import Genome, open_genome
from dnalect.genome.placing import placed

Row = dict[str, str]
SEED = 1
# Whole chromosomes, so that folds of whole chromosomes are what they are in the full data.
CHROMOSOMES = ("chrI", "chrIII", "chrV", "chrVI", "chrVIII", "chrIX", "chrXI", "chrXIV")
PARTS = {"train": 700, "dev": 150, "test": 300}
ENHANCERS, PROMOTERS, TRAJECTORIES = 500, 1_500, 200
# chr20 of GRCh37, 1-based, ends inside: the measured bases of HNF4A's promoter and 1,000 on each side.
HNF4A = (42_983_160, 42_985_444)
LINE = 60


def write(path: Path, text: str) -> None:
    """Write text compressed, the same bytes whenever it is done."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_durably(path, gzip.compress(text.encode(), 9, mtime=0))


def write_table(path: Path, names: Sequence[str], rows: Iterable[Row], mark: str = ",") -> None:
    text = io.StringIO()
    table = csv.DictWriter(text, names, delimiter=mark, extrasaction="ignore", lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    write(path, text.getvalue())


def read_table(path: Path, mark: str = ",") -> list[Row]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=mark))


def drawn(rows: Sequence[Row], count: int) -> list[Row]:
    """Return some rows in their order."""
    chosen = np.random.default_rng(SEED).permutation(len(rows))[:count]
    return [rows[row] for row in np.sort(chosen).tolist()]


def fasta(name: str, bases: str) -> str:
    return "\n".join([f">{name}", *(bases[at : at + LINE] for at in range(0, len(bases), LINE)), ""])


def spelled(genome: Genome, contig: str, start: int, end: int) -> str:
    """Return the bases of [start, end), 0-based half-open."""
    return genome.fetch(genome.index[contig], start, end).tobytes().decode()


def histone_marks(data: Path, out: Path) -> None:
    """All windows of eight chromosomes whose place is found, with it: no genome is needed to hold out contigs."""
    genome = open_genome(str(data / "genomes/yeast_S288C.fa.gz"))
    for mark in ("H3", "H4"):
        name = f"tasks/gue/EMP/{mark}/dev.csv.gz"
        examples = placed(read_examples(data / name), genome)
        target = examples.targets[0]
        classes = examples.labels[target.name][:, 0].astype(int)
        rows = []
        for n, (text, contig) in enumerate(zip(examples.sequences, examples.contigs, strict=True)):
            start, end = int(examples.starts[n]), int(examples.ends[n])
            # An aligned window of another length would lose its place again when it is read.
            if contig in CHROMOSOMES and end - start == len(text):
                cells = (text, target.outputs[classes[n]], contig, str(start), str(end))
                rows.append(dict(zip(("sequence", "label", "contig", "start", "end"), cells, strict=True)))
        rows.sort(key=lambda row: (genome.index[row["contig"]], int(row["start"])))
        write_table(out / name, list(rows[0]), rows)


def given_parts(data: Path, out: Path) -> None:
    """Some sequences of the train, dev and test files of two human tasks."""
    for task in ("tasks/gue/prom/prom_300_tata", "tasks/gue/tf/0"):
        for part, count in PARTS.items():
            name = f"{task}/{part}.csv.gz"
            write_table(out / name, ("sequence", "label"), drawn(read_table(data / name), count))


def enhancers(data: Path, out: Path) -> None:
    """Some sequences with their places on chr20 and chrX."""
    name = "tasks/genomic_benchmarks_chr20_X/human_enhancers_ensembl.tsv.gz"
    rows = drawn(read_table(data / name, "\t"), ENHANCERS)
    write_table(out / name, list(rows[0]), rows, "\t")


def trajectory(row: Row) -> tuple[str, ...]:
    return row["trajOpt"], row["trajDir"], row["baseSeq"]


def promoters(data: Path, out: Path) -> None:
    """Some random promoters, and whole trajectories of mutations; the columns that are read."""
    name = "tasks/yeast_promoters/vaishnav2022_Random_defined.csv.gz"
    write_table(out / name, ("seq110", "meanEL", "edvPred"), drawn(read_table(data / name), PROMOTERS))
    name = "tasks/yeast_promoters/vaishnav2022_SSWM_defined.csv.gz"
    rows = read_table(data / name)
    known = sorted({trajectory(row) for row in rows})
    kept = {known[n] for n in np.random.default_rng(SEED).permutation(len(known))[:TRAJECTORIES].tolist()}
    some = [row for row in rows if trajectory(row) in kept]
    some.sort(key=lambda row: (*trajectory(row), float(row["ED"])))
    columns = ("seq110", "meanEL", "edvPred", "baseSeq", "ED", "trajDir", "trajOpt")
    write_table(out / name, columns, some)


def natural_variants(data: Path, out: Path) -> None:
    """Chromosome I of yeast, and the natural promoter variants on it."""
    name = "genomes/yeast_S288C.fa.gz"
    genome = open_genome(str(data / name))
    write(out / name, fasta("chrI", spelled(genome, "chrI", 0, int(genome.lengths[genome.index["chrI"]]))))
    name = "variants/yeast_promoter_variants_chrI-X.vcf.gz"
    with gzip.open(data / name, "rt", encoding="utf-8") as file:
        write(out / name, "".join(line for line in file if line.startswith(("#", "chrI\t"))))


def hnf4a(data: Path, out: Path) -> None:
    """The measured variants of HNF4A's promoter, unchanged, and the bases around them."""
    name = "variants/kircher2019_HNF4A.tsv.gz"
    (out / name).parent.mkdir(parents=True, exist_ok=True)
    write_durably(out / name, (data / name).read_bytes())
    genome = open_genome(str(data / "genomes/human_chr20_GRCh37.fa.gz"))
    start, end = HNF4A
    write(out / "genomes/human_chr20_HNF4A.fa.gz", fasta(f"20:{start}-{end}", spelled(genome, "20", start - 1, end)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("data"))
    options = parser.parse_args()
    for cut in (histone_marks, given_parts, enhancers, promoters, natural_variants, hnf4a):
        cut(options.data, options.out)
    for path in sorted(options.out.rglob("*.gz")):
        print(f"| {path.relative_to(options.out)} | {path.stat().st_size:,} | `{sha256(path)}` |")


if __name__ == "__main__":
    main()
