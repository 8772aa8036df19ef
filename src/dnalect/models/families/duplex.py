"""duplex: two causal streams, one along each strand, that meet at every base.

One stack of gated, dilated, causal convolutions reads the window from the left and,
with the same weights, its reverse complement. At base i the left stream has seen the
bases before i and the right one the bases after i, never i itself; a small head joins
them symmetrically. So one forward gives p(base i | all other bases) at every i, and
the network of the reverse complement is the reverse complement of the network.

Shapes: B windows, L bases, C channels.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import torch
from annotated_types import Interval, Len
from torch import Tensor, nn
from torch.nn import functional as F
from typing_extensions import Doc

from dnalect.core.encoding import Encoding
from dnalect.core.errors import ConfigError, InputError, ModelError
from dnalect.core.records import Codes
from dnalect.models.card import Card
from dnalect.models.layers.causal import Block, Trace
from dnalect.models.layers.streams import Streams, Windows
from dnalect.models.model import Abilities, Ask, At, Ids, Model, Output
from dnalect.models.own import save_own
from dnalect.models.precision import as_tensor
from dnalect.models.weights import load_weights
from dnalect.tokens.bases import BASES, UNKNOWN, known, texts
from dnalect.tokens.laid import base_of
from dnalect.tokens.single import SingleBases

# Neighbouring bases whose substitutions share a pass.
GROUP = 8


@dataclass(frozen=True)
class DuplexConfig:
    """Sizes of a duplex network: the table [model] of a config."""

    width: Annotated[int, Interval(ge=1, le=4096), Doc("Channels of the stack.")] = 128
    kernel: Annotated[int, Interval(ge=2, le=64), Doc("Taps of each convolution.")] = 6
    dilations: Annotated[
        tuple[Annotated[int, Interval(ge=1, le=65536)], ...],
        Len(1),
        Doc("Of the convolutions, one block each; (kernel - 1) times their sum is how far the model sees, each way."),
    ] = (1, 2, 4, 8, 16, 32)
    expansion: Annotated[
        int, Interval(ge=1, le=16), Doc("Hidden width of feed-forward layers and head, in widths.")
    ] = 2
    dropout: Annotated[float, Interval(ge=0, lt=1), Doc("On the output of every layer, in training only.")] = 0.0
    join: Annotated[
        Literal["concat", "product"], Doc("What the head reads of the two streams; product: their products, too.")
    ] = "concat"

    def __post_init__(self) -> None:
        object.__setattr__(self, "dilations", tuple(self.dilations))
        if any(type(each) is not int for each in (self.width, self.kernel, self.expansion, *self.dilations)):
            raise ConfigError(f"duplex: width, kernel, expansion and dilations are whole numbers: {self}")
        if type(self.dropout) not in (int, float):
            raise ConfigError(f"duplex: dropout is a number, not {self.dropout!r}")
        if not 1 <= self.width <= 4096 or not 2 <= self.kernel <= 64 or not 1 <= self.expansion <= 16:
            raise ConfigError(f"duplex: width, kernel or expansion is out of range: {self}")
        if not 1 <= len(self.dilations) <= 64 or not all(1 <= d <= 65536 for d in self.dilations):
            raise ConfigError(f"duplex: 1 to 64 dilations of 1 to 65536 are needed: {self}")
        if not 0 <= self.dropout < 1:
            raise ConfigError(f"duplex: dropout must lie in [0, 1): {self.dropout}")
        if self.join not in ("concat", "product"):
            raise ConfigError(f"duplex: join must be concat or product, not {self.join!r}")

    @property
    def reach(self) -> int:
        """How many bases on each side a prediction depends on."""
        return (self.kernel - 1) * sum(self.dilations) + 1

    @property
    def parameters(self) -> int:
        """Number of parameters, without building the network."""
        width, hidden = self.width, self.width * self.expansion
        parts = 3 if self.join == "product" else 2
        block = 4 * width + 2 * width * (width * self.kernel + 1) + hidden * (width + 1) + width * (hidden + 1)
        head = hidden * (parts * width + 1) + 4 * (hidden + 1)
        return 5 * width + len(self.dilations) * block + 2 * width + head

    @property
    def doubling(self) -> bool:
        """Whether the dilations are 1, 2, 4, ...: then one base needs only a pyramid."""
        return self.dilations == tuple(2**n for n in range(len(self.dilations)))


class Duplex(Streams):
    """The network: base codes in, logits over A, C, G, T out."""

    def __init__(self, config: DuplexConfig):
        super().__init__(config.width, config.kernel, config.dilations, config.expansion, config.dropout)
        self.config = config
        parts = 3 if config.join == "product" else 2
        self.join = nn.Linear(parts * config.width, config.expansion * config.width)
        self.logits = nn.Linear(config.expansion * config.width, 4)

    def forward(self, codes_BL: Tensor, inside_BL: Tensor, soft_BL4: Tensor | None = None) -> Tensor:
        """Return logits (B, L, 4) in the order A, C, G, T.

        codes_BL: int64, 0-4. inside_BL: bool, False for padding, which acts exactly
        like the end of the window and may be on either side. soft_BL4: what stands for the known bases.
        """
        return self.head(*self.met(codes_BL, inside_BL, soft_BL4))

    def at_center(self, codes_BL: Tensor, inside_BL: Tensor, soft_BL4: Tensor | None = None) -> Tensor:
        """Return logits (B, 4) of the middle base of windows of 2 * reach + 1 bases.

        Equal to `forward` there, but computes only what that base depends on: about a
        twentieth of the work. Needs dilations that double.
        """
        return self.head(*self.met_at_center(codes_BL, inside_BL, soft_BL4))

    def substituted(self, codes_L: Tensor, inside_L: Tensor, start: int, end: int) -> Tensor:
        """Return logits (n, 4, n, 4) of the n bases of [start, end), after each of them became each of the four.

        What a stream has read before a substitution is as it was, what comes after the last base is not asked for, and
        between the two each block changes only what it can reach.
        """
        length, count = len(codes_L), end - start
        codes = torch.cat([codes_L[None], self.complement[codes_L.flip(0)][None]])
        x, inside = self._both_strands(codes_L[None], inside_L[None], None)
        keep, traces = inside.unsqueeze(-1).to(x.dtype), []
        for block in self.blocks:
            assert isinstance(block, Block)
            x, trace = block.traced(x, keep)
            traces.append(trace)
        states = F.pad(self.norm(x) * keep, (0, 0, 1, 1))
        # Each stream at the base before, and the other one's at the base after, of every base of the place.
        left, right = states[0, start : start + count], states[1].flip(0)[start + 2 : start + 2 + count]
        out: Tensor = self.head(left, right).repeat(count, 4, 1, 1)
        for strand, (low, other) in enumerate(((start, right), (length - end, left.flip(0)))):
            for first in range(0, count - 1, GROUP):
                at = torch.arange(first, min(first + GROUP, count - 1), device=codes.device)
                bases = (codes[strand, low + at][:, None] + torch.arange(1, 4, device=codes.device)) % 4
                own = self._changed(strand, low + at, bases, count - 1 - first, traces)
                reached = at[:, None] + torch.arange(1, own.shape[2] + 1, device=codes.device)
                rest = other[reached.clamp(max=count - 1)][:, None].expand_as(own)
                logits = self.head(rest, own) if strand else self.head(own, rest)
                # Not beyond the place, and of an unknown base there is no other one.
                told = ((reached < count) & (codes[strand, low + at] < UNKNOWN)[:, None])[:, None].expand(own.shape[:3])
                spots = (at[:, None, None], bases[:, :, None], reached[:, None])
                rows, columns, places = (each.expand(own.shape[:3])[told] for each in spots)
                if strand:
                    rows, columns, places = count - 1 - rows, 3 - columns, count - 1 - places
                out[rows, columns, places] = logits[told]
        return out

    def beside(self, windows: Windows, others: Windows, common: int) -> list[Tensor]:
        """Return logits (B, L, 4) of windows, and of others that begin and end like them: see `met_beside`."""
        return [self.head(left, right) for left, right in self.met_beside(windows, others, common)]

    def _changed(self, strand: int, at_N: Tensor, bases_N3: Tensor, longest: int, traces: Sequence[Trace]) -> Tensor:
        """The states (N, 3, L, C) of one stream from each base on, as far as it reaches, once it is another."""
        x, last = self.embedding(bases_N3)[:, :, None], traces[0].said.shape[1] - 1
        for block, trace in zip(self.blocks, traces, strict=True):
            assert isinstance(block, Block)
            far = min(longest, x.shape[2] + (self.config.kernel - 1) * block.dilation)
            along = (at_N[:, None] + torch.arange(far, device=at_N.device)).clamp(max=last)
            x = block.changed(x, trace.windows(strand, along[:, None]))
        out: Tensor = self.norm(x) * traces[-1].inside[strand][along][:, None]
        return out

    def head(self, left: Tensor, right: Tensor) -> Tensor:
        """Return the logits (..., 4) at bases that the two streams (..., C) meet at."""

        def view(a: Tensor, b: Tensor) -> Tensor:
            parts = [a, b, a * b] if self.config.join == "product" else [a, b]
            hidden: Tensor = F.gelu(self.join(torch.cat(parts, dim=-1)))
            out: Tensor = self.logits(hidden)
            return out

        return view(left, right) + view(right, left).flip(-1)


class DuplexModel(Model):
    """A duplex network with its card: logits at i are of p(base i | all other bases)."""

    network: Duplex
    tokenizer = SingleBases()

    @cached_property
    def can(self) -> Abilities:
        """Every base given the rest; the states are those of both streams, one a strand."""
        config = self.network.config
        return Abilities(
            likelihood="leave_one_out",
            context_bases=self.card.context_bases,
            reach=config.reach,
            strands="halves",
            layers=len(config.dilations),
            width=2 * config.width,
            words=len(BASES),
        )

    def encode(self, sequences: Sequence[str]) -> Encoding:
        """Return one token a base, padded on the right to the longest sequence.

        N and other letters beside A, C, G, T are unknown; at the ends of a sequence they
        count as padding. Raises InputError where a sequence is longer than the context.
        """
        encoding = self.tokenizer.encode(texts(sequences))
        ids, longest = encoding.input_ids, encoding.input_ids.shape[1]
        if longest > self.card.context_bases:
            raise InputError(
                f"a sequence of {longest} bases is longer than the {self.card.context_bases} of {self.card.id}; cut it"
            )
        mask = _inside(ids)
        return Encoding(ids, mask, mask)

    def _forward(self, encoding: Encoding, ask: Ask) -> Output:
        """Unknown bases are not read for logits. The states stand at every base, having read it."""
        ids = as_tensor(encoding.input_ids, self.device, np.int64)
        inside = as_tensor(encoding.attention_mask, self.device)
        out, soft = Output(), encoding.soft
        if ask.logits is not False:
            out = replace(out, logits=self._logits(ids, inside & (base_of(ids) != UNKNOWN), soft, ask.logits).float())
        if ask.states:
            states = self.network.features(ids, inside, ask.states, soft)
            out = replace(out, states=tuple(each.float() for each in states))
        return out

    def substituted(self, codes: Ids, start: int, end: int) -> Tensor:
        """Return the logits in one pass over the window, and a short one for each substitution: see `Model`."""
        ids = as_tensor(codes, self.device, np.int64)
        return self.network.substituted(ids, ids != UNKNOWN, start, end).float()

    def pairs(self, windows: Sequence[Codes], others: Sequence[Codes]) -> tuple[Tensor, Tensor] | None:
        """Return the logits of n windows and of n others, which cost the less the more of their ends is the same.

        windows, others: base codes of any length. Behind the shorter ones the logits (n, L, 4) mean nothing.
        """
        each = [*zip(windows, others, strict=True)]
        common = min(min(_alike(one, other), _alike(one[::-1], other[::-1])) for one, other in each)
        shortest = min(len(window) for pair in each for window in pair)
        one, other = self.network.beside(self._windows(windows), self._windows(others), min(common, shortest // 2))
        return one.float(), other.float()

    def _windows(self, windows: Sequence[Codes]) -> Windows:
        lengths = torch.tensor([len(window) for window in windows], device=self.device)
        codes = np.full((len(windows), int(lengths.max())), UNKNOWN, dtype=np.int64)
        for row, window in zip(codes, windows, strict=True):
            row[: len(window)] = window
        return Windows(as_tensor(codes, self.device, np.int64), lengths)

    def _logits(self, ids: Tensor, read: Tensor, soft: Tensor | None, wanted: bool | At) -> Tensor:
        config, network = self.network.config, self.network
        if not isinstance(wanted, At):
            return network(ids, read, soft)  # type: ignore[no-any-return]
        rows, columns = (torch.from_numpy(each).to(self.device) for each in (wanted.rows, wanted.columns))
        # A pyramid reads of each block half as many bases as of the one before it.
        if not config.doubling or len(rows) * config.reach > ids.numel() * len(config.dilations):
            every: Tensor = network(ids, read, soft)
            return every[rows, columns]
        around = columns[:, None] + torch.arange(-config.reach, config.reach + 1, device=self.device)
        within = (around >= 0) & (around < ids.shape[1])
        at = rows[:, None], around.clamp(0, ids.shape[1] - 1)
        return network.at_center(ids[at], read[at] & within, None if soft is None else soft[at])

    def _drawn(self) -> Duplex:
        return Duplex(self.network.config)

    def save(self, folder: str | Path) -> None:
        """Write a folder that `dnalect.load` reads: the weights in float32, and the card.

        The folder may exist. Raises OutputError where it can't be written.
        """
        save_own(self.card, self.network, folder)


def _inside(codes: np.ndarray) -> np.ndarray:
    """Return the mask (B, L) of positions from the first to the last known base of each row."""
    begun = np.logical_or.accumulate(known(codes), axis=1)
    ahead = np.logical_or.accumulate(known(codes)[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(begun & ahead)


def _alike(one: Codes, other: Codes) -> int:
    """Return how many bases two windows begin with in common."""
    shared = min(len(one), len(other))
    return int(np.cumprod(one[:shared] == other[:shared]).sum())


def load_duplex(card: Card, folder: Path, device: torch.device, dtype: torch.dtype) -> DuplexModel:
    """Build the network of a card and load its weights, checking their number."""
    try:
        config = DuplexConfig(**dict(card.config))
    except TypeError as error:
        raise ModelError(f"{folder}/card.json: the config does not fit duplex: {error}") from error
    expected = config.parameters
    if card.parameters != expected:
        raise ModelError(f"{folder}: the card says {card.parameters} parameters, its config gives {expected}")
    network = Duplex(config)
    load_weights(network, folder / "model.safetensors")
    return DuplexModel(card, network, device, dtype)
