"""A model as a file of ONNX, which other languages and engines read, checked before it is kept.

Shapes: B sequences, T tokens.
"""

import io
import json
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from dnalect.core.encoding import Encoding
from dnalect.core.errors import ConfigError, ModelError
from dnalect.models.model import Model
from dnalect.models.predictor import Predictor
from dnalect.models.same import apart, question, samples

NEEDED = "an export needs onnx, onnxscript and onnxruntime: pip install 'dnalect[onnx]'"
# Of the largest number that an output has: what the order of a sum may change.
CLOSE = 1e-4
INPUTS = "input_ids", "attention_mask"


class Traced(nn.Module):
    """forward: ids (B, T) int64, mask (B, T) bool -> logits and last states, or what each head gives."""

    def __init__(self, model: Model, special: Sequence[int]):
        super().__init__()
        self.model, self.network = model, model.network
        self.special: Tensor
        self.register_buffer("special", torch.tensor(list(special), dtype=torch.int64))
        targets = tuple(model.can.targets)
        self.ask = question(model)
        self.outputs = targets or ("logits", "states")[not self.ask.logits :]

    def forward(self, ids_BT: Tensor, mask_BT: Tensor) -> tuple[Tensor, ...]:
        """Return the outputs in their order."""
        covers = mask_BT & (ids_BT[..., None] != self.special).all(-1) if len(self.special) else mask_BT
        # Tensors in place of arrays: `as_tensor` takes both.
        given: Any = Encoding(ids_BT, mask_BT, covers)  # type: ignore[arg-type]
        out = self.model.forward(given, self.ask)
        if self.ask.targets:
            return tuple((out.targets or {})[name] for name in self.outputs)
        return (*((out.logits,) if out.logits is not None else ()), *(out.states or ()))


def exported(model: Model) -> tuple[bytes, float]:
    """Return the file, and the largest difference of onnxruntime's answers, as a share of an output's largest number.

    The model computes in float32 on the CPU. Sequences of any number and length may be read. Raises ConfigError where
    a library is missing, ModelError where the network can't be exported, or the file answers otherwise than the model.
    """
    check_libraries()
    if str(model.device) != "cpu" or model.dtype != torch.float32 or model.offloaded:
        raise ModelError(f"{model.card.id} must lie on the CPU in float32 for an export, all of it")
    if model.can.signals:
        raise ModelError(f"{model.card.id} reads signals beside the sequence, which an export does not")
    if isinstance(model, Predictor) and model.reading.pool == "eighths":
        raise ModelError(f"{model.card.id} reads a sequence in eighths, by the bases of its words: an export can't")
    batches = samples(model)
    covered = [(each.input_ids, each.attention_mask & ~each.covering) for each in batches]
    special = sorted({int(n) for ids, away in covered for n in ids[away]})
    traced = Traced(model, special).eval()
    data = _traced_file(traced, batches[0], _told(model, special))
    return data, _difference(traced, data, batches)


def check_libraries() -> None:
    """Raise ConfigError where one is missing."""
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise ConfigError(NEEDED) from error


def _traced_file(traced: Traced, sample: Encoding, told: Mapping[str, str]) -> bytes:
    free = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
    given = torch.from_numpy(np.ascontiguousarray(sample.input_ids)), torch.from_numpy(sample.attention_mask.copy())
    names: dict[str, Any] = {"input_names": list(INPUTS), "output_names": list(traced.outputs)}
    try:
        with _quiet(), torch.no_grad():
            # Its own optimizer folds constants into wrong graphs; engines optimize by themselves.
            made = torch.onnx.export(
                traced, given, dynamo=True, dynamic_shapes=(free, free), optimize=False, verbose=False, **names
            )
    except Exception as error:
        name, family = traced.model.card.id, traced.model.language.card.family
        raise ModelError(
            f"torch can't export {name}: the networks of {family} have no one graph for any number of tokens "
            f"({type(error).__name__})"
        ) from error
    assert made is not None
    proto = made.model_proto
    for key, value in told.items():
        proto.metadata_props.add(key=key, value=value)
    data: bytes = proto.SerializeToString()
    return data


def _difference(traced: Traced, data: bytes, batches: Sequence[Encoding]) -> float:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    worst = 0.0
    for sample in batches:
        arrays = np.ascontiguousarray(sample.input_ids), np.ascontiguousarray(sample.attention_mask)
        theirs = session.run(list(traced.outputs), dict(zip(INPUTS, arrays, strict=True)))
        with torch.inference_mode():
            ours = [each.numpy() for each in traced(*map(torch.from_numpy, arrays))]
        for one, other, name in zip(ours, theirs, traced.outputs, strict=True):
            inside = sample.attention_mask if name in ("logits", "states") else slice(None)
            worst = max(worst, apart(one[inside], other[inside]))
    if not worst <= CLOSE:
        raise ModelError(
            f"the exported {traced.model.card.id} answers otherwise than the model: {worst:.1e} of the largest number"
        )
    return worst


def _told(model: Model, special: Sequence[int]) -> dict[str, str]:
    """What whoever reads the file must know: of the model, its words, and what is left to do with its answers."""
    card = model.card
    words = getattr(model.tokenizer, "words", ("A", "C", "G", "T", "N"))
    told = {
        "model": card.id,
        "sha256": card.sha256,
        "family": card.family,
        "tokenizer": card.tokenizer or model.language.card.tokenizer,
        "words": json.dumps(list(words)),
        "special_ids": json.dumps(list(special)),
        "licence": card.licence,
        "likelihood": model.can.likelihood or "",
    }
    if isinstance(model, Predictor):
        known = {name: asdict(each) for name, each in model.calibration.items()}
        told |= {"calibration": json.dumps(known), "strands": str(model.reading.strands)}
        told["targets"] = json.dumps({name: asdict(each) for name, each in model.can.targets.items()}, default=str)
    return {f"dnalect.{key}": value for key, value in told.items()}


@contextmanager
def _quiet() -> Iterator[None]:
    """The exporter prints and warns of what is no concern of a user."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
