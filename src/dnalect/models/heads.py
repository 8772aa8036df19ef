"""Heads beside the one for masked tokens: linear maps of the hidden states, and their folder.

A model folder with heads holds `heads.safetensors` beside `model.safetensors`; the card's
`heads` says what each output means.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from dnalect.core.errors import ModelError
from dnalect.core.files import sha256
from dnalect.models.card import read_card
from dnalect.models.weights import load_weights, save_weights

FILE = "heads.safetensors"
KINDS = ("classes", "tracks", "signal")
LARGEST_HEADS = 1 << 24


@dataclass(frozen=True)
class HeadSpec:
    """What a head predicts.

    kind: "classes" (one of the outputs), "tracks" (each output by itself, yes or no) or
    "signal" (one number). outputs: their names. shares: of each class, or of yes of each
    track, among the labels of the training regions. centre, spread: of a signal there; the
    head gives (value - centre) / spread. source: the head's table in the config. found: what
    was read, in words.
    """

    name: str
    kind: str
    outputs: tuple[str, ...]
    shares: tuple[float, ...] = ()
    centre: float = 0.0
    spread: float = 1.0
    source: dict[str, Any] = field(default_factory=dict)
    found: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("outputs", "shares", "found"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        named = isinstance(self.name, str) and all(isinstance(each, str) for each in self.outputs)
        if self.kind not in KINDS or not named or not self.outputs:
            raise ModelError(f"a head is one of {', '.join(KINDS)} and has named outputs, not {self.kind!r}")


class Heads(nn.Module):
    """One linear map for each head. width: channels of the hidden states."""

    def __init__(self, width: int, specs: Sequence[HeadSpec]):
        super().__init__()
        self.specs = {spec.name: spec for spec in specs}
        self.maps = nn.ModuleDict({_key(spec.name): nn.Linear(width, len(spec.outputs)) for spec in specs})
        for each in self.maps.values():
            assert isinstance(each, nn.Linear)
            nn.init.normal_(each.weight, std=0.02)
            nn.init.zeros_(each.bias)

    def forward(self, name: str, states: Tensor) -> Tensor:
        """Return what a head gives for hidden states (m, C): logits, or standardised signal, (m, outputs)."""
        out: Tensor = self.map_of(name)(states)
        return out

    def map_of(self, name: str) -> nn.Linear:
        """Return the linear map of a head."""
        found = self.maps[_key(name)]
        assert isinstance(found, nn.Linear)
        return found

    def predict(self, name: str, states: Tensor) -> Tensor:
        """Return probabilities, or the signal in its own unit, (m, outputs) float32."""
        raw, spec = self.forward(name, states).float(), self.specs[name]
        if spec.kind == "classes":
            return raw.softmax(-1)
        return raw.sigmoid() if spec.kind == "tracks" else raw * spec.spread + spec.centre


def _key(name: str) -> str:
    """The name of a head's module: its own, unless PyTorch has no room for it (`a.b`, `type`)."""
    plain = name.replace("%", "%25").replace(".", "%2E")
    return f"%{plain}" if not plain or hasattr(nn.ModuleDict(), plain) else plain


def save_heads(folder: Path, heads: Heads) -> dict[str, Any]:
    """Write heads.safetensors and return what the card's `heads` must hold."""
    save_weights(heads, folder / FILE)
    width = next(each.in_features for each in heads.maps.values() if isinstance(each, nn.Linear))
    each = [asdict(spec) for spec in heads.specs.values()]
    return {"sha256": sha256(folder / FILE), "width": width, "each": each}


def load_heads(folder: str | Path) -> Heads:
    """Load the heads of a model folder, in eval mode.

    Raises ModelError where the folder has none, or the file is not that of the card, or a
    tensor is missing, unexpected or of another shape. Nothing is unpickled.
    """
    folder = Path(folder)
    told = read_card(folder).heads
    if not told:
        raise ModelError(f"{folder} has no heads: its card lists none. Train it from a config with [[heads]]")
    path = folder / FILE
    if not path.is_file():
        raise ModelError(f"{folder} has no {FILE}, though its card lists heads; copy the folder again")
    if sha256(path) != told.get("sha256"):
        raise ModelError(f"{path} is not the file of its card: the SHA-256 differs; copy the folder again")
    try:
        specs, width = [HeadSpec(**each) for each in told["each"]], int(told["width"])
        if not 0 < width * sum(len(spec.outputs) for spec in specs) <= LARGEST_HEADS:
            raise ModelError(f"{folder}: heads of {width} channels are out of range")
        with torch.random.fork_rng(devices=[]):
            heads = Heads(width, specs)
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{folder}: the card's 'heads' have missing or wrong fields: {error}") from error
    load_weights(heads, path)
    return heads.eval()
