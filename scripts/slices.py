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
from dnalect.examples.placing import placed
from dnalect.examples.read import read_examples
from dnalect.genome.fasta import Genome, open_genome
from dnalect.genome.motifs import read_motifs

Row = dict[str, str]
SEED = 1
# Whole chromosomes, so that folds of whole chromosomes are what they are in the full data.
CHROMOSOMES = ("chrI", "chrIII", "chrV", "chrVI", "chrVIII", "chrIX", "chrXI", "chrXIV")
PARTS = {"train": 700, "dev": 150, "test": 300}
ENHANCERS, PROMOTERS, TRAJECTORIES = 500, 1_500, 200
# chr20 of GRCh37, 1-based, ends inside: the measured bases of HNF4A's promoter and 1,000 on each side.
HNF4A = (42_983_160, 42_985_444)
LINE = 60
DEMO = Path("src/dnalect/demo_data")
RELATIVES = Path("src/dnalect/demo_relatives")
# Never trained on; the bases whose natural variants are shown; labels to learn from, and to judge on.
DEMO_LAID = ("chrI", "chrXIV")
SPECIES = ("CBS432", "N44", "Sarb", "Skud-IFO1802", "Smik-IFO1815", "UFRJ50816", "UWOPS919171", "YPS138")
DEMO_CONTIG, DEMO_VARIANTS, DEMO_LABELS, DEMO_TESTED = "chrXIV", 250_000, 1_000, ("chrXIII", "chrXIV")
HUMAN = 100_000
# Sites of each protein, and where: see studies/attention/ctcf.py.
CTCF_SITES, CTCF_CONTIG = 20, "chr8:"
# S. cerevisiae, in JASPAR.
DEMO_MOTIFS = "jaspar:4932"


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


def placed_marks(data: Path, mark: str, genome: Genome) -> list[Row]:
    """Return the windows of a histone mark whose place is found, with it: no genome is needed to hold out contigs."""
    examples = placed(read_examples(data / f"tasks/gue/EMP/{mark}/dev.csv.gz"), genome)
    target = examples.targets[0]
    classes = examples.labels[target.name][:, 0].astype(int)
    rows = []
    for n, (text, contig) in enumerate(zip(examples.sequences, examples.contigs, strict=True)):
        start, end = int(examples.starts[n]), int(examples.ends[n])
        # An aligned window of another length would lose its place again when it is read.
        if contig and end - start == len(text):
            cells = (text, target.outputs[classes[n]], contig, str(start), str(end))
            rows.append(dict(zip(("sequence", "label", "contig", "start", "end"), cells, strict=True)))
    return sorted(rows, key=lambda row: (genome.index[row["contig"]], int(row["start"])))


def histone_marks(data: Path, out: Path) -> None:
    """All windows of eight chromosomes."""
    genome = open_genome(str(data / "genomes/yeast_S288C.fa.gz"))
    for mark in ("H3", "H4"):
        rows = [row for row in placed_marks(data, mark, genome) if row["contig"] in CHROMOSOMES]
        write_table(out / f"tasks/gue/EMP/{mark}/dev.csv.gz", list(rows[0]), rows)


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


def signals(data: Path, out: Path) -> None:
    """Nucleosomes of chromosome I, three columns, and the sites of all proteins there, four columns."""
    for name, columns in (("yeast_nucleosomes_sacCer3", 3), ("rossi2021_chexmix_peaks_chrI-XIV", 4)):
        with gzip.open(data / f"annotation/{name}.bed.gz", "rt") as lines:
            rows = [line.split("\t")[:columns] for line in lines if line.startswith("chrI\t")]
        write(out / f"annotation/{name}.bed.gz", "".join("\t".join(row).rstrip() + "\n" for row in rows))


def hnf4a(data: Path, out: Path) -> None:
    """The measured variants of HNF4A's promoter, unchanged, and the bases around them."""
    name = "variants/kircher2019_HNF4A.tsv.gz"
    (out / name).parent.mkdir(parents=True, exist_ok=True)
    write_durably(out / name, (data / name).read_bytes())
    genome = open_genome(str(data / "genomes/human_chr20_GRCh37.fa.gz"))
    start, end = HNF4A
    write(out / "genomes/human_chr20_HNF4A.fa.gz", fasta(f"20:{start}-{end}", spelled(genome, "20", start - 1, end)))


def demo(data: Path, out: Path) -> None:
    """What `dnalect demo` shows: a yeast chromosome that no model learned from, and a piece of a human one."""
    genome = open_genome(str(data / "genomes/yeast_S288C.fa.gz"))
    number = genome.index[DEMO_CONTIG]
    write(out / "yeast_chrXIV.fa.gz", fasta(DEMO_CONTIG, spelled(genome, DEMO_CONTIG, 0, int(genome.lengths[number]))))
    with gzip.open(data / "genomes/yeast_S288C.gff.gz", "rt", encoding="utf-8") as file:
        write(out / "yeast_chrXIV.gff.gz", "".join(line for line in file if line.startswith(("#", DEMO_CONTIG + "\t"))))
    with gzip.open(data / "variants/renganaath2020/BY_x_RM_45543_variants.vcf.gz", "rt", encoding="utf-8") as file:
        lines = (line for line in file if line.startswith("#") or _within(line, DEMO_CONTIG, DEMO_VARIANTS))
        write(out / "BY_RM_chrXIV.vcf.gz", "".join(_without_calls(line) for line in lines))
    _few_labels(data, out, genome)
    _human(data, out)
    _motifs(out)
    _ctcf(data, out)


