"""Pangolin's own package beside dnalect: the same variants near exon ends, digit for digit, masked and not.

    git clone https://github.com/tkzeng/Pangolin
    python benchmarks/pangolin.py Pangolin genome.fa genes.txt --count 16

The package's code is run from its checkout, with stand-ins for what it reads files by (pyfastx, gffutils, PyVCF), so
that nothing but torch is needed. genes.txt: as SpliceAI ships it. Both read the twelve networks `.v2`.
"""

import argparse
import importlib
import random
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType, SimpleNamespace
from typing import Any

import torch

import dnalect
from dnalect.genome.splice_genes import SpliceGene, SpliceGenes, read_gene_table
from dnalect.inference.splice import SpliceScorer, Written
from dnalect.tokens.bases import encode

NETWORKS = [f"final.{number}.{task}.3.v2" for task in (0, 2, 4, 6) for number in (1, 2, 3)]
KINDS = ("substitution", "insertion", "deletion", "several bases")
Variant = tuple[int, str, str]


def drawn(text: str, genes: list[SpliceGene], count: int, seed: int) -> list[Variant]:
    """Return variants (0-based place, REF, ALT) within six bases of ends of inner exons, of each kind in turn."""
    at, found = random.Random(seed), []
    for number in range(count):
        place = at.choice(at.choice(at.choice(genes).exons[1:-1])) + at.randint(-6, 6)
        base = text[place]
        if number % 4 == 0:
            found.append((place, base, at.choice([each for each in "ACGT" if each != base])))
        elif number % 4 == 1:
            found.append((place, base, base + "".join(at.choices("ACGT", k=at.randint(1, 9)))))
        elif number % 4 == 2:
            found.append((place, text[place : place + at.randint(2, 30)], base))
        else:
            found.append((place, text[place : place + 3], "".join(at.choices("ACGT", k=3))))
    return found


def package(folder: Path, contig: str, text: str, genes: SpliceGenes, genome: Any) -> tuple[Any, list[Any]]:
    """Return the package's module, which reads this contig and these genes, and its networks."""
    for name in ("pkg_resources", "vcf", "gffutils", "pyfastx", "pandas"):
        sys.modules.setdefault(name, ModuleType(name)).__dict__.setdefault("resource_filename", None)
    sys.path.insert(0, str(folder))
    found = importlib.import_module("pangolin.pangolin")

    class Contig:
        def __getitem__(self, part: slice) -> Any:
            return SimpleNamespace(seq=text[part])

    def fasta(_: str) -> dict[str, Contig]:
        return {contig: Contig()}

    def genes_at(_chrom: str, position: int, _gtf: Any) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
        mine = genes.at(genome, genome.names.index(contig), position - 1)
        ends = {each.name: [end + 1 for exon in each.exons for end in exon] for each in mine}
        forward = {each.name for each in mine if each.forward}
        both = [{name: ends[name] for name in ends if (name in forward) == way} for way in (True, False)]
        return both[0], both[1]

    found.pyfastx, found.get_genes = SimpleNamespace(Fasta=fasta), genes_at
    networks = []
    for name in NETWORKS:
        network = found.Pangolin(found.L, found.W, found.AR)
        weights = torch.load(folder / "pangolin" / "models" / name, map_location="cpu", weights_only=True)
        network.load_state_dict(weights)
        networks.append(network.eval())
    return found, networks


def main() -> None:
    """Compare, print what differs, and say how long both took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("package", type=Path, help="checkout of github.com/tkzeng/Pangolin")
    parser.add_argument("reference", help="FASTA, whose first contig is used")
    parser.add_argument("genes", help="table of genes, as SpliceAI ships it")
    parser.add_argument("--count", type=int, default=16, help="variants")
    parser.add_argument("--seed", type=int, default=11)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    genome, genes = dnalect.open_genome(asked.reference), read_gene_table(asked.genes)
    contig = genome.names[0]
    text = str(genome[contig]).upper()
    own = {id(each): each for place in range(0, len(text), 500) for each in genes.at(genome, 0, place)}
    variants = drawn(text, [each for each in own.values() if len(each.exons) > 3], asked.count, asked.seed)
    theirs, networks = package(asked.package, contig, text, genes, genome)
    with TemporaryDirectory() as name:
        for each in NETWORKS:
            (Path(name) / each).symlink_to((asked.package / "pangolin" / "models" / each).resolve())
        model = dnalect.load(name)
    given = [Written(0, at, at + len(ref), encode(alt), at) for at, ref, alt in variants]
    for masked in (False, True):
        begun = time.perf_counter()
        ours = SpliceScorer(model, genome, genes, 50, masked).splices(given)
        between = time.perf_counter()
        told = SimpleNamespace(distance=50, score_cutoff=None, mask=str(masked), score_exons="False", reference_file="")
        ask = theirs.process_variant
        answers = [ask(0, contig, at + 1, ref, alt, None, networks, told) for at, ref, alt in variants]
        ended = time.perf_counter()
        differ = 0
        for (at, ref, alt), mine, answer in zip(variants, ours, answers, strict=True):
            known = {text.split("|")[0]: [_read(part) for part in text.split("|")[1:3]] for text in answer.split(",")}
            for each in mine:
                sizes = each.deltas[0], -each.deltas[1]
                found = [(place, round(size, 2) + 0.0) for place, size in zip(each.positions, sizes, strict=True)]
                if found != known[each.gene]:
                    differ += 1
                    print(f"{contig}:{at + 1} {ref}>{alt} {each.gene}: {found}, the package {known[each.gene]}")
        how = "masked" if masked else "not masked"
        spent = f"dnalect {between - begun:.0f} s, the package {ended - between:.0f} s"
        print(f"{len(variants)} variants, {how}: {differ} differ; {spent}")


def _read(text: str) -> tuple[int, float]:
    place, _, size = text.partition(":")
    return int(place), round(float(size), 2) + 0.0


if __name__ == "__main__":
    main()
