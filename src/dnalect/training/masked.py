"""Masked language modelling: windows are tokenised on the fly, some tokens are hidden, those are guessed."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dnalect.core.encoding import Encoding
from dnalect.core.errors import ConfigError
from dnalect.models.families.family import Network
from dnalect.tokens.bases import UNKNOWN
from dnalect.training.corpus import Batch, Rows
from dnalect.training.masking import MaskingConfig, choose, hide
from dnalect.training.reading import Reader, summed

MASKS, FATES = 4, 5


@dataclass(frozen=True)
class Prepared:
    """A batch before the network sees it. seen: ids (B, T) with tokens hidden. rows, columns (m,): which were."""

    encoding: Encoding
    seen: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int64]
    columns: npt.NDArray[np.int64]


@dataclass(frozen=True)
class ForwardPass:
    """A pass over a part of a batch. each, weight (m,): cross-entropy and weight of the hidden tokens.

    whole: sum of the weights of all hidden tokens of the batch. last: hidden states (B, T, C) of all tokens of the
    part. encoding: the tokens of the batch before any was hidden.
    """

    each: Tensor
    weight: Tensor
    whole: Tensor
    last: Tensor
    encoding: Encoding

    @property
    def mean(self) -> Tensor:
        """What the part adds to the mean cross-entropy of the batch."""
        return (self.each * self.weight).sum() / self.whole.clamp_min(1e-6)


class MaskedLanguage:
    """The loss of masked language modelling; what is hidden depends on seed and step alone.

    steps: of the whole run, for rates that change. Bases that count for nothing (weight 0) or
    less are weighed by the mean weight of the bases of a token.
    """

    def __init__(self, reader: Reader, masking: MaskingConfig, seed: int, steps: int):
        self.reader, self.masking, self.seed, self.steps = reader, masking, seed, steps
        self.tokenizer = tokenizer = reader.tokenizer
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
        """Return the mean cross-entropy (nats a hidden token) of a batch, or what a part adds to it."""
        return self.read(network, batch, device).mean

    def losses(self, network: nn.Module, batch: Batch, device: torch.device) -> tuple[Tensor, Tensor]:
        """Return cross-entropy (m,) and weight (m,) of every hidden token."""
        reading = self.read(network, batch, device)
        return reading.each, reading.weight

    def prepare(self, batch: Batch) -> Prepared:
        """Turn the bases of a batch into tokens, and hide some."""
        encoding = self.reader(batch)
        ids = encoding.input_ids
        rng = np.random.default_rng((self.seed, MASKS, batch.step))
        chosen = choose(self.masking, self.plain[ids], self.masking.rate_at(batch.step / self.steps), rng)
        if not chosen.any():
            chosen = self.plain[ids]
        fates = np.random.default_rng((self.seed, FATES, batch.step))
        seen = hide(self.masking, ids, chosen, self.tokenizer.special.mask or 0, self.ordinary, fates)
        return Prepared(encoding, seen, *np.nonzero(chosen))

    def read(self, network: nn.Module, batch: Batch, device: torch.device) -> ForwardPass:
        """Hide tokens of a batch and let the network guess them."""
        assert isinstance(network, Network)
        ready = self.prepare(batch)
        encoding, rows, columns = ready.encoding, ready.rows, ready.columns
        ids, spans = encoding.input_ids, encoding.spans
        sums, bases = summed(batch.weight, spans[rows, columns], rows)
        weight = torch.from_numpy((sums / np.maximum(bases, 1)).astype(np.float32)).to(device)
        mask = torch.from_numpy(encoding.attention_mask[batch.rows]).to(device)
        last = network(torch.from_numpy(ready.seen[batch.rows]).to(device), mask).last
        mine = batch.within(rows)
        truth = torch.from_numpy(ids[rows[mine], columns[mine]]).to(device)
        own, at = torch.from_numpy(mine).to(device), torch.from_numpy(columns[mine]).to(device)
        logits = network.logits(last[torch.from_numpy(rows[mine] - batch.first).to(device), at])
        each = F.cross_entropy(logits.float(), truth, reduction="none")
        return ForwardPass(each, weight[own], weight.sum(), last, encoding)

    def bits(self, network: nn.Module, codes: npt.NDArray[np.uint8], places: Rows, device: torch.device) -> float:
        """Return bits a hidden token over windows (n, L), the same tokens hidden at every call."""
        total, count = 0.0, 0.0
        with torch.inference_mode():
            for number, at in enumerate(np.array_split(np.arange(len(codes)), max(1, len(codes) // 16))):
                part = codes[at]
                weight = (part != UNKNOWN).astype(np.float32)
                each, mine = self.losses(network, Batch(part, part, weight, number, places[at]), device)
                total, count = total + float((each * mine).sum()), count + float(mine.sum())
        return total / count / math.log(2)
