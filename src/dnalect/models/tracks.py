"""A model of tracks: from sequence to signals along it, with its card."""

import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dnalect.core.encoding import Encoding
from dnalect.core.errors import ConfigError, InputError, ModelError
from dnalect.core.files import made_folder, sha256, write_text
from dnalect.models.card import Card
from dnalect.models.families import spliceai
from dnalect.models.files import Weights
from dnalect.models.layers.dilated import Dilated, DilatedSizes
from dnalect.models.model import Abilities, Allele, Ask, Ids, Model, Output, Replaced, Tracks
from dnalect.models.weights import load_weights, save_weights
from dnalect.tokens.bases import BASES, texts
from dnalect.tokens.names import named

FAMILIES = (spliceai.NAME,)
# Any length will do: this is what cards call the context, and the longest window that is read at once.
LONGEST = 1 << 20
WINDOW = 1000
# Haplotypes of a batch: more do not fit into a processor's cache.
BATCH = 8
_log = logging.getLogger("dnalect")


class TrackModel(Model):
    """Dilated convolutions: every base that has `tracks.crop` bases on each side has an answer."""

    network: Dilated

    def __init__(self, card: Card, network: Dilated, device: torch.device, dtype: torch.dtype):
        super().__init__(card, network, device, dtype)
        self.tokenizer = named(card.tokenizer)

    @cached_property
    def can(self) -> Abilities:
        config = self.network.config
        return Abilities(
            likelihood=None,
            context_bases=self.card.context_bases,
            layers=len(config.kernels),
            width=config.channels * len(config.members),
            words=len(BASES),
            reach=config.crop,
            tracks=Tracks(config.tracks, crop=config.crop),
        )

    def encode(self, sequences: Sequence[Any]) -> Encoding:
        """Return one token a base, padded on the right. Unknown bases are read as what lies beyond a sequence."""
        encoding = self.tokenizer.encode(texts(sequences))
        if (longest := encoding.input_ids.shape[1]) > self.can.context_bases:
            raise InputError(
                f"a sequence has {longest:,} bases, {self.card.id} reads {self.can.context_bases:,} at once; cut it"
            )
        return encoding

    def _forward(self, encoding: Encoding, ask: Ask) -> Output:
        """Raises InputError for tracks of windows that are no longer than the bases on both sides of an answer."""
        soft, out = encoding.soft, Output()
        given = self._bases(encoding.input_ids) if soft is None else soft.to(self.device, self.dtype)
        if ask.tracks:
            crop = self.network.config.crop
            if given.shape[1] <= 2 * crop:
                raise InputError(
                    f"{self.card.id} predicts a base from {crop:,} on each side, so a window has more than "
                    f"{2 * crop:,} bases, not {given.shape[1]:,}; fill it up with N where the sequence ends"
                )
            out = replace(out, tracks=self.network(given).float())
        if ask.states:
            inside = torch.from_numpy(np.ascontiguousarray(encoding.attention_mask)).to(self.device)
            # What lies beyond a sequence is zero in every layer, as if it ended there.
            states = self.network.states(given, ask.states, inside[..., None])
            out = replace(out, states=tuple(each.float() for each in states))
        return out

    def _bases(self, codes: Ids) -> Tensor:
        """Return bases (..., 4) of codes: 1 for what is there, nothing for an unknown one."""
        ids = torch.from_numpy(np.ascontiguousarray(codes, dtype=np.int64)).to(self.device)
        return (ids[..., None] == torch.arange(len(BASES), device=self.device)).to(self.dtype)

    @torch.inference_mode()
    def replaced(self, codes: Ids, alleles: Sequence[Allele], sides: tuple[int, int]) -> Replaced:
        """Compute the sequence once, and of each allele what it changes: see `Model`."""
        bases = self._bases(codes)
        answers = [self._of_member(member, bases, alleles, sides) for member in self.network.members]
        reference, *alternates = (self.network.mean(each).cpu().numpy() for each in zip(*answers, strict=True))
        return Replaced(reference, tuple(alternates))

    def _of_member(self, member: Any, bases: Tensor, alleles: Sequence[Allele], sides: tuple[int, int]) -> list[Tensor]:
        """Return the tracks of the sequence, then those of each allele. Those with as many new bases share a batch."""
        kept = member.keep(bases)
        found = [kept.tracks, *([kept.tracks] * len(alleles))]
        order = sorted(range(len(alleles)), key=lambda n: len(alleles[n].codes))
        for _, group in groupby(order, key=lambda n: len(alleles[n].codes)):
            rows = list(group)
            for some in (rows[low : low + BATCH] for low in range(0, len(rows), BATCH)):
                starts = torch.tensor([alleles[n].start for n in some], device=self.device)
                ends = torch.tensor([alleles[n].end for n in some], device=self.device)
                new = self._bases(np.stack([alleles[n].codes for n in some]))
                for n, tracks in zip(some, member.replaced(kept, starts, ends, new, sides), strict=True):
                    found[1 + n] = tracks
        return found

    def _drawn(self) -> Dilated:
        return Dilated(self.network.config)

    def save(self, folder: str | Path) -> None:
        """Write a folder that `dnalect.load` reads: the weights in float32, and the card.

        The folder may exist. Raises OutputError where it can't be written.
        """
        folder = made_folder(folder)
        save_weights(self.network, folder / "model.safetensors")
        checksum = sha256(folder / "model.safetensors")
        card = replace(self.card, sha256=checksum, revision=checksum[:12])
        write_text(folder / "card.json", json.dumps(asdict(card), indent=1) + "\n")


def load_tracks(card: Card, folder: Path, device: torch.device, dtype: torch.dtype) -> TrackModel:
    """Build the network of a card and load its weights. Raises ModelError where they don't fit."""
    try:
        network = Dilated(DilatedSizes(**dict(card.config)))
    except (TypeError, ConfigError) as error:
        raise ModelError(f"{folder}/card.json: the config does not fit {card.family}: {error}") from error
    load_weights(network, folder / "model.safetensors")
    return TrackModel(card, network, device, dtype)


def published_tracks(folder: Path, device: torch.device, dtype: torch.dtype) -> TrackModel | None:
    """Load a folder of published networks of tracks; None where it holds another kind of model.

    Raises ModelError for what is damaged or differs from the published networks.
    """
    found = spliceai.read_folder(folder)
    if found is None:
        return None
    kind, network = found
    licence = spliceai.LICENCES[kind]
    _log.warning("dnalect: %s: the licence of %s's weights is %s", folder, kind, licence)
    card = Card(
        id=folder.resolve().name,
        revision="unknown",
        sha256=Weights({}, tuple(spliceai.files_of(folder))).sha256,
        family=spliceai.NAME,
        tokenizer="single",
        config=asdict(network.config),
        context_bases=LONGEST,
        window=WINDOW,
        parameters=sum(each.numel() for each in network.parameters()),
        licence=licence,
    )
    return TrackModel(card, network, device, dtype)
