"""What a family of published models is: one object that says how to read, check and write it."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor

from dnalect.core.errors import ModelError
from dnalect.models.encoder.config import EncoderConfig
from dnalect.models.published import PublishedCard
from dnalect.models.table import WeightTable
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

    def number(self, name: str, default: float) -> float:
        """A number, as a float."""
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


@dataclass(frozen=True)
class Family:
    """A family of published models; all of them run on the one encoder.

    name: its folder in dnalect.models. title: what people call it. model_types: what its
    config.json may call it. cards: the published ones.
    encoder: sizes -> config. read_config: config.json -> config. write_config: config and
    tokenizer -> config.json. table: the weight names.
    doubts: what speaks against a folder being of this family, [] where nothing does.
    write_tokenizer: the files of words, into a folder; the last is the most tokens, None for any.
    keras: its weights come from Keras, in hdf5.
    spare: rows of the table of words that no word uses.
    extra: tensors that other software expects beside ours.
    """

    name: str
    title: str
    model_types: tuple[str, ...]
    cards: tuple[PublishedCard, ...]
    table: WeightTable
    encoder: Callable[..., EncoderConfig]
    read_config: Callable[[HubConfig], EncoderConfig]
    write_config: Callable[[EncoderConfig, Tokenizer], dict[str, Any]]
    doubts: Callable[[Evidence], list[str]]
    write_tokenizer: Callable[[Tokenizer, Path, int | None], None]
    keras: bool = False
    spare: int = 0
    extra: Callable[[EncoderConfig], dict[str, Tensor]] = field(default=lambda _: {})

    def check_tokenizer(self, tokenizer: Tokenizer, config: EncoderConfig, where: object) -> None:
        """Raise ModelError unless tokenizer and config were made for each other."""
        if not len(tokenizer) <= config.vocabulary <= len(tokenizer) + self.spare:
            raise ModelError(
                f"{where}: the tokenizer {tokenizer.name} has {len(tokenizer):,} words, "
                f"the config {config.vocabulary:,}; this is another model's tokenizer"
            )
        if config.mask_id is not None and config.mask_id != tokenizer.special.mask:
            raise ModelError(
                f"{where}: the config masks with id {config.mask_id}, the tokenizer with {tokenizer.special.mask}"
            )


def any_name(names: Collection[str], part: str) -> bool:
    """Whether some tensor's name holds this text."""
    return any(part in name for name in names)
