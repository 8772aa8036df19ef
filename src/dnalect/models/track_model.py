"""A model of tracks: from sequence to signals along it."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dnalect.core.encoding import Encoding
from dnalect.core.errors import InputError
from dnalect.models.card import Card
from dnalect.models.model import Abilities, Allele, Ask, At, Ids, Laid, Model, Output, Replaced, Tracks
from dnalect.models.own import save_own
from dnalect.tokens.bases import BASES, texts
from dnalect.tokens.names import named

# Haplotypes of a batch: more do not fit into a processor's cache.
BATCH = 8
# Bases of the windows of bins that are read at once.
AT_ONCE = 1 << 17
# A logit of what no base is.
NEVER = -100.0


class TrackModel(Model):
    """Dilated convolutions: every base that has `tracks.crop` bases on each side has an answer."""

    network: Any
    words = "single"

    def __init__(self, card: Card, network: nn.Module, device: torch.device, dtype: torch.dtype):
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
    def replaced(
        self, codes: Ids, alleles: Sequence[Allele], sides: tuple[int, int], laid: Laid | None = None
    ) -> Replaced:
        """Compute the sequence once, and of each allele what it changes: see `Model`."""
        bases = self._bases(codes)
        answers = [self._of_member(member, bases, alleles, sides) for member in self.network.members]
        if laid:
            answers = [[first, *map(laid, others, alleles)] for first, *others in answers]
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

    def _drawn(self) -> nn.Module:
        drawn: nn.Module = type(self.network)(self.network.config)
        return drawn

    def save(self, folder: str | Path) -> None:
        """Write a folder that `dnalect.load` reads: the weights in float32, and the card.

        The folder may exist. Raises OutputError where it can't be written.
        """
        save_own(self.card, self.network, folder)


class BinModel(TrackModel):
    """Tracks in bins: a window of one length, in which every bin depends on every base.

    A shorter sequence stands at the window's beginning, unknown bases behind it. States are the stream of a bin, or of
    what a layer has in its place, at each of its bases.
    """

    @cached_property
    def can(self) -> Abilities:
        config = self.network.config
        return Abilities(
            likelihood=None,
            context_bases=config.length,
            layers=config.depth,
            width=config.width,
            words=len(BASES),
            positions=config.length,
            tracks=Tracks(config.tracks, config.stride, config.crop * config.stride, config.length),
            fixed=True,
        )

    def _forward(self, encoding: Encoding, ask: Ask) -> Output:
        states, tracks = self._read(encoding, ask.states, ask.tracks)
        out = Output() if tracks is None else Output(tracks=tracks)
        return replace(out, states=states) if states else out

    def _read(
        self, encoding: Encoding, layers: tuple[int | None, ...], tracks: bool
    ) -> tuple[tuple[Tensor, ...], Tensor | None]:
        """Return the states (B, T, C) of layers, and the tracks (B, bins, tracks) where they are wanted."""
        if not (tracks or layers):
            return (), None
        length, tokens = self.network.config.length, encoding.input_ids.shape[1]
        given = self._bases(encoding.input_ids) if encoding.soft is None else self._mixed(encoding.soft)
        inside = torch.from_numpy(np.ascontiguousarray(encoding.attention_mask)).to(self.device)
        parts = torch.split(given * inside[..., None], max(1, AT_ONCE // length))
        found = [self.network(F.pad(part, (0, 0, 0, length - tokens)), layers, tracks) for part in parts]
        every = [torch.cat(each).float() for each in zip(*found, strict=True)]
        states = tuple(each.repeat_interleave(length // each.shape[1], 1)[:, :tokens] for each in every[: len(layers)])
        return states, every[-1] if tracks else None

    def _mixed(self, soft_BTV: Tensor) -> Tensor:
        """Return bases (B, T, 4) of soft input."""
        return soft_BTV.to(self.device, self.dtype)

    @torch.inference_mode()
    def replaced(
        self, codes: Ids, alleles: Sequence[Allele], sides: tuple[int, int], laid: Laid | None = None
    ) -> Replaced:
        """Compute the window, and it with each allele: see `Model`."""
        length = self.network.config.length
        if len(codes) < length:
            raise InputError(f"{self.card.id} reads {length:,} bases, not {len(codes):,}; fill them up with N")
        texts = [codes, *(np.concatenate([codes[: a.start], a.codes, codes[a.end :]]) for a in alleles)]
        # One at a time: a published window fills the memory of a processor, or a graphics card, by itself.
        found = [self.network(self._bases(_filled(text, length))[None])[-1][0].float().cpu().numpy() for text in texts]
        return Replaced(found[0], tuple(found[1:]))


class BaseModel(BinModel):
    """What each base is, given the others: the logits of a base that `tokenizer.special.mask` hides in a window."""

    words = "bases"

    @cached_property
    def can(self) -> Abilities:
        return replace(super().can, likelihood="masked", words=len(self.tokenizer.words), tracks=None)

    @property
    def _first(self) -> int:
        """The word of A, which those of C, G and T follow."""
        return self.tokenizer.index["A"]

    def replaced(
        self, codes: Ids, alleles: Sequence[Allele], sides: tuple[int, int], laid: Laid | None = None
    ) -> Replaced:
        """Raise ModelError: there are no tracks."""
        return Model.replaced(self, codes, alleles, sides, laid)

    def _bases(self, codes: Ids) -> Tensor:
        return super()._bases(codes - self._first)

    def _mixed(self, soft_BTV: Tensor) -> Tensor:
        return super()._mixed(soft_BTV[..., self._first : self._first + len(BASES)])

    def _forward(self, encoding: Encoding, ask: Ask) -> Output:
        states, bases = self._read(encoding, ask.states, ask.logits is not False)
        out = Output(states=states) if states else Output()
        if bases is None:
            return out
        bases = bases[:, : encoding.input_ids.shape[1]]
        if isinstance(ask.logits, At):
            bases = bases[tuple(torch.from_numpy(at).to(self.device) for at in (ask.logits.rows, ask.logits.columns))]
        rest = self.can.words - self._first - len(BASES)
        return replace(out, logits=F.pad(bases, (self._first, rest), value=NEVER))


def _filled(codes: Ids, length: int) -> Ids:
    """Return the first bases of some, with unknown ones behind where they are too few."""
    kept = codes[:length]
    return np.pad(kept, (0, length - len(kept)), constant_values=len(BASES))
