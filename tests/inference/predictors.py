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
from dnalect.models.pooled import Pooled, Reading
from dnalect.models.predictor import Tuned, save_predictor

WEIGHTS = {"A": 1.0, "C": 2.0, "G": 4.0, "T": 8.0, "N": 0.0}
SIGNAL = HeadSpec("activity", "signal", ("activity",))
YES_NO = HeadSpec("open", "classes", ("no", "yes"))
THREE = HeadSpec("state", "classes", ("low", "mid", "high"))
TRACKS = HeadSpec("factor", "tracks", ("SP1/2", "GATA"))


class Linear:
    """Every output is (1, 2, 3 ...) times the sum over the bases of A 1, C 2, G 4, T 8; counts what it reads."""

    def __init__(self, *specs, strands=1, calibration=None, length=100):
        self.targets = {spec.name: spec for spec in specs or (SIGNAL,)}
        self.reading, self.calibration = Reading(strands=strands), calibration or {}
        self.context_bases, self.read = 400, 0
        self.base = SimpleNamespace(dtype=torch.float32)
        training = {"length": length} if length else {}
        self.card = SimpleNamespace(id="linear", sha256="0" * 64, config={}, window=120, training=training)

    def value(self, text):
        return sum(WEIGHTS[base] for base in text)

    def raw(self, sequences, batch=32):
        self.read += len(sequences)
        values = np.array([self.value(text) for text in sequences], dtype=np.float32)[:, None]
        return {name: values * np.arange(1, len(s.outputs) + 1, dtype=np.float32) for name, s in self.targets.items()}


class Hashed(Linear):
    """Any two sequences have unrelated predictions."""

    def value(self, text):
        return float(np.random.default_rng(zlib.crc32(text.encode())).normal())


class GsOnTheLeft(Linear):
    """The number of G in the first half: windows that begin elsewhere differ."""

    def value(self, text):
        return float(text[: len(text) // 2].count("G"))


def make_predictor(folder: Path, base: Path, method: str = "probe", length: int | None = 64) -> Path:
    """Write a predictor with random heads for a signal, two classes and two tracks on a tiny model."""
    model = dnalect.load(base)
    torch.manual_seed(7)
    lora = LoraConfig(rank=2) if method == "lora" else None
    if lora:
        add_lora(model.network, lora)
    heads = Heads(model.width, [HeadSpec("activity", "signal", ("activity",), (), 5.0, 2.0), YES_NO, TRACKS])
    with torch.no_grad():
        for name, each in [*heads.named_parameters(), *model.network.named_parameters()]:
            if name.startswith("maps") or "lora_B" in name or method == "full":
                each.add_(torch.randn_like(each) * 0.3)
    facts = {"length": length} if length else {}
    calibration = {"activity": Calibration(raw=(0, 1), fitted=(7, 7)), "open": Calibration((2.0,))}
    pooled = Pooled(model, heads, Reading())
    save_predictor(Tuned(folder.name, str(base), method, pooled, lora, facts, {}, calibration), base, folder, False)
    if lora:
        merge_lora(model.network)
    return folder
