"""Give the genes of RefSeq BEDs without strands their strands back, from the BEDs of their starts and ends.

python scripts/human_transcripts.py DATA/genomes/human_hg19_refseq transcripts.bed
"""

import gzip
import sys
from pathlib import Path


def rows(path: Path) -> list[tuple[str, int, int]]:
    with gzip.open(path, "rt") as file:
        fields = [line.split()[:3] for line in file]
    return [(contig, int(start), int(end)) for contig, start, end in fields]


def main() -> None:
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    folder, out = Path(sys.argv[1]), Path(sys.argv[2])
    genes, tss, tes = (rows(folder / f"RefSeq{kind}.chr20_chrX.bed.gz") for kind in ("Gene", "TSS", "TES"))
    begins, ends = ({(contig, at) for contig, at, _ in each} for each in (tss, tes))
    lines = []
    for contig, low, high in sorted(set(genes)):
        forward = (contig, low) in begins and (contig, high - 1) in ends
        reverse = (contig, high - 1) in begins and (contig, low) in ends
        if forward != reverse:
            lines.append(f"{contig}\t{low}\t{high}\t.\t0\t{'+' if forward else '-'}\n")
    out.write_text("".join(lines))
    print(
        f"{len(lines)} of {len(set(genes))} transcripts have a strand, {sum('-' in line for line in lines)} the reverse"
    )


if __name__ == "__main__":
    main()
