"""What a pretraining run is told: a TOML file with three tables, checked on reading."""

import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from dnalect.core.errors import ConfigError
from dnalect.models.duplex.network import DuplexConfig

T = TypeVar("T")


@dataclass(frozen=True)
class DataConfig:
    """Where the bases come from.

    fasta: references, relative to the data folder.
    train, validate, test: contigs; no contig may stand in two of them.
    window: bases of a training example.
    soft_mask_weight: weight of lower-case bases in the loss.
    unknown_rate: share of examples in which a run of 1-32 bases is replaced by N.
    """

    fasta: tuple[str, ...]
    train: tuple[str, ...]
    validate: tuple[str, ...]
    test: tuple[str, ...] = ()
    window: int = 512
    soft_mask_weight: float = 1.0
    unknown_rate: float = 0.05

    def __post_init__(self) -> None:
        for part in ("fasta", "train", "validate", "test"):
            object.__setattr__(self, part, tuple(getattr(self, part)))
        seen: dict[str, str] = {}
        for part in ("train", "validate", "test"):
            for contig in getattr(self, part):
                if contig in seen:
                    raise ConfigError(f"contig {contig} stands in both '{seen[contig]}' and '{part}'")
                seen[contig] = part
        if not self.fasta or not self.train or not self.validate:
            raise ConfigError("[data] needs fasta, train and validate")
        if self.window < 16:
            raise ConfigError(f"[data] window must be at least 16 bases, not {self.window}")


@dataclass(frozen=True)
class OptimConfig:
    """How the weights are learned.

    batch: windows a step. steps: optimizer steps. optimizer: adamw, or muon for matrices with
    adamw for the rest. learning_rate, muon_rate: peaks of the two, after `warmup` steps, then
    linear to `final_rate` times the peak. weight_decay, betas (AdamW), clip: gradient norm.
    precision: fp32 or bf16 (autocast). save_every, check_every: steps between checkpoints
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
    precision: str = "fp32"
    save_every: int = 100
    check_every: int = 100

    def __post_init__(self) -> None:
        object.__setattr__(self, "betas", tuple(self.betas))
        if self.precision not in ("fp32", "bf16"):
            raise ConfigError(f"[optim] precision must be fp32 or bf16, not {self.precision!r}")
        if self.optimizer not in ("adamw", "muon"):
            raise ConfigError(f"[optim] optimizer must be adamw or muon, not {self.optimizer!r}")
        if min(self.batch, self.steps, self.save_every, self.check_every) < 1:
            raise ConfigError("[optim] batch, steps, save_every and check_every must be at least 1")


@dataclass(frozen=True)
class PretrainConfig:
    """A whole pretraining run."""

    name: str
    data: DataConfig
    model: DuplexConfig
    optim: OptimConfig = field(default_factory=OptimConfig)
    family: str = "duplex"
    seed: int = 1
    card: dict[str, Any] = field(default_factory=dict)


def read_config(path: Path) -> PretrainConfig:
    """Read a TOML file. Raises ConfigError with the name of the field that is wrong."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read the config {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is no TOML: {error}") from error
    model = dict(_table(path, raw, "model"))
    family = model.pop("family", "duplex")
    if family != "duplex":
        raise ConfigError(f"{path}: [model] family must be 'duplex', not {family!r}")
    unknown = set(raw) - {"name", "seed", "model", "data", "optim", "card"}
    if unknown:
        raise ConfigError(f"{path}: unknown entry {sorted(unknown)[0]!r}")
    return PretrainConfig(
        name=str(raw.get("name", path.stem)),
        data=_build(path, "data", DataConfig, _table(path, raw, "data")),
        model=_build(path, "model", DuplexConfig, model),
        optim=_build(path, "optim", OptimConfig, _table(path, raw, "optim")),
        family=family,
        seed=int(raw.get("seed", 1)),
        card=_table(path, raw, "card"),
    )


def _table(path: Path, raw: dict[str, Any], name: str) -> dict[str, Any]:
    table = raw.get(name, {})
    if not isinstance(table, dict):
        raise ConfigError(f"{path}: [{name}] must be a table")
    return table


def _build(path: Path, name: str, kind: type[T], values: dict[str, Any]) -> T:
    known = {f.name for f in fields(kind)}  # type: ignore[arg-type]
    for key in values:
        if key not in known:
            raise ConfigError(f"{path}: [{name}] has no field {key!r}; it has {', '.join(sorted(known))}")
    try:
        return kind(**values)
    except TypeError as error:
        raise ConfigError(f"{path}: [{name}]: {error}") from error
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error
