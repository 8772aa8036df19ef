"""A model of tracks on a language model, as `dnalect finetune --bin` makes it.

Its folder:
    card.json              family "track-predictor": its sizes and tracks, data, split, figures
    heads.safetensors      the head
    base/                  the language model, tuned
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dnalect.core.encoding import Encoding
from dnalect.core.errors import InputError, ModelError
from dnalect.core.files import made_folder
from dnalect.models.card import TRACK_PREDICTOR, Card, Origin, write_card
from dnalect.models.heads import FILE
from dnalect.models.model import Abilities, Allele, Ask, Ids, Laid, Model, Output, Replaced, Tracks
from dnalect.models.predictor import BASE, checksum_of
from dnalect.models.track_head import TrackHead, TrackSizes
from dnalect.models.weights import load_weights, save_weights
from dnalect.tokens.bases import decode, texts

# Windows of alleles that are computed together.
TOGETHER = 16


class Tracked(nn.Module):
    """A language model with a head of tracks: what is trained. base: gives the states, at every base or token."""

    def __init__(self, base: Model, sizes: TrackSizes):
        super().__init__()
        if sizes.length > base.can.context_bases:
            raise ModelError(
                f"{base.card.id} reads {base.can.context_bases:,} bases at once, not {sizes.length:,}: name a shorter "
                "--longest"
            )
        if sizes.layer is not None and not 0 <= sizes.layer <= base.can.layers:
            raise ModelError(f"{base.card.id} has the layers 0 (embedding) to {base.can.layers}, not {sizes.layer}")
        self.base = base
        self.network: nn.Module = base.network
        self.heads = TrackHead(base.can.width, sizes, base.can.strands == "halves").to(base.device)

    def forward(self, encoding: Encoding) -> Tensor:
        """Return the raw answers (B, N, K) of windows; what a sequence lacks of a window is nothing."""
        sizes = self.heads.sizes
        out: Tensor = self.heads(at_bases(self.base.states(encoding, sizes.layer), encoding, sizes.length))
        return out


def at_bases(states_BTC: Tensor, encoding: Encoding, length: int) -> Tensor:
    """Return the state at each of the first `length` bases of a window (B, length, C), 0 where no token covers one."""
    if encoding.covers.ndim == 2:
        inside = torch.from_numpy(np.ascontiguousarray(encoding.covers)).to(states_BTC.device)[..., None]
        return F.pad(states_BTC * inside, (0, 0, 0, max(0, length - states_BTC.shape[1])))[:, :length]
    starts, ends = encoding.spans[..., 0], encoding.spans[..., 1]
    token = np.full((len(starts), length), -1, dtype=np.int64)
    for row, column in zip(*np.nonzero(ends > starts), strict=True):
        token[row, starts[row, column] : ends[row, column]] = column
    at = torch.from_numpy(token).to(states_BTC.device)
    found = states_BTC.gather(1, at.clamp(min=0)[..., None].expand(-1, -1, states_BTC.shape[2]))
    return found * (at >= 0)[..., None]


class TrackPredictor(Model):
    """A fine-tuned model of tracks in eval mode. States are those of its language model, tuned as it is."""

    network: Tracked

    def __init__(self, card: Card, network: Tracked):
        self.card, self.network, self.base = card, network.eval(), network.base
        self.tokenizer, self.device, self.dtype = self.base.tokenizer, self.base.device, self.base.dtype

    @cached_property
    def can(self) -> Abilities:
        """Tracks of windows of one length. strands: "halves" where the language model's are, else "one"."""
        base, sizes = self.base.can, self.network.heads.sizes
        names = tuple(each.name for each in sizes.tracks)
        return replace(
            base,
            likelihood=None,
            context_bases=sizes.length,
            reach=None,
            strands="halves" if self.network.heads.halves else "one",
            tracks=Tracks(names, sizes.stride, sizes.crop, sizes.length),
        )

    def to(self, device: str | torch.device | None = None, dtype: str | torch.dtype | None = None) -> Self:
        """Move the model and return it. device: as torch names it. dtype: of the language model alone."""
        self.base.to(device, dtype)
        self.network.heads.to(self.base.device)
        self.device, self.dtype = self.base.device, self.base.dtype
        return self

    def encode(self, sequences: Sequence[Any]) -> Encoding:
        """Return the tokens of sequences, padded on the right. Raises InputError for one longer than a window."""
        given = texts(sequences)
        if (longest := max((len(each) for each in given), default=0)) > self.can.context_bases:
            raise InputError(
                f"a sequence has {longest:,} bases, {self.card.id} reads {self.can.context_bases:,} at once; cut it"
            )
        return self.base.encode(given)

    def _forward(self, encoding: Encoding, ask: Ask) -> Output:
        out = self.base.forward(encoding, replace(ask, tracks=False))
        if not ask.tracks:
            return out
        return replace(out, tracks=self.network.heads.answers(self.network(encoding)))

    @torch.inference_mode()
    def replaced(
        self, codes: Ids, alleles: Sequence[Allele], sides: tuple[int, int], laid: Laid | None = None
    ) -> Replaced:
        """Compute the window, and it with each allele: see `Model`."""
        length = self.can.context_bases
        if len(codes) < length:
            raise InputError(f"{self.card.id} reads {length:,} bases, not {len(codes):,}; fill them up with N")
        every = [codes, *(np.concatenate([codes[: a.start], a.codes, codes[a.end :]]) for a in alleles)]
        windows = [decode(each[:length].astype(np.uint8)) for each in every]
        found: list[np.ndarray] = []
        for low in range(0, len(windows), TOGETHER):
            out = self.forward(self.encode(windows[low : low + TOGETHER]), Ask(tracks=True))
            found += list(out.tracks.cpu().numpy())
        return Replaced(found[0], tuple(found[1:]))

    def _drawn(self) -> nn.Module:
        raise ModelError(f"{self.card.id} is a fine-tuned model: the language model that it came from has such a twin")

    def save(self, folder: str | Path) -> None:
        """Write a folder that `dnalect.load` reads, which may exist. Raises OutputError where it can't be written."""
        folder = made_folder(folder)
        self.base.save(folder / BASE)
        save_weights(self.network.heads, folder / FILE)
        checksum = checksum_of(folder)
        told = replace(self.card, sha256=checksum, revision=checksum[:12])
        # Last, as it is the card that says that a folder is finished.
        write_card(told, folder)


