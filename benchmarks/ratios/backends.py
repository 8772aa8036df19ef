"""Ways to compute a forward beside plain float32: an encoder of DNABERT's size, random weights, and duplex-yeast."""

import importlib.util
import logging
import warnings
from copy import deepcopy
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import nn

import dnalect
from dnalect.models.backends import BACKENDS, pack
from ratios.encoders import SHAPES, networks
from ratios.rows import Row, Rows, Work, costs

CPU = torch.device("cpu")


class Logits(nn.Module):
    """ids, mask (B, T) -> logits of a network, an encoder or a duplex."""

    def __init__(self, network: Any):
        super().__init__()
        self.network, self.last = network, hasattr(network, "embeddings")

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return (B, T, V)."""
        found: torch.Tensor = self.network(ids, mask)
        return self.network.logits(found.last) if self.last else found


def backends() -> Rows:
    """Whole forwards in turns; how far answers are apart stands beside the rate."""
    rng = np.random.default_rng(1)
    encoder, _, _ = networks(SHAPES[0])
    yield from _beside("DNABERT, 512 tokens", encoder, torch.from_numpy(rng.integers(5, 4000, (1, 512))))
    duplex = dnalect.load("duplex-yeast").network
    yield from _beside("duplex-yeast, 1,024 bases", duplex, torch.from_numpy(rng.integers(0, 4, (4, 1024))))


def _beside(name: str, network: nn.Module, ids: torch.Tensor) -> Rows:
    plain, mask = Logits(network).eval(), torch.ones_like(ids, dtype=torch.bool)
    works = {who: made for who, make in _MAKERS.items() if (made := _made(make, plain, ids, mask))}
    with torch.inference_mode():
        wanted = plain(ids, mask).numpy()
        taken = costs(lambda: plain(ids, mask), *works.values(), repeats=4)
        for (who, work), seconds in zip(works.items(), taken[1:], strict=True):
            off = np.abs(np.asarray(work()) - wanted).max() / np.abs(wanted).max()
            yield Row(f"forward, {name}", taken[0] / seconds, "times plain float32", None, f"{who}; {off:.0e} off")


def _made(make: Any, plain: Logits, ids: torch.Tensor, mask: torch.Tensor) -> Work | None:
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made: Work | None = make(deepcopy(plain), ids, mask)
            if made is not None:
                with torch.inference_mode():
                    made()
            return made
    except Exception:  # an engine that can't read a network has no row
        return None
    finally:
        logging.disable(before)


def _packed(plain: Logits, ids: torch.Tensor, mask: torch.Tensor) -> Work | None:
    if not BACKENDS[1].there(CPU):
        return None
    pack(SimpleNamespace(network=plain))  # type: ignore[arg-type]
    return lambda: plain(ids, mask).numpy()


def _bf16(plain: Logits, ids: torch.Tensor, mask: torch.Tensor) -> Work | None:
    half = plain.bfloat16()
    return (lambda: half(ids, mask).float().numpy()) if BACKENDS[0].there(CPU) else None


def _compiled(plain: Logits, ids: torch.Tensor, mask: torch.Tensor) -> Work:
    compiled = torch.compile(plain)
    return lambda: compiled(ids, mask).numpy()


def _onnxruntime(plain: Logits, ids: torch.Tensor, mask: torch.Tensor) -> Work | None:
    if not importlib.util.find_spec("onnxruntime"):
        return None
    import onnxruntime

    with torch.no_grad():
        made = torch.onnx.export(plain, (ids, mask), dynamo=True, optimize=False, verbose=False)
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = settings.inter_op_num_threads = 1
    settings.log_severity_level = 3
    data = made.model_proto.SerializeToString()  # type: ignore[union-attr]
    session = onnxruntime.InferenceSession(data, settings, providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_inputs()]
    given = dict(zip(names, (ids.numpy(), mask.numpy()), strict=True))
    return lambda: session.run(None, given)[0]


def _openvino(plain: Logits, ids: torch.Tensor, mask: torch.Tensor) -> Work | None:
    if not importlib.util.find_spec("openvino"):
        return None
    import openvino

    settings = {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32"}
    made = openvino.Core().compile_model(openvino.convert_model(plain, example_input=(ids, mask)), "CPU", settings)
    return lambda: made([ids.numpy(), mask.numpy()])[0]


def _int8(plain: Logits, ids: torch.Tensor, mask: torch.Tensor) -> Work:
    from torch.ao.quantization import quantize_dynamic

    whole = quantize_dynamic(plain, {nn.Linear}, dtype=torch.qint8)
    return lambda: whole(ids, mask).numpy()


_MAKERS = {
    "linear layers by oneDNN": _packed,
    "bfloat16": _bf16,
    "torch.compile": _compiled,
    "ONNX Runtime": _onnxruntime,
    "OpenVINO": _openvino,
    "int8 (dynamic)": _int8,
}
