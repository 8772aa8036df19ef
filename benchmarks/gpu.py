"""What a GPU does with our networks, as shares of what it can, in one call of a few minutes.

    python benchmarks/gpu.py [--out results/benchmarks/gpu.tsv]

All in bfloat16. A row is a rate and, where there is something to hold it against, a ratio: to a bare product of
matrices of 8,192, or to transformers' own BertModel (scaled_dot_product_attention) at the same sizes, fed in the order
of the file. Where there is no GPU it says so. --tiny goes the same way on the CPU, and measures nothing that matters.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from dnalect.core.encoding import Encoding
from dnalect.inference.run import run
from dnalect.models.card import Card
from dnalect.models.families.duplex import Duplex, DuplexConfig
from dnalect.models.model import Ask
from dnalect.models.published import PublishedModel
from dnalect.models.recognise import FAMILIES
from dnalect.tokens.names import named
from dnalect.training.optim import Muon

Row = tuple[str, float, str, float | None, str]


@dataclass(frozen=True)
class Sizes:
    """Where, and how large. windows: of a batch. many: of those of one length. matrix: rows of the bare product."""

    device: str = "cuda"
    width: int = 768
    layers: int = 12
    heads: int = 12
    tokens: int = 512
    windows: int = 64
    many: int = 512
    matrix: int = 8192
    duplex: int = 128
    bases: tuple[int, int] = (256, 512)


TINY = Sizes("cpu", 16, 2, 2, 64, 4, 8, 64, 8, (2, 64))


def seconds(at: Sizes, work: Callable[[], object], repeats: int = 10) -> float:
    """Return the median time of some work on the GPU, after two calls that nobody counts."""
    times = []
    for number in range(repeats + 2):
        settle(at)
        begun = time.perf_counter()
        work()
        settle(at)
        times += [time.perf_counter() - begun] if number >= 2 else []
    return statistics.median(times)


def settle(at: Sizes) -> None:
    """Wait until the GPU is done."""
    if at.device == "cuda":
        torch.cuda.synchronize()


def product(at: Sizes) -> float:
    """Return the operations a second of a bare product of matrices."""
    one, other = (torch.randn(at.matrix, at.matrix, device=at.device, dtype=torch.bfloat16) for _ in range(2))
    return 2 * at.matrix**3 / seconds(at, lambda: one @ other)


def encoder(at: Sizes) -> PublishedModel:
    """DNABERT of the published size, with random weights."""
    family = FAMILIES["dnabert"]
    sizes = {"width": at.width, "layers": at.layers, "heads": at.heads, "hidden": 4 * at.width}
    network = family.build(family.config(vocabulary=4101, longest=at.tokens, **sizes))
    card = Card("it", "r", "s", "dnabert", "dnabert-6", {}, context_bases=at.tokens, window=at.tokens, parameters=1)
    return PublishedModel(card, family, named("dnabert-6"), network, torch.device(at.device), torch.bfloat16)


def bert(at: Sizes) -> Any:
    """The same of transformers, None where that isn't installed."""
    # This folder has a tokenizers.py, which is not the package that transformers asks for.
    sys.path = [each for each in sys.path if Path(each).resolve() != Path(__file__).resolve().parent]
    try:
        from transformers import BertConfig, BertModel
    except ImportError:
        return None
    config = BertConfig(
        vocab_size=4101,
        hidden_size=at.width,
        num_hidden_layers=at.layers,
        num_attention_heads=at.heads,
        intermediate_size=4 * at.width,
        max_position_embeddings=at.tokens,
        attn_implementation="sdpa",
    )
    return BertModel(config, add_pooling_layer=False).to(at.device, torch.bfloat16).eval()


def encoded(lengths: Sequence[int]) -> Encoding:
    rng, longest = np.random.default_rng(1), max(lengths)
    mask = np.arange(longest) < np.array(lengths)[:, None]
    ids = np.where(mask, rng.integers(5, 4101, mask.shape), 0)
    return Encoding(ids, mask, mask)


