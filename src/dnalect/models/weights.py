"""Tensors into networks and back, strictly: every name, shape and number must fit. A family's table has the names."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from dnalect.core.errors import ModelError
from dnalect.core.files import written_whole
from dnalect.models.files import read_safetensors

SHOWN = 8
# Keras keeps projections as (in, out) and convolutions as (width, in, out).
TRANSPOSED = ".kernel"


@dataclass(frozen=True)
class Adopted:
    """A checkpoint in our names. tensors: name -> tensor. ignored: names left aside by the allow-list."""

    tensors: dict[str, Tensor]
    ignored: tuple[str, ...]


@dataclass(frozen=True)
class WeightTable:
    """Our names beside those of a published checkpoint.

    names: our module -> theirs, or our parameter -> theirs; `*` is the number of a layer, and of
    an expert in it, unless the name with its numbers is there.
    copies: their parameter -> ours that it must repeat, where the network has no own one; `*` as in `names`.
    ignored: their names (with wildcards) that no part of the network needs.
    constants: their tensors that are no parameters -> the fields of the config that they must repeat.
    renamed: parts of the names in old files, as regular expressions -> what is there today.
    """

    names: Mapping[str, str]
    copies: Mapping[str, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)

    def theirs(self, ours: str) -> str:
        """Return the published name of one of our parameters. KeyError where the table lacks it."""
        numbers = re.findall(r"\.(\d+)(?=\.)", ours)
        pattern = re.sub(r"\.\d+(?=\.)", ".*", ours)
        for name in (ours, pattern):
            module, _, kind = name.rpartition(".")
            found = self.names.get(name) or (f"{self.names[module]}.{kind}" if module in self.names else "")
            if found:
                return _numbered(found, numbers)
        raise KeyError(ours)

    def adopt(self, tensors: Mapping[str, Tensor], network: nn.Module, where: object) -> Adopted:
        """Return a checkpoint's tensors in our names and orientation, as they are in memory.

        network: as built from the config; may be on the meta device. where: for messages.
        Raises ModelError that names every missing, unexpected, mis-shaped or unequal tensor,
        and every one that is no tensor of finite floating-point numbers.
        """
        found = {self._today(name): tensor for name, tensor in tensors.items()}
        wanted = {self.theirs(ours): (ours, parameter) for ours, parameter in network.named_parameters()}
        rest = sorted(found.keys() - wanted.keys())
        ignored = tuple(name for name in rest if any(fnmatchcase(name, pattern) for pattern in self.ignored))
        copies = {name: ours for name in rest if (ours := self._copied(name))}
        constant = {name: self.constants[name] for name in rest if name in self.constants}
        aside = {*ignored, *copies, *constant}
        taken = {name: tensor for name, tensor in found.items() if name not in aside}
        shapes = {name: oriented(name, parameter).shape for name, (_, parameter) in wanted.items()}
        faults = [f"two tensors are called {name}" for name in _repeated(map(self._today, tensors))]
        faults += misfits(taken, shapes)
        adopted = {wanted[name][0]: oriented(name, found[name]) for name in wanted.keys() & found.keys()}
        for name, ours in copies.items():
            same = (
                ours in adopted and found[name].shape == adopted[ours].shape and torch.equal(found[name], adopted[ours])
            )
            if not same:
                faults.append(f"{name} differs from {self.theirs(ours)}, which it must repeat")
        for name, told in constant.items():
            if found[name].flatten().tolist() != list(getattr(network.config, told)):
                faults.append(f"{name} holds other numbers than those of the config's words")
        if faults:
            asked, held = (sum(each.numel() for each in tensors) for tensors in (network.parameters(), taken.values()))
            counts = "" if asked == held else f" ({asked:,} parameters by the config, {held:,} in the files)"
            raise ModelError(f"{where} does not fit its config{counts}: {listed(faults)}{self._hint(found)}")
        return Adopted(adopted, ignored)

    def export(self, network: nn.Module) -> dict[str, Tensor]:
        """Return the network's parameters under their published names, on the CPU."""
        out = {}
        for ours, parameter in network.named_parameters():
            name = self.theirs(ours)
            out[name] = oriented(name, parameter.detach().to("cpu")).contiguous()
        return out

    def _today(self, name: str) -> str:
        for old, new in self.renamed.items():
            name = re.sub(old, new, name)
        return name

    def _copied(self, name: str) -> str:
        """Return our parameter that one of theirs must repeat, "" for none."""
        for theirs, ours in self.copies.items():
            if match := re.fullmatch(re.escape(theirs).replace(r"\*", r"(\d+)"), name):
                return _numbered(ours, match.groups())
        return ""

    def _hint(self, found: Mapping[str, Tensor]) -> str:
        heads = [theirs for ours, theirs in self.names.items() if ours.startswith("head.")]
        if heads and not any(name.startswith(head) for head in heads for name in found):
            return "; it holds no head for masked tokens: a checkpoint of the encoder alone can't be loaded"
        return ""


def _numbered(name: str, numbers: Iterable[str]) -> str:
    for number in numbers:
        name = name.replace("*", number, 1)
    return name


def oriented(name: str, tensor: Tensor) -> Tensor:
    """Return a tensor the other way round where its name says that it is kept so."""
    return tensor.permute(*reversed(range(tensor.dim()))) if name.endswith(TRANSPOSED) else tensor


def listed(faults: Collection[str]) -> str:
    """Join faults into one sentence, the first few of them."""
    more = f" (and {len(faults) - SHOWN} more)" if len(faults) > SHOWN else ""
    return "; ".join(list(faults)[:SHOWN]) + more


def _repeated(names: Iterable[str]) -> list[str]:
    seen: set[str] = set()
    return [name for name in names if name in seen or seen.add(name)]  # type: ignore[func-returns-value]


def misfits(found: Mapping[str, Tensor], shapes: Mapping[str, Sequence[int]]) -> list[str]:
    """Return what is wrong with named tensors, a sentence each: missing, unexpected, of another shape, no numbers."""
    faults = [f"{name} is missing" for name in sorted(shapes.keys() - found.keys())]
    faults += [f"{name} is unexpected" for name in sorted(found.keys() - shapes.keys())]
    for name in sorted(shapes.keys() & found.keys()):
        tensor = found[name]
        if tensor.shape != tuple(shapes[name]):
            faults.append(f"{name} has the shape {tuple(tensor.shape)} instead of {tuple(shapes[name])}")
        elif not tensor.is_floating_point():
            faults.append(f"{name} holds {tensor.dtype}, not floating-point numbers")
        elif not tensor.isfinite().all():
            faults.append(f"{name} holds values that are not finite")
    return faults


def save_weights(network: nn.Module, path: Path, half: bool = False) -> None:
    """Write all parameters; in half precision on request (they are read back as float32)."""
    kind = torch.float16 if half else torch.float32
    tensors = {name: p.detach().to("cpu", kind).contiguous() for name, p in network.named_parameters()}
    with written_whole(path) as temporary:
        save_file(tensors, temporary)


def load_weights(network: nn.Module, path: Path, without: str = "") -> None:
    """Read parameters into `network` as float32. Raises ModelError that names every tensor at fault.

    without: how the names of those begin that are not in the file, and stay as they are; "": all are.
    """
    tensors = read_safetensors(path)
    wanted = {name: each for name, each in network.named_parameters() if not (without and name.startswith(without))}
    if faults := misfits(tensors, {name: parameter.shape for name, parameter in wanted.items()}):
        raise ModelError(f"{path} does not fit its card: {listed(faults)}")
    with torch.no_grad():
        for name, parameter in wanted.items():
            parameter.copy_(tensors[name].float())
