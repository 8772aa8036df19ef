"""What a pretraining run is told: a TOML file with three tables, checked on reading."""

import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from dnalect.core.errors import ConfigError
from dnalect.models.duplex.network import DuplexConfig
from dnalect.models.families import FAMILIES
from dnalect.training.head_config import HeadConfig
from dnalect.training.masking import MaskingConfig

T = TypeVar("T")


@dataclass(frozen=True)
class GenomeConfig:
    """One genome of a corpus.

    name: how figures and the card call it. fasta: relative to the data folder.
    train, validate, test: regions, `contig` or `contig:start-end` (1-based, ends inside);
    no base may stand in two of them. exclude: regions that are never trained on.
    weight: share of the training windows, against the other genomes'; 0 stands for the
    number of its training bases. species, assembly: for the card.
    full_lengths: contig -> its length in the assembly, where the file holds only its beginning.
    """

    name: str
    fasta: str
    train: tuple[str, ...]
    validate: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    weight: float = 0.0
    species: str = ""
    assembly: str = ""
    full_lengths: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for part in ("train", "validate", "test", "exclude"):
            value = getattr(self, part)
            if isinstance(value, str):
                raise ConfigError(f"[[data.genomes]] {part} must be a list of regions, not {value!r}")
            object.__setattr__(self, part, tuple(value))
        if not self.train:
            raise ConfigError(f"the genome {self.name} needs at least one region in 'train'")
        if self.weight < 0:
            raise ConfigError(f"the weight of the genome {self.name} must not be negative")


@dataclass(frozen=True)
class DataConfig:
    """Where the bases come from.

    genomes: at least one, with different names; at least one region to validate on.
    window: bases of a training example.
    soft_mask_weight: weight of lower-case bases in the loss. repeat_weight: of bases in a
    24-mer that the training regions hold more than once, on either strand.
    unknown_rate: share of examples in which a run of 1-32 bases is replaced by N.
    mixed_lengths: share of examples of masked models that are cut to a length drawn between
    `shortest` and the window.
    """

    genomes: tuple[GenomeConfig, ...]
    window: int = 512
    soft_mask_weight: float = 1.0
    repeat_weight: float = 1.0
    unknown_rate: float = 0.05
    mixed_lengths: float = 0.0
    shortest: int = 16

    def __post_init__(self) -> None:
        tables = [g if isinstance(g, GenomeConfig) else _fill("data.genomes", GenomeConfig, g) for g in self.genomes]
        object.__setattr__(self, "genomes", tuple(tables))
        names = [genome.name for genome in tables]
        if not names:
            raise ConfigError("[data] needs at least one [[data.genomes]]")
        if len(set(names)) < len(names):
            raise ConfigError("[[data.genomes]]: two genomes have one name")
        if not any(genome.validate for genome in tables):
            raise ConfigError("[[data.genomes]]: no genome names a region to validate on")
        if len({genome.weight > 0 for genome in tables}) > 1:
            raise ConfigError("[[data.genomes]]: give every genome a weight, or none")
        if self.window < 16:
            raise ConfigError(f"[data] window must be at least 16 bases, not {self.window}")
        if not 0 <= self.mixed_lengths <= 1 or not 1 <= self.shortest <= self.window:
            raise ConfigError("[data] mixed_lengths must be a share, and shortest at most the window")


@dataclass(frozen=True)
class OptimConfig:
    """How the weights are learned.

    batch: windows a step. steps: optimizer steps. optimizer: adamw, or muon for matrices with
    adamw for the rest. learning_rate, muon_rate: peaks of the two, after `warmup` steps, then
    linear to `final_rate` times the peak. weight_decay, betas (AdamW), clip: gradient norm.
    average: decay of the running mean of the weights that is checked and kept, 0 for the last
    weights themselves. precision: fp32 or bf16 (autocast). save_every, check_every: steps between checkpoints
    and between validations.
    """

    batch: int = 32
    steps: int = 1000
    optimizer: str = "adamw"
    learning_rate: float = 2e-3
    muon_rate: float = 0.02
    warmup: int = 50
    final_rate: float = 0.02
    weight_decay: float = 0.01
    betas: tuple[float, float] = (0.9, 0.98)
    clip: float = 1.0
    average: float = 0.0
    precision: str = "fp32"
    save_every: int = 100
    check_every: int = 100

    def __post_init__(self) -> None:
        object.__setattr__(self, "betas", tuple(self.betas))
        if self.precision not in ("fp32", "bf16"):
            raise ConfigError(f"[optim] precision must be fp32 or bf16, not {self.precision!r}")
        if self.optimizer not in ("adamw", "muon"):
            raise ConfigError(f"[optim] optimizer must be adamw or muon, not {self.optimizer!r}")
        if not 0 <= self.average < 1:
            raise ConfigError(f"[optim] average must lie in [0, 1), not {self.average}")
        if min(self.batch, self.steps, self.save_every, self.check_every) < 1:
            raise ConfigError("[optim] batch, steps, save_every and check_every must be at least 1")


