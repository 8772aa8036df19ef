"""Caduceus (Schiff 2024) and PlantCAD 1 and 2 (Zhai 2025): Mamba in both directions, and over both strands.

Ph reads one strand. PS reads a window and its reverse complement with the same weights: states hold both, the forward
strand's channels first. **The published PS models exchange these halves in every block**, and turn the order of all
channels round with them: so does their fused sum and norm, with which they were trained. Without it the network is just
as symmetric, and gives other numbers.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dnalect.core.errors import ModelError
from dnalect.models.families.family import Evidence, Family, HubConfig, any_name, other_type
from dnalect.models.families.mamba import draw_steps, expansion, mixer_names
from dnalect.models.layers.mamba import Block, StateSizes
from dnalect.models.layers.positions import Folders
from dnalect.models.layers.stack import Stack, Words
from dnalect.models.vocabulary import write_vocabulary
from dnalect.models.weights import WeightTable
from dnalect.tokens.names import named
from dnalect.tokens.tokenizer import Tokenizer

KIND = "caduceus"
MULTIPLE = 8
# Rows of the table of words, filled up to a multiple of 8 -> the tokenizer; of Caduceus and of PlantCAD.
TOKENIZERS = {16: "caduceus", 8: "gpn"}
OPPOSITE = str.maketrans("ACGT", "TGCA")
# Tokens that they were made for, where a folder doesn't say: Caduceus, PlantCAD, PlantCAD 2.
LONGEST = {(16, 1): 131_072, (8, 1): 512, (8, 2): 8192}
# What only Mamba 1 takes among the settings of a state space.
FIRST = {"dt_rank", "dt_init", "dt_scale", "use_fast_path"}
HEAD = 64


@dataclass(frozen=True)
class Config(StateSizes):
    """both: strands are read (PS), not one (Ph)."""

    both: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check(f"no tokenizer has {self.vocabulary} words", not self.both or self.vocabulary in TOKENIZERS)

    @property
    def channels(self) -> int:
        """Channels of a hidden state."""
        return 2 * self.width if self.both else self.width

    @property
    def strands(self) -> Literal["one", "halves"]:
        """What the other strand gives: with both, the halves of the channels exchanged."""
        return "halves" if self.both else "one"

    @property
    def complement(self) -> tuple[int, ...]:
        """Id of each word -> that of its complement."""
        index = named(TOKENIZERS[self.vocabulary]).index
        other = {index[base]: index[base.translate(OPPOSITE)] for base in "ACGT"}
        return tuple(other.get(number, number) for number in range(self.vocabulary))


class BothWords(nn.Module):
    """The words of a window, and beside each the complement's."""

    def __init__(self, each: Words, complement: tuple[int, ...]):
        super().__init__()
        self.each, self.complement = each, complement

    def forward(self, ids_BT: Tensor, soft_BTV: Tensor | None = None) -> Tensor:
        """Return (B, T, 2 C)."""
        other = torch.tensor(self.complement, device=ids_BT.device)
        soft = None if soft_BTV is None else soft_BTV[..., other]
        return torch.cat([self.each(ids_BT, soft_BTV), self.each(other[ids_BT], soft)], dim=-1)


class BothStrands(nn.Module):
    """A block that reads both strands, each in its own direction, after they were exchanged."""

    def __init__(self, each: Block):
        super().__init__()
        self.each = each

    def forward(self, x_BTC: Tensor, places: Folders, weights: bool = False) -> tuple[Tensor, None]:
        """Return (B, T, 2 C), and no attention."""
        forward, reverse = exchanged(x_BTC).chunk(2, dim=-1)
        inside = places.inside_BT1
        twice = replace(places, inside_BT1=torch.cat([inside, inside.flip(1)]))
        forward, reverse = self.each(torch.cat([forward, reverse.flip(1)]), twice)[0].chunk(2)
        return torch.cat([forward, reverse.flip(1)], dim=-1), None


def exchanged(x_BTC: Tensor) -> Tensor:
    """Return the strands exchanged, the order of their channels turned round."""
    return x_BTC.flip(-1)


class BothNorms(nn.Module):
    """A norm of each strand."""

    def __init__(self, each: nn.Module):
        super().__init__()
        self.each = each

    def forward(self, x_BTC: Tensor) -> Tensor:
        """Return (B, T, 2 C)."""
        out: Tensor = self.each(x_BTC.reshape(*x_BTC.shape[:-1], 2, -1))
        return out.flatten(-2)


