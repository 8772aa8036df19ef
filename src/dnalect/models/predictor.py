"""A fine-tuned model: a language model, how it reads a sequence, heads, and perhaps low-rank updates.

Its folder:
    card.json              family "predictor": base, reading, targets, data, split, audit, figures, calibration
    heads.safetensors      a linear map for every target
    fusion.safetensors     only where signals are read beside the sequence: what joins them
    adapter_model.safetensors, adapter_config.json    LoRA only, as PEFT writes them
    base/                  the language model: tuned, or a copy; absent where it comes from the hub
"""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from hashlib import sha256 as sha256_of
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from dnalect.core.calibration import Calibration
from dnalect.core.encoding import Encoding
from dnalect.core.errors import ConfigError, ModelError
from dnalect.core.examples import Target
from dnalect.core.files import made_folder, sha256
from dnalect.models.card import PREDICTOR, Card, Origin, write_card
from dnalect.models.catalogue import as_it_was
from dnalect.models.fusion import FILE as FUSED
from dnalect.models.fusion import Beside, load_fusion, save_fusion
from dnalect.models.heads import FILE, HeadSpec, load_heads, save_heads
from dnalect.models.lora import CONFIG, WEIGHTS, LoraConfig, load_lora, merge_lora, save_lora
from dnalect.models.model import Abilities, Ask, Model, Output
from dnalect.models.pooled import Pooled, Reading, over_both_strands
from dnalect.models.vocabulary import as_named
from dnalect.tokens.bases import texts

BASE = "base"
_SUMMED = (f"{BASE}/model.safetensors", f"{BASE}/pytorch_model.bin", WEIGHTS, CONFIG, FILE, FUSED)
Singles = npt.NDArray[np.float32]
Predictions = dict[str, Singles]


class Predictor(Model):
    """A fine-tuned model in eval mode, updates merged.

    reading: how a sequence becomes a vector. calibration: {} or what turns the raw numbers of a target into
    probabilities or values that can be trusted. folder: where its files lie.
    """

    network: Pooled

    def __init__(
        self,
        card: Card,
        pooled: Pooled,
        calibration: dict[str, Calibration] | None = None,
        folder: Path | None = None,
    ):
        self.card, self.network, self.folder = card, pooled.eval(), folder
        self.reading, self.base, self.tokenizer = pooled.reading, pooled.base, pooled.base.tokenizer
        self.device, self.dtype = self.base.device, self.base.dtype
        self.calibration = calibration or {}

    @cached_property
    def can(self) -> Abilities:
        """What its heads predict. context_bases: of longer sequences the middle of so many bases is read."""
        base = self.base.can
        return replace(
            base,
            likelihood=None,
            context_bases=min(self.reading.longest, base.context_bases),
            reach=None,
            strands="both" if self._symmetric else "one",
            targets=self.network.heads.specs,
            signals=self.beside.names if self.beside else (),
        )

    @property
    def beside(self) -> Beside | None:
        """What is read beside a sequence, None where nothing is."""
        return self.network.fusion.beside if self.network.fusion is not None else None

    @property
    def language(self) -> Model:
        """The language model, tuned as it is."""
        return self.base

    @property
    def _symmetric(self) -> bool:
        return self.reading.strands == 2 and self.base.can.strands == "halves"

    def __repr__(self) -> str:
        targets = ", ".join(self.can.targets)
        return f"Predictor({self.card.id}: {targets}; {self.card.origin.method} on {self.base!r})"

    def to(self, device: str | torch.device | None = None, dtype: str | torch.dtype | None = None) -> Self:
        """Move the model and return it. device: as torch names it. dtype: of the language model; heads keep float32."""
        self.base.to(device, dtype)
        self.network.heads.to(self.base.device)
        if self.network.fusion is not None:
            self.network.fusion.to(self.base.device)
        self.device, self.dtype = self.base.device, self.base.dtype
        return self

    def encode(self, sequences: Sequence[str], signals: Singles | None = None) -> Encoding:
        """Return the tokens of the middle of each sequence: what the model reads of it.

        signals: (n, S, K) beside them, NaN where one is missing; without them a model that fuses reads sequences alone.
        """
        return replace(self.base.encode(self.network.cut(texts(sequences))), signals=signals)

    def _forward(self, encoding: Encoding, ask: Ask) -> Output:
        """Targets of the strand that the encoding holds: logits, or values in their own unit."""
        rest = replace(ask, targets=False)
        if not ask.targets:
            return self.base.forward(encoding, rest)
        # Heads alone need no other forward than theirs.
        out = self.base.forward(encoding, rest) if ask.states or ask.attentions else Output()
        vectors = self.network.vectors(encoding)
        if self._symmetric:
            vectors = over_both_strands(vectors, self.base.can.width, self.reading.pool == "eighths")
        raw = {name: each.float() for name, each in self.network.answers(vectors, encoding.signals).items()}
        return replace(out, targets={name: own_unit(self.can.targets[name], values) for name, values in raw.items()})

    def answers(self, raw: Predictions, calibrated: bool = True) -> Predictions:
        """Return probabilities, or values in their own unit, of raw numbers: target -> (n, outputs) float32.

        calibrated: as fitted on validation data.
        """
        known = self.calibration if calibrated else {}
        return {
            name: known.get(name, Calibration()).apply(target_of(self.can.targets[name]), values).astype(np.float32)
            for name, values in raw.items()
        }

    def _drawn(self) -> Pooled:
        raise ModelError(f"{self.card.id} is a fine-tuned predictor: its language model has an untrained twin")

    def save(self, folder: str | Path) -> None:
        """Write a folder that `dnalect.load` reads, with all files of the one it was loaded from.

        The folder may exist. Raises ModelError where the model was not loaded from a folder,
        OutputError where it can't be written.
        """
        if self.folder is None:
            raise ModelError(f"{self.card.id} was not loaded from a folder; dnalect finetune --out writes one")
        _copy(self.folder, made_folder(folder))
        if (self.folder / BASE).is_dir():
            _copy(self.folder / BASE, made_folder(Path(folder) / BASE))

    def save_pretrained(self, folder: str | Path) -> None:
        """Raise ModelError: no other library has a class for it; see `save`."""
        raise ModelError(
            f"{self.card.id} can't be saved for transformers, which has no class for a language model with these "
            f"heads; save({str(folder)!r}) writes a folder that dnalect.load reads. The language model inside it is "
            "model.base, and a LoRA folder holds the update in PEFT's files"
        )


