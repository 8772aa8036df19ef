"""Inputs of the golden cases: all are made of text and fixed random numbers, nothing of dnalect's inside."""

import hashlib
import itertools
import json
import random
import shutil
from pathlib import Path

import numpy as np
import pyBigWig
import pysam
from safetensors.numpy import save_file

import dnalect

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CONTIGS = {"chrA": 2400, "chrB": 900}
MODELS = json.loads((HERE / "models.json").read_text())


def _genome() -> dict[str, str]:
    """Two contigs; chrA has N at 1500-1540, lower case at 100-160, ATATATAT at 500; chrB has an R at 40."""
    draws = random.Random(7)
    texts = {name: "".join(draws.choices("ACGT", k=length)) for name, length in CONTIGS.items()}
    chr_a, chr_b = texts["chrA"], texts["chrB"]
    chr_a = chr_a[:499] + "GATATATATG" + chr_a[509:1500] + "N" * 40 + chr_a[1540:]
    return {"chrA": chr_a[:100] + chr_a[100:160].lower() + chr_a[160:], "chrB": chr_b[:39] + "R" + chr_b[40:]}


GENOME = _genome()


def _other(base: str) -> str:
    return {"A": "C", "C": "G", "G": "T", "T": "A"}[base.upper()]


def at(contig: str, position: int, length: int = 1) -> str:
    """Return bases from a 1-based position on."""
    return GENOME[contig][position - 1 : position - 1 + length].upper()


def fasta(texts: dict[str, str]) -> str:
    """Return a FASTA with lines of 60 bases."""
    return "".join(
        f">{name} a toy\n" + "".join(text[i : i + 60] + "\n" for i in range(0, len(text), 60))
        for name, text in texts.items()
    )


def _vcf() -> str:
    """One record of every sort: what is scored, and each reason why something is not."""
    rows: list[tuple[str, int, str, str, str, str]] = []

    def add(contig: str, position: int, ref: str, alt: str, info: str = ".") -> None:
        rows.append((contig, position, f"v{len(rows) + 1}", ref, alt, info))

    first = at("chrA", 30)
    add("chrA", 30, first, _other(first), "AC=3;AN=20;AF=0.15")
    add("chrA", 120, at("chrA", 120), _other(at("chrA", 120)), "AC=1;AN=20;AF=0.05")
    add("chrA", 200, at("chrA", 200, 2), "".join(map(_other, at("chrA", 200, 2))))
    add("chrA", 300, at("chrA", 300), at("chrA", 300) + "ACGTT")
    add("chrA", 400, at("chrA", 400, 4), at("chrA", 400))
    add("chrA", 500, at("chrA", 500, 3), at("chrA", 500), "AC=2;AN=20;AF=0.1")
    add("chrA", 600, at("chrA", 600), ",".join(sorted({*"ACGT"} - {at("chrA", 600)})), "AC=4,2,1;AN=20;AF=0.2,0.1,0.05")
    add("chrA", 700, at("chrA", 700), f"{_other(at('chrA', 700))},*")
    add("chrA", 800, at("chrA", 800), "<DEL>", "SVTYPE=DEL;END=820;SVLEN=-20")
    add("chrA", 850, at("chrA", 850), "<DUP>", "SVTYPE=DUP;END=870;SVLEN=20")
    add("chrA", 880, at("chrA", 880), "<INS>", "SVTYPE=INS")
    add("chrA", 900, at("chrA", 900), f"{at('chrA', 900)}]chrB:100]", "SVTYPE=BND")
    add("chrA", 950, _other(at("chrA", 950)), at("chrA", 950))
    add("chrA", 1000, at("chrA", 1000), ".")
    add("chrA", 1490, at("chrA", 1490), _other(at("chrA", 1490)))
    add("chrA", 1510, "N", "A")
    add("chrA", 1700, at("chrA", 1700, 3), at("chrA", 1700, 3)[::-1])
    add("chrA", 2399, at("chrA", 2399), _other(at("chrA", 2399)))
    add("chrA", 2399, at("chrA", 2399, 2), at("chrA", 2399))
    add("chrB", 1, at("chrB", 1), _other(at("chrB", 1)))
    add("chrB", 40, "R", "A")
    add("chrB", 500, at("chrB", 500), at("chrB", 500).lower())
    add("chrB", 600, at("chrB", 600), _other(at("chrB", 600)), "AC=9;AN=20;AF=0.45")
    add("chrB", 5000, "A", "C")
    add("chrZ", 10, "A", "C")
    head = [
        "##fileformat=VCFv4.2",
        '##FILTER=<ID=PASS,Description="All filters passed">',
        '##INFO=<ID=AC,Number=A,Type=Integer,Description="Alleles">',
        '##INFO=<ID=AN,Number=1,Type=Integer,Description="Called">',
        '##INFO=<ID=AF,Number=A,Type=Float,Description="Frequency">',
        '##INFO=<ID=SVTYPE,Number=1,Type=String,Description="Kind">',
        '##INFO=<ID=SVLEN,Number=.,Type=Integer,Description="Length">',
        '##INFO=<ID=END,Number=1,Type=Integer,Description="End">',
        '##ALT=<ID=DEL,Description="Deletion">',
        *(f"##contig=<ID={name},length={length}>" for name, length in CONTIGS.items()),
        "##contig=<ID=chrZ,length=50>",
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO",
    ]
    body = [f"{c}\t{p}\t{i}\t{ref}\t{alt}\t50\tPASS\t{info}" for c, p, i, ref, alt, info in rows]
    return "\n".join([*head, *body]) + "\n"


