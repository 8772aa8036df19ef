"""Cut genomes to what a model may learn from: unknown bases (N) stand wherever it must not look.

python scripts/corpora.py relatives --data DATA --out CORPORA     whole genomes of Saccharomyces
python scripts/corpora.py repeats --data DATA --out CORPORA       repeats of S. cerevisiae
python scripts/corpora.py promoters --data DATA --out CORPORA     promoters of S. cerevisiae and of those relatives
python scripts/corpora.py regulatory --data DATA --out CORPORA    regulatory sequence of human chr20 and chrX
python scripts/corpora.py genes --data DATA --out CORPORA         exons and starts of genes of the same
python scripts/corpora.py splice --data DATA --out CORPORA        ends of exons of the same

relatives: nothing that is syntenic to the held-out chromosomes of S. cerevisiae (XIII, XIV) stays. A relative's tile
goes where it aligns to one of them or lies between two that do, where it holds a word of 24 bases of theirs that the
training chromosomes lack, and where a piece of theirs still aligns to it afterwards, better than to the training
chromosomes. Prints what was cut.

repeats: at least 100 bases of the training chromosomes of S. cerevisiae that share their words of 24 bases with other
places there, with 1,024 bases around: Ty elements, subtelomeres, paralogs.

promoters: the 500 bases before every measured TSS of the training chromosomes of S. cerevisiae that are not coding,
and where minimap2 finds these on the cut genomes of the relatives (which `relatives` makes), each with 512 bases
around, in lower case.

regulatory: peaks of DNase and histone marks of several cell types, TSS with 500 bases around, and exons with 50.

genes: exons and TSS with 512 bases around each, so that a window of 512 bases fits around every one of them.

splice: both ends of every exon with 512 bases around each, in lower case but for the 20 next to an end.
`soft_mask_weight` is the weight of lower case in the loss.
"""

import argparse
import gzip
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import mappy
import numpy as np
import numpy.typing as npt

from dnalect.core.files import write_durably
from dnalect.examples.homology import shared_mask
from dnalect.genome.bed import read_bed
from dnalect.genome.fasta import Genome, open_genome
from dnalect.genome.gff import open_annotation
from dnalect.genome.regions import Region
from dnalect.genome.repeats import repeated
from dnalect.genome.strata import gene_strata
from dnalect.tokens.bases import encode

Mask = npt.NDArray[np.bool_]
HELD_OUT = ("chrXIII", "chrXIV")
RELATIVES = {
    **{name: f"genomes/saccharomyces/{name}.genome.fa.gz" for name in (
        "CBS432", "N44", "UFRJ50816", "UWOPS919171", "YPS138", "SK1", "Y12", "UWOPS034614", "Sarb"
    )},
    "Skud": "genomes/yeasts_chrI/SkudIFO1802_1_GCF_947243775.1_Skud-IFO1802_genomic.fna.gz",
    "Smik": "genomes/yeasts_chrI/SmikIFO1815_1_GCF_947241705.1_Smik-IFO1815_genomic.fna.gz",
}  # fmt: skip
# Bases of a tile, of the overlap of two, and of what is cut on each side of an alignment.
TILE, OVERLAP, MARGIN = 5_000, 1_000, 200
# Fewer matching bases are chance. A tile that has lost a larger share goes as a whole.
MATCHES, LOST = 100, 0.3
PIECE = 1_000
LINE = 80
# So that a window fits around what is wanted.
AROUND = 1_024
# Bases on each side of an exon's end that a splice site is.
AT_END = 20
LONG = 100
PEAKS = ("*Dnase*", "*H3K27ac*", "*H3k27ac*", "*H3K4me3*", "*H3k4me3*", "*ATAC*", "*atac*")


def text(genome: Genome, contig: int) -> str:
    return genome.fetch(contig, 0, int(genome.lengths[contig])).tobytes().decode("ascii").upper()


def write_fasta(path: Path, genome: Genome, masks: Sequence[Mask], soft: Sequence[Mask] | None = None) -> None:
    """Write a genome, N where its masks are True, lower-case where `soft` is, the same bytes whenever it is done."""
    lines = []
    for contig, (name, mask) in enumerate(zip(genome.names, masks, strict=True)):
        bases = genome.fetch(contig, 0, int(genome.lengths[contig])).copy()
        bases[mask] = ord("N")
        if soft is not None:
            bases[soft[contig] & ~mask] |= ord("a") - ord("A")
        letters = bases.tobytes().decode("ascii")
        lines += [f">{name}", *(letters[at : at + LINE] for at in range(0, len(letters), LINE))]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_durably(path, gzip.compress(("\n".join(lines) + "\n").encode(), 6, mtime=0))


def aligner(genome: Genome, contigs: Sequence[int], masks: Sequence[Mask] | None = None) -> mappy.Aligner:
    """Return minimap2's index of some contigs, with N where the masks are True."""
    with tempfile.NamedTemporaryFile("w", suffix=".fa") as file:
        for contig in contigs:
            bases = genome.fetch(contig, 0, int(genome.lengths[contig])).copy()
            if masks is not None:
                bases[masks[contig]] = ord("N")
            file.write(f">{genome.names[contig]}\n{bases.tobytes().decode('ascii')}\n")
        file.flush()
        return mappy.Aligner(file.name, preset="asm20", best_n=5)


