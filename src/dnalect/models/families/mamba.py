"""Causal state spaces over DNA: Mamba and Mamba 2 as transformers lays them out, such as plant-dnamamba."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn

from dnalect.core.errors import ModelError
from dnalect.models.families.family import Evidence, Family, HubConfig, any_name, headless, other_type
from dnalect.models.layers.mamba import Block, Mixer, StateSizes
from dnalect.models.layers.stack import Stack
from dnalect.models.weights import WeightTable
from dnalect.tokens.tokenizer import Tokenizer

KINDS = {"mamba": 1, "mamba2": 2}
# Tokens that it was made for, where a folder doesn't say: those of the published code's own models.
LONGEST = 2048


@dataclass(frozen=True)
class Config(StateSizes):
    """tied: the head is the table of words. headless: there is no head, and so no likelihood.

    The sizes are those of the published 130 million (state-spaces/mamba-130m, plant-dnamamba).
    """

    layers: int = 24
    hidden: int = 1536
    longest: int = LONGEST
    rank: int = 48
    tied: bool = True
    headless: bool = False


class Mamba(Stack):
    """Blocks of a state space over embeddings, its weights drawn."""

    def __init__(self, config: Config):
        blocks = [Block(config) for _ in range(config.layers)]
        super().__init__(config, blocks, nn.RMSNorm(config.width, config.eps), config.tied, config.headless)
        draw_steps(self)


def draw_steps(network: nn.Module) -> None:
    """Draw what `initialise` leaves at zero in the mixers of a network, where it has memory."""
    for part in network.modules():
        if isinstance(part, Mixer) and not part.up.weight.is_meta:
            part.draw()


def read_config(hub: HubConfig) -> Config:
    """Read the config.json of a Mamba or a Mamba 2. What the network doesn't compute is a ModelError."""
    version = KINDS[hub.must("model_type", *KINDS)]
    hub.must("hidden_act", "silu")
    hub.must("use_bias", False)
    hub.must("use_conv_bias", True)
    width = hub.integer("hidden_size")
    inner = hub.integer("intermediate_size", int(hub.number("expand", 2) * width))
    second: dict[str, int] = {}
    if version == 2:
        hub.must("rms_norm", True)
        hub.must("norm_before_gate", False)
        check_limit(hub, hub.raw.get("time_step_limit"))
        second = {"heads": hub.integer("num_heads"), "groups": hub.integer("n_groups")}
        if hub.integer("head_dim") * second["heads"] != inner:
            raise ModelError(f"{hub.where}: {second['heads']} heads of {hub.raw['head_dim']} are not {inner} channels")
    return Config(
        version=version,
        vocabulary=hub.integer("vocab_size"),
        width=width,
        layers=hub.integer("num_hidden_layers"),
        hidden=inner,
        longest=hub.integer("model_max_length", LONGEST),
        eps=hub.number("layer_norm_epsilon"),
        memory=hub.integer("state_size"),
        taps=hub.integer("conv_kernel"),
        rank=1 if version == 2 else hub.integer("time_step_rank"),
        **second,
        tied=hub.flag("tie_word_embeddings", version == 1),
        headless=headless(hub),
    )


def check_limit(hub: HubConfig, limit: Any) -> None:
    """Raise ModelError where a config bounds the steps: here they are what the softplus makes of them."""
    ends = limit if isinstance(limit, list) else [0.0, None]
    endless = (None, float("inf"), {"__float__": "Infinity"})
    if len(ends) != 2 or ends[0] != 0 or ends[1] not in endless:
        raise ModelError(f"{hub.where}: steps between {ends} are not computed here: only those from 0 without an end")


def write_config(config: Config, tokenizer: Tokenizer) -> dict[str, Any]:
    """Return config.json as transformers writes it."""
    ending = "ForSequenceClassification" if config.headless else "ForCausalLM"
    out: dict[str, Any] = {
        "model_type": "mamba" if config.version == 1 else "mamba2",
        "architectures": [("Mamba" if config.version == 1 else "Mamba2") + ending],
        "vocab_size": config.vocabulary,
        "hidden_size": config.width,
        "num_hidden_layers": config.layers,
        "intermediate_size": config.hidden,
        "expand": expansion(config),
        "state_size": config.memory,
        "conv_kernel": config.taps,
        "layer_norm_epsilon": config.eps,
        "hidden_act": "silu",
        "use_bias": False,
        "use_conv_bias": True,
        "tie_word_embeddings": config.tied,
        "model_max_length": config.longest,
        "pad_token_id": tokenizer.special.pad,
    }
    if config.version == 1:
        return out | {"time_step_rank": config.rank}
    return out | {
        "num_heads": config.heads,
        "head_dim": config.hidden // config.heads,
        "n_groups": config.groups,
        "rms_norm": True,
    }


def expansion(config: StateSizes) -> int | float:
    """Return the channels inside for each outside, a whole number where it is one."""
    return config.hidden // config.width if config.hidden % config.width == 0 else config.hidden / config.width


def mixer_names(ours: str, theirs: str, ways: Mapping[str, str]) -> dict[str, str]:
    """Return the rows of a table for a mixer.

    ways: our direction -> where theirs lies. The first holds the projections.
    """
    first = next(iter(ways.values()))
    out = {f"{ours}.up": f"{theirs}{first}.in_proj", f"{ours}.down": f"{theirs}{first}.out_proj"}
    parts = {"short": "conv1d", "select": "x_proj", "step": "dt_proj", "decay.log": "A_log", "skip": "D"}
    parts |= {"shift": "dt_bias", "norm": "norm.weight"}
    for way, there in ways.items():
        out |= {f"{ours}.{way}.{mine}": f"{theirs}{there}.{name}" for mine, name in parts.items()}
    return out


TABLE = WeightTable(
    names={
        "embeddings.words": "backbone.embeddings",
        "layers.*.norm": "backbone.layers.*.norm",
        **mixer_names("layers.*.mixer", "backbone.layers.*.mixer", {"ahead": ""}),
        "final_norm": "backbone.norm_f",
        "head": "lm_head",
    },
    copies={"lm_head.weight": "embeddings.words.weight"},
    ignored=("score.weight",),
    # As the published code, mamba_ssm, calls it.
    renamed={r"^backbone\.embedding\.": "backbone.embeddings."},
)


def doubts(evidence: Evidence) -> list[str]:
    """Say what speaks against a causal Mamba."""
    out = []
    if not any_name(evidence.names, "backbone.layers.0.mixer.A_log"):
        out.append("its weights are not named as those of Mamba are")
    out += other_type(evidence, *KINDS, told=True)
    return out


FAMILY = Family(
    "mamba",
    "Mamba",
    tuple(KINDS),
    Config,
    Mamba,
    read_config,
    write_config,
    TABLE,
    doubts,
    spare=16,
    likelihood="causal",
)
