"""Make the files of a locus for `dnalect link`: made-up genes and loops, peaks, and scored natural variants.

python scripts/locus_slice.py [--data DATA] [--out src/dnalect/demo_data]

Genes and loops are drawn at random, from a fixed seed: they show the forms of such files, and are of no genome. With
--data peaks and variants of chr20 (GRCh37) are cut anew, too: peaks of CEBPB in IMR90, a fibroblast, by way of
FactorNet; variants in them, or beside loops of IMR90, which do not ship.
"""

import argparse
import gzip
import random
from collections.abc import Iterator
from pathlib import Path

from scipy.stats import poisson

import dnalect
from dnalect.core.files import write_durably

END = 3_000_000
# Where 1000 Genomes' variants are cut out, and from which frequency on they are natural enough to show.
FIRST, COMMON = 1_000_000, 0.01
IMR90 = "tracks/hg19_chr20_X/IMR90/GSE63525_IMR90_HiCCUPS_looplist.txt.gz"
PEAKS = "tracks/hg19_chr20_X/factornet/ChIPseq.IMR-90.CEBPB.conservative.train.narrowPeak.gz"
# Bases around anchors of loops whose variants are shown too.
SLACK = 5_000

SEED, LOOPS = 20, 19
# A natural variant, the gene that starts nearest to it, and one farther away that a loop joins it to. Within STRETCH
# there are no others.
VARIANT = 1_996_346
NEAREST = (1_952_117, 1_976_204, "-", "protein_coding")
JOINED = (2_077_412, 2_119_608, "+", "protein_coding")
STRETCH = (1_930_000, 2_130_000)
HEAD = (
    "chr1 x1 x2 chr2 y1 y2 color o e_bl e_donut e_h e_v fdr_bl fdr_donut fdr_h fdr_v num_collapsed centroid1 centroid2 "
    "radius"
)

Gene = tuple[int, int, str, str]


def lines(path: Path) -> Iterator[str]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from file


def listed(path: Path) -> list[str]:
    """The head of a list of loops, and its rows on the first bases of chr20."""
    head, *rows = lines(path)
    return [head, *(row for row in rows if row.split("\t")[0] == "20" and int(row.split("\t")[5]) <= END)]


def peaks(path: Path) -> list[str]:
    found = [row for row in lines(path) if row.split("\t")[0] == "chr20" and int(row.split("\t")[2]) <= END]
    return sorted(found, key=lambda row: int(row.split("\t")[1]))


def drawn_genes(rng: random.Random) -> list[Gene]:
    """Genes (start, end, strand, biotype), 0-based and half-open, NEAREST and JOINED among them; none overlap."""
    found, end = [NEAREST, JOINED], 0
    while True:
        start = end + 2_000 + round(rng.expovariate(1 / 24_000))
        end = start + round(5_000 * 16 ** rng.random())
        if end > END:
            return sorted(found)
        strand, kind = rng.choice("+-"), "lncRNA" if rng.random() < 0.1 else "protein_coding"
        if end < STRETCH[0] or start > STRETCH[1]:
            found.append((start, end, strand, kind))


def made_up_genes(genes: list[Gene]) -> list[str]:
    """The lines of a GFF3."""
    found = ["##gff-version 3\n", "# made up: no gene of any genome\n"]
    for number, (start, end, strand, kind) in enumerate(genes, 1):
        told = f"ID=gene{number:02};Name=GENE{number:02};gene_biotype={kind}"
        found.append(f"chr20\tmade_up\tgene\t{start + 1}\t{end}\t.\t{strand}\t.\t{told}\n")
    return found