def tiles(length: int, size: int, overlap: int = 0) -> Iterator[tuple[int, int]]:
    for start in range(0, length, size - overlap):
        yield start, min(length, start + size)


def relatives(data: Path, out: Path, only: Sequence[str]) -> None:
    yeast = open_genome(data / "genomes/yeast_S288C.fa.gz")
    held = [yeast.index[name] for name in HELD_OUT]
    kept = [n for n in range(len(yeast.names)) if n not in held]
    whole = aligner(yeast, range(len(yeast.names)))
    training = aligner(yeast, kept)
    codes = {n: encode(yeast.fetch(n, 0, int(yeast.lengths[n]))) for n in range(len(yeast.names))}
    own = {n: ~shared_mask(codes[n], [codes[k] for k in kept]) for n in held}
    pieces = [
        (text(yeast, n)[low:high], [h.mlen for h in training.map(text(yeast, n)[low:high])])
        for n in held
        for low, high in tiles(int(yeast.lengths[n]), PIECE)
    ]
    print("genome", "bases", "aligned to XIII or XIV", "by words of 24", "found again", "left", sep="\t")
    for name in only:
        genome = open_genome(data / RELATIVES[name])
        masks = [_syntenic(text(genome, n), whole) for n in range(len(genome.names))]
        counts = [sum(int(mask.sum()) for mask in masks)]
        for n, mask in enumerate(masks):
            theirs = encode(genome.fetch(n, 0, len(mask)))
            mask |= shared_mask(theirs, [np.where(own[h], codes[h], 4).astype(np.uint8) for h in held])
            _drop_tiles(mask)
        counts.append(sum(int(mask.sum()) for mask in masks))
        _found_again(genome, masks, pieces)
        counts.append(sum(int(mask.sum()) for mask in masks))
        total = sum(len(mask) for mask in masks)
        write_fasta(out / "saccharomyces" / f"{name}.fa.gz", genome, masks)
        steps = np.diff(counts, prepend=0).tolist()
        print(name, total, *steps, total - counts[-1], sep="\t", flush=True)


def _syntenic(letters: str, whole: mappy.Aligner) -> Mask:
    """True where a tile aligns to a held-out chromosome, and between two such tiles where none aligns elsewhere."""
    mask = np.zeros(len(letters), dtype=np.bool_)
    last = -1
    for low, high in tiles(len(letters), TILE, OVERLAP):
        hits = [hit for hit in whole.map(letters[low:high]) if hit.is_primary and hit.mlen > MATCHES]
        if not hits:
            continue
        if max(hits, key=lambda hit: hit.mlen).ctg not in HELD_OUT:
            last = -1
            continue
        if last >= 0:
            mask[last:high] = True
        last = low
        for hit in hits:
            if hit.ctg in HELD_OUT:
                mask[max(0, low + hit.q_st - MARGIN) : low + hit.q_en + MARGIN] = True
    return mask


def _drop_tiles(mask: Mask) -> None:
    for low, high in tiles(len(mask), TILE):
        if mask[low:high].mean() > LOST:
            mask[low:high] = True


def _found_again(genome: Genome, masks: list[Mask], pieces: Sequence[tuple[str, list[int]]]) -> None:
    """Cut what a piece of the held-out chromosomes still aligns to, better than to the training ones."""
    index = aligner(genome, range(len(genome.names)), masks)
    for letters, known in pieces:
        for hit in index.map(letters):
            if hit.mlen > max([MATCHES, *known]):
                masks[genome.index[hit.ctg]][max(0, hit.r_st - MARGIN) : hit.r_en + MARGIN] = True


def repeats(data: Path, out: Path) -> None:
    yeast = open_genome(data / "genomes/yeast_S288C.fa.gz")
    kept = [n for n, name in enumerate(yeast.names) if name not in HELD_OUT]
    found = repeated([encode(yeast.fetch(n, 0, int(yeast.lengths[n]))) for n in kept])
    masks = [np.ones(int(length), dtype=np.bool_) for length in yeast.lengths]
    bases = 0
    for n, mask in zip(kept, found, strict=True):
        for low, high in [run for run in runs(mask) if run[1] - run[0] >= LONG]:
            masks[n][max(0, low - AROUND) : high + AROUND] = False
            bases += high - low
    write_fasta(out / "repeats" / "S288C.fa.gz", yeast, masks)
    print(f"{bases:,} bases lie in repeats, with {AROUND:,} around {sum(int((~mask).sum()) for mask in masks):,}")


