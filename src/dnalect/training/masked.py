"""Masked language modelling: windows are tokenised on the fly, some tokens are hidden, those are guessed."""

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dnalect.core.encoding import Encoding
from dnalect.core.errors import ConfigError
from dnalect.models.catalogue import published_of
from dnalect.models.layers.encoder import Encoder
from dnalect.models.layers.sizes import Sizes
from dnalect.models.recognise import FAMILIES
from dnalect.tokens.bases import UNKNOWN
from dnalect.tokens.tokenizer import Tokenizer
from dnalect.training.config import MaskedConfig
from dnalect.training.corpus import Batch
from dnalect.training.masking import MaskingConfig, choose, hide

LETTERS = np.frombuffer(b"ACGTN", dtype=np.uint8)
HEAD_WIDTH = 64
MASKS, FATES = 4, 5


def encoder_config(config: MaskedConfig, tokenizer: Tokenizer) -> Sizes:
    """Return the published network of `config.like` with its heads, layers and channels scaled.

    A head keeps its width, so the channels follow the heads; the hidden layers keep their ratio.
    Raises ConfigError for an unknown card or one of another family.
    """
    family = FAMILIES[config.family]
    cards = {card.name: card for card in published_of(config.family)}
    if config.like not in cards:
        raise ConfigError(f"[model] like must be one of {', '.join(cards)}, not {config.like!r}")
    sizes = dict(cards[config.like].sizes) | {"vocabulary": len(tokenizer)}
    whole: Sizes = family.config(**sizes)
    heads = max(1, round(whole.heads * config.scale))
    width = heads * (whole.width // whole.heads)
    return replace(
        whole,
        heads=heads,
        width=width,
        hidden=round(width * whole.hidden / whole.width),
        layers=max(1, math.ceil(whole.layers * config.scale)),
        longest=config.longest or whole.longest,
        dropout=0.0,
        attention_dropout=0.0,
    )


@dataclass(frozen=True)
class Prepared:
    """A batch before the network sees it. seen: ids (B, T) with tokens hidden. rows, columns (m,): which were."""

    encoding: Encoding
    seen: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int64]
    columns: npt.NDArray[np.int64]


@dataclass(frozen=True)
class ForwardPass:
    """A pass over a batch. each, weight (m,): cross-entropy and weight of the hidden tokens.

    last: hidden states (B, T, C) of all tokens. encoding: the tokens before any was hidden.
    """

    each: Tensor
    weight: Tensor
    last: Tensor
    encoding: Encoding


class MaskedLanguage:
    """The loss of masked language modelling; what is hidden depends on seed and step alone.

    steps: of the whole run, for rates that change. Bases that count for nothing (weight 0) or
    less are weighed by the mean weight of the bases of a token.
    """

    def __init__(self, tokenizer: Tokenizer, masking: MaskingConfig, seed: int, steps: int):
        self.tokenizer, self.masking, self.seed, self.steps = tokenizer, masking, seed, steps
        special = tokenizer.special
        if special.mask is None:
            raise ConfigError(f"the tokenizer {tokenizer.name} has no mask token, so nothing can be hidden")
        reserved = {special.pad, special.unk, special.cls, special.sep, special.mask}
        self.ordinary = np.array(
            [n for n, word in enumerate(tokenizer.words) if n not in reserved and word and set(word) <= set("ACGT")]
        )
        self.plain = np.zeros(len(tokenizer), dtype=np.bool_)
        self.plain[self.ordinary] = True

    def __call__(self, network: nn.Module, batch: Batch, device: torch.device) -> Tensor:
        """Return the mean cross-entropy (nats a hidden token) of a batch."""
        assert isinstance(network, Encoder)
        each, weight = self.losses(network, batch, device)
        return (each * weight).sum() / weight.sum().clamp_min(1e-6)

    def losses(self, network: Encoder, batch: Batch, device: torch.device) -> tuple[Tensor, Tensor]:
        """Return cross-entropy (m,) and weight (m,) of every hidden token."""
        reading = self.read(network, batch, device)
        return reading.each, reading.weight

    def prepare(self, batch: Batch) -> Prepared:
        """Turn the bases of a batch into tokens, and hide some."""
        encoding = self.tokenizer.encode(_texts(batch))
        ids = encoding.input_ids
        rng = np.random.default_rng((self.seed, MASKS, batch.step))
        chosen = choose(self.masking, self.plain[ids], self.masking.rate_at(batch.step / self.steps), rng)
        if not chosen.any():
            chosen = self.plain[ids]
        fates = np.random.default_rng((self.seed, FATES, batch.step))
        seen = hide(self.masking, ids, chosen, self.tokenizer.special.mask or 0, self.ordinary, fates)
        return Prepared(encoding, seen, *np.nonzero(chosen))

    def read(self, network: Encoder, batch: Batch, device: torch.device) -> ForwardPass:
        """Hide tokens of a batch and let the network guess them."""
        ready = self.prepare(batch)
        encoding, rows, columns = ready.encoding, ready.rows, ready.columns
        ids, spans = encoding.input_ids, encoding.spans
        mask = torch.from_numpy(encoding.attention_mask).to(device)
        last = network(torch.from_numpy(ready.seen).to(device), mask).last
        logits = network.logits(last[torch.from_numpy(rows).to(device), torch.from_numpy(columns).to(device)])
        truth = torch.from_numpy(ids[rows, columns]).to(device)
        weight = torch.from_numpy(_weights(batch.weight, spans[rows, columns], rows)).to(device)
        return ForwardPass(F.cross_entropy(logits.float(), truth, reduction="none"), weight, last, encoding)

    def bits(self, network: nn.Module, codes: npt.NDArray[np.uint8], device: torch.device) -> float:
        """Return bits a hidden token over windows (n, L), the same tokens hidden at every call."""
        assert isinstance(network, Encoder)
        total, count = 0.0, 0.0
        with torch.inference_mode():
            for number, part in enumerate(np.array_split(codes, max(1, len(codes) // 16))):
                weight = (part != UNKNOWN).astype(np.float32)
                each, mine = self.losses(network, Batch(part, part, weight, number), device)
                total, count = total + float((each * mine).sum()), count + float(mine.sum())
        return total / count / math.log(2)


def _texts(batch: Batch) -> list[npt.NDArray[np.uint8]]:
    texts = list(LETTERS[batch.target])
    if batch.lengths is None:
        return texts
    return [text[:length] for text, length in zip(texts, batch.lengths.tolist(), strict=True)]


def _weights(
    weight: npt.NDArray[np.float32], spans: npt.NDArray[np.int32], rows: npt.NDArray[np.int64]
) -> npt.NDArray[np.float32]:
    """Mean weight of the bases of each token (m,)."""
    sums = np.pad(np.cumsum(weight, axis=1, dtype=np.float64), ((0, 0), (1, 0)))
    low, high = spans.T
    means: npt.NDArray[np.float32] = (sums[rows, high] - sums[rows, low]) / np.maximum(high - low, 1)
    return means.astype(np.float32)