def loop(rng: random.Random, size: int, anchors: tuple[int, int], enrichment: float) -> str:
    """A row of a list of HiCCUPS. anchors: their first bases, of `size` bases each."""
    expected = 14 * ((anchors[1] - anchors[0]) / 100_000) ** -0.5 * size / 5_000
    observed = round(expected * enrichment)
    around = [round(expected * rng.uniform(*span), 4) for span in ((0.95, 1.3), (1, 1), (0.95, 1.3), (0.95, 1.3))]
    chances = [f"{poisson.sf(observed - 1, each):.6g}" for each in around]
    joined = rng.choice((1, 1, 2, 3))
    centres = [anchor + size // 2 + (joined > 1) * rng.choice((-1, 0, 1)) * size // 2 for anchor in anchors]
    places = [cell for anchor in anchors for cell in ("20", anchor, anchor + size)]
    radius = round(size * rng.uniform(0.5, 1.5), 4) if joined > 1 else 0
    cells = [*places, "0,255,255", observed, *around, *chances, joined, *centres, radius]
    return "\t".join(map(str, cells)) + "\n"


def made_up_loops(rng: random.Random, genes: list[Gene]) -> list[str]:
    """A list in the form of HiCCUPS: one loop joins VARIANT with JOINED, the others start at some gene."""
    rows = {((VARIANT - 1) // 5_000 * 5_000, JOINED[0] // 5_000 * 5_000): (5_000, 3.1)}
    while len(rows) < LOOPS:
        size, (start, end, strand, _) = rng.choice((5_000, 10_000)), rng.choice(genes)
        site = start if strand == "+" else end - 1
        other = site + rng.choice((-1, 1)) * round(110_000 * 8 ** rng.random())
        low, high = sorted(at // size * size for at in (site, other))
        free = all(at + size < STRETCH[0] or at > STRETCH[1] for at in (low, high))
        if free and low >= 0 and high + size <= END:
            rows[low, high] = size, 1.8 * 2.5 ** rng.random()
    told = [loop(rng, size, anchors, enrichment) for anchors, (size, enrichment) in sorted(rows.items())]
    return ["\t".join(HEAD.split()) + "\n", "# made up: no loop of any map of contacts\n", *told]


def places(loops: list[str], marks: list[str]) -> list[tuple[int, int]]:
    cells = [row.split("\t") for row in loops[1:]]
    anchors = [(int(row[at]) - SLACK, int(row[at + 1]) + SLACK) for row in cells for at in (1, 4)]
    return [*anchors, *((int(row.split("\t")[1]), int(row.split("\t")[2])) for row in marks)]


def scored(data: Path, wanted: list[tuple[int, int]]) -> list[str]:
    """Common variants in peaks or beside anchors, scored by duplex-human, at their place on chr20."""
    kept, told = [], {}
    for row in lines(data / "variants/1000g_chr20_1-2Mb.vcf.gz"):
        if row.startswith("#"):
            continue
        _, pos, name, ref, alt, _, _, info = row.split("\t")[:8]
        shares = [part[3:] for part in info.split(";") if part.startswith("AF=")]
        at = int(pos) + FIRST
        if "," in alt or not (ref + alt).isalpha() or not shares or float(shares[0]) < COMMON:
            continue
        if any(low < at <= high for low, high in wanted):
            kept.append(("z", int(pos), ref, alt))
            told[int(pos), ref, alt] = name, shares[0]
    scores = dnalect.score(data / "variants/1000g_chr20_1-2Mb.fa", kept, "duplex-human", background=0)
    found = ["chrom\tpos\tid\tref\talt\tllr\tallele_frequency\n"]
    for row in scores:
        place = row.position, row.ref, row.alt
        name, share = told[place]
        llr = "" if row.score.value is None else f"{row.score.value:.4f}"
        found.append(f"chr20\t{row.position + FIRST}\t{name}\t{row.ref}\t{row.alt}\t{llr}\t{float(share):.4f}\n")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--out", type=Path, default=Path("src/dnalect/demo_data"))
    options = parser.parse_args()
    rng = random.Random(SEED)
    genes = drawn_genes(rng)
    files = {"made_up_genes.gff.gz": made_up_genes(genes), "made_up_loops.txt.gz": made_up_loops(rng, genes)}
    if options.data:
        marks = peaks(options.data / PEAKS)
        files["human_chr20_peaks.bed.gz"] = marks
        files["human_chr20_scored.tsv.gz"] = scored(options.data, places(listed(options.data / IMR90), marks))
    for name, text in files.items():
        packed = gzip.compress("".join(text).encode(), 9, mtime=0)
        write_durably(options.out / name, packed)
        print(f"{name}: {len(text):,} lines, {len(packed):,} bytes")


if __name__ == "__main__":
    main()
