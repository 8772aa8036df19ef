"""What computes a model: plain float32, or what is faster on this processor and answers the same within a bound.

`--precision fast` times a product of matrices of the model's width in each of BACKENDS, takes the fastest that is
worth it, and asks it what plain float32 was asked. One that answers otherwise is refused.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from time import perf_counter, process_time

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dnalect.core.reporter import say
from dnalect.models.memory import LARGE
from dnalect.models.model import Model
from dnalect.models.precision import computes_bf16
from dnalect.models.same import answers, furthest, samples

Product = Callable[[], object]
# Rows of the timed product, turns that it takes, and how many times the rate of plain float32 it must have.
ROWS, TURNS, WORTH = 1024, 9, 1.25


@dataclass(frozen=True)
class Backend:
    """A way to compute. bound: how far from plain float32 its answers may be, as a share of the largest number.

    there: whether a device has it. product: rows (R, C), weights (O, C) -> the same product as it computes it. put:
    has a model in float32 compute so.
    """

    name: str
    bound: float
    there: Callable[[torch.device], bool]
    product: Callable[[Tensor, Tensor], Product]
    put: Callable[[Model], object]


class Packed(nn.Linear):
    """A linear layer with a copy of its weights as oneDNN reads them; with gradients it is a plain one."""

    packed: Tensor

    def forward(self, x: Tensor) -> Tensor:
        """Return (..., O) of (..., C)."""
        if torch.is_grad_enabled() or x.dtype != torch.float32 or x.device.type != "cpu" or not x.numel():
            return super().forward(x)
        return _packed_product(x, self.packed, self.bias)


def pack(model: Model) -> None:
    """Have the linear layers of a model compute by oneDNN."""
    for layer in list(model.network.modules()):
        if type(layer) is nn.Linear:
            # No buffer: what is saved, counted and moved is the weight.
            object.__setattr__(layer, "packed", _reordered(layer.weight.detach()))
            layer.__class__ = Packed


def _packed_product(x: Tensor, packed: Tensor, bias: Tensor | None) -> Tensor:
    found: Tensor = torch.ops.mkldnn._linear_pointwise(x, packed, bias, "none", [], "")
    return found


def _packs(device: torch.device) -> bool:
    try:
        x = torch.ones(2, 16)
        return device.type == "cpu" and bool(
            _packed_product(x, _reordered(torch.ones(16, 16)), None).sum() == 2 * 16**2
        )
    except (AttributeError, RuntimeError):  # a build without oneDNN
        return False


def _reordered(weight: Tensor) -> Tensor:
    found: Tensor = torch.ops.mkldnn._reorder_linear_weight(weight, ROWS)
    return found


def _by_onednn(x: Tensor, weight: Tensor) -> Product:
    packed = _reordered(weight)
    return lambda: _packed_product(x, packed, None)


def _by_bf16(x: Tensor, weight: Tensor) -> Product:
    half, other = x.bfloat16(), weight.bfloat16()
    return lambda: F.linear(half, other)


BACKENDS = (
    Backend("bfloat16", 5e-2, computes_bf16, _by_bf16, lambda model: model.to(dtype="bfloat16")),
    Backend("float32 (oneDNN)", 1e-5, _packs, _by_onednn, pack),
)


def fastest(model: Model) -> Model:
    """Return a model that computes by the fastest backend that is admitted, or the model itself; say which and why.

    model: in float32, with nobody else using it.
    """
    if (reason := _unfit(model)) is not None:
        say(f"{model.card.id} computes in float32: {reason}")
        return model
    ahead = rates(model.device, model.can.width)
    worth = sorted(
        (each for each in BACKENDS if ahead.get(each.name, 0.0) >= WORTH), key=lambda each: -ahead[each.name]
    )
    batches = samples(model) if worth else []
    plain = answers(model, batches)
    for backend in worth:
        trial = deepcopy(model)
        backend.put(trial)
        off = furthest(plain, answers(trial, batches))
        told = f"answers differ by {off:.1e} of the largest number"
        if off <= backend.bound:
            trial.backend = trial.language.backend = backend.name
            rate = f"{ahead[backend.name]:.1f} times the rate of float32"
            say(f"{model.card.id} computes in {backend.name}, {rate}; {told}")
            return trial
        say(f"{model.card.id} is not computed in {backend.name}: {told}, and {backend.bound:g} is allowed")
    rest = ", ".join(f"{name} {rate:.2f}" for name, rate in ahead.items())
    more = "" if worth or not rest else f": nothing else here has {WORTH:g} times its rate ({rest})"
    say(f"{model.card.id} computes in float32{more}")
    return model


def precision_of(model: Model) -> str:
    """Return what a model computes in, for the provenance: "float32", "bfloat16", or the name of its backend."""
    return model.backend or str(model.dtype).removeprefix("torch.")


def _unfit(model: Model) -> str | None:
    """Why a model is not compared."""
    if model.offloaded or sum(each.numel() * each.element_size() for each in model.network.parameters()) > LARGE:
        return "it is too large to be held twice and compared; --dtype bfloat16 takes half"
    can = model.can
    if can.tracks or can.relatives or can.signals:
        return "models of tracks, relatives or signals have no other way yet"
    return None


@torch.inference_mode()
def rates(device: torch.device, width: int) -> dict[str, float]:
    """Return the rate of a product of matrices in each backend that a device has, beside plain float32.

    width: C of (ROWS, C) by (C, 4 C). The least time of some turns of each, taken by turns.
    """
    made = torch.Generator().manual_seed(1)
    x, weight = (torch.randn(*shape, generator=made).to(device) for shape in ((ROWS, width), (4 * width, width)))
    there = [each for each in BACKENDS if each.there(device)]
    works = [lambda: F.linear(x, weight), *(each.product(x, weight) for each in there)]
    times: list[list[float]] = [[] for _ in works]
    for turn in range(TURNS + 1):
        for work, taken in zip(works, times, strict=True):
            seconds = _seconds(work, device)
            taken += [seconds] if turn else []
    plain, *others = map(min, times)
    return {each.name: plain / other for each, other in zip(there, others, strict=True)}


def _seconds(work: Product, device: torch.device) -> float:
    # Of a CPU the processor's time, which other work disturbs little.
    clock = process_time if device.type == "cpu" else perf_counter
    _settle(device)
    begun = clock()
    work()
    _settle(device)
    return clock() - begun


def _settle(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
