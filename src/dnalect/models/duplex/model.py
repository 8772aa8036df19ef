"""duplex as a model of the library: card, encoding, logits."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from dnalect.core.errors import InputError, ModelError
from dnalect.core.files import made_folder, sha256, write_text
from dnalect.core.records import Encoding
from dnalect.models.card import Card
from dnalect.models.checkpoint import load_weights, save_weights
from dnalect.models.duplex.network import Duplex, DuplexConfig
from dnalect.models.language import LanguageModel
from dnalect.tokens.bases import UNKNOWN, encode, texts


@dataclass(frozen=True)
class Output:
    """logits: (B, L, 4) float32 in the order A, C, G, T."""

    logits: Tensor


class DuplexModel(LanguageModel[Duplex]):
    """A duplex network with its card, in eval mode.

    kind: "leave_one_out": logits at i are of p(base i | all other bases).
    context_bases: longest window. reach: bases on each side that a prediction uses.
    """

    kind = "leave_one_out"
    positions = None

    def __init__(self, card: Card, network: Duplex, device: torch.device, dtype: torch.dtype):
        self.card = card
        self.network = network.to(device=device, dtype=dtype).eval()
        self.device, self.dtype = device, dtype

    @property
    def context_bases(self) -> int:
        """The longest window in bases."""
        return self.card.context_bases

    @property
    def reach(self) -> int:
        """How many bases on each side a prediction depends on."""
        return self.network.config.reach

    def encode(self, sequences: Sequence[str]) -> Encoding:
        """Return one token a base, padded on the right to the longest sequence.

        N and other letters beside A, C, G, T are unknown; at the ends of a sequence they
        count as padding. Raises InputError where a sequence is longer than the context.
        """
        rows = [encode(sequence) for sequence in texts(sequences)]
        longest = max((len(row) for row in rows), default=0)
        if longest > self.context_bases:
            raise InputError(
                f"a sequence of {longest} bases is longer than the {self.context_bases} of {self.card.id}; cut it"
            )
        ids = np.full((len(rows), longest), UNKNOWN, dtype=np.int64)
        for number, row in enumerate(rows):
            ids[number, : len(row)] = row
        mask = _inside(ids)
        spans = np.zeros((len(rows), longest, 2), dtype=np.int32)
        spans[..., 0] = np.arange(longest)
        spans[..., 1] = spans[..., 0] + 1
        spans[~mask] = 0
        return Encoding(ids, mask, spans)

    def __call__(self, encoding: Encoding | str | Sequence[str]) -> Output:
        """Return the logits of an encoding, or of a sequence or several; no gradient is kept."""
        encoding = self.encoded(encoding)
        return Output(self.logits(encoding.input_ids, encoding.attention_mask))

    @torch.inference_mode()
    def logits(self, codes: np.ndarray, mask: np.ndarray) -> Tensor:
        """Return logits (B, L, 4) float32 for codes (B, L) and mask (B, L); unknown bases are not read."""
        out: Tensor = self.network(*self._tensors(codes, mask & known(codes))).float()
        return out

    @property
    def layers(self) -> int:
        """How many layers `states` can be asked for, the embedding not among them."""
        return len(self.network.blocks)

    @property
    def width(self) -> int:
        """Channels of the hidden states: those of both streams."""
        return 2 * self.network.config.width

    def states(self, encoding: Encoding, layer: int | None = None) -> Tensor:
        """Return both streams at every base (B, L, 2 * width), each having read that base; gradients are kept.

        layer: 0 for the embedding, 1 to `layers` for what each block gives, None for the normed end.
        """
        return self.network.features(*self._tensors(encoding.input_ids, encoding.attention_mask), layer)

    @torch.inference_mode()
    def last_hidden(self, encoding: Encoding) -> Tensor:
        """Return `states` after the last layer in float32, without gradients."""
        return self.states(encoding).float()

    def save(self, folder: str | Path) -> None:
        """Write a folder that `dnalect.load` reads: the weights in float32, and the card.

        The folder may exist. Raises OutputError where it can't be written.
        """
        folder = made_folder(folder)
        save_weights(self.network, folder / "model.safetensors")
        checksum = sha256(folder / "model.safetensors")
        card = replace(self.card, sha256=checksum, revision=checksum[:12])
        write_text(folder / "card.json", json.dumps(asdict(card), indent=1) + "\n")

    def save_pretrained(self, folder: str | Path) -> None:
        """Raise ModelError: no other library has a class for this network; see `save`."""
        raise ModelError(
            f"{self.card.id} can't be saved for transformers, which has no class for duplex; "
            f"save({str(folder)!r}) writes a folder that dnalect.load reads"
        )

    @torch.inference_mode()
    def center_logits(self, codes: np.ndarray) -> Tensor:
        """Return logits (B, 4) float32 of the middle base of windows of 2 * reach + 1 codes."""
        ids, mask = self._tensors(codes, known(codes))
        if self.network.config.doubling:
            return self.network.at_center(ids, mask).float()
        out: Tensor = self.network(ids, mask)[:, self.reach].float()
        return out

    def _tensors(self, codes: np.ndarray, mask: np.ndarray) -> tuple[Tensor, Tensor]:
        ids = torch.from_numpy(np.ascontiguousarray(codes, dtype=np.int64))
        return ids.to(self.device), torch.from_numpy(np.ascontiguousarray(mask)).to(self.device)


def _inside(codes: np.ndarray) -> np.ndarray:
    """Return the mask (B, L) of positions from the first to the last known base of each row."""
    begun = np.logical_or.accumulate(known(codes), axis=1)
    ahead = np.logical_or.accumulate(known(codes)[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(begun & ahead)


def known(codes: np.ndarray) -> np.ndarray:
    """Return the mask of the bases that a probability depends on: all but the unknown ones.

    An unknown base is read as what lies beyond the end of a sequence is: not at all. So what
    is predicted of a base depends on the known bases within reach of it, and not on where the
    window around it begins or ends.
    """
    return np.asarray(codes != UNKNOWN)


def load_duplex(card: Card, folder: Path, device: torch.device, dtype: torch.dtype) -> DuplexModel:
    """Build the network of a card and load its weights, checking their number."""
    sizes = dict(card.config)
    try:
        config = DuplexConfig(**sizes)
    except TypeError as error:
        raise ModelError(f"{folder}/card.json: the config does not fit duplex: {error}") from error
    expected = config.parameters
    if card.parameters != expected:
        raise ModelError(f"{folder}: the card says {card.parameters} parameters, its config gives {expected}")
    network = Duplex(config)
    load_weights(network, folder / "model.safetensors")
    return DuplexModel(card, network, device, dtype)