def relatives(data: Path, out: Path) -> None:
    """The other species of DATA/alignment on the contigs of the demo."""
    for path in sorted((data / "alignment").glob("*.on_S288C.diff.fa.gz")):
        name = path.name.removesuffix(".on_S288C.diff.fa.gz")
        if name in SPECIES:
            with gzip.open(path, "rt") as file:
                laid = dict(part.split("\n", 1) for part in file.read().split(">")[1:])
            kept = [(contig, laid[contig].replace("\n", "")) for contig in DEMO_LAID]
            write(out / f"{name}.fa.gz", "".join(fasta(*each) for each in kept))


def _few_labels(data: Path, out: Path, genome: Genome) -> None:
    """Windows of H4 in random order to learn from, and all of those on the contigs to judge on."""
    rows = placed_marks(data, "H4", genome)
    held = [row for row in rows if row["contig"] in DEMO_TESTED]
    others = [row for row in rows if row["contig"] not in DEMO_TESTED]
    order = np.random.default_rng(SEED).permutation(len(others))[:DEMO_LABELS]
    write_table(out / "yeast_H4.csv.gz", list(rows[0]), [*(others[n] for n in order.tolist()), *held])


def _human(data: Path, out: Path) -> None:
    """The first bases of chr20:1-2 Mb with what 1000 Genomes found there, at positions of the slice."""
    with (data / "variants/1000g_chr20_1-2Mb.fa").open() as file:
        bases = "".join(line.strip() for line in file if not line.startswith(">"))[:HUMAN]
    name = f"20:1000001-{1_000_000 + HUMAN}"
    write(out / "human_chr20_slice.fa.gz", fasta(name, bases))
    with gzip.open(data / "variants/1000g_chr20_1-2Mb.vcf.gz", "rt", encoding="utf-8") as file:
        lines = []
        for line in file:
            fields = line.split("\t")
            if line.startswith("##contig"):
                lines += [f"##contig=<ID={name},length={HUMAN}>\n"] if "<ID=20," in line else []
            elif line.startswith("#"):
                lines.append(line)
            elif int(fields[1]) + len(fields[3]) <= HUMAN:
                lines.append("\t".join([name, *fields[1:]]))
    write(out / "human_chr20_slice.vcf.gz", "".join(lines))


def _motifs(out: Path) -> None:
    """Those of JASPAR for yeast, in MEME's format; needs pyjaspar."""
    lines = ["MEME version 4", "", "ALPHABET= ACGT", "", "strands: + -", ""]
    for motif in read_motifs(DEMO_MOTIFS):
        lines.append(f"MOTIF {motif.name} {motif.other}")
        lines.append(f"letter-probability matrix: alength= 4 w= {len(motif.probabilities)} nsites= {motif.sites:.0f}")
        lines += [" ".join(f"{share:.5f}" for share in row) for row in motif.probabilities.tolist()]
        lines.append("")
    write(out / "yeast_motifs.meme.gz", "\n".join(lines))


def _ctcf(data: Path, out: Path) -> None:
    """Sites of CTCF and of PU.1 on the chromosome that attention-ctcf did not learn from, upper case."""
    lines = []
    for name in ("CTCF", "PU1"):
        genome = open_genome(str(data / f"tasks/tfbs_ctcf_pu1/{name.lower()}.fa.gz"))
        places = sorted(each for each in genome.names if each.startswith(CTCF_CONTIG))
        order = np.random.default_rng(SEED).permutation(len(places))[:CTCF_SITES]
        for number, place in enumerate((places[n] for n in order.tolist()), 1):
            bases = genome[place][:].upper()
            lines.append(fasta(f"{name}_{number} {place}", bases))
    write(out / "ctcf_sites.fa.gz", "".join(lines))


def _within(line: str, contig: str, end: int) -> bool:
    fields = line.split("\t", 2)
    return fields[0] == contig and int(fields[1]) <= end


def _without_calls(line: str) -> str:
    """A line without the fields of the caller that nobody reads here."""
    if line.startswith("#"):
        return line
    fields = line.rstrip("\n").split("\t")
    fields[7] = ";".join(each for each in fields[7].split(";") if each.split("=")[0] in ("DP",))
    return "\t".join([*fields[:8], "GT", *(call.split(":")[0] for call in fields[9:])]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("data"))
    options = parser.parse_args()
    for cut in (histone_marks, given_parts, enhancers, promoters, natural_variants, signals, hnf4a):
        cut(options.data, options.out)
    demo(options.data, DEMO)
    relatives(options.data, RELATIVES)
    for folder in (options.out, DEMO):
        for path in sorted(folder.rglob("*.gz")):
            print(f"| {path.relative_to(folder)} | {path.stat().st_size:,} | `{sha256(path)}` |")


if __name__ == "__main__":
    main()
