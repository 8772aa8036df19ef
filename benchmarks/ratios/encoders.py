"""Forwards of encoders of published sizes, random weights, beside transformers and, where it is installed, OpenVINO.

The rival of DNABERT is the same network. Of DNABERT-2 and Nucleotide Transformer v2, which transformers does not
have, it is its BERT and its ESM with as many multiplications a token.
"""

import importlib.util
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from dnalect.models.catalogue import published
from dnalect.models.precision import processor_has_bf16
from dnalect.models.recognise import FAMILIES
from ratios.rows import Row, Rows, Work, costs, product

# Beside a bare product of matrices, and beside the best of the others in bfloat16.
SHARE, AHEAD = 0.85, 1.1


@dataclass(frozen=True)
class Shape:
    """An encoder, the batch that it reads, and the class of transformers that is its rival, with sizes of its own."""

    name: str
    card: str
    windows: int
    tokens: int
    rival: str
    sizes: dict[str, Any] = field(default_factory=dict)


SHAPES = (
    Shape("DNABERT, 512 tokens", "dnabert-6", 2, 512, "Bert"),
    Shape("DNABERT-2, 112 tokens", "dnabert-2", 8, 112, "Bert", {"intermediate_size": 4608}),
    Shape(
        "NT-v2-50M, 172 tokens",
        "nt-v2-50m",
        8,
        172,
        "Esm",
        {"intermediate_size": 3072, "position_embedding_type": "rotary", "pad_token_id": 1},
    ),
)


@torch.inference_mode()
def encoders() -> Rows:
    """In float32, which is exact; in bfloat16 where the processor computes in it."""
    for shape in SHAPES:
        ours, theirs, flops = networks(shape)
        ids = torch.from_numpy(np.random.default_rng(1).integers(5, 4000, (shape.windows, shape.tokens)))
        mask = torch.ones_like(ids, dtype=torch.bool)
        precisions = (torch.float32, torch.bfloat16) if processor_has_bf16() else (torch.float32,)
        for dtype in precisions:
            yield from _rows(shape.name, _works(ours.to(dtype), theirs, ids, mask, dtype), flops * ids.numel(), dtype)
    if not processor_has_bf16():
        yield Row("encoders in bfloat16", float("nan"), "", None, "this processor does not compute in it")


def _rows(name: str, works: dict[str, Work], flops: float, dtype: torch.dtype) -> Rows:
    """Beside each rival, and beside the machine."""
    exact = dtype == torch.float32
    kind = "float32" if exact else "bfloat16"
    took = dict(zip(works, costs(*works.values()), strict=True))
    rivals = {who: seconds / took["dnalect"] for who, seconds in took.items() if who != "dnalect"}
    best = min(rivals, key=rivals.__getitem__, default=None)
    for who, ratio in rivals.items():
        target = (1.0 if exact else AHEAD) if who == best else None
        yield Row(f"forward, {name}, {kind}", ratio, "times the rate", target, f"of {who}")
    share = flops / took["dnalect"] / product(dtype)
    yield Row("", share, "of the rate", None if exact else SHARE, "of a bare product of matrices")


def _works(ours: Any, theirs: Any, ids: torch.Tensor, mask: torch.Tensor, dtype: torch.dtype) -> dict[str, Work]:
    """What is timed: all logits of a batch."""
    found: dict[str, Work] = {"dnalect": lambda: ours.logits(ours(ids, mask).last)}
    if theirs is not None:
        theirs = theirs.to(dtype)
        found["transformers"] = lambda: theirs(input_ids=ids, attention_mask=mask.long()).logits
    if theirs is not None and importlib.util.find_spec("openvino"):
        found["OpenVINO"] = _openvino(theirs, ids, mask, dtype)
    return found


def _openvino(model: Any, ids: torch.Tensor, mask: torch.Tensor, dtype: torch.dtype) -> Work:
    """The same network of transformers, converted from the module; one thread, as everywhere here."""
    import openvino

    given = {"input_ids": ids, "attention_mask": mask.long()}
    kind = "f32" if dtype == torch.float32 else "bf16"
    core, settings = openvino.Core(), {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": kind}
    made = core.compile_model(openvino.convert_model(model.float(), example_input=given), "CPU", settings)
    arrays = {name: each.numpy() for name, each in given.items()}
    return lambda: made(arrays)


def networks(shape: Shape) -> tuple[Any, Any, float]:
    """Our network, the rival or None, and the multiplications and additions of a token."""
    card = published(shape.card)
    family = FAMILIES[card.family]
    config = family.config(**card.sizes)
    ours = family.build(config).eval()
    dense = sum(each.numel() for name, each in ours.named_parameters() if each.ndim == 2 and "embeddings" not in name)
    flops = 2 * (dense + config.vocabulary * config.width) + config.layers * 4 * shape.tokens * config.width
    return ours, _rival(shape, config), flops


def the_rival() -> Any:
    """Return transformers, None where it is not installed."""
    # The folder above has a tokenizers.py, which is not the package that transformers asks for.
    sys.path = [each for each in sys.path if Path(each).resolve() != Path(__file__).resolve().parents[1]]
    try:
        import transformers
    except ImportError:
        return None
    return transformers


def _rival(shape: Shape, config: Any) -> Any:
    transformers = the_rival()
    if transformers is None:
        return None
    sizes = {
        "vocab_size": config.vocabulary,
        "hidden_size": config.width,
        "num_hidden_layers": config.layers,
        "num_attention_heads": config.heads,
        "intermediate_size": config.hidden,
        "max_position_embeddings": 2050 if shape.rival == "Esm" else 512,
    }
    made = getattr(transformers, f"{shape.rival}Config")(**(sizes | shape.sizes))
    return getattr(transformers, f"{shape.rival}ForMaskedLM")(made).eval()