Numbers = TypeVar("Numbers", Singles, Tensor)


def own_unit(spec: HeadSpec, raw: Numbers) -> Numbers:
    """Return a standardised signal (float32) in its own unit; logits as they are."""
    return raw * spec.spread + spec.centre if spec.kind == "signal" else raw


def target_of(spec: HeadSpec) -> Target:
    """Return what a head predicts, without what it knows of its training data."""
    return Target(spec.name, spec.kind, spec.outputs)


@dataclass(frozen=True)
class Tuned:
    """What fine-tuning leaves, to be written. base_name: what the language model was loaded as.

    method: "probe", "lora" or "full". facts: goes into the card's `training`.
    """

    name: str
    base_name: str
    method: str
    pooled: Pooled
    lora: LoraConfig | None
    facts: dict[str, Any]
    figures: dict[str, Any]
    calibration: dict[str, Calibration]


def save_predictor(tuned: Tuned, base_folder: Path, folder: Path, hub: bool) -> None:
    """Write the folder. base_folder: that of the language model as it was. hub: it can be fetched again by its name.

    Raises OutputError where the folder can't be made.
    """
    made_folder(folder)
    base = tuned.pooled.base
    if tuned.method == "full":
        base.save(folder / BASE)
    elif not hub:
        _copy(base_folder, folder / BASE)
    if tuned.lora:
        save_lora(base.network, tuned.lora, folder, tuned.base_name)
    heads = save_heads(folder, tuned.pooled.heads)
    fusion = save_fusion(folder, tuned.pooled.fusion) if tuned.pooled.fusion is not None else {}
    checksum = checksum_of(folder)
    origin = Origin(
        tuned.method,
        tuned.base_name,
        base.card.revision,
        base.card.sha256,
        asdict(tuned.pooled.reading),
        {name: each.as_dict() for name, each in tuned.calibration.items()},
        fusion,
    )
    card = Card(
        id=tuned.name,
        revision=checksum[:12],
        sha256=checksum,
        family=PREDICTOR,
        tokenizer=base.card.tokenizer,
        config=origin.as_config(),
        context_bases=min(base.can.context_bases, tuned.pooled.reading.longest),
        window=min(base.card.window, tuned.pooled.reading.longest, base.can.context_bases),
        parameters=sum(p.numel() for p in tuned.pooled.parameters()),
        species=base.card.species,
        assembly=base.card.assembly,
        licence=base.card.licence,
        genomes=base.card.genomes,
        training=tuned.facts,
        figures=tuned.figures,
        heads=heads,
    )
    write_card(card, folder)


