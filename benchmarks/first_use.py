"""What a first user waits for: wall and processor seconds of whole commands, each in a process of its own.

    python benchmarks/first_use.py [--data DATA] [--out results/benchmarks/first-use.tsv]

Rows: --help; one SNV with a cold and a warm cache; 500 records with 50 indels on an embedded model; the 1000
Genomes slice (with --data, else the variants of the demo); and, with a masked model of DNABERT's size and random
weights, 32 SNVs and an indel, fast and exact. Two threads unless OMP_NUM_THREADS says otherwise.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from precision import indels, snvs

import dnalect
from dnalect.core.records import Variant
from dnalect.genome.fasta import Genome
from dnalect.jobs.demo.data import DATA, REFERENCE
from dnalect.models.card import Card
from dnalect.models.families.dnabert import FAMILY, Config
from dnalect.models.published import PublishedModel
from dnalect.tokens.bases import decode, encode
from dnalect.tokens.kmers import OverlappingKmers

COLUMNS = ("what", "wall s", "processor s")
HEADER = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"


def vcf(path: Path, genome: Genome, variants: list[Variant]) -> Path:
    """Write variants as a VCF, sorted; indels with the base before them."""
    rows = []
    for each in sorted(variants, key=lambda v: (v.contig, v.start)):
        pure = each.kind in ("snv", "mnv")
        first = "" if pure else decode(encode(genome.fetch(each.contig, each.start - 1, each.start)))
        at = each.start + 1 - len(first)
        rows.append(
            f"{genome.names[each.contig]}\t{at}\t.\t{first}{decode(each.ref)}\t{first}{decode(each.alt)}\t.\t.\t.\n"
        )
    path.write_text(HEADER + "".join(rows))
    return path


def timed(what: str, arguments: list[str], cache: Path) -> tuple[str, float, float]:
    """Run a command. Returns its wall and its processor seconds; ends the benchmark where it fails."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    environment = os.environ | {"DNALECT_CACHE": str(cache)}
    done = subprocess.run(
        [sys.executable, "-m", "dnalect", *arguments], env=environment, capture_output=True, text=True
    )
    wall, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(f"{what}: {done.stderr}")
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"{what}\t{wall:.1f}\t{spent:.1f}", flush=True)
    return what, wall, spent


def random_dnabert(folder: Path) -> Path:
    """Write a model of DNABERT's size with random weights."""
    torch.manual_seed(1)
    tokenizer = OverlappingKmers(6)
    network = FAMILY.build(Config(len(tokenizer.words)))
    facts = {"family": "dnabert", "tokenizer": "dnabert-6", "context_bases": tokenizer.longest(512), "window": 512}
    size = sum(each.numel() for each in network.parameters())
    card = Card(id="random", revision="", sha256="", parameters=size, config={}, **facts)
    PublishedModel(card, FAMILY, tokenizer, network, torch.device("cpu"), torch.float32).save_pretrained(folder)
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder with variants/1000g_chr20_1-2Mb.vcf.gz and its FASTA")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    rng = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cold = iter(folder / f"cache{n}" for n in range(99))
        genome = dnalect.open_genome(REFERENCE)
        one = vcf(folder / "one.vcf", genome, snvs(genome, 1, rng))
        some = vcf(folder / "some.vcf", genome, snvs(genome, 450, rng) + indels(genome, 50, rng))
        few = vcf(folder / "few.vcf", genome, snvs(genome, 32, rng))
        indel = vcf(folder / "indel.vcf", genome, indels(genome, 1, rng))
        large = random_dnabert(folder / "dnabert")
        out = ["-o", str(folder / "o.tsv")]

        def score(vcf: Path, *more: str, reference: Path = REFERENCE) -> list[str]:
            return ["score", str(reference), str(vcf), *out, *more]

        once = next(cold)
        rows = [
            timed("--help", ["--help"], once),
            timed("one SNV, cold cache", score(one), once),
            timed("one SNV, warm cache", score(one), once),
            timed("450 SNVs and 50 indels, embedded model, cold cache", score(some), next(cold)),
        ]
        if given.data:
            slice_ = given.data / "variants" / "1000g_chr20_1-2Mb.vcf.gz"
            fasta = slice_.with_name("1000g_chr20_1-2Mb.fa")
            rows.append(timed("1000 Genomes slice", score(slice_, "-m", "duplex-human", reference=fasta), next(cold)))
        else:
            rows.append(timed("variants of the demo", score(DATA / "promoter_variants.vcf.gz"), next(cold)))
        alone = ("-m", str(large), "--background", "0")
        rows += [
            timed("32 SNVs, DNABERT's size", score(few, *alone), next(cold)),
            timed("an indel, DNABERT's size, fast", score(indel, *alone), next(cold)),
            timed("an indel, DNABERT's size, exact", score(indel, *alone, "--indels", "exact"), next(cold)),
        ]
    if given.out:
        given.out.parent.mkdir(parents=True, exist_ok=True)
        about = f"# {torch.get_num_threads()} threads, torch {torch.__version__}\n"
        lines = ["\t".join(COLUMNS), *(f"{what}\t{wall:.1f}\t{spent:.1f}" for what, wall, spent in rows)]
        given.out.write_text(about + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