@dataclass(frozen=True)
class Made:
    """How a model of tracks came about. name: its own. base: what the language model was loaded as. method: as tuned.

    facts, figures: for the card.
    """

    name: str
    base: str
    method: str
    facts: dict[str, Any]
    figures: dict[str, Any]


def track_predictor(network: Tracked, made: Made) -> TrackPredictor:
    """Return the model of a trained network."""
    base, sizes = network.base.card, network.heads.sizes
    origin = Origin(made.method, made.base, base.revision, base.sha256, reading={})
    card = replace(
        base,
        id=made.name,
        revision="",
        sha256="",
        family=TRACK_PREDICTOR,
        config=origin.as_config() | {"sizes": asdict(sizes)},
        context_bases=sizes.length,
        window=sizes.length,
        parameters=sum(each.numel() for each in network.parameters()),
        training=made.facts,
        figures=made.figures,
        heads={},
        version=1,
    )
    return TrackPredictor(card, network)


def load_track_predictor(card: Card, folder: Path, load: Callable[[str | Path], Model]) -> TrackPredictor:
    """Load a model of tracks. load: how its language model is loaded. Raises ModelError for what is damaged."""
    try:
        sizes = TrackSizes(**card.config["sizes"])
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{folder}/card.json: the sizes of the tracks are incomplete or wrong: {error}") from error
    missing = [each for each in (FILE, BASE) if not (folder / each).exists()]
    if missing:
        raise ModelError(f"{folder} lacks {', '.join(missing)}: copy the folder again")
    if card.sha256 != checksum_of(folder):
        raise ModelError(f"{folder} holds other weights than its card says: the SHA-256 differs; copy the folder again")
    base = load(folder / BASE)
    with torch.random.fork_rng(devices=[]):
        network = Tracked(base, sizes)
    load_weights(network.heads, folder / FILE)
    return TrackPredictor(card, network)
