"""Predictors whose numbers are known by hand, and small real ones in folders."""

import zlib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch

import dnalect
from dnalect.core.calibration import Calibration
from dnalect.models.heads import Heads, HeadSpec
from dnalect.models.lora import LoraConfig, add_lora, merge_lora
from dnalect.models.model import Abilities, Output
from dnalect.models.pooled import Pooled, Reading
from dnalect.models.predictor import Tuned, save_predictor
from dnalect.tokens.single import SingleBases

WEIGHTS = {"A": 1.0, "C": 2.0, "G": 4.0, "T": 8.0, "N": 0.0}
SIGNAL = HeadSpec("activity", "signal", ("activity",))
YES_NO = HeadSpec("open", "classes", ("no", "yes"))
THREE = HeadSpec("state", "classes", ("low", "mid", "high"))
TRACKS = HeadSpec("factor", "tracks", ("SP1/2", "GATA"))


class Linear:
    """Every output is (1, 2, 3 ...) times the sum over the bases of A 1, C 2, G 4, T 8; counts what it reads."""

    network, device = torch.nn.Identity(), torch.device("cpu")
    beside = None

    def __init__(self, *specs, strands=1, calibration=None, length=100):
        self.targets = {spec.name: spec for spec in specs or (SIGNAL,)}
        self.reading, self.calibration = Reading(strands=strands), calibration or {}
        self.read = 0
        self.can = Abilities(None, 400, 1, 5, 5, strands="one" if strands == 1 else "both", targets=self.targets)
        self.base = SimpleNamespace(dtype=torch.float32)
        training = {"length": length} if length else {}
        self.card = SimpleNamespace(
            id="linear", sha256="0" * 64, config={}, window=120, trained_length=training.get("length")
        )

    def value(self, text):
        return sum(WEIGHTS[base] for base in text)

    def encode(self, sequences):
        return SingleBases().encode(sequences)

    def forward(self, encoding, ask):
        self.read += len(encoding.input_ids)
        rows = zip(encoding.input_ids, encoding.attention_mask.sum(axis=1), strict=True)
        values = torch.tensor([[self.value("".join("ACGTN"[base] for base in ids[:size]))] for ids, size in rows])
        sizes = {name: len(spec.outputs) for name, spec in self.targets.items()}
        return Output(targets={name: values.float() * torch.arange(1, size + 1) for name, size in sizes.items()})


class Hashed(Linear):
    """Any two sequences have unrelated predictions."""

    def value(self, text):
        return float(np.random.default_rng(zlib.crc32(text.encode())).normal())


class GsOnTheLeft(Linear):
    """The number of G in the first half: windows that begin elsewhere differ."""

    def value(self, text):
        return float(text[: len(text) // 2].count("G"))


def make_predictor(folder: Path, base: Path, method: str = "probe", length: int | None = 64, hub: bool = False) -> Path:
    """Write a predictor with random heads for a signal, two classes and two tracks on a tiny model."""
    model = dnalect.load(base)
    torch.manual_seed(7)
    lora = LoraConfig(rank=2) if method == "lora" else None
    if lora:
        add_lora(model.network, lora)
    heads = Heads(model.can.width, [HeadSpec("activity", "signal", ("activity",), (), 5.0, 2.0), YES_NO, TRACKS])
    with torch.no_grad():
        for name, each in [*heads.named_parameters(), *model.network.named_parameters()]:
            if name.startswith("maps") or "lora_B" in name or method == "full":
                each.add_(torch.randn_like(each) * 0.3)
    facts = {"length": length} if length else {}
    calibration = {"activity": Calibration(raw=(0, 1), fitted=(7, 7)), "open": Calibration((2.0,))}
    pooled = Pooled(model, heads, Reading())
    save_predictor(Tuned(folder.name, str(base), method, pooled, lora, facts, {}, calibration), base, folder, hub)
    if lora:
        merge_lora(model.network)
    return folder
