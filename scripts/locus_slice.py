"""Cut the slice of a human locus for `dnalect link`: genes, loops, peaks, and scored natural variants.

python scripts/locus_slice.py --data DATA --genes CollapsedGeneBounds.hg19.bed [--out src/dnalect/demo_data]

chr20:1-3,000,000 of GRCh37; loops and peaks (of CEBPB, by way of FactorNet) are those of IMR90, a fibroblast. The genes
are not among DATA: they are reference/hg19/CollapsedGeneBounds.hg19.bed of broadinstitute/ABC-Enhancer-Gene-Prediction
36e212e.
"""

import argparse
import gzip
from collections.abc import Iterator
from pathlib import Path

import dnalect
from dnalect.core.files import write_durably

END = 3_000_000
# Where 1000 Genomes' variants are cut out, and from which frequency on they are natural enough to show.
FIRST, COMMON = 1_000_000, 0.01
LOOPS = "tracks/hg19_chr20_X/IMR90/GSE63525_IMR90_HiCCUPS_looplist.txt.gz"
PEAKS = "tracks/hg19_chr20_X/factornet/ChIPseq.IMR-90.CEBPB.conservative.train.narrowPeak.gz"
# Bases around anchors of loops whose variants are shown too.
SLACK = 5_000


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


def genes(path: Path) -> list[str]:
    """Genes of a BED as lines of a GFF3."""
    found = ["##gff-version 3\n"]
    for row in path.read_text(encoding="utf-8").splitlines():
        contig, start, end, name, _, strand, identifier, kind = row.split("\t")
        if contig == "chr20" and int(end) <= END:
            told = f"ID={identifier};Name={name};gene_biotype={kind}"
            found.append(f"{contig}\tABC\tgene\t{int(start) + 1}\t{end}\t.\t{strand}\t.\t{told}\n")
    return found


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
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--genes", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("src/dnalect/demo_data"))
    options = parser.parse_args()
    loops, marks = listed(options.data / LOOPS), peaks(options.data / PEAKS)
    files = {
        "human_chr20_genes.gff.gz": genes(options.genes),
        "human_chr20_loops.txt.gz": loops,
        "human_chr20_peaks.bed.gz": marks,
        "human_chr20_scored.tsv.gz": scored(options.data, places(loops, marks)),
    }
    for name, text in files.items():
        packed = gzip.compress("".join(text).encode(), 9, mtime=0)
        write_durably(options.out / name, packed)
        print(f"{name}: {len(text):,} lines, {len(packed):,} bytes")


if __name__ == "__main__":
    main()
