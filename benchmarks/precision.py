"""float32 against bfloat16, or 8-bit linear layers: how far scores move, and what it saves.

    python benchmarks/precision.py [--against bfloat16|int8] [--snvs 600] [--indels 60] [MODEL ...]

For each model and class of variant: the median and the largest |difference| of the scores in nats,
the rank correlation (Spearman), and the processor time of both. Random variants of the reference of
the demo, or --reference. docs/scores.md has the bound that a default would have to keep.
"""

import argparse
import time
import zlib

import numpy as np
import torch
from scipy.stats import spearmanr
from torch import nn
from torch.ao.quantization import quantize_dynamic

import dnalect
from dnalect.core.records import Variant
from dnalect.genome.fasta import Genome
from dnalect.genome.windows.alleles import normalise
from dnalect.inference.likelihood import scorer_for
from dnalect.jobs.demo.data import REFERENCE
from dnalect.models.precision import processor_has_bf16
from dnalect.tokens.bases import UNKNOWN, encode


def snvs(genome: Genome, count: int, rng: np.random.Generator) -> list[Variant]:
    """Random substitutions, one a site, away from unknown bases."""
    found: list[Variant] = []
    while len(found) < count:
        contig, at = _place(genome, rng)
        around = encode(genome.fetch(contig, at - 400, at + 400))
        if (around != UNKNOWN).all():
            ref = around[400:401]
            found.append(Variant(contig, at, at + 1, ref, ((ref + rng.integers(1, 4)) % 4).astype(np.uint8)))
    return found


def indels(genome: Genome, count: int, rng: np.random.Generator) -> list[Variant]:
    """Random insertions and deletions of 1 to 12 bases."""
    found: list[Variant] = []
    while len(found) < count:
        contig, at = _place(genome, rng)
        if (encode(genome.fetch(contig, at - 400, at + 400)) == UNKNOWN).any():
            continue
        ref = encode(genome.fetch(contig, at, at + int(rng.integers(1, 13))))
        pair = (ref, ref[:0]) if rng.random() < 0.5 else (ref[:0], rng.integers(0, 4, len(ref)).astype(np.uint8))
        found.append(normalise(contig, at, *pair, genome))
    return found


def _place(genome: Genome, rng: np.random.Generator) -> tuple[int, int]:
    contig = int(rng.choice(len(genome.lengths), p=genome.lengths / genome.lengths.sum()))
    return contig, int(rng.integers(1_000, genome.lengths[contig] - 1_000))


def measured(model: str, dtype: str, genome: Genome, variants: list[Variant]) -> tuple[np.ndarray, float]:
    """Scores, and the seconds of the processor that they took; the model is warm."""
    loaded = dnalect.load(model, dtype="float32" if dtype == "int8" else dtype)
    if dtype == "int8":
        loaded.network = quantize_dynamic(loaded.network, {nn.Linear}, dtype=torch.qint8)
    scorer = scorer_for(loaded, genome)
    scorer.score(variants[:2])
    begun = time.process_time()
    scores = scorer.score(variants)
    return np.array([score.value for score in scores]), time.process_time() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", default=["duplex-yeast", "duplex-human"])
    parser.add_argument("--reference", default=str(REFERENCE))
    parser.add_argument("--against", choices=("bfloat16", "int8"), default="bfloat16")
    parser.add_argument("--snvs", type=int, default=600)
    parser.add_argument("--indels", type=int, default=60)
    given = parser.parse_args()
    genome = dnalect.open_genome(given.reference)
    print(f"# {genome.path.name}; processor with bfloat16: {processor_has_bf16()}")
    print(f"model\tclass\tn\tmedian |difference|\tlargest\tSpearman\tseconds float32\tseconds {given.against}")
    for model in given.models:
        for name, make, count in (("snv", snvs, given.snvs), ("indel", indels, given.indels)):
            variants = make(genome, count, np.random.default_rng(zlib.crc32(name.encode())))
            exact, slow = measured(model, "float32", genome, variants)
            rounded, fast = measured(model, given.against, genome, variants)
            off = np.abs(exact - rounded)
            rank = spearmanr(exact, rounded).statistic
            print(
                f"{model}\t{name}\t{count}\t{np.median(off):.4f}\t{off.max():.3f}\t{rank:.5f}\t{slow:.2f}\t{fast:.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