@torch.inference_mode()
def theirs(at: Sizes, model: Any, lengths: Sequence[int]) -> None:
    """Read windows in the order of the file, padded to the longest of their batch, as is usual."""
    for low in range(0, len(lengths), at.windows):
        given = encoded(lengths[low : low + at.windows])
        ids, mask = (torch.from_numpy(each).to(at.device) for each in (given.input_ids, given.attention_mask))
        model(input_ids=ids, attention_mask=mask.long()).last_hidden_state.float().mean().item()


def encoders(at: Sizes, peak: float) -> list[Row]:
    """One length and mixed lengths, beside transformers."""
    ours, model = encoder(at), bert(at)
    # Of a token: two a weight, and those of attention over the window.
    each = at.layers * (2 * 12 * at.width**2 + 4 * at.tokens * at.width)
    mixed = np.random.default_rng(2).integers(at.tokens // 8, at.tokens + 1, 4 * at.many).tolist()
    rows: list[Row] = []
    for name, lengths in ((f"{at.tokens} tokens", [at.tokens] * at.many), ("an eighth of it to all", mixed)):
        given = encoded(lengths)
        ask, together = Ask(logits=False, states=(None,)), at.tokens * at.windows
        took = seconds(at, partial(run, ours, given, ask, lambda _: None, tokens=together), 5)
        rows.append((f"encoder, {name}", len(lengths) / took, "windows a second", None, ""))
        if lengths is not mixed:
            rate = sum(lengths) * each / took
            rows.append(("", rate / 1e12, "Tflop/s", rate / peak, "of the product"))
        if model is not None:
            beside = seconds(at, partial(theirs, at, model, lengths), 5)
            rows.append(("", len(lengths) / beside, "windows a second of transformers", beside / took, "times that"))
    return rows


def duplexes(at: Sizes, peak: float) -> list[Row]:
    """Forwards and training steps of duplex, whose multiplications are counted by its parameters."""
    rows: list[Row] = []
    network = Duplex(DuplexConfig(at.duplex, dilations=(1, 2, 4, 8, 16, 32), join="product")).to(at.device)
    codes = torch.randint(0, 4, at.bases, device=at.device)
    inside = torch.ones_like(codes, dtype=torch.bool)
    # Both strands are read.
    each = 2 * 2 * network.config.parameters
    if at.device == "cuda":
        network.compile(dynamic=False)
    muon = Muon([p for p in network.parameters() if p.ndim > 1], 0.01, half=True)

    @torch.inference_mode()
    def forward() -> None:
        with torch.autocast(at.device, torch.bfloat16):
            network(codes, inside)

    def step() -> None:
        with torch.autocast(at.device, torch.bfloat16):
            cost = torch.nn.functional.cross_entropy(network(codes, inside).float().flatten(0, 1), codes.flatten())
        torch.autograd.backward(cost)
        muon.step()
        muon.zero_grad()

    for name, work, times in (("duplex forward", forward, 1), ("duplex training step", step, 3)):
        took = seconds(at, work)
        flops = times * each * codes.numel() / took
        rows += [(name, codes.numel() / took / 1e6, "megabases a second", flops / peak, "of the product")]
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--tiny", action="store_true")
    args = parser.parse_args()
    at = TINY if args.tiny else Sizes()
    if at.device == "cuda" and not torch.cuda.is_available():
        print("there is no CUDA GPU here: nothing is measured")
        return
    peak = product(at)
    name = torch.cuda.get_device_name() if at.device == "cuda" else "cpu"
    rows: list[Row] = [("product of matrices", peak / 1e12, "Tflop/s", None, name)]
    for part in (encoders, duplexes):
        rows += part(at, peak)
    lines = ["what\trate\tunit\tratio\tof"]
    lines += [f"{w}\t{r:.4g}\t{u}\t{'' if s is None else f'{s:.3f}'}\t{t}" for w, r, u, s, t in rows]
    print("\n".join(lines))
    if args.out:
        args.out.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
