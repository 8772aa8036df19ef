"""State spaces beside attention: processor time and memory of stacks of equal size, by length.

    python benchmarks/states.py [LENGTH ...]

On one core, without gradients. Every stack is 256 channels wide and has about as many parameters as two layers of
attention and feed-forward. 1,024 bases are read eight windows at a time, as scoring does; longer windows alone.
"""

import resource
import subprocess
import sys
import time

import torch
from torch import nn

from dnalect.models.layers.attention import Attention
from dnalect.models.layers.decoder import DecoderLayer, DecoderSizes
from dnalect.models.layers.encoder import Layer
from dnalect.models.layers.feed_forward import Plain
from dnalect.models.layers.mamba import Block, StateSizes
from dnalect.models.layers.positions import Folders, rotary
from dnalect.models.layers.sizes import Sizes

WIDTH, HEAD, LENGTHS, TOKENS = 256, 64, (1024, 4096, 8192, 32768), 8192
REPEATS = 3


def layers(kind: str) -> nn.ModuleList:
    """Return a stack of a kind."""
    heads = WIDTH // HEAD
    if kind == "attention":
        sizes = Sizes(8, WIDTH, 2, heads, 4 * WIDTH)
        return nn.ModuleList(Layer(sizes, Attention(WIDTH, heads), Plain(WIDTH, 4 * WIDTH), pre=True) for _ in range(2))
    if kind == "causal attention":
        one = DecoderSizes(8, WIDTH, 2, heads, 8 * WIDTH // 3, groups=heads, head=HEAD)
        return nn.ModuleList(DecoderLayer(one) for _ in range(2))
    second, both = kind.startswith("Mamba 2"), kind.endswith("both directions")
    space = StateSizes(8, WIDTH, 4, hidden=2 * WIDTH, rank=WIDTH // 16)
    if second:
        space = StateSizes(8, WIDTH, 4, 2 * WIDTH // HEAD, hidden=2 * WIDTH, version=2, memory=64)
    return nn.ModuleList(Block(space, both) for _ in range(4))


KINDS = ("attention", "Mamba, both directions", "Mamba 2, both directions", "causal attention", "Mamba", "Mamba 2")


def measure(kind: str, length: int) -> tuple[float, int, float]:
    """Return seconds of processor time for a thousand bases, parameters, and megabytes above what was there before."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    stack, rows = layers(kind).eval(), max(1, TOKENS // length)
    x, inside = torch.randn(rows, length, WIDTH), torch.ones(rows, length, 1)
    places = Folders(None, rotary(length, HEAD, x.device) if kind == "causal attention" else None, inside, inside)
    before, best = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, float("inf")
    with torch.inference_mode():
        for _ in range(REPEATS):
            state, start = x, time.process_time()
            for layer in stack:
                state = layer(state, places)[0]
            best = min(best, time.process_time() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return best / rows / length * 1000, sum(each.numel() for each in stack.parameters()), (peak - before) / 1024


def main() -> None:
    """Print a table; every number comes from a process of its own."""
    if len(sys.argv) == 4 and sys.argv[1] == "one":
        print(*measure(sys.argv[2], int(sys.argv[3])))
        return
    print("length\tstack\tparameters\tms per 1,000 bases\ttimes attention's, per parameter\tMB beside the weights")
    for length in map(int, sys.argv[1:]) if sys.argv[1:] else LENGTHS:
        rival = {}
        for kind in KINDS:
            done = subprocess.run(
                [sys.executable, __file__, "one", kind, str(length)], capture_output=True, text=True, check=True
            )
            seconds, parameters, memory = map(float, done.stdout.split())
            rival.setdefault("causal" in kind or not kind.endswith(("attention", "directions")), (seconds, parameters))
            other = rival["causal" in kind or not kind.endswith(("attention", "directions"))]
            share = seconds / other[0] / (parameters / other[1])
            print(f"{length:,}\t{kind}\t{parameters:,.0f}\t{1000 * seconds:.0f}\t{share:.2f}\t{memory:.0f}", flush=True)


if __name__ == "__main__":
    main()