def promoters(data: Path, out: Path) -> None:
    yeast = open_genome(data / "genomes/yeast_S288C.fa.gz")
    annotation = open_annotation(data / "genomes/yeast_S288C.gff.gz")
    starts = read_bed(data / "genomes/yeast_transcripts_adjusted_tss.bed")
    wanted = [np.zeros(int(length), dtype=np.bool_) for length in yeast.lengths]
    for n, name in enumerate(yeast.names):
        if name not in HELD_OUT:
            whole = Region(n, 0, len(wanted[n]))
            wanted[n] = gene_strata(yeast, [whole], annotation, starts)["promoter"]
    spans = [(n, low, high) for n, mask in enumerate(wanted) for low, high in runs(mask) if high - low >= LONG]
    _write_around(out / "promoters" / "S288C.fa.gz", yeast, wanted)
    for name in RELATIVES:
        genome = open_genome(out / "saccharomyces" / f"{name}.fa.gz")
        index = aligner(genome, range(len(genome.names)))
        found = [np.zeros(int(length), dtype=np.bool_) for length in genome.lengths]
        for n, low, high in spans:
            # With coding sequence on both sides, which is more alike.
            first = max(0, low - AROUND)
            letters = yeast.fetch(n, first, high + AROUND).tobytes().decode("ascii")
            best = next((hit for hit in index.map(letters) if hit.is_primary and hit.mlen > MATCHES), None)
            if best:
                # What of the promoter lies within the alignment, taken as if nothing were inserted.
                before, after = max(0, low - first - best.q_st), max(0, best.q_en - (high - first))
                cut = (before, after) if best.strand > 0 else (after, before)
                found[genome.index[best.ctg]][best.r_st + cut[0] : best.r_en - cut[1]] = True
        _write_around(out / "promoters" / f"{name}.fa.gz", genome, found)


def _write_around(path: Path, genome: Genome, wanted: Sequence[Mask]) -> None:
    masks = [np.ones(len(mask), dtype=np.bool_) for mask in wanted]
    for mask, mine in zip(masks, wanted, strict=True):
        for low, high in runs(mine):
            mask[max(0, low - AROUND // 2) : high + AROUND // 2] = False
    write_fasta(path, genome, masks, [~mine for mine in wanted])
    print(path.stem.split(".")[0], f"{sum(int(mine.sum()) for mine in wanted):,} bases of promoters", flush=True)


def runs(mask: Mask) -> list[tuple[int, int]]:
    """Return start and end of every run of True."""
    edges = np.flatnonzero(np.diff(mask, prepend=False, append=False)).reshape(-1, 2)
    return [(low, high) for low, high in edges.tolist()]


def regulatory(data: Path, out: Path) -> None:
    tracks = data / "tracks/hg19_chr20_X"
    files = sorted({path for pattern in PEAKS for path in tracks.rglob(pattern) if path.suffix == ".gz"})
    print(len(files), "files of peaks")
    human(data, out / "regulatory", [*((path, 0) for path in files), *around_genes(data, 500, 50)])


def genes(data: Path, out: Path) -> None:
    human(data, out / "genes", around_genes(data, AROUND // 2, AROUND // 2))


def splice(data: Path, out: Path) -> None:
    human(data, out / "splice", [around_genes(data, 0, 0)[1]], ends=(AROUND // 2, AT_END))


def around_genes(data: Path, starts: int, exons: int) -> list[tuple[Path, int]]:
    folder = data / "genomes/human_hg19_refseq"
    return [(folder / "RefSeqTSS.chr20_chrX.bed.gz", starts), (folder / "RefSeqExon.chr20_chrX.bed.gz", exons)]


def human(data: Path, out: Path, told: Sequence[tuple[Path, int]], ends: tuple[int, int] | None = None) -> None:
    """Write chr20 and chrX with N where no region of the BED files lies, widened by so many bases.

    ends: instead, the bases around both ends of every region, and how many of these are in upper case.
    """
    for contig, file in (("20", "human_chr20_GRCh37.fa.gz"), ("X", "human_chrX_1-70Mb_GRCh37.fa.gz")):
        genome = open_genome(data / "genomes" / file)
        mask = np.ones(int(genome.lengths[0]), dtype=np.bool_)
        soft = mask.copy()
        for path, margin in told:
            found = read_bed(path).get(f"chr{contig}")
            for start, end in zip(found.starts.tolist(), found.ends.tolist(), strict=True) if found else ():
                if ends is None:
                    mask[max(0, start - margin) : end + margin] = False
                for at in (start, end) if ends else ():
                    mask[max(0, at - ends[0]) : at + ends[0]] = False
                    soft[max(0, at - ends[1]) : at + ends[1]] = False
        write_fasta(out / f"chr{contig}.fa.gz", genome, [mask], [soft] if ends else None)
        print(f"chr{contig}", f"{int((~mask).sum()):,} of {len(mask):,} bases are kept", flush=True)


CORPORA: dict[str, Callable[[Path, Path], None]] = {
    "repeats": repeats,
    "promoters": promoters,
    "regulatory": regulatory,
    "genes": genes,
    "splice": splice,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", choices=["relatives", *CORPORA])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", nargs="*", default=list(RELATIVES), help="of the relatives")
    told = parser.parse_args()
    if told.corpus == "relatives":
        relatives(told.data, told.out, told.only)
    else:
        CORPORA[told.corpus](told.data, told.out)


if __name__ == "__main__":
    main()
