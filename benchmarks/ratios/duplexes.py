"""Duplex: variants beside two forwards each, forwards and training steps beside a bare product of matrices."""

from collections.abc import Sequence

import numpy as np
import torch
from precision import indels, snvs
from scoring import naive

import dnalect
from dnalect.core.records import Variant
from dnalect.genome.fasta import Genome
from dnalect.inference.likelihood import LeaveOneOutScorer
from dnalect.inference.run import once
from dnalect.inference.tiles import coded
from dnalect.jobs.demo.data import REFERENCE
from dnalect.models.families.duplex import Duplex, DuplexConfig
from dnalect.models.model import LOGITS, Model
from dnalect.models.precision import processor_has_bf16
from dnalect.tokens.bases import encode
from dnalect.training.optim import Muon
from ratios.rows import Row, Rows, costs, product

# The first network that shipped: the targets are twice the ratios that it had when they were set, 21 and 1,754.
FIRST = "duplex-yeast@1"
SCATTERED, DENSE = 42.0, 3508.0
FORWARD, STEP, INDELS = 0.6, 0.4, 3.0


def duplexes() -> Rows:
    """Scores of variants, then the network itself."""
    genome = dnalect.open_genome(REFERENCE)
    rng = np.random.default_rng(1)
    model = dnalect.load(FIRST)
    scattered = snvs(genome, 1000, rng)
    yield _beside("SNVs here and there", model, genome, scattered, 8, SCATTERED)
    yield _beside("every substitution of 5 kb", model, genome, _every(genome, 100_000, 5_000), 8, DENSE)
    yield _shifted(model, genome, indels(genome, 60, rng))
    dtype = torch.bfloat16 if processor_has_bf16() else torch.float32
    yield from _network(dtype)


def _beside(name: str, model: Model, genome: Genome, variants: Sequence[Variant], sample: int, target: float) -> Row:
    scorer, few = LeaveOneOutScorer(model, genome), variants[:: len(variants) // sample][:sample]
    ours, slow = costs(lambda: scorer.score(variants), lambda: naive(model, genome, few), repeats=2)
    ratio = (slow / len(few)) / (ours / len(variants))
    return Row(f"duplex, {name}", ratio, "times the rate", target, f"of two forwards a variant; {FIRST}")


def _every(genome: Genome, start: int, length: int) -> list[Variant]:
    bases = encode(genome.fetch(0, start, start + length))
    return [
        Variant(0, start + n, start + n + 1, bases[n : n + 1], np.array([alt], dtype=np.uint8))
        for n in range(length)
        for alt in range(4)
        if alt != bases[n]
    ]


def _shifted(model: Model, genome: Genome, variants: Sequence[Variant]) -> Row:
    """Whole forwards read the reach on both sides of every base that an indel moves, as the score needs it."""
    scorer, reach = LeaveOneOutScorer(model, genome), model.can.reach
    assert reach is not None

    def whole() -> None:
        for each in variants:
            before = encode(genome.fetch(each.contig, each.start - 2 * reach, each.start))
            behind = encode(genome.fetch(each.contig, each.end, each.end + 2 * reach))
            for middle in (each.ref, each.alt):
                once(model, coded(np.concatenate([before, middle, behind])[None]), LOGITS)

    ours, slow = costs(lambda: scorer.score(variants), whole, repeats=2)
    return Row("duplex, indels", slow / ours, "times the rate", INDELS, "of two whole forwards an indel")


def _network(dtype: torch.dtype) -> Rows:
    """The network of duplex-yeast in batches of training."""
    kind = str(dtype).removeprefix("torch.")
    network = Duplex(DuplexConfig(128, dilations=(1, 2, 4, 8, 16, 32, 64, 128), join="product"))
    codes = torch.randint(0, 4, (4, 2048))
    inside = torch.ones_like(codes, dtype=torch.bool)
    # Two a weight, and both strands are read.
    flops, peak = 4.0 * network.config.parameters * codes.numel(), product(dtype)
    muon = Muon([p for p in network.parameters() if p.ndim > 1], 0.01, half=dtype == torch.bfloat16)

    def forward() -> torch.Tensor:
        with torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16):
            out: torch.Tensor = network(codes, inside)
        return out

    def step() -> None:
        cost = torch.nn.functional.cross_entropy(forward().float().flatten(0, 1), codes.flatten())
        torch.autograd.backward(cost)
        muon.step()
        muon.zero_grad()

    with torch.inference_mode():
        (read,) = costs(forward, repeats=3)
    (learned,) = costs(step, repeats=2)
    yield Row(f"duplex, forward, {kind}", flops / read / peak, "of the rate", FORWARD, "of a bare product")
    yield Row(f"duplex, training step, {kind}", 3 * flops / learned / peak, "of the rate", STEP, "of a bare product")
