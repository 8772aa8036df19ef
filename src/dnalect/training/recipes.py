"""What differs between the recipes: the network, its loss, its judge, its folder."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from dnalect.models.card import Card
from dnalect.models.families.aligned import Aligned, AlignedConfig, config_of
from dnalect.models.families.duplex import Duplex, DuplexConfig
from dnalect.models.heads import Heads, save_heads
from dnalect.models.published import PublishedModel
from dnalect.models.recognise import FAMILIES
from dnalect.models.weights import save_weights
from dnalect.tokens.bases import UNKNOWN
from dnalect.tokens.laid import base_of
from dnalect.tokens.tokenizer import Tokenizer
from dnalect.training.causal import CausalLanguage
from dnalect.training.config import FamilyConfig, PretrainConfig
from dnalect.training.corpus import Batch, Rows
from dnalect.training.masked import MaskedLanguage
from dnalect.training.multitask import MultiTask, MultiTaskLoss
from dnalect.training.networks import network_config
from dnalect.training.objectives import Distillation, leave_one_out_loss
from dnalect.training.pretrain import Loss
from dnalect.training.reading import Reader
from dnalect.training.species import SpeciesTold
from dnalect.training.tasks import Task

# A duplex takes any length; this bounds the memory of one window.
CONTEXT_BASES = 8192
WINDOW = 512
Codes = npt.NDArray[Any]


class Recipe(Protocol):
    """network: to train. model: the part of it that becomes a model. loss: of a batch, in nats a prediction."""

    @property
    def network(self) -> nn.Module: ...

    @property
    def model(self) -> nn.Module: ...

    @property
    def loss(self) -> Loss: ...

    def figures(self, network: nn.Module, codes: Codes, places: Rows, device: torch.device) -> dict[str, float]:
        """Return `bits` a prediction over validation windows (n, L), and the losses of what else is learned.

        places (n, 3): genome, contig and start of each window.
        """
        ...

    def save(self, folder: Path) -> dict[str, Any]:
        """Write model.safetensors and what belongs to it; return the card's fields about the network."""
        ...


class DuplexRecipe:
    """duplex, by leave-one-out prediction of every base."""

    def __init__(self, config: DuplexConfig, loss: Loss = leave_one_out_loss):
        self.model = Duplex(config)
        self.network: nn.Module = self.model
        self.loss = loss

    def figures(self, network: nn.Module, codes: Codes, places: Rows, device: torch.device) -> dict[str, float]:
        """Return the mean of -log2 p(base | the other bases of its window) over the known bases."""
        return {"bits": bits_per_base(network, codes, device)}

    def save(self, folder: Path) -> dict[str, Any]:
        """Write the weights in half precision."""
        save_weights(self.model, folder / "model.safetensors", half=True)
        config = self.model.config
        return {
            "family": "duplex",
            "tokenizer": "single nucleotide",
            "config": asdict(config),
            "context_bases": CONTEXT_BASES,
            "window": 2 * (config.reach + 4),
        }


class SpeciesRecipe(DuplexRecipe):
    """duplex, told which species a window is of; the folder is a plain duplex of the first genome's species."""

    def __init__(self, config: DuplexConfig, species: Sequence[str]):
        super().__init__(config)
        self.told = SpeciesTold(self.model, species)
        self.network, self.loss = self.told, self._loss

    def _loss(self, network: nn.Module, batch: Batch, device: torch.device) -> Tensor:
        assert batch.places is not None
        return leave_one_out_loss(partial(network, genomes_B=batch.places[batch.rows, 0]), batch, device)

    def figures(self, network: nn.Module, codes: Codes, places: Rows, device: torch.device) -> dict[str, float]:
        """Return the bits a base, of one genome's windows, told its species."""
        return {"bits": bits_per_base(partial(network, genomes_B=places[:1, 0]), codes, device)}

    def save(self, folder: Path) -> dict[str, Any]:
        """Write what the network is for the first genome's species."""
        self.told.fold()
        return super().save(folder)


class AlignedRecipe:
    """aligned, by leave-one-out prediction of every base. frozen: the duplex inside learns nothing."""

    def __init__(self, config: AlignedConfig, frozen: bool):
        self.model = Aligned(config)
        self.model.trunk.requires_grad_(not frozen)
        self.network: nn.Module = self.model
        self.loss: Loss = leave_one_out_loss

    def figures(self, network: nn.Module, codes: Codes, places: Rows, device: torch.device) -> dict[str, float]:
        """Return the mean of -log2 p(base | the other bases of its window, the relatives) over the known bases."""
        return {"bits": bits_per_base(network, codes, device)}

    def save(self, folder: Path) -> dict[str, Any]:
        """Write the weights in half precision."""
        save_weights(self.model, folder / "model.safetensors", half=True)
        return {
            "family": "aligned",
            "tokenizer": "single nucleotide",
            "config": config_of(self.model),
            "context_bases": CONTEXT_BASES,
            "window": 2 * (self.model.config.reach + 4),
        }


