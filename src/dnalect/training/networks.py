"""The network of a config: a published one, scaled, and checked to be one that its family reads again."""

from dataclasses import replace
from typing import Any

from torch import nn

from dnalect.core.errors import ConfigError, DnalectError
from dnalect.models.catalogue import published_of
from dnalect.models.families.family import Evidence, Family, HubConfig
from dnalect.models.layers.sizes import Sizes
from dnalect.models.recognise import FAMILIES, recognised
from dnalect.models.vocabulary import begun
from dnalect.tokens.tokenizer import Tokenizer
from dnalect.training.config import FamilyConfig


def network_config(model: FamilyConfig, tokenizer: Tokenizer, window: int) -> Sizes:
    """Return the published network of `model.like` with its heads, layers and channels scaled, for a tokenizer.

    window: bases of a training example; a family that counts bases reads no more than these.
    Raises ConfigError where it has too few places for a window, or where a folder with it and this tokenizer could not
    be loaded.
    """
    family = FAMILIES[model.family]
    known = next((dict(card.sizes) for card in published_of(model.family) if card.name == model.like), {})
    words = -(-len(tokenizer) // family.multiple) * family.multiple
    try:
        whole: Sizes = family.config(**known | {"vocabulary": words})
        changed: dict[str, Any] = {"longest": model.longest or whole.longest, "dropout": 0.0, "attention_dropout": 0.0}
        if whole.bases is not None:
            changed["bases"] = window
        config = replace(whole.scaled(model.scale), **changed)
    except ConfigError as error:
        raise ConfigError(f"[model] {model.family} with the tokenizer {tokenizer.name}: {error}") from error
    tokens = tokenizer.encode(["A" * window]).input_ids.shape[1]
    if config.positions is not None and tokens > config.positions:
        raise ConfigError(
            f"a window of {window:,} bases has {tokens:,} tokens, more than the {config.positions:,} that the network "
            f"is made for: take a smaller data.window, or longest = {tokens} in [model]"
        )
    _check_readable(family, config, tokenizer)
    return config


def _check_readable(family: Family[Any], config: Sizes, tokenizer: Tokenizer) -> None:
    """Raise ConfigError unless what is saved of this network can be told and read again."""
    where = f"a {family.title} with the tokenizer {tokenizer.name}"
    raw, network = family.write_config(config, tokenizer), family.outline(config)
    names = [family.table.theirs(name) for name, _ in network.named_parameters()]
    try:
        found = recognised(Evidence(names, raw, tokenizer), where)
        again = found.read_config(HubConfig(raw, where))
        found.check_tokenizer(tokenizer, again, where)
        begun(tokenizer, "", raw, where)
    except DnalectError as error:
        raise ConfigError(f"[model] {error}\nTake a tokenizer that this family reads, or a larger scale") from error
    if found is not family or _shapes(found.outline(again)) != _shapes(network):
        raise ConfigError(f"[model] {where} would be read as something else; take a tokenizer that this family reads")


def _shapes(network: nn.Module) -> dict[str, Any]:
    return {name: each.shape for name, each in network.named_parameters()}
