"""What a family of published models is: one object that says how to read, check and write it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from dnalect.core.errors import ModelError
from dnalect.models.files import Weights
from dnalect.models.layers.encoder import Encoder
from dnalect.models.layers.sizes import Sizes
from dnalect.models.layers.stack import Stack
from dnalect.models.layers.unet import UNet
from dnalect.models.model import Likelihood
from dnalect.models.vocabulary import write_vocabulary
from dnalect.models.weights import WeightTable
from dnalect.tokens.tokenizer import Tokenizer


@dataclass(frozen=True)
class HubConfig:
    """A config.json as the hub has it, read with care. where: the file, for messages."""

    raw: dict[str, Any]
    where: object

    def integer(self, name: str, default: int | None = None) -> int:
        """A whole number. ModelError where it is missing without a default, or something else."""
        value = self.raw.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool):
            raise ModelError(f"{self.where}: {name} must be a whole number, not {value!r}")
        return value

    def number(self, name: str, default: float | None = None) -> float:
        """A number, as a float. ModelError where it is missing without a default, or something else."""
        value = self.raw.get(name, default)
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            raise ModelError(f"{self.where}: {name} must be a number, not {value!r}")
        return float(value)

    def flag(self, name: str, default: bool) -> bool:
        """true or false."""
        value = self.raw.get(name, default)
        if not isinstance(value, bool):
            raise ModelError(f"{self.where}: {name} must be true or false, not {value!r}")
        return value

    def sizes(self) -> dict[str, Any]:
        """What every published config.json calls alike, as `Sizes` has it."""
        return {
            "vocabulary": self.integer("vocab_size"),
            "width": self.integer("hidden_size"),
            "layers": self.integer("num_hidden_layers"),
            "heads": self.integer("num_attention_heads"),
            "hidden": self.integer("intermediate_size"),
        }

    def must(self, name: str, *allowed: Any) -> Any:
        """Return a value that may only be one of `allowed`; the first stands where it is missing."""
        value = self.raw.get(name, allowed[0])
        if not any(value == one and isinstance(value, bool) == isinstance(one, bool) for one in allowed):
            known = " or ".join(map(repr, allowed))
            raise ModelError(f"{self.where}: {name} is {value!r}; this family has {known} only")
        return value


@dataclass(frozen=True)
class Evidence:
    """What a folder shows of its family. names: of its tensors. config: {} where there is none."""

    names: Collection[str]
    config: dict[str, Any]
    tokenizer: Tokenizer | None

    @property
    def keras(self) -> bool:
        """Whether the tensors are named as those of a Keras file are: `layer/number.kind`."""
        return any("/" in name for name in self.names)


@dataclass(frozen=True, eq=False)
class NetworkRead:
    """A network of a folder with its weights.

    family: as cards call it. weights: what they were read from. title: whose they are. licence: "" where it is not
    known.
    """

    family: str
    network: Any
    weights: Weights
    title: str = ""
    licence: str = ""


def is_of_type(config: Mapping[str, Any], *kinds: str) -> bool:
    """Whether a config.json is of one of some types, by `model_type`, else by the class that it names."""
    classes = config.get("architectures")
    first = classes[0] if isinstance(classes, list) and classes else ""
    return (config.get("model_type") or str(first).lower()) in kinds


def filled(
    build: Callable[[Any], nn.Module], sizes: Any, table: WeightTable, tensors: Mapping[str, Tensor], where: object
) -> nn.Module:
    """Return a network with a checkpoint's tensors, in float32. ModelError where they don't fit it.

    What is a linear layer here may be a convolution of one tap there.
    """
    with torch.device("meta"), _Undrawn():
        network = build(sizes)
    flat = {table.theirs(name) for name, each in network.named_parameters() if each.dim() == 2}
    shaped = {
        name: each.flatten(2)[..., 0] if name in flat and each.dim() > 2 and each.shape[2:].numel() == 1 else each
        for name, each in tensors.items()
    }
    adopted = table.adopt(shaped, network, where)
    # Copied: the files may be mapped, and may change after this.
    network.load_state_dict(
        {name: each.to(torch.float32, copy=True).contiguous() for name, each in adopted.tensors.items()}, assign=True
    )
    return network


Network = Encoder | Stack | UNet
C = TypeVar("C", bound=Sizes)


@dataclass(frozen=True)
class Family(Generic[C]):
    """A family of published models: masked encoders, or causal decoders.

    name: as cards call it. title: what people call it. model_types: what its config.json may call it.
    config: sizes -> config. build: config -> network, its weights drawn. read_config: config.json -> config.
    write_config: config and tokenizer -> config.json. table: the weight names.
    doubts: what speaks against a folder being of this family, [] where nothing does.
    mask: the id that its config masks with, None where that is the tokenizer's business.
    write_tokenizer: the files of words, into a folder; the last is the most tokens, None for any.
    keras: its weights come from Keras, in hdf5. spare: rows of the table of words that no word uses.
    extra: tensors that other software expects beside ours. likelihood: of its language models.
    multiple: rows of its table of words are filled up to a multiple of this.
    """

    name: str
    title: str
    model_types: tuple[str, ...]
    config: Callable[..., C]
    build: Callable[[C], Network]
    read_config: Callable[[HubConfig], C]
    write_config: Callable[[C, Tokenizer], dict[str, Any]]
    table: WeightTable
    doubts: Callable[[Evidence], list[str]]
    mask: Callable[[C], int | None] = lambda _: None
    write_tokenizer: Callable[[Tokenizer, Path, int | None], None] = write_vocabulary
    keras: bool = False
    spare: int = 0
    extra: Callable[[C], dict[str, Tensor]] = lambda _: {}
    likelihood: Likelihood = "masked"
    multiple: int = 1

    def outline(self, config: C) -> Network:
        """Return the network without memory: a config may ask for more than there is."""
        with torch.device("meta"), _Undrawn():
            return self.build(config)

    def check_tokenizer(self, tokenizer: Tokenizer, config: C, where: object) -> None:
        """Raise ModelError unless tokenizer and config were made for each other."""
        if not len(tokenizer) <= config.vocabulary <= len(tokenizer) + self.spare:
            raise ModelError(
                f"{where}: the tokenizer {tokenizer.name} has {len(tokenizer):,} words, "
                f"the config {config.vocabulary:,}; this is another model's tokenizer"
            )
        mask = self.mask(config)
        if mask is not None and mask != tokenizer.special.mask:
            raise ModelError(f"{where}: the config masks with id {mask}, the tokenizer with {tokenizer.special.mask}")


class _Undrawn(TorchFunctionMode):
    """Weights without memory are not drawn: that would take longer than all else."""

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Any,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        told = dict(kwargs or {})
        if getattr(function, "__module__", "") == "torch.nn.init":
            return told.get("tensor", args[0] if args else None)
        return function(*args, **told)


def headless(hub: HubConfig) -> bool:
    """Whether a folder holds a causal network under another head, or without one."""
    classes = hub.raw.get("architectures")
    named = str(classes[0]) if isinstance(classes, list) and classes else "ForCausalLM"
    if named.endswith("ForCausalLM"):
        return False
    if named.endswith("ForSequenceClassification"):
        return True
    raise ModelError(
        f"{hub.where}: the architecture {named} is none of this family's: ...ForCausalLM, ...ForSequenceClassification"
    )


def any_name(names: Collection[str], part: str) -> bool:
    """Whether some tensor's name holds this text."""
    return any(part in name for name in names)


def other_type(evidence: Evidence, *kinds: str, told: bool = False) -> list[str]:
    """Return the doubt that a config.json is of none of these types. told: whether one without a type is doubted."""
    found = evidence.config.get("model_type")
    if found in kinds or (found is None and not told):
        return []
    return [f"its config.json is of the type {found!r}"]


def hub_sizes(config: Sizes) -> dict[str, Any]:
    """Return the sizes of a config as every published config.json calls them."""
    return {
        "vocab_size": config.vocabulary,
        "hidden_size": config.width,
        "num_hidden_layers": config.layers,
        "num_attention_heads": config.heads,
        "intermediate_size": config.hidden,
    }
