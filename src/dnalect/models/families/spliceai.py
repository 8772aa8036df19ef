"""SpliceAI (Jaganathan 2019), OpenSpliceAI and Pangolin (Zeng and Li 2022): one network in three kinds of files.

Each file is one network; those of a folder are an ensemble. Nothing in a file is run.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from dnalect.core.errors import ConfigError, ModelError
from dnalect.models.families.family import NetworkRead
from dnalect.models.families.keras_graph import Graph, read_graph
from dnalect.models.files import Weights, read_keras, read_pickle
from dnalect.models.layers.dilated import Dilated, DilatedSizes
from dnalect.models.weights import listed, misfits, oriented

NAME = "spliceai"
TRACKS = ("neither", "acceptor", "donor")
# Both packages give a group of four units these kernels and dilations; a shorter context has fewer groups.
KERNELS, DILATIONS, EVERY = (11, 11, 21, 41), (1, 4, 10, 25), 4
# torch's batch norm, where a file doesn't say it.
EPS = 1e-5
OPEN_SLOPE = 0.1
TISSUES = ("heart", "liver", "brain", "testis")
PANGOLIN_TRACKS = tuple(f"{tissue}_{what}" for tissue in TISSUES for what in ("unspliced", "spliced", "usage"))
# Task in a file's name -> the output that its network was tuned for.
_TASK = re.compile(r"final\.\d+\.([0-7])\.3(\.v2)?")
# Task -> outputs: whether a base is a splice site (and that it is none), and how much it is used.
_OUTPUTS = tuple(outputs for first in range(0, 12, 3) for outputs in ((first, first + 1), (first + 2,)))
LICENCES = {
    "spliceai": "CC BY-NC 4.0 as published by Illumina: not for commercial use",
    "openspliceai": "GPL-3.0 as published",
    "pangolin": "GPL-3.0 as published",
}
_NORM = {"weight": "weight", "bias": "bias", "mean": "running_mean", "variance": "running_var"}
_KERAS_NORM = {"weight": "gamma", "bias": "beta", "mean": "moving_mean", "variance": "moving_variance"}
_ORDER = tuple(_KERAS_NORM.values())


@dataclass(frozen=True)
class Read:
    """One file. kind: of LICENCES. tensors: our name -> tensor."""

    kind: str
    sizes: DilatedSizes
    tensors: dict[str, Tensor]


def files_of(folder: Path) -> list[Path]:
    """Return the files of a folder without config.json and card.json that may be such networks."""
    if (folder / "config.json").exists() or (folder / "card.json").exists():
        return []
    found = [*folder.glob("*.h5"), *folder.glob("*.hdf5"), *folder.glob("*.pt"), *folder.glob("final.*.3*")]
    return sorted(path for path in found if path.is_file())


def read_folder(folder: Path) -> NetworkRead | None:
    """Return the networks of a folder with their weights; None where it is another model.

    Raises ModelError for what is damaged, for another graph, and for files of several makes.
    """
    paths = files_of(folder)
    found = [each for each in map(_read, paths) if each is not None]
    if not found:
        return None
    if len(found) < len(paths):
        raise ModelError(f"{folder} holds files of {found[0].kind} and others; leave those of one ensemble")
    first = found[0]
    for path, each in zip(paths, found, strict=True):
        if (each.kind, each.sizes) != (first.kind, first.sizes):
            raise ModelError(
                f"{folder}: {paths[0].name} ({_make(first)}) and {path.name} ({_make(each)}) are no ensemble: "
                "put the files of one make into a folder of their own"
            )
    sizes, kept = _ensemble(first.sizes, _tasks(paths, first.kind))
    network = Dilated(sizes)
    for path, each, member in zip(paths, found, network.members, strict=True):
        heads = {f"head.{kind}": each.tensors[f"head.{kind}"][kept] for kind in ("weight", "bias")}
        _fill(member, each.tensors | heads, path)
    return NetworkRead(NAME, network, Weights({}, tuple(paths)), first.kind, LICENCES[first.kind])


def _make(read: Read) -> str:
    return f"{read.kind}, {2 * read.sizes.crop:,} bases of context"


def _tasks(paths: Sequence[Path], kind: str) -> list[tuple[int, ...]]:
    """Return the outputs that each file is read for, () for all.

    Pangolin tunes each network for one task, which its file is named by; its other outputs say nothing.
    """
    found = [_TASK.fullmatch(path.name) if kind == "pangolin" else None for path in paths]
    if not all(found):
        return [() for _ in paths]
    if len({bool(each[2]) for each in found if each}) > 1:
        raise ModelError(f"{paths[0].parent} holds Pangolin's first networks and its second (.v2); leave those of one")
    return [_OUTPUTS[int(each[1])] for each in found if each]


def _ensemble(sizes: DilatedSizes, tasks: Sequence[tuple[int, ...]]) -> tuple[DilatedSizes, list[int]]:
    """Return the sizes of all networks together, without outputs that none is read for; and which outputs are left."""
    kept = [n for n in range(len(sizes.tracks)) if any(not each or n in each for each in tasks)]
    begins = [sum(sizes.heads[:number]) for number in range(len(sizes.heads))]
    return (
        replace(
            sizes,
            tracks=tuple(sizes.tracks[n] for n in kept),
            heads=tuple(width for width, begin in zip(sizes.heads, begins, strict=True) if begin in kept),
            members=tuple(tuple(kept.index(n) for n in each) for each in tasks),
        ),
        kept,
    )


def _read(path: Path) -> Read | None:
    if path.suffix in (".h5", ".hdf5"):
        graph = read_graph(path)
        return _from_keras(graph, path) if graph and graph.followers(graph.input, "Conv1D") else None
    tensors = dict(read_pickle(path))
    for name in [each for each in tensors if each.endswith("num_batches_tracked")]:
        del tensors[name]
    if "initial_conv.weight" in tensors:
        return _from_openspliceai(tensors, path)
    return _from_pangolin(tensors, path) if "conv_last1.weight" in tensors else None


def _from_keras(graph: Graph, path: Path) -> Read:
    """Walk the graph, which must be SpliceAI's with any number of units, and name its weights."""
    walked = _Walk(graph, path)
    sizes = walked.sizes
    held = read_keras(path)
    tensors = {}
    for ours, layer in walked.layers.items():
        kinds = _ORDER if ours.endswith("norm") else ("kernel", "bias")
        for number, kind in enumerate(kinds):
            name = f"{layer}/{number}.{kind}"
            if name not in held:
                raise ModelError(f"{path} lacks the {kind} of {layer}")
            short = next((mine for mine, theirs in _KERAS_NORM.items() if theirs == kind), "")
            tensors[f"{ours}.{short or ('weight' if kind == 'kernel' else 'bias')}"] = oriented(name, held.pop(name))
    if held:
        raise ModelError(f"{path}: {next(iter(held))} belongs to no layer of SpliceAI")
    return Read("spliceai", sizes, tensors)


