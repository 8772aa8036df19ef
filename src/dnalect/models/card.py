"""A model card: what is known of a checkpoint, as data."""

import json
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from dnalect.core.errors import ModelError
from dnalect.core.files import read_json, write_text
from dnalect.genome.builds import SAME_ASSEMBLY
from dnalect.genome.names import split_region

# The families of fine-tuned models: of sequences, and of tracks along them.
PREDICTOR, TRACK_PREDICTOR = "predictor", "track-predictor"
# This project's own language models, of single bases.
OWN_FAMILIES = ("duplex", "aligned")


@dataclass(frozen=True)
class CorpusGenome:
    """One genome that a model learned from.

    file, sha256: the FASTA. reference: checksum of its contigs, as scored files state it.
    contigs: name -> length in the assembly. train, validate, test: regions, `contig` or
    `contig:start-end` (1-based, ends inside). weight: share of the training windows.
    bases: trained on. passes: over them.
    """

    name: str
    file: str = ""
    sha256: str = ""
    reference: str = ""
    species: str = ""
    assembly: str = ""
    contigs: dict[str, int] = field(default_factory=dict)
    train: list[str] = field(default_factory=list)
    validate: list[str] = field(default_factory=list)
    test: list[str] = field(default_factory=list)
    weight: float = 1.0
    bases: int = 0
    passes: float = 0.0

    @cached_property
    def trained(self) -> dict[int, list[tuple[int, int]]]:
        """Length of a contig -> the spans of it (0-based, half-open) that were trained on."""
        spans: dict[int, list[tuple[int, int]]] = {}
        for text in self.train:
            name, start, end = split_region(text, self.contigs)
            length = self.contigs.get(name)
            if length is None:
                raise ModelError(f"the card's genome {self.name} trains on {text!r}, a contig that it does not list")
            spans.setdefault(length, []).append((start, length if end is None else end))
        return spans


@dataclass(frozen=True)
class Origin:
    """How a predictor was made, and of which language model; its card's `config`.

    method: "probe", "lora" or "full". name, revision, sha256: of the language model. reading: the
    fields of a `Reading`. calibration: target -> those of a `Calibration`. fusion: {}, or what `save_fusion` gave.
    """

    method: str
    name: str
    revision: str
    sha256: str
    reading: dict[str, Any]
    calibration: dict[str, Any] = field(default_factory=dict)
    fusion: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, config: dict[str, Any]) -> "Origin":
        """Read it. Raises KeyError, TypeError or ValueError for what is missing or wrong."""
        base: dict[str, Any] = {name: str(config["base"][name]) for name in ("name", "revision", "sha256")}
        more = {name: config.get(name, {}) for name in ("calibration", "fusion")}
        return cls(str(config["method"]), **base, reading=config["reading"], **more)

    def as_config(self) -> dict[str, Any]:
        """Return the `config` of a card."""
        base = {"name": self.name, "revision": self.revision, "sha256": self.sha256}
        told = {"method": self.method, "base": base, "reading": self.reading, "calibration": self.calibration}
        return told | ({"fusion": self.fusion} if self.fusion else {})


