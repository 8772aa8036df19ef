"""How much faster than the naive way: a reference and an alternate forward for every variant, batch 1.

    python benchmarks/scoring.py [--reference genome.fa] [--model duplex-yeast]

Prints ratios of seconds per variant at equal numbers. The naive way is timed on a sample of the
variants (--naive), since its time per variant does not depend on their number.
"""

import argparse
import time

import numpy as np
import torch

import dnalect
from dnalect.core.records import Variant
from dnalect.genome.fasta import Genome
from dnalect.inference.likelihood import LeaveOneOutScorer
from dnalect.inference.run import once
from dnalect.inference.tiles import coded
from dnalect.jobs.demo.data import REFERENCE
from dnalect.models.model import LOGITS
from dnalect.tokens.bases import UNKNOWN, encode


def variants(genome: Genome, contigs: np.ndarray, positions: np.ndarray, rng: np.random.Generator) -> list[Variant]:
    """One random substitution at every known site."""
    ref = encode(genome.windows(contigs, positions, 1))[:, 0]
    alt = ((ref + rng.integers(1, 4, len(ref))) % 4).astype(np.uint8)
    return [
        Variant(int(c), int(p), int(p) + 1, ref[n : n + 1], alt[n : n + 1])
        for n, (c, p) in enumerate(zip(contigs, positions, strict=True))
        if ref[n] != UNKNOWN
    ]


def naive(model, genome: Genome, chosen: list[Variant]) -> list[float]:
    """Two forwards of one window each, the way it is usually done."""
    out, reach = [], model.can.reach
    for v in chosen:
        around = encode(genome.fetch(v.contig, v.start - reach, v.start + reach + 1))[None]
        log_probs = []
        for base in (v.ref[0], v.alt[0]):
            around[0, reach] = base
            logits = once(model, coded(around), LOGITS).logits
            log_probs.append(torch.log_softmax(logits, -1)[0, reach, base].item())
        out.append(log_probs[1] - log_probs[0])
    return out


def compare(name: str, model, genome: Genome, chosen: list[Variant], sample: int) -> None:
    scorer = LeaveOneOutScorer(model, genome)
    scorer.score(chosen[:64])
    begun = time.perf_counter()
    ours = [s.value for s in scorer.score(chosen)]
    fast = (time.perf_counter() - begun) / len(chosen)
    picked = np.linspace(0, len(chosen) - 1, sample).astype(int)
    naive(model, genome, [chosen[picked[0]]])
    begun = time.perf_counter()
    slow_values = naive(model, genome, [chosen[n] for n in picked])
    slow = (time.perf_counter() - begun) / sample
    difference = max(abs(ours[n] - value) for n, value in zip(picked, slow_values, strict=True))
    print(
        f"{name}: {len(chosen):,} SNVs, {1 / fast:,.0f} a second, naive {1 / slow:,.1f} a second: "
        f"{slow / fast:,.0f} times faster, largest difference {difference:.1e}"
    )


def windows_a_second(model, length: int, count: int = 64) -> float:
    codes = np.random.default_rng(0).integers(0, 4, (count, length)).astype(np.uint8)
    once(model, coded(codes[:8]), LOGITS)
    begun = time.perf_counter()
    for low in range(0, count, 8):
        once(model, coded(codes[low : low + 8]), LOGITS)
    return count / (time.perf_counter() - begun)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reference", default=str(REFERENCE))
    parser.add_argument("--model", default="duplex-yeast")
    parser.add_argument("--naive", type=int, default=100)
    given = parser.parse_args()
    genome = dnalect.open_genome(given.reference)
    model = dnalect.load(given.model)
    rng = np.random.default_rng(1)
    print(f"{torch.get_num_threads()} threads, {model.card.id}, {genome.path.name}")
    at = np.sort(rng.choice(len(genome.packed), 10_000, replace=False))
    contigs = np.searchsorted(genome.offsets, at, side="right") - 1
    scattered = variants(genome, contigs, at - genome.offsets[contigs], rng)
    compare("scattered", model, genome, scattered, given.naive)
    start = int(genome.lengths[0]) // 2
    positions = np.repeat(np.arange(start, start + 20_000), 3)
    dense = variants(genome, np.zeros_like(positions), positions, rng)
    compare("every substitution of 20 kb", model, genome, dense, given.naive)
    for dtype in ("float32", "bfloat16"):
        rate = windows_a_second(dnalect.load(given.model, dtype=dtype), 512)
        print(f"whole forward, {dtype}: {rate:,.0f} windows of 512 bases a second")


if __name__ == "__main__":
    main()
