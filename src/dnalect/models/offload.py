"""A network that is larger than the memory where it computes: its layers are fetched for their turn, one by one."""

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor, nn

Fetch = Callable[[str, Tensor], Tensor]


def layers_of(network: nn.Module) -> dict[str, nn.Module]:
    """Return the modules of the lists of a network by their names; those of a list within a list are parts of it."""
    found: dict[str, nn.Module] = {}
    for name, module in network.named_modules():
        if isinstance(module, nn.ModuleList) and not any(name.startswith(f"{outer}.") for outer in found):
            found |= {f"{name}.{number}": each for number, each in enumerate(module)}
    return found


def offload(network: nn.Module, tensors: Mapping[str, Tensor], fetch: Fetch) -> set[str]:
    """Let each layer have its weights while it computes only; return the names of these weights.

    network: whose layers are without memory (on the meta device), and called as modules. tensors: of all parameters, by
    name; kept where they are. fetch: name, tensor -> what the layer computes with.
    """
    kept = set()
    for name, layer in layers_of(network).items():
        own = {inner: tensors[f"{name}.{inner}"] for inner, _ in layer.named_parameters()}
        if own:
            _Visit(name, layer, own, fetch)
        kept |= {f"{name}.{inner}" for inner in own}
    return kept


class _Visit:
    """Weights that come before a forward of a layer, and go after it."""

    def __init__(self, name: str, layer: nn.Module, tensors: Mapping[str, Tensor], fetch: Fetch):
        self.name, self.tensors, self.fetch = name, tensors, fetch
        self.absent = dict(layer.named_parameters())
        self.homes = {}
        for inner in tensors:
            module, _, last = inner.rpartition(".")
            self.homes[inner] = layer.get_submodule(module), last
        layer.register_forward_pre_hook(self._come)
        layer.register_forward_hook(self._go, always_call=True)

    def _come(self, layer: nn.Module, asked: Any) -> None:
        for inner, tensor in self.tensors.items():
            self._put(inner, nn.Parameter(self.fetch(f"{self.name}.{inner}", tensor), requires_grad=False))

    def _go(self, layer: nn.Module, asked: Any, answer: Any) -> None:
        for inner, parameter in self.absent.items():
            self._put(inner, parameter)

    def _put(self, inner: str, parameter: nn.Parameter) -> None:
        home, last = self.homes[inner]
        home._parameters[last] = parameter