class FamilyRecipe:
    """A model of a published family, by the objective of its likelihood."""

    def __init__(self, model: FamilyConfig, config: PretrainConfig, tokenizer: Tokenizer):
        self.family, self.tokenizer = FAMILIES[model.family], tokenizer
        self.model = self.family.build(network_config(model, tokenizer, config.data.window))
        self.network: nn.Module = self.model
        self.objective = self._objective(config, Reader(tokenizer, [genome.token for genome in config.data.genomes]))
        self.loss: Loss = self.objective

    def _objective(self, config: PretrainConfig, reader: Reader) -> CausalLanguage | MaskedLanguage:
        if self.family.likelihood == "causal":
            return CausalLanguage(reader)
        return MaskedLanguage(reader, config.masking, config.seed, config.optim.steps)

    def figures(self, network: nn.Module, codes: Codes, places: Rows, device: torch.device) -> dict[str, float]:
        """Return bits: of a causal model a base, of a masked one a hidden token, not to be set beside bits a base."""
        return {"bits": self.objective.bits(network, codes, places, device)}

    def save(self, folder: Path) -> dict[str, Any]:
        """Write the folder as the hub lays it out."""
        config, tokenizer = self.model.config, self.tokenizer
        context = tokenizer.longest(config.longest)
        if config.positions is None:
            context = max(WINDOW, context)
        context = min(context, config.bases or context)
        facts: dict[str, Any] = {
            "family": self.family.name,
            "tokenizer": tokenizer.name,
            "config": {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(config).items()},
            "context_bases": context,
            "window": min(WINDOW, context),
        }
        parameters = sum(p.numel() for p in self.model.parameters())
        card = Card(id="", revision="", sha256="", parameters=parameters, **facts)
        model = PublishedModel(card, self.family, tokenizer, self.model, torch.device("cpu"), torch.float32)
        model.save_pretrained(folder)
        return facts


class MultiTaskRecipe(FamilyRecipe):
    """A masked model with further objectives; without its heads it is the same, down to the first weights."""

    def __init__(self, model: FamilyConfig, config: PretrainConfig, tokenizer: Tokenizer, tasks: Sequence[Task]):
        super().__init__(model, config, tokenizer)
        self.heads = Heads(self.model.config.width, [task.spec for task in tasks])
        self.network = MultiTask(self.model, self.heads)
        # The config lets heads stand beside masked models only.
        assert isinstance(self.objective, MaskedLanguage)
        self.both = MultiTaskLoss(self.objective, tasks)
        self.loss = self.both

    def figures(self, network: nn.Module, codes: Codes, places: Rows, device: torch.device) -> dict[str, float]:
        """Return bits a hidden token, and the loss of every head that has an answer there."""
        return self.both.figures(network, codes, places, device)

    def save(self, folder: Path) -> dict[str, Any]:
        """Write the encoder as a masked model, and the heads beside it."""
        return super().save(folder) | {"heads": save_heads(folder, self.heads)}


def recipe_of(
    config: PretrainConfig,
    tokenizer_of: Callable[[str], Tokenizer],
    tasks: Sequence[Task] = (),
    teachers: Sequence[nn.Module] = (),
) -> Recipe:
    """Return the recipe of a config.

    tokenizer_of: the name or file in it -> the tokenizer. tasks: of its heads. teachers: networks of [distil].
    """
    if isinstance(config.model, AlignedConfig):
        return AlignedRecipe(config.model, config.optim.frozen)
    if isinstance(config.model, DuplexConfig):
        if config.data.tell_species:
            return SpeciesRecipe(config.model, [genome.species for genome in config.data.genomes])
        if config.distil:
            return DuplexRecipe(config.model, Distillation(teachers, config.distil.share))
        return DuplexRecipe(config.model)
    tokenizer = tokenizer_of(config.model.tokenizer)
    if tasks:
        return MultiTaskRecipe(config.model, config, tokenizer, tasks)
    return FamilyRecipe(config.model, config, tokenizer)


def bits_per_base(network: Callable[..., Tensor], codes: Codes, device: torch.device) -> float:
    """Mean of -log2 p(base | the other bases of its window) over the known bases."""
    total, count = 0.0, 0
    with torch.inference_mode():
        for part in np.array_split(codes, max(1, len(codes) // 16)):
            ids = torch.from_numpy(part.astype(np.int64)).to(device)
            logits = network(ids, torch.ones_like(ids, dtype=torch.bool)).float().flatten(0, 1)
            flat = base_of(ids).flatten()
            loss = nn.functional.cross_entropy(logits, flat, ignore_index=UNKNOWN, reduction="sum")
            total, count = total + loss.item(), count + int((flat != UNKNOWN).sum())
    return total / count / float(np.log(2))
