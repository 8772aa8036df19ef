"""The seam: what every model is to the stages above. They ask what it can do, never which class it is.

Shapes: B windows, T tokens, V words, C channels, N heads of attention.
"""

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from dnalect.core.encoding import Encoding
from dnalect.core.errors import InputError, ModelError
from dnalect.core.records import Codes
from dnalect.models.card import Card
from dnalect.models.heads import HeadSpec
from dnalect.models.precision import DTYPES, device_named, warn_if_emulated
from dnalect.tokens.tokenizer import Tokenizer

Likelihood = Literal["leave_one_out", "masked", "causal"]
Strands = Literal["one", "both", "halves"]
Ids = npt.NDArray[np.int64]
# Names of tracks that a message lists.
SHOWN = 6


@dataclass(frozen=True)
class Tracks:
    """Signals along the sequence.

    names: of the tracks. stride: bases of a bin. crop: bases on each side of a window that are read and have no bin.
    length: of a window, None where any will do: how many bins there are follows from it.
    """

    names: tuple[str, ...]
    stride: int = 1
    crop: int = 0
    length: int | None = None

    def bins(self, length: int) -> int:
        """Return the number of bins of a window of so many bases."""
        return max(0, length - 2 * self.crop) // self.stride

    @property
    def splices(self) -> bool:
        """Whether they are what the score `splice` is made of."""
        return self.stride == 1 and ({"acceptor", "donor"} <= {*self.names} or bool(self.spliced))

    @property
    def spliced(self) -> tuple[str, ...]:
        """How likely a base is a splice site of either kind, of each tissue."""
        return tuple(name for name in self.names if name.endswith("_spliced"))

    def __str__(self) -> str:
        more = f" ... ({len(self.names):,} tracks)" if len(self.names) > SHOWN else ""
        use = f", in bins of {self.stride:,} bases" if self.stride > 1 else ""
        use = " (dnalect score --score splice)" if self.splices else use
        return ", ".join(self.names[:SHOWN]) + more + use


@dataclass(frozen=True)
class Abilities:
    """What a model can do, as data.

    likelihood: what its logits say: "leave_one_out", of every token given all others; "masked", of a token that
    the input hides; "causal", of a token given those before it; None, nothing. context_bases: the longest
    sequence of A, C, G, T that surely fits. reach: how many bases on each side an output depends on, None
    where that is the whole window. positions: most tokens of a window, special ones included, None where there
    is no such end. strands: what the reverse complement of a window gives: "one", something else; "both", the
    same, turned round; "halves", the same, and in the states the two halves of the channels change places.
    layers: how many `Ask.states` may name, the embedding (0) not among them. width: channels of the states.
    words: V of a soft input, and of the logits.
    attentions: whether it has any. left: a token reads itself and those before it only, so that the first one reads
    nothing else. targets: what its heads predict of a sequence. tracks: what it predicts along one. fixed: a window of
    `context_bases` is read and paid for, however short a sequence is. signals: names of those that heads read beside
    the sequence, any of which may be missing. relatives: names of those whose bases are read beside the sequence, laid
    in the ids of an encoding (`tokens.laid`); a text has none.
    """

    likelihood: Likelihood | None
    context_bases: int
    layers: int
    width: int
    words: int
    reach: int | None = None
    positions: int | None = None
    strands: Strands = "one"
    attentions: bool = False
    left: bool = False
    targets: Mapping[str, HeadSpec] = field(default_factory=dict)
    tracks: Tracks | None = None
    fixed: bool = False
    signals: tuple[str, ...] = ()
    relatives: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class At:
    """Some tokens of an encoding. rows, columns: (m,) each."""

    rows: Ids
    columns: Ids


@dataclass(frozen=True, eq=False)
class Ask:
    """What is wanted of a forward.

    logits: False for none, True for all, or at which tokens: the head runs only there. states: after which
    layers: 0 for the embedding, 1 to `can.layers`, None for the last with its norm. attentions: of every
    layer. targets, tracks: what the heads predict.
    """

    logits: bool | At = False
    states: tuple[int | None, ...] = ()
    attentions: bool = False
    targets: bool = False
    tracks: bool = False


# Typed as what was asked for.
_UNASKED: Any = None
LOGITS, LAST = Ask(logits=True), Ask(states=(None,))