def _snvs(positions: range) -> list[tuple[str, int, str, str]]:
    return [("chrA", p, at("chrA", p), _other(at("chrA", p))) for p in positions]


def _phased() -> str:
    lines = ["##fileformat=VCFv4.2", '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">']
    lines += [f"##contig=<ID={name},length={length}>" for name, length in CONTIGS.items()]
    lines.append("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ts1\ts2")
    kinds = ("0|1", "1|1", "0|1", "1|0")
    lines += [
        f"{c}\t{p}\t.\t{ref}\t{alt}\t.\t.\t.\tGT\t{kinds[n % 4]}\t{kinds[(n + 1) % 4]}"
        for n, (c, p, ref, alt) in enumerate(_snvs(range(600, 630, 6)))
    ]
    return "\n".join(lines) + "\n"


def _labelled(count: int = 120, length: int = 48) -> str:
    """A table whose label GC content in the middle tells; parts are given; a signal and tracks stand beside it."""
    draws = random.Random(1)
    parts = ("train", "train", "train", "validate", "test", "test")
    lines = ["sequence\tlabel\tsignal\ttracks\tsplit"]
    for number in range(count):
        text = "".join(draws.choices("ACGT", k=length))
        middle = "".join(draws.choices("GGGC" if number % 2 else "ATAT", k=20))
        text = text[:14] + middle + text[34:]
        share = (text.count("G") + text.count("C")) / length
        tracks = ";".join(name for name, yes in (("gc", number % 2), ("ggg", "GGG" in text[:14])) if yes)
        lines.append(f"{text}\t{number % 2}\t{share:.4f}\t{tracks}\t{parts[number // 2 % 6]}")
    return "\n".join(lines) + "\n"


def _windows() -> str:
    """Labelled intervals of the toy genome, 50 bases each."""
    rows = ["contig,start,end,label"]
    for contig, length in CONTIGS.items():
        for start in range(0, length - 50, 50):
            text = GENOME[contig][start : start + 50].upper()
            if "N" not in text:
                rows.append(f"{contig},{start},{start + 50},{int(text.count('G') + text.count('C') > 25)}")
    return "\n".join(rows) + "\n"


BED = "chrA\t20\t60\tone\t0\t+\nchrA\t590\t640\ttwo\t0\t-\nchrB\t590\t620\tthree\t0\t+\n"
GFF = """##gff-version 3
chrA\ttoy\tgene\t101\t460\t.\t+\t.\tID=g1;Name=ABC1
chrA\ttoy\tmRNA\t101\t460\t.\t+\t.\tID=t1;Parent=g1
chrA\ttoy\texon\t101\t230\t.\t+\t.\tParent=t1
chrA\ttoy\texon\t281\t460\t.\t+\t.\tParent=t1
chrA\ttoy\tCDS\t111\t230\t.\t+\t0\tParent=t1
chrA\ttoy\tCDS\t281\t439\t.\t+\t0\tParent=t1
chrA\ttoy\tgene\t580\t760\t.\t-\t.\tID=g2;Name=XYZ2
chrA\ttoy\tmRNA\t580\t760\t.\t-\t.\tID=t2;Parent=g2
chrA\ttoy\texon\t580\t760\t.\t-\t.\tParent=t2
chrA\ttoy\tCDS\t580\t759\t.\t-\t0\tParent=t2
"""
MEME = """MEME version 4

ALPHABET= ACGT

MOTIF ONE
letter-probability matrix: alength= 4 w= 4 nsites= 20 E= 0
0.97 0.01 0.01 0.01
0.01 0.97 0.01 0.01
0.01 0.01 0.97 0.01
0.01 0.01 0.01 0.97

MOTIF TWO
letter-probability matrix: alength= 4 w= 3 nsites= 20 E= 0
0.01 0.01 0.97 0.01
0.49 0.01 0.49 0.01
0.01 0.01 0.01 0.97
"""


def _big_genome() -> str:
    """60,000 bases with a period, for what needs a longer genome: pretraining, vocabularies."""
    draws = random.Random(3)
    words = ["".join(draws.choices("ACGT", k=12)) for _ in range(30)]
    return fasta({f"c{n}": "".join(draws.choices(words, k=1700)) for n in (1, 2, 3)})


