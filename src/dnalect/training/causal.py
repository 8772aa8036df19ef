"""Causal language modelling: of every word, how likely it is after those before it."""

import math

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dnalect.core.errors import ConfigError
from dnalect.models.layers.stack import Stack
from dnalect.tokens.bases import UNKNOWN
from dnalect.training.corpus import Batch, Rows
from dnalect.training.reading import Reader, summed


class CausalLanguage:
    """The loss of causal language modelling, in nats a base.

    Words with an unknown base and special ones are read, and never to be guessed; the first word is, where the
    tokenizer puts something before it. A word's loss is shared out over its bases, and weighed by their mean weight.
    """

    def __init__(self, reader: Reader):
        self.reader = reader
        (spans,) = reader.tokenizer.encode(["ACGT" * 16], special=False).spans
        if (spans[1:, 0] < spans[:-1, 1]).any():
            raise ConfigError(
                f"the words of {reader.tokenizer.name} overlap: most of each could be read off the one before it; a "
                "causal model takes bases, 6-mers side by side or byte pairs"
            )

    def __call__(self, network: nn.Module, batch: Batch, device: torch.device) -> Tensor:
        """Return the mean cross-entropy (nats a base) of a batch, or what a part adds to it."""
        each, bases, weight, whole = self.losses(network, batch, device)
        return (each * weight / bases).sum() / whole.clamp_min(1e-6)

    def losses(self, network: nn.Module, batch: Batch, device: torch.device) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return of every word that is guessed its cross-entropy, its number of bases and their summed weight (m,).

        The words are those of the part; the last is the summed weight of all words of the batch ().
        """
        assert isinstance(network, Stack)
        encoding = self.reader(batch)
        ids = encoding.input_ids
        guessed = encoding.covering & encoding.attention_mask & ~np.isin(ids, self.reader.tokenizer.unknown_ids)
        rows, columns = np.nonzero(guessed[:, 1:])
        sums, bases = summed(batch.weight, encoding.spans[rows, columns + 1], rows)
        weight = torch.from_numpy(sums.astype(np.float32)).to(device)
        mine = batch.within(rows)
        own, rows, columns = torch.from_numpy(mine).to(device), rows[mine], columns[mine]
        mask = torch.from_numpy(encoding.attention_mask[batch.rows]).to(device)
        last = network(torch.from_numpy(ids[batch.rows]).to(device), mask).last
        at = torch.from_numpy(rows - batch.first).to(device), torch.from_numpy(columns).to(device)
        truth = torch.from_numpy(ids[rows, columns + 1]).to(device)
        each = F.cross_entropy(network.logits(last[at]).float(), truth, reduction="none")
        return each, torch.from_numpy(bases).to(device)[own], weight[own], weight.sum()

    def bits(self, network: nn.Module, codes: npt.NDArray[np.uint8], places: Rows, device: torch.device) -> float:
        """Return bits a base over windows (n, L), each base given those before it in its window."""
        total, count = 0.0, 0
        with torch.inference_mode():
            for at in np.array_split(np.arange(len(codes)), max(1, len(codes) // 16)):
                part = codes[at]
                batch = Batch(part, part, (part != UNKNOWN).astype(np.float32), 0, places[at])
                each, bases, _, _ = self.losses(network, batch, device)
                total, count = total + float(each.sum()), count + int(bases.sum())
        return total / max(count, 1) / math.log(2)
