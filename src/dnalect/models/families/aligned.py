"""aligned: a duplex beside which the bases of relatives are read, at every base and around it.

The duplex inside reads the sequence alone. A second, smaller pair of streams reads each base together with those that
relatives have there, so that it knows how alike the columns around are; and a head takes both pairs as they meet
at a base, with what the relatives have at that base. The base itself is in none of these, so one forward gives
p(base i | all other bases, all bases of the relatives) at every i. Where nothing is aligned the columns are empty.

The idea of columns beside the sequence is GPN-MSA's (Benegas 2025, Nat Biotechnol), a transformer that hides bases.

Shapes: B windows, L bases, C channels, R relatives.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
from annotated_types import Interval, Len
from torch import Tensor, nn
from torch.nn import functional as F
from typing_extensions import Doc

from dnalect.core.encoding import Encoding
from dnalect.core.errors import ConfigError, ModelError
from dnalect.core.files import sha256
from dnalect.core.records import Codes
from dnalect.models.card import Card, read_card
from dnalect.models.catalogue import embedded
from dnalect.models.families.duplex import Duplex, DuplexConfig, DuplexModel
from dnalect.models.layers.streams import Streams
from dnalect.models.model import Abilities, Ids
from dnalect.models.weights import load_weights
from dnalect.tokens.bases import BASES, UNKNOWN
from dnalect.tokens.laid import MOST, base_of, relative_of

NAME = "aligned"
# The names of the duplex's parameters begin so.
TRUNK = "trunk."
# What a relative has: nothing, or one of four bases.
WORDS = 5
_COMPLEMENT = (0, 4, 3, 2, 1)


@dataclass(frozen=True)
class AlignedConfig(DuplexConfig):
    """Sizes of the duplex inside, and of what reads the relatives."""

    relatives: Annotated[
        tuple[Annotated[str, Len(1)], ...], Doc("Those that are read, in this order; none: all of the alignment.")
    ] = ()
    beside: Annotated[int, Interval(ge=1, le=4096), Doc("Channels of the streams that read relatives.")] = 64
    beside_dilations: Annotated[
        tuple[Annotated[int, Interval(ge=1, le=65536)], ...], Len(1), Doc("Of their convolutions.")
    ] = (1, 2, 4, 8)
    hidden: Annotated[int, Interval(ge=1, le=65536), Doc("Width of the head that joins all.")] = 256
    family: Annotated[Literal["aligned"], Doc("What tells it from a duplex.")] = "aligned"

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("relatives", "beside_dilations"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        sizes = (self.beside, self.hidden, *self.beside_dilations)
        if any(type(each) is not int or not 1 <= each <= 65536 for each in sizes) or not self.beside_dilations:
            raise ConfigError(f"aligned: beside, hidden and beside_dilations are whole numbers, 1 to 65536: {self}")
        if not all(isinstance(each, str) and each for each in self.relatives) or len(self.relatives) > MOST:
            raise ConfigError(f"aligned: relatives are up to {MOST} names, not {self.relatives!r}")
        if len({*self.relatives}) < len(self.relatives):
            raise ConfigError("aligned: a relative is named twice; name each once")

    @property
    def reach(self) -> int:
        """How many bases on each side a prediction depends on."""
        return max(super().reach, (self.kernel - 1) * sum(self.beside_dilations) + 1)

    @property
    def trunk(self) -> DuplexConfig:
        """The sizes of the duplex inside."""
        return DuplexConfig(self.width, self.kernel, self.dilations, self.expansion, self.dropout, self.join)

    @property
    def parameters(self) -> int:
        """Number of parameters, without building the network."""
        count, width, taps = len(self.relatives), self.beside, self.kernel
        feed = self.expansion * width
        block = 4 * width + 2 * width * (width * taps + 1) + feed * (width + 1) + width * (feed + 1)
        streams = (5 + WORDS * WORDS * count) * width + len(self.beside_dilations) * block + 2 * width
        joined = self.hidden * (3 * (self.width + width) + 1)
        head = WORDS * count * self.hidden + joined + self.hidden * (self.hidden + 1) + 4 * (self.hidden + 1)
        return self.trunk.parameters + streams + head


class Beside(Streams):
    """Streams that read a base and what the relatives have there."""

    def __init__(self, config: AlignedConfig):
        super().__init__(config.beside, config.kernel, config.beside_dilations, config.expansion, config.dropout)
        self.count = len(config.relatives)
        # A row for each relative, base and what it has there.
        self.pair_embedding = nn.Embedding(self.count * WORDS * WORDS, config.beside)
        nn.init.normal_(self.pair_embedding.weight, std=0.5)

    def _embedded(self, codes: Tensor, soft_BL4: Tensor | None) -> Tensor:
        base = base_of(codes)
        if soft_BL4 is None:
            return self._of_base(codes, base)
        soft = torch.cat([soft_BL4, soft_BL4.flip(1, 2)]).to(self.embedding.weight.dtype)
        each = [soft[..., [word]] * self._of_base(codes, torch.full_like(base, word)) for word in range(UNKNOWN)]
        return torch.where((base == UNKNOWN)[..., None], self._of_base(codes, base), torch.stack(each).sum(0))

    def _of_base(self, codes: Tensor, base: Tensor) -> Tensor:
        rows = [(number * WORDS + base) * WORDS + relative_of(codes, number) for number in range(self.count)]
        out: Tensor = self.embedding(base) + _summed(self.pair_embedding, rows)
        return out

    def _opposite(self, codes: Tensor) -> Tensor:
        return opposite(codes, self.count, self.complement)


class Aligned(nn.Module):
    """The network: base codes with relatives laid beside them in (see `tokens.laid`), logits over A, C, G, T out."""

    complement: Tensor

    def __init__(self, config: AlignedConfig):
        super().__init__()
        if not config.relatives:
            raise ConfigError("aligned: the config names no relatives")
        self.config, count = config, len(config.relatives)
        self.trunk = Duplex(config.trunk)
        self.beside = Beside(config)
        self.site_embedding = nn.Embedding(count * WORDS, config.hidden)
        self.join = nn.Linear(3 * (config.width + config.beside), config.hidden)
        self.between = nn.Linear(config.hidden, config.hidden)
        self.logits = nn.Linear(config.hidden, len(BASES))
        nn.init.normal_(self.site_embedding.weight, std=0.5)
        # Before it has learned anything, it says what the duplex inside says.
        for parameter in self.logits.parameters():
            nn.init.zeros_(parameter)
        self.register_buffer("complement", torch.tensor(_COMPLEMENT), persistent=False)

    def forward(self, laid_BL: Tensor, inside_BL: Tensor, soft_BL4: Tensor | None = None) -> Tensor:
        """Return logits (B, L, 4) in the order A, C, G, T: see `Duplex`."""
        near = self.beside.met(laid_BL, inside_BL, soft_BL4)
        return self._said(self.trunk.met(base_of(laid_BL), inside_BL, soft_BL4), near, laid_BL)

    def at_center(self, laid_BL: Tensor, inside_BL: Tensor, soft_BL4: Tensor | None = None) -> Tensor:
        """Return logits (B, 4) of the middle base of windows of 2 * reach + 1 bases: see `Duplex`."""
        middle, own = self.config.reach, self.beside.reach
        part, whole = (slice(middle - each, middle + each + 1) for each in (own, self.trunk.config.reach))
        soft = (None, None) if soft_BL4 is None else (soft_BL4[:, part], soft_BL4[:, whole])
        near = tuple(each[:, own] for each in self.beside.met(laid_BL[:, part], inside_BL[:, part], soft[0]))
        far = self.trunk.met_at_center(base_of(laid_BL[:, whole]), inside_BL[:, whole], soft[1])
        return self._said(far, near, laid_BL[:, middle])

    def features(
        self,
        laid_BL: Tensor,
        inside_BL: Tensor,
        layers: Sequence[int | None] = (None,),
        soft_BL4: Tensor | None = None,
    ) -> list[Tensor]:
        """Return both pairs of streams (B, L, 2 * (width + beside)) after each of `layers`: see `Streams.features`.

        Each half is a strand. The streams beside have fewer blocks, and stay as they are after their last.
        """
        depth = len(self.config.beside_dilations)
        own = [None if layer is None else min(layer, depth) for layer in layers]
        far = self.trunk.features(base_of(laid_BL), inside_BL, layers, soft_BL4)
        near = self.beside.features(laid_BL, inside_BL, [*dict.fromkeys(own)], soft_BL4)
        found = dict(zip(dict.fromkeys(own), near, strict=True))
        halves = (zip(a.chunk(2, -1), found[n].chunk(2, -1), strict=True) for a, n in zip(far, own, strict=True))
        return [torch.cat([torch.cat(pair, -1) for pair in each], -1) for each in halves]

    def _said(self, far: Sequence[Tensor], near: Sequence[Tensor], laid: Tensor) -> Tensor:
        """Logits (..., 4) at bases that both pairs of streams (..., C) meet at."""
        here = [relative_of(laid, number) for number in range(len(self.config.relatives))]
        there = [self.complement[each] for each in here]
        alone = self.trunk.head(far[0], far[1])
        return alone + self._view(far, near, here) + self._view(far[::-1], near[::-1], there).flip(-1)

    def _view(self, far: Sequence[Tensor], near: Sequence[Tensor], relatives: Sequence[Tensor]) -> Tensor:
        (a, b), (c, d) = far, near
        hidden: Tensor = self.join(torch.cat([a, b, a * b, c, d, c * d], dim=-1))
        rows = [number * WORDS + bases for number, bases in enumerate(relatives)]
        hidden = F.gelu(hidden + _summed(self.site_embedding, rows))
        out: Tensor = self.logits(hidden + F.gelu(self.between(hidden)))
        return out


def _summed(table: nn.Embedding, rows: Sequence[Tensor]) -> Tensor:
    """The sums (..., C) of some rows of a table."""
    at = torch.stack([*rows], dim=-1)
    out: Tensor = F.embedding_bag(at.flatten(0, -2), table.weight, mode="sum")
    return out.reshape(*at.shape[:-1], -1)


def opposite(laid: Tensor, relatives: int, complement: Tensor) -> Tensor:
    """Return what pairs with laid bases, the bases of the relatives too. complement: of base codes."""
    out = complement[base_of(laid)]
    theirs = torch.tensor(_COMPLEMENT, device=laid.device)
    for number in range(relatives):
        out = out | theirs[relative_of(laid, number)] << 3 * (number + 1)
    return out


class AlignedModel(DuplexModel):
    """An aligned network with its card: logits at i are of p(base i | all other bases, the relatives' bases).

    A text has no relatives; where there are some they come in the ids of an encoding, as `tokens.laid` lays them.
    """

    network: Any

    @cached_property
    def can(self) -> Abilities:
        """What a duplex can, and it reads relatives; the states are those of both pairs of streams."""
        config = self.network.config
        return replace(super().can, width=2 * (config.width + config.beside), relatives=config.relatives)

    def softened(self, encoding: Encoding) -> Encoding:
        """Return an encoding whose soft input says what its ids do of the sequence; the relatives stay in the ids."""
        soft = super().softened(Encoding(base_of(encoding.input_ids), encoding.attention_mask, encoding.covers)).soft
        return Encoding(encoding.input_ids, encoding.attention_mask, encoding.covers, soft)

    def substituted(self, codes: Ids, start: int, end: int) -> Tensor | None:  # type: ignore[override]
        """Return None: there is no shorter way than a forward for each substitution."""
        return None

    def pairs(self, windows: Sequence[Codes], others: Sequence[Codes]) -> None:
        """Return None: there is no shorter way than a forward for each window."""

    def _drawn(self) -> Aligned:  # type: ignore[override]
        return Aligned(self.network.config)


def load_aligned(card: Card, folder: Path, device: torch.device, dtype: torch.dtype) -> AlignedModel:
    """Build the network of a card and load its weights, checking their number."""
    try:
        config = AlignedConfig(**dict(card.config))
        expected = config.parameters
        network = Aligned(config)
    except (TypeError, ConfigError) as error:
        raise ModelError(f"{folder}/card.json: the config does not fit aligned: {error}") from error
    if card.parameters != expected:
        raise ModelError(f"{folder}: the card says {card.parameters} parameters, its config gives {expected}")
    file = folder / "model.safetensors"
    if card.trunk:
        load_weights(network.trunk, _trunk_of(card, folder))
        load_weights(network, file, without=TRUNK)
    else:
        load_weights(network, file)
    return AlignedModel(card, network, device, dtype)


def _trunk_of(card: Card, folder: Path) -> Path:
    """Return the weights of the shipped duplex that a card names. Raises ModelError where it is not that one."""
    told = {name: card.trunk.get(name, "") for name in ("name", "revision", "sha256")}
    own = embedded(f"{told['name']}@{told['revision']}")
    if own is None or read_card(own).family != "duplex":
        raise ModelError(f"{folder}/card.json: the trunk {told['name']!r} is no duplex that ships with dnalect")
    file = own / "model.safetensors"
    if sha256(file) != told["sha256"]:
        raise ModelError(f"{file} is not the trunk of {card.id}: the SHA-256 differs; install dnalect again")
    return file


def config_of(network: Aligned) -> dict[str, Any]:
    """Return the `config` of a card."""
    return {name: value for name, value in asdict(network.config).items() if name != "family"}
