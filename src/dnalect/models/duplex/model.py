"""duplex as a model of the library: card, encoding, logits."""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import cached_property
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
from dnalect.models.model import Abilities, Ask, At, Model, Output
from dnalect.tokens.bases import BASES, UNKNOWN, known, texts
from dnalect.tokens.single import SingleBases


class DuplexModel(Model):
    """A duplex network with its card: logits at i are of p(base i | all other bases)."""

    network: Duplex
    tokenizer = SingleBases()

    def __init__(self, card: Card, network: Duplex, device: torch.device, dtype: torch.dtype):
        self.card = card
        self.network = network.to(device=device, dtype=dtype).eval()
        self.device, self.dtype = device, dtype

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
        """Unknown bases are not read for logits. The states stand at every base, each having read that base."""
        ids = torch.from_numpy(np.ascontiguousarray(encoding.input_ids, dtype=np.int64)).to(self.device)
        inside = torch.from_numpy(np.ascontiguousarray(encoding.attention_mask)).to(self.device)
        out, soft = Output(), encoding.soft
        if ask.logits is not False:
            out = replace(out, logits=self._logits(ids, inside & (ids != UNKNOWN), soft, ask.logits).float())
        if ask.states:
            states = self.network.features(ids, inside, ask.states, soft)
            out = replace(out, states=tuple(each.float() for each in states))
        return out

    def _logits(self, ids: Tensor, read: Tensor, soft: Tensor | None, wanted: bool | At) -> Tensor:
        config, network = self.network.config, self.network
        if not isinstance(wanted, At):
            out: Tensor = network(ids, read, soft)
            return out
        rows, columns = (torch.from_numpy(each).to(self.device) for each in (wanted.rows, wanted.columns))
        # A pyramid reads of each block half as many bases as of the one before it.
        if not config.doubling or len(rows) * config.reach > ids.numel() * len(config.dilations):
            out = network(ids, read, soft)
            return out[rows, columns]
        around = columns[:, None] + torch.arange(-config.reach, config.reach + 1, device=self.device)
        within = (around >= 0) & (around < ids.shape[1])
        at = rows[:, None], around.clamp(0, ids.shape[1] - 1)
        return network.at_center(ids[at], read[at] & within, None if soft is None else soft[at])

    def save(self, folder: str | Path) -> None:
        """Write a folder that `dnalect.load` reads: the weights in float32, and the card.

        The folder may exist. Raises OutputError where it can't be written.
        """
        folder = made_folder(folder)
        save_weights(self.network, folder / "model.safetensors")
        checksum = sha256(folder / "model.safetensors")
        card = replace(self.card, sha256=checksum, revision=checksum[:12])
        write_text(folder / "card.json", json.dumps(asdict(card), indent=1) + "\n")


def _inside(codes: np.ndarray) -> np.ndarray:
    """Return the mask (B, L) of positions from the first to the last known base of each row."""
    begun = np.logical_or.accumulate(known(codes), axis=1)
    ahead = np.logical_or.accumulate(known(codes)[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(begun & ahead)


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