class _Walk:
    """The layers of a Keras graph in SpliceAI's order. layers: our module -> the name of theirs."""

    def __init__(self, graph: Graph, path: Path):
        self.graph, self.path = graph, path
        self.layers: dict[str, str] = {}
        self.eps: set[float] = set()
        kernels: list[int] = []
        dilations: list[int] = []
        stem = graph.following(graph.input, "Conv1D", kernel_size=[1], activation="linear")
        self.channels = int(stem.config["filters"])
        self.layers["stem"] = stem.name
        stream, total = stem.name, self._skip(stem.name, 0, None)
        while norms := graph.followers(stream, "BatchNormalization"):
            first, kernel, dilation = self._half(graph.only(norms, stream), f"units.{len(kernels)}.first")
            norm = graph.following(first, "BatchNormalization")
            second, *same = self._half(norm.name, f"units.{len(kernels)}.second")
            if same != [kernel, dilation]:
                raise graph.differs(
                    second, f"has kernel and dilation {same}, its unit's first one {[kernel, dilation]}"
                )
            stream = graph.sum_of(second, stream)
            kernels.append(kernel)
            dilations.append(dilation)
            if len(kernels) % EVERY == 0:
                total = self._skip(stream, len(kernels) // EVERY, total)
        cropped = graph.following(total, "Cropping1D")
        head = graph.following(cropped.name, "Conv1D", kernel_size=[1], activation="softmax", filters=len(TRACKS))
        self.layers["head"] = head.name
        graph.finished(head.name)
        if len(self.eps) > 1:
            raise ModelError(f"{path}: the norms differ in epsilon ({sorted(self.eps)}); SpliceAI has one")
        try:
            self.sizes = DilatedSizes(
                TRACKS, (3,), self.channels, tuple(kernels), tuple(dilations), EVERY, 0.0, next(iter(self.eps), 1e-3)
            )
        except ConfigError as error:
            raise ModelError(f"{path} is no SpliceAI: {error}") from error
        if cropped.config["cropping"] != [self.sizes.crop] * 2:
            raise graph.differs(
                cropped.name,
                f"crops {cropped.config['cropping']}, the convolutions read {self.sizes.crop} bases a side",
            )

    def _half(self, norm: str, ours: str) -> tuple[str, int, int]:
        """Return the convolution behind a norm, its kernel and dilation."""
        layer = self.graph.layer(norm, "BatchNormalization", axis=(-1, 2), scale=True, center=True)
        self.eps.add(float(layer.config["epsilon"]))
        active = self.graph.following(norm, "Activation", activation="relu")
        conv = self.graph.following(
            active.name, "Conv1D", padding="same", activation="linear", filters=self.channels, strides=[1]
        )
        self.layers |= {f"{ours}.norm": norm, f"{ours}.conv": conv.name}
        return conv.name, int(conv.config["kernel_size"][0]), int(conv.config["dilation_rate"][0])

    def _skip(self, stream: str, number: int, total: str | None) -> str:
        """Return the sum of the skips with that of this stream."""
        mine = self.graph.following(stream, "Conv1D", kernel_size=[1], activation="linear", filters=self.channels)
        self.layers[f"skips.{number}"] = mine.name
        return mine.name if total is None else self.graph.sum_of(total, mine.name)


def _from_openspliceai(tensors: dict[str, Tensor], path: Path) -> Read:
    strange = [name for name in tensors if ".film." in name]
    if strange:
        raise ModelError(f"{path} is conditioned on RNA-binding proteins ({strange[0]}), which is not read")
    tensors.pop("_rbp_metadata_blob", None)
    numbers = {int(name.split(".")[1]) for name in tensors if name.startswith("residual_units.")}
    units = [n for n in sorted(numbers) if f"residual_units.{n}.conv.weight" not in tensors]
    skips = [n for n in sorted(numbers) if n not in units]
    modules = {"stem": "initial_conv", "head": "final_conv", "skips.0": "initial_skip.conv"}
    modules |= {f"skips.{number}": f"residual_units.{n}.conv" for number, n in enumerate(skips, 1)}
    parts = {f"units.{number}": f"residual_units.{n}." for number, n in enumerate(units)}
    names = _named(modules, parts, "batchnorm")
    kernels = _kernels(tensors, [f"residual_units.{n}.conv1.weight" for n in units], path)
    return Read(
        "openspliceai", _sizes(tensors, "initial_conv", kernels, TRACKS, (3,), OPEN_SLOPE), _ours(tensors, names, path)
    )


def _from_pangolin(tensors: dict[str, Tensor], path: Path) -> Read:
    units = len({name.split(".")[1] for name in tensors if name.startswith("resblocks.")})
    heads = [f"conv_last{number}" for number in range(1, 9)]
    for kind in ("weight", "bias"):
        missing = [f"{head}.{kind}" for head in heads if f"{head}.{kind}" not in tensors]
        if missing:
            raise ModelError(f"{path} is no Pangolin: it lacks {listed(missing)}")
        tensors[f"head.{kind}"] = torch.cat([tensors.pop(f"{head}.{kind}") for head in heads])
    modules = {"stem": "conv1", "head": "head", "skips.0": "skip"}
    modules |= {f"skips.{number + 1}": f"convs.{number}" for number in range(units // EVERY)}
    names = _named(modules, {f"units.{n}": f"resblocks.{n}." for n in range(units)}, "bn")
    kernels = _kernels(tensors, [f"resblocks.{n}.conv1.weight" for n in range(units)], path)
    sizes = _sizes(tensors, "conv1", kernels, PANGOLIN_TRACKS, (2, 1) * len(TISSUES), 0.0)
    return Read("pangolin", sizes, _ours(tensors, names, path))


def _named(modules: Mapping[str, str], parts: Mapping[str, str], norm: str) -> dict[str, str]:
    """Our parameters -> those of a state dict. parts: our unit -> what the names of theirs begin with."""
    names = {f"{ours}.{kind}": f"{theirs}.{kind}" for ours, theirs in modules.items() for kind in ("weight", "bias")}
    for ours, begin in parts.items():
        for number, half in enumerate(("first", "second"), 1):
            names |= {f"{ours}.{half}.conv.{kind}": f"{begin}conv{number}.{kind}" for kind in ("weight", "bias")}
            names |= {f"{ours}.{half}.norm.{mine}": f"{begin}{norm}{number}.{their}" for mine, their in _NORM.items()}
    return names


def _kernels(tensors: Mapping[str, Tensor], names: Sequence[str], path: Path) -> tuple[int, ...]:
    """The kernels of the units, which must be those that the published dilations go with."""
    found = tuple(tensors[name].shape[-1] if name in tensors and tensors[name].dim() == 3 else 0 for name in names)
    known = tuple(kernel for kernel in KERNELS for _ in range(EVERY))
    if not found or len(found) % EVERY or found != known[: len(found)]:
        raise ModelError(
            f"{path}: the kernels of its units are {found}; the published contexts have the first of {known}"
        )
    return found


def _sizes(
    tensors: Mapping[str, Tensor],
    stem: str,
    kernels: tuple[int, ...],
    tracks: tuple[str, ...],
    heads: tuple[int, ...],
    slope: float,
) -> DilatedSizes:
    dilations = tuple(DILATIONS[n // EVERY] for n in range(len(kernels)))
    return DilatedSizes(tracks, heads, len(tensors[f"{stem}.weight"]), kernels, dilations, EVERY, slope, EPS)


def _ours(tensors: Mapping[str, Tensor], names: Mapping[str, str], path: Path) -> dict[str, Tensor]:
    """Return the tensors under our names. ModelError where some are missing, or left over."""
    faults = [f"{theirs} is missing" for theirs in names.values() if theirs not in tensors]
    faults += [f"{name} is unexpected" for name in sorted(tensors.keys() - set(names.values()))]
    if faults:
        raise ModelError(f"{path}: {listed(faults)}")
    return {ours: tensors[theirs] for ours, theirs in names.items()}


def _fill(member: nn.Module, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Copy tensors into a network, in float32. ModelError where a shape or a number is wrong."""
    wanted = dict(member.named_parameters())
    # What is a linear layer here is a convolution of one tap there.
    shaped: dict[str, Tensor] = {
        name: each.squeeze(-1) if each.dim() == 3 and wanted[name].dim() == 2 and each.shape[-1] == 1 else each
        for name, each in tensors.items()
    }
    if faults := misfits(shaped, {name: parameter.shape for name, parameter in wanted.items()}):
        raise ModelError(f"{path} does not fit: {listed(faults)}")
    with torch.no_grad():
        for name, parameter in wanted.items():
            parameter.copy_(shaped[name].float())