@dataclass(frozen=True, eq=False)
class Output:
    """What a forward gives, all of it float32 tensors; what was not asked for is None. At padding they mean nothing.

    logits: (B, T, V), or (m, V) of m tokens; of a leave-one-out model V = 4: A, C, G, T. states: (B, T, C) of
    each layer that was asked for, in that order. attentions: (B, N, T, T) of each layer. targets: name of a
    head -> (B, outputs): logits of classes, values of signals. tracks: (B, bins, tracks).
    """

    logits: Tensor = _UNASKED
    states: tuple[Tensor, ...] = _UNASKED
    attentions: tuple[Tensor, ...] = _UNASKED
    targets: dict[str, Tensor] = _UNASKED
    tracks: Tensor = _UNASKED


@dataclass(frozen=True, eq=False)
class Allele:
    """New bases (T,), as codes, for those of [start, end) of a sequence."""

    start: int
    end: int
    codes: Ids


@dataclass(frozen=True, eq=False)
class Replaced:
    """Tracks. reference: (bins, tracks) of a sequence. alternates: of each allele (before + T + behind, tracks), or
    those of as many bins.
    """

    reference: npt.NDArray[np.float32]
    alternates: tuple[npt.NDArray[np.float32], ...]


# An allele's answers (before + T + behind, K) by one network, and the allele -> others in their place.
Laid = Callable[[Tensor, Allele], Tensor]