def load_predictor(card: Card, folder: Path, load: Callable[[str | Path], Model]) -> Predictor:
    """Load a predictor. load: how its language model is loaded.

    Raises ModelError where a file is missing, is not that of the card, or does not fit.
    """
    inside = folder / BASE
    try:
        origin = Origin.of(card.config)
        reading = Reading(**origin.reading)
        calibration = {key: Calibration.from_dict(each) for key, each in origin.calibration.items()}
    except (KeyError, TypeError, ValueError, AttributeError, ConfigError) as error:
        raise ModelError(f"{folder}/card.json: the config of a predictor is incomplete or wrong: {error}") from error
    if card.sha256 != checksum_of(folder):
        needed = (
            FILE,
            *((FUSED,) if origin.fusion else ()),
            *((WEIGHTS, CONFIG) if origin.method == "lora" else ()),
            *((BASE,) if origin.method == "full" else ()),
        )
        missing = ", ".join(each for each in needed if not (folder / each).exists())
        lost = f"lacks {missing}" if missing else "holds other weights than its card says, or lacks some of them"
        raise ModelError(f"{folder} {lost}: the SHA-256 differs; copy the folder again")
    base = load(as_named(inside, origin.name) if inside.is_dir() else as_it_was(origin))
    if base.can.likelihood is None:
        raise ModelError(f"{folder}: its base is no language model")
    if origin.method != "full" and base.card.sha256 != origin.sha256:
        raise ModelError(f"{folder} was tuned on another version of {origin.name}: the SHA-256 of the weights differs")
    if (folder / WEIGHTS).is_file():
        load_lora(base.network, folder)
        merge_lora(base.network)
    heads = load_heads(folder).to(base.device)
    fusion = load_fusion(folder, origin.fusion)
    width, read = heads.map_of(next(iter(heads.specs))).in_features, reading.width(base.can.width)
    if fusion is not None and fusion.width != read:
        raise ModelError(f"{folder}: a fusion of {fusion.width} channels does not fit a base of {read}")
    if width != (read if fusion is None else fusion.out_width):
        raise ModelError(f"{folder}: heads of {width} channels do not fit a base of {read}")
    if fusion is not None:
        fusion.to(base.device)
    return Predictor(card, Pooled(base, heads, reading, fusion), calibration, folder)


def checksum_of(folder: Path) -> str:
    """The SHA-256 of those of all files that hold weights or scale them, in a fixed order."""
    files = [path for name in _SUMMED if (path := folder / name).is_file()]
    return sha256_of("".join(map(sha256, files)).encode()).hexdigest()


def _copy(source: Path, folder: Path) -> None:
    """Copy a model folder, without what a training run left beside it."""
    if source.resolve() == folder.resolve():
        return
    files = files_to_copy(source)
    folder.mkdir(exist_ok=True)
    for path in files:
        shutil.copyfile(path, folder / path.name)


def files_to_copy(folder: Path) -> list[Path]:
    """Return the files that a model is made of. Raises ModelError for a link to a file outside of the folder.

    Of a snapshot in the hub's cache, whose files are links by design, those to its blobs are fine.
    """
    inside = [folder.resolve()]
    if inside[0].parent.name == "snapshots":
        inside.append(inside[0].parent.parent / "blobs")
    files = []
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.suffix in (".json", ".safetensors", ".bin", ".txt", ".hdf5", ".h5"):
            if path.is_symlink() and not any(each in path.resolve().parents for each in inside):
                raise ModelError(
                    f"{path} is a link to {path.resolve()}, outside of its folder: put the file there itself"
                )
            files.append(path)
    return files