class Caduceus(Stack):
    """Blocks in both directions over the embeddings of one strand or of both; the table of words is the head."""

    config: Config

    def __init__(self, config: Config):
        blocks = [Block(config, both=True) for _ in range(config.layers)]
        norm = nn.RMSNorm(config.width, config.eps)
        if not config.both:
            super().__init__(config, blocks, norm, tied=True)
        else:
            super().__init__(config, map(BothStrands, blocks), BothNorms(norm), tied=True)
            self.embeddings = BothWords(self.embeddings, config.complement)  # type: ignore[assignment]
        draw_steps(self)

    def logits(self, x_C: Tensor) -> Tensor:
        """Return logits (..., V) of hidden states (..., C): with both strands, the sum of what they say of a base."""
        if not self.config.both:
            return super().logits(x_C)
        forward, reverse = x_C.chunk(2, dim=-1)
        table: Tensor = self.embeddings.each.words.weight  # type: ignore[union-attr, assignment]
        return F.linear(forward, table) + F.linear(reverse, table[list(self.config.complement)])


def read_config(hub: HubConfig) -> Config:
    """Read the config.json of Caduceus or PlantCAD: flat, or nested as that of later code."""
    for nested in ("layer_cfg", "norm_cfg", "ssm_cfg"):
        if not isinstance(hub.raw.get(nested) or {}, dict):
            raise ModelError(f"{hub.where}: {nested} is a table")
    mamba = (hub.raw.get("layer_cfg") or {}).get("mamba_cfg") or {}
    space = mamba.get("ssm_cfg") or hub.raw.get("ssm_cfg") or {}
    told = HubConfig(hub.raw | (hub.raw.get("norm_cfg") or {}) | mamba | space, hub.where)
    told.must("bidirectional", True)
    told.must("bidirectional_strategy", "add", None)
    told.must("bidirectional_weight_tie", True)
    told.must("rms_norm", True)
    told.must("bias", False)
    told.must("conv_bias", True)
    told.must("d_intermediate", 0)
    told.must("mlp_cfg", None)
    told.must("tie_word_embeddings", True)
    both = told.flag("rcps", False)
    if both and told.raw.get("fused_add_norm", True) is not True:
        raise ModelError(
            f"{hub.where}: fused_add_norm is not true: such a model does not exchange the strands between its blocks, "
            "as all published ones do, and dnalect"
        )
    version = _version(told, space)
    width, words = told.integer("d_model"), told.integer("vocab_size")
    vocabulary = -(-words // (whole := told.integer("pad_vocab_size_multiple", MULTIPLE))) * whole
    inner = int(told.number("expand", 2) * width)
    heads = inner // told.integer("headdim", HEAD) if version == 2 else 1
    rank = told.raw.get("dt_rank", "auto")
    config = Config(
        version=version,
        vocabulary=vocabulary,
        width=width,
        layers=told.integer("n_layer"),
        hidden=inner,
        heads=heads,
        longest=told.integer("model_max_length", LONGEST.get((vocabulary, version), LONGEST[16, 1])),
        eps=told.number("norm_epsilon", 1e-5),
        memory=told.integer("d_state", 16 if version == 1 else 128),
        taps=told.integer("d_conv", 4),
        rank=1 if version == 2 else -(-width // 16) if rank == "auto" else told.integer("dt_rank"),
        groups=told.integer("ngroups", 1) if version == 2 else 1,
        both=both,
    )
    if both and not _same(hub.raw.get("complement_map"), config.complement):
        raise ModelError(
            f"{hub.where}: complement_map is not that of {TOKENIZERS[vocabulary]}'s words, in the order of their ids"
        )
    return config


def _same(told: Any, complement: tuple[int, ...]) -> bool:
    """Whether a table names the complements; the published code goes by its order, rows that fill up may be missing."""
    if not isinstance(told, dict) or not told:
        return False
    return [*told.items()] == [(str(number), other) for number, other in enumerate(complement[: len(told)])]


def _version(told: HubConfig, space: dict[str, Any]) -> int:
    """Which Mamba: later files say so; of others the settings that only the first takes."""
    if "version" in told.raw:
        return 2 if told.must("version", "v1", "v2") == "v2" else 1
    return 1 if FIRST & space.keys() or not space else 2


def write_config(config: Config, tokenizer: Tokenizer) -> dict[str, Any]:
    """Return config.json as kuleshov-group/caduceus-* and PlantCAD's have it."""
    space: dict[str, Any] = {"d_state": config.memory, "d_conv": config.taps, "expand": expansion(config)}
    space |= {"bias": False, "conv_bias": True}
    second = {"headdim": config.hidden // config.heads, "ngroups": config.groups}
    return {
        "model_type": KIND,
        "architectures": ["CaduceusForMaskedLM"],
        "vocab_size": config.vocabulary,
        "pad_vocab_size_multiple": MULTIPLE,
        "d_model": config.width,
        "n_layer": config.layers,
        "norm_epsilon": config.eps,
        "rms_norm": True,
        "fused_add_norm": True,
        "residual_in_fp32": False,
        "bidirectional": True,
        "bidirectional_strategy": "add",
        "bidirectional_weight_tie": True,
        "rcps": config.both,
        "complement_map": {str(n): other for n, other in enumerate(config.complement)} if config.both else None,
        "ssm_cfg": space | ({"dt_rank": config.rank} if config.version == 1 else second),
        "model_max_length": config.longest,
        "pad_token_id": tokenizer.special.pad,
    }


_LAYER = "caduceus.backbone.layers.*"
_WORDS = "caduceus.backbone.embeddings.word_embeddings"
_WAYS = {"ahead": ".mamba_fwd", "back": ".mamba_rev"}
_TIED = (("in_proj", "up"), ("out_proj", "down"))
TABLE = WeightTable(
    names={
        "embeddings.words": _WORDS,
        "layers.*.norm": f"{_LAYER}.norm",
        **mixer_names("layers.*.mixer", f"{_LAYER}.mixer", _WAYS),
        "final_norm": "caduceus.backbone.norm_f",
        # With both strands, the parts of one lie in another.
        "embeddings.each.words": f"{_WORDS}.embedding",
        "layers.*.each.norm": f"{_LAYER}.norm",
        **mixer_names("layers.*.each.mixer", f"{_LAYER}.mixer.submodule", _WAYS),
        "final_norm.each": "caduceus.backbone.norm_f",
    },
    copies={
        "lm_head.weight": "embeddings.words.weight",
        "lm_head.lm_head.weight": "embeddings.each.words.weight",
        **{f"{_LAYER}.mixer.mamba_rev.{their}.weight": f"layers.*.mixer.{ours}.weight" for their, ours in _TIED},
        **{
            f"{_LAYER}.mixer.submodule.mamba_rev.{their}.weight": f"layers.*.each.mixer.{ours}.weight"
            for their, ours in _TIED
        },
    },
    constants={f"{_WORDS}.complement_map": "complement", "lm_head.complement_map": "complement"},
    # PlantCAD's were saved without a head.
    renamed={r"^backbone\.": "caduceus.backbone."},
)


def doubts(evidence: Evidence) -> list[str]:
    """Say what speaks against Caduceus."""
    out = []
    if not any_name(evidence.names, ".mamba_fwd."):
        out.append("its weights hold no Mamba in two directions (mamba_fwd, mamba_rev)")
    out += other_type(evidence, KIND)
    if (
        evidence.config.get("rcps") is True
        and evidence.tokenizer
        and evidence.tokenizer.name not in TOKENIZERS.values()
    ):
        out.append(
            f"its words are neither Caduceus's nor PlantCAD's, whose complements it knows: {evidence.tokenizer.name}"
        )
    return out


def extra(config: Config) -> dict[str, Tensor]:
    """The complements of the words, which the published code keeps beside the weights."""
    return {name: torch.tensor(config.complement) for name in TABLE.constants} if config.both else {}


def write_words(tokenizer: Tokenizer, folder: Path, longest: int | None = None) -> None:
    """Write the tokenizer's files, where it has any: Caduceus's own is code, and is told by the config's type."""
    if tokenizer.name != TOKENIZERS[16]:
        write_vocabulary(tokenizer, folder, longest)


FAMILY = Family(
    "caduceus",
    "Caduceus or PlantCAD",
    (KIND,),
    Config,
    Caduceus,
    read_config,
    write_config,
    TABLE,
    doubts,
    write_tokenizer=write_words,
    spare=MULTIPLE - 1,
    multiple=MULTIPLE,
    extra=extra,
)