class Model(ABC):
    """A network with its card and tokenizer, on a device, in a precision, in eval mode.

    source: the name or folder that it was loaded as, "" if it wasn't. backend: what computes it, "" for plain torch.
    """

    source = backend = ""
    card: Card
    tokenizer: Tokenizer
    network: Any
    device: torch.device
    dtype: torch.dtype

    def __init__(self, card: Card, network: nn.Module, device: torch.device, dtype: torch.dtype):
        self.card = card
        # What is fetched later comes to where and what the rest is.
        self.network = (network if _absent(network) else network.to(device=device, dtype=dtype)).eval()
        self.device, self.dtype = device, dtype

    @property
    @abstractmethod
    def can(self) -> Abilities:
        """What it can do."""

    @property
    def language(self) -> "Model":
        """The language model inside; of one, itself."""
        return self

    @abstractmethod
    def encode(self, sequences: Sequence[Any]) -> Encoding:
        """Return the tokens of sequences, padded on the right. Raises InputError for one that is too long."""

    def forward(self, encoding: Encoding, ask: Ask) -> Output:
        """Return what is asked of an encoding. Gradients are kept as torch is set: no inference mode is set here.

        Raises ModelError for what the model can't do, InputError for soft input of another shape.
        """
        self._refuse(ask)
        soft, wanted = encoding.soft, (*encoding.input_ids.shape, self.can.words)
        if soft is not None and (tuple(soft.shape) != wanted or not soft.is_floating_point()):
            raise InputError(f"the soft input of {self.card.id} is {wanted} floats here, not {tuple(soft.shape)}")
        return self._forward(encoding, ask)

    def softened(self, encoding: Encoding) -> Encoding:
        """Return an encoding whose soft input says what its ids do: 1 for the word that is there, and 0.

        On the model's device, float32. An unknown base of a leave-one-out model has no word and is 0.
        """
        ids = torch.from_numpy(np.ascontiguousarray(encoding.input_ids, dtype=np.int64)).to(self.device)
        return replace(encoding, soft=(ids[..., None] == torch.arange(self.can.words, device=self.device)).float())

    def states(self, encoding: Encoding, layer: int | None = None) -> Tensor:
        """Return the hidden states (B, T, C) float32 after one layer: see `Ask`. Gradients are kept as torch is set."""
        (found,) = self.forward(encoding, Ask(states=(layer,))).states or ()
        return found

    def substituted(self, codes: Ids, start: int, end: int) -> Tensor | None:
        """Return logits (n, 4, n, 4) of n bases, after each of them became each of the four in A, C, G, T order.

        codes: base codes (L,) of any length. [start, end): the n bases. A base that stays, or is unknown, changes
        nothing. None where the model has no shorter way than a forward for each substitution.
        """
        return None

    def pairs(self, windows: Sequence[Codes], others: Sequence[Codes]) -> tuple[Tensor, Tensor] | None:
        """Return logits (n, L, 4) of windows of base codes, and of others that begin and end so. None: no short way."""
        return None

    def replaced(
        self, codes: Ids, alleles: Sequence["Allele"], sides: tuple[int, int], laid: "Laid | None" = None
    ) -> "Replaced":
        """Return the tracks of a sequence, and of it with each of some alleles in place of its own bases.

        codes: base codes (L,) of any length. sides: bases before and behind each allele whose tracks are asked for; the
        sequence has as many, and the crop beyond. A model of bins gives all those of its window, the first
        `tracks.length` bases, and passes `sides` over: what lies behind an indel moves up, or out. laid: makes others
        of an allele's answers before the mean over networks is taken, but not of bins. No gradient is kept.
        Raises ModelError for a model without tracks, InputError for a sequence that is too short.
        """
        raise ModelError(f"{self.card.id} predicts no tracks")

    @abstractmethod
    def _forward(self, encoding: Encoding, ask: Ask) -> Output: ...

    @abstractmethod
    def save(self, folder: str | Path) -> None:
        """Write a folder that `dnalect.load` reads, which may exist. Raises OutputError where it can't be written."""

    def untrained(self, seed: int) -> Self:
        """Return the model with the weights that pretraining would begin with: the rival that shows its worth.

        seed: of the weights; the caller's random state is left as it was. The card is the model's own.
        """
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = self._drawn()
        twin = copy(self)
        twin.network = network.to(device=self.device, dtype=self.dtype).eval()
        return twin

    @abstractmethod
    def _drawn(self) -> nn.Module:
        """Return a network of the same config, its weights drawn."""

    def save_pretrained(self, folder: str | Path) -> None:
        """Write a folder for transformers too. Raises ModelError where that has no class for such a network."""
        raise ModelError(
            f"{self.card.id} can't be saved for transformers, which has no class for {self.card.family}; "
            f"save({str(folder)!r}) writes a folder that dnalect.load reads"
        )

    def to(self, device: str | torch.device | None = None, dtype: str | torch.dtype | None = None) -> Self:
        """Move the network and return the model. None leaves device or precision as it is.

        device: as torch names it. dtype: "float32" or "bfloat16". Raises ModelError for others, and for a model whose
        layers are fetched for their turn.
        """
        if self.offloaded:
            raise ModelError(f"{self.card.id} stays where it is, as its layers did not fit: load it anew")
        if dtype is not None and dtype not in (*DTYPES, *DTYPES.values()):
            raise ModelError(f"unknown dtype {dtype!r}; known: {', '.join(DTYPES)}")
        self.device = self.device if device is None else device_named(str(device))
        self.dtype = DTYPES[dtype] if isinstance(dtype, str) else dtype or self.dtype
        self.backend = ""
        warn_if_emulated(self.device, self.dtype)
        self.network.to(device=self.device, dtype=self.dtype)
        return self

    @property
    def offloaded(self) -> bool:
        """Whether the layers stay in their files until their turn, as they did not all fit: see `offload`."""
        return _absent(self.network)

    def __repr__(self) -> str:
        card, dtype = self.card, str(self.dtype).removeprefix("torch.")
        return (
            f"{type(self).__name__}({card.id}: {card.family}, {card.parameters:,} parameters, "
            f"context {card.context_bases:,} bases, {dtype} on {self.device})"
        )

    @torch.inference_mode()
    def __call__(
        self,
        given: Encoding | str | Sequence[Any],
        states: bool | Iterable[int | None] = (),
        attentions: bool = False,
    ) -> Output:
        """Return the logits, and on request states and attentions; no gradient is kept.

        given: what `encode` gives, or a sequence or several. states: of which layers (see `Ask`), True for the
        embedding, then every layer, the last with its norm.
        """
        encoding = given if isinstance(given, Encoding) else self.encode([given] if isinstance(given, str) else given)
        layers = (*range(self.can.layers), None) if states is True else tuple(states or ())
        return self.forward(encoding, Ask(self.can.likelihood is not None, layers, attentions, bool(self.can.targets)))

    def _refuse(self, ask: Ask) -> None:
        """Raise ModelError for what is asked and can't be done."""
        can, name = self.can, self.card.id
        if ask.logits is not False and can.likelihood is None:
            raise ModelError(f"{name} does not say how likely bases are: it has no logits")
        if wrong := [layer for layer in ask.states if layer is not None and not 0 <= layer <= can.layers]:
            raise ModelError(f"{name} has the layers 0 (embedding) to {can.layers}, not {wrong[0]}")
        if ask.attentions and not can.attentions:
            raise ModelError(f"{name} has no attention")
        if ask.targets and not can.targets:
            raise ModelError(f"{name} is a language model and predicts no label: tune it with dnalect finetune first")
        if ask.tracks and can.tracks is None:
            raise ModelError(f"{name} predicts no tracks")


def _absent(network: nn.Module) -> bool:
    return any(parameter.is_meta for parameter in network.parameters())


# What stands for a model: a name or folder, or what `load` gave.
Named = str | os.PathLike[str] | Model