@dataclass(frozen=True)
class Card:
    """The card.json of a model folder.

    id, version: of two models of one name the higher version is the newer. revision: names the weights.
    sha256: of model.safetensors. family: which network.
    config: the sizes of a network, which its family reads; of a predictor its `origin`.
    context_bases: longest window. window: the default one. parameters: their number. genomes: of the
    corpus. training: seed, minutes, command ..., for people; `core_minutes` and `trained_length` are
    read. figures: measured, for people. heads: {} or what `dnalect.models.heads` wrote. trunk: {}, or
    name, revision and sha256 of a model that ships, which is a part of this one and not in its folder.
    """

    id: str
    revision: str
    sha256: str
    family: str
    tokenizer: str
    config: dict[str, Any]
    context_bases: int
    window: int
    parameters: int
    species: str = ""
    assembly: str = ""
    licence: str = ""
    genomes: list[CorpusGenome] = field(default_factory=list)
    training: dict[str, Any] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)
    heads: dict[str, Any] = field(default_factory=dict)
    version: int = 1
    trunk: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, kind in _KINDS.items():
            value = getattr(self, name)
            if not isinstance(value, kind) or isinstance(value, bool):
                raise ModelError(f"the card's {name!r} must be {kind.__name__}, not {value!r}")
        if not 1 <= self.window <= self.context_bases <= 1 << 24:
            raise ModelError(f"the card's window {self.window} or context {self.context_bases} is out of range")
        genomes = [g if isinstance(g, CorpusGenome) else _genome(g) for g in self.genomes]
        object.__setattr__(self, "genomes", genomes)

    @property
    def origin(self) -> Origin:
        """How a predictor was made. Raises ModelError where the card does not say so."""
        try:
            return Origin.of(self.config)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ModelError(f"the config of a predictor is incomplete or wrong: {error}") from error

    @property
    def _training(self) -> dict[str, Any]:
        # Cards of strangers are believed as far as they make sense.
        return self.training if isinstance(self.training, dict) else {}

    @property
    def core_minutes(self) -> float | None:
        """Minutes of a core that the training took, None where nobody counted."""
        told = self._training
        minutes = told.get("core_minutes", told.get("minutes"))
        return float(minutes) if isinstance(minutes, int | float) else None

    @property
    def trained_length(self) -> int | None:
        """Bases of the sequences that it was trained on, None where they had no one length."""
        length = self._training.get("length", self._training.get("window"))
        return length if isinstance(length, int) else None

    def saw(self, length: int, start: int, end: int) -> bool | None:
        """Whether a base of [start, end) of a contig of this length was trained on; None where the corpus has none."""
        if not any(length in genome.contigs.values() for genome in self.genomes):
            return None
        spans = (span for genome in self.genomes for span in genome.trained.get(length, ()))
        return any(start < high and low < end for low, high in spans)

    def coverage(self, lengths: list[int]) -> float:
        """Share of a reference's bases that lie in contigs of the corpus's assemblies, by their lengths."""
        mine = {length for genome in self.genomes for length in genome.contigs.values()}
        return sum(length for length in lengths if length in mine) / max(1, sum(lengths))

    @property
    def reads_relatives(self) -> bool:
        """Whether it reads an alignment beside the sequence."""
        return self.family == "aligned"

    @property
    def one_pass(self) -> bool:
        """Whether a pass of the network gives every base of a window: what scores variants soonest."""
        return self.family == "duplex"

    def is_of(self, lengths: list[int]) -> bool:
        """Whether a reference with contigs of these lengths is of an assembly of the corpus."""
        return self.coverage(lengths) >= SAME_ASSEMBLY


def write_card(card: Card, folder: Path) -> None:
    """Write card.json; a field that few models have only where there is something in it. Raises OutputError."""
    told = {name: value for name, value in asdict(card).items() if value or name != "trunk"}
    write_text(folder / "card.json", json.dumps(told, indent=1) + "\n")


def _genome(value: Any) -> CorpusGenome:
    if not isinstance(value, dict):
        raise ModelError(f"the card's 'genomes' must hold objects, not {value!r}")
    try:
        genome = CorpusGenome(**value)
        lengths = list(genome.contigs.values())
        texts = [*genome.train, *genome.validate, *genome.test]
    except (TypeError, AttributeError) as error:
        raise ModelError(f"the card's 'genomes': {str(error).replace('CorpusGenome.__init__() ', '')}") from error
    if not all(isinstance(length, int) for length in lengths) or not all(isinstance(text, str) for text in texts):
        raise ModelError(f"the card's genome {genome.name}: contigs must have whole lengths, regions must be texts")
    _ = genome.trained
    return genome


_KINDS = {
    "id": str,
    "revision": str,
    "sha256": str,
    "family": str,
    "config": dict,
    "context_bases": int,
    "window": int,
    "parameters": int,
    "version": int,
    "genomes": list,
    "figures": dict,
    "heads": dict,
    "trunk": dict,
}


def read_card(folder: Path) -> Card:
    """Read card.json. Raises ModelError where it is missing, no JSON, or has wrong fields."""
    path = folder / "card.json"
    if not path.is_file():
        raise ModelError(f"{folder} is no model folder: card.json cannot be read (No such file or directory)")
    raw = read_json(path)
    try:
        return Card(**raw)
    except TypeError as error:
        raise ModelError(
            f"{path} has missing or unknown fields: {str(error).replace('Card.__init__() ', '')}"
        ) from error
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