def _model(name: str, folder: Path) -> None:
    """A model of random weights; the shapes, the config and the tokenizer are in models.json."""
    spec, draws = MODELS[name], np.random.RandomState(7)
    folder.mkdir(parents=True)
    tensors = {}
    for tensor, shape in spec["tensors"].items():
        low = tensor.lower()
        scale = "norm" in low and (low.endswith("weight") or "gamma" in low)
        values = draws.standard_normal(shape)
        tensors[tensor] = (1 + 0.1 * values if scale else 0.35 * values).astype(np.float32)
    save_file(tensors, folder / "model.safetensors")
    for file in ("config.json", "tokenizer.json"):
        if file in spec:
            (folder / file).write_text(json.dumps(spec[file]))
    if "card.json" in spec:
        checksum = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
        card = spec["card.json"] | {"sha256": checksum}
        card["genomes"] = [{"name": "toy", "contigs": CONTIGS, "train": ["chrA"], "test": ["chrB"]}]
        (folder / "card.json").write_text(json.dumps(card))
    words = {
        "dnabert": (["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], "ATCG", 3, ()),
        "nt-v1": (["<unk>", "<pad>", "<mask>", "<cls>"], "ATCG", 6, "ATCGN"),
        "nt-v2": (["<unk>", "<pad>", "<mask>", "<cls>", "<eos>", "<bos>"], "ATCG", 6, "ATCGN"),
    }.get(name)
    if words:
        special, letters, length, more = words
        listed = [*special, *map("".join, itertools.product(letters, repeat=length)), *more]
        (folder / "vocab.txt").write_text("\n".join(listed) + "\n")


def make_inputs(folder: Path) -> Path:
    """Write all inputs into a new folder: toys, tiny models, the demo data as demo/ and data/ of the repository."""
    folder.mkdir(parents=True)
    texts = {
        "toy.fa": fasta(GENOME),
        "big.fa": _big_genome(),
        "toy.vcf": _vcf(),
        "phased.vcf": _phased(),
        "toy.bed": BED,
        "toy.gff": GFF,
        "toy.meme": MEME,
        "labelled.tsv": _labelled(),
        "windows.csv": _windows(),
        "plain.fa": fasta({"one": at("chrA", 1, 70), "two": at("chrB", 100, 33), "odd": "ACGTNNRYACGTACGTACG"}),
        "names.txt": "A\tchrA\nB\tchrB\n",
        "renamed.vcf": _vcf().replace("chrA", "A").replace("chrB", "B"),
    }
    snvs = _snvs(range(31, 91, 10))
    texts["snvs.tsv"] = "chrom\tpos\tref\talt\tnote\n" + "".join(f"{c}\t{p}\t{r}\t{a}\tn{p}\n" for c, p, r, a in snvs)
    judged = [("chrA", 120), ("chrA", 700), ("chrB", 600), ("chrA", 600)]
    texts["labels.tsv"] = "chrom\tpos\tref\talt\thit\n" + "".join(
        f"{c}\t{p}\t{at(c, p)}\t{_other(at(c, p))}\t{n % 2}\n" for n, (c, p) in enumerate(judged)
    )
    many, hits = _snvs(range(200, 1400, 15)), random.Random(9)
    texts["many.tsv"] = "chrom\tpos\tref\talt\n" + "".join(f"{c}\t{p}\t{r}\t{a}\n" for c, p, r, a in many)
    texts["hits.tsv"] = "chrom\tpos\tref\talt\teffect\n" + "".join(
        f"{c}\t{p}\t{r}\t{a}\t{hits.gauss(0, 1):.3f}\n" for c, p, r, a in many[:60]
    )
    for name, text in texts.items():
        (folder / name).write_text(text)
    (folder / "big.gff").write_text(
        "".join(
            f"c{contig}\ttoy\tCDS\t{start + 1}\t{start + 600}\t.\t+\t0\tID=c{contig}{start}\n"
            for contig in (1, 2, 3)
            for start in range(300, 20_000, 1800)
        )
    )
    pysam.tabix_compress(str(folder / "toy.vcf"), str(folder / "toy.vcf.gz"))
    pysam.tabix_compress(str(folder / "toy.fa"), str(folder / "toy.fa.gz"))
    with (
        pysam.VariantFile(str(folder / "phased.vcf")) as phased,
        pysam.VariantFile(str(folder / "phased.bcf"), "wb", header=phased.header) as out,
    ):
        for record in phased:
            out.write(record)
    with pyBigWig.open(str(folder / "toy.bw"), "w") as wig:
        wig.addHeader(list(CONTIGS.items()))
        for contig, length in CONTIGS.items():
            starts = list(range(0, length, 10))
            gc = [sum(b in "GC" for b in GENOME[contig][s : s + 10].upper()) / 10 for s in starts]
            wig.addEntries([contig] * len(starts), starts, ends=[s + 10 for s in starts], values=gc)
    for name in MODELS:
        _model(name, folder / "models" / name)
    shutil.copytree(Path(dnalect.demo_files().reference).parent, folder / "demo")
    (folder / "data").symlink_to(ROOT / "data")
    return folder