@dataclass(frozen=True)
class MaskedConfig:
    """A masked model of a published family, scaled.

    family: folder of dnalect.models. like: the published card whose sizes are scaled.
    tokenizer: a name that `dnalect tokenize` knows, or a file, relative to --data or the config.
    scale: share of the published heads, layers and channels; 1 is the published network.
    longest: tokens that it is made for, 0 for the published number.
    """

    family: str
    like: str
    tokenizer: str
    scale: float = 1.0
    longest: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.scale <= 4 or self.longest < 0:
            raise ConfigError(f"[model] scale must lie in (0, 4] and longest not below 0: {self.scale}, {self.longest}")


@dataclass(frozen=True)
class PretrainConfig:
    """A whole pretraining run.

    init: a model (name or folder) of the same sizes whose weights are the beginning, "" for
    random ones. masking: of masked models; duplex has no use for it. heads: further objectives
    of masked models, with different names.
    """

    name: str
    data: DataConfig
    model: DuplexConfig | MaskedConfig
    optim: OptimConfig = field(default_factory=OptimConfig)
    masking: MaskingConfig = field(default_factory=MaskingConfig)
    family: str = "duplex"
    seed: int = 1
    init: str = ""
    card: dict[str, Any] = field(default_factory=dict)
    heads: tuple[HeadConfig, ...] = ()

    def __post_init__(self) -> None:
        tables = [h if isinstance(h, HeadConfig) else _fill("heads", HeadConfig, h) for h in self.heads]
        object.__setattr__(self, "heads", tuple(tables))
        genomes = [genome.name for genome in self.data.genomes]
        for head in tables:
            if head.genome not in genomes:
                raise ConfigError(f"[[heads]] {head.name}: genome must be one of {', '.join(genomes)}")
        if len({head.name for head in tables}) < len(tables):
            raise ConfigError("[[heads]]: two heads have one name")
        if tables and not isinstance(self.model, MaskedConfig):
            raise ConfigError("[[heads]] are for masked models; a duplex learns every base and nothing else")


def read_config(path: Path) -> PretrainConfig:
    """Read a TOML file. Raises ConfigError with the name of the field that is wrong."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read the config {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is no TOML: {error}") from error
    model = dict(_table(path, raw, "model"))
    family = model.get("family", "duplex")
    if family not in ("duplex", *FAMILIES):
        raise ConfigError(f"{path}: [model] family must be one of duplex, {', '.join(FAMILIES)}, not {family!r}")
    if family == "duplex":
        model.pop("family", None)
    unknown = set(raw) - {"name", "seed", "init", "model", "data", "optim", "masking", "card", "heads"}
    if unknown:
        raise ConfigError(f"{path}: unknown entry {sorted(unknown)[0]!r}")
    sizes: DuplexConfig | MaskedConfig
    if family == "duplex":
        sizes = _build(path, "model", DuplexConfig, model)
    else:
        sizes = _build(path, "model", MaskedConfig, model)
    heads = raw.get("heads", [])
    if not isinstance(heads, list):
        raise ConfigError(f"{path}: write [[heads]], with two brackets, for every head")
    values: dict[str, Any] = {
        "name": str(raw.get("name", path.stem)),
        "data": _build(path, "data", DataConfig, _table(path, raw, "data")),
        "model": sizes,
        "masking": _build(path, "masking", MaskingConfig, _table(path, raw, "masking")),
        "optim": _build(path, "optim", OptimConfig, _table(path, raw, "optim")),
        "family": family,
        "seed": int(raw.get("seed", 1)),
        "init": str(raw.get("init", "")),
        "card": _table(path, raw, "card"),
        "heads": tuple(_build(path, "heads", HeadConfig, head) for head in heads),
    }
    return _build(path, "config", PretrainConfig, values)


def _table(path: Path, raw: dict[str, Any], name: str) -> dict[str, Any]:
    table = raw.get(name, {})
    if not isinstance(table, dict):
        raise ConfigError(f"{path}: [{name}] must be a table")
    return table


def _build(path: Path, name: str, kind: type[T], values: dict[str, Any]) -> T:
    try:
        return _fill(name, kind, values)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def _fill(name: str, kind: type[T], values: dict[str, Any]) -> T:
    known = {f.name for f in fields(kind)}  # type: ignore[arg-type]
    if not isinstance(values, dict):
        raise ConfigError(f"[{name}] must be a table")
    for key in values:
        if key not in known:
            raise ConfigError(f"[{name}] has no field {key!r}; it has {', '.join(sorted(known))}")
    try:
        return kind(**values)
    except TypeError as error:
        raise ConfigError(f"[{name}]: {str(error).replace('.__init__()', '')}") from error
