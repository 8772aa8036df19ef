"""A small "yeast" whose genes, transcripts, variants and relatives are made up."""

import gzip
from pathlib import Path

import numpy as np

from dnalect.tokens.bases import BASES
from studies.worth.species import YEAST

LENGTHS = {"chrI": 24_000, "chrII": 16_000}
CODONS = [a + b + c for a in BASES for b in BASES for c in BASES if a + b + c not in ("TAA", "TAG", "TGA")]


class Planted:
    """A data folder of a small "yeast" whose genes, transcripts and variants are made up."""

    def __init__(self, folder: Path):
        self.folder, self.rng = folder, np.random.default_rng(11)
        for name in ("genomes", "variants"):
            (folder / name).mkdir(parents=True)
        self.bases = {name: self.rng.choice(list(BASES), length) for name, length in LENGTHS.items()}
        self.gff, self.tss = ["##gff-version 3"], []
        for name, length in LENGTHS.items():
            for number, start in enumerate(range(300, length - 900, 700)):
                self._gene(name, f"Y{name}{number}", start, number % 2 == 0, number % 4 in (1, 2))
        self._write()

    def _gene(self, contig: str, name: str, start: int, forward: bool, intron: bool) -> None:
        coding = "ATG" + "".join(self.rng.choice(CODONS, 80)) + "TAA"
        inside = "GTATGT" + "".join(self.rng.choice(list(BASES), 60)) + "TAG" if intron else ""
        text = coding[:100] + inside + coding[100:]
        parts = [(0, 100), (100 + len(inside), len(text))] if intron else [(0, len(text))]
        if not forward:
            text = text[::-1].translate(str.maketrans("ACGT", "TGCA"))
            parts = [(len(text) - end, len(text) - begin) for begin, end in reversed(parts)]
        self.bases[contig][start : start + len(text)] = list(text)
        strand = "+" if forward else "-"
        for begin, end in parts:
            self.gff.append(f"{contig}\tx\tCDS\t{start + begin + 1}\t{start + end}\t.\t{strand}\t0\tlocus_tag={name}")
        self.gff.append(f"{contig}\tx\ttRNA\t{start + 500}\t{start + 570}\t.\t{strand}\t.\tlocus_tag=t{name}")
        self.tss.append(f"{contig}\t{start - 40}\t{start + len(text) + 40}\t{name}\t0\t{strand}")

    def _write(self) -> None:
        with gzip.open(self.folder / YEAST.reference, "wt") as out:
            for name, bases in self.bases.items():
                out.write(f">{name}\n{''.join(bases)}\n")
        with gzip.open(self.folder / YEAST.annotation, "wt") as out:
            out.write("\n".join(self.gff) + "\n")
        (self.folder / YEAST.tss).write_text("\n".join(self.tss) + "\n")
        self._variants("variants/yeast_promoter_variants_chrI-X.vcf.gz", 1500, True)
        self._variants("variants/yeast_S288C_vs_W303_chrI_chrII.vcf", 300, False)
        for name in ("CBS432", "N44", "Sarb", "SK1"):
            self._relative(self.folder / "alignment" / f"{name}.on_S288C.diff.fa.gz")

    def _relative(self, path: Path) -> None:
        """A genome laid on this one: one base in five differs, one in ten is not aligned."""
        path.parent.mkdir(exist_ok=True)
        with gzip.open(path, "wt") as out:
            for name, bases in self.bases.items():
                other = np.array([BASES[(BASES.index(base) + 1) % 4] for base in bases])
                draw = self.rng.random(len(bases))
                out.write(f">{name}\n{''.join(np.where(draw < 0.7, '.', np.where(draw < 0.9, other, '-')))}\n")

    def _variants(self, name: str, count: int, carriers: bool) -> None:
        lines = ["##fileformat=VCFv4.2", "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"]
        for contig, bases in self.bases.items():
            for at in np.sort(self.rng.choice(len(bases), count * len(bases) // 40_000, replace=False)):
                alt = self.rng.choice([base for base in BASES if base != bases[at]])
                total = 900 + at // 70 % 7
                info = f"AC={self.rng.choice([1, 1, 5, 200, total - 100])};AN={total}" if carriers else "."
                lines.append(f"{contig}\t{at + 1}\t.\t{bases[at]}\t{alt}\t.\tPASS\t{info}")
        opened = gzip.open if name.endswith(".gz") else open
        with opened(self.folder / name, "wt") as out:
            out.write("\n".join(lines) + "\n")
