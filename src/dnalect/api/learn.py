"""`dnalect.finetune` and `dnalect.pretrain`: folders with a model, from labels or from genomes."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa

from dnalect.api.given import input_path, is_path, options_of, reference_path
from dnalect.api.score import Shown
from dnalect.api.table import Table
from dnalect.core.errors import ConfigError
from dnalect.core.figures import Figure
from dnalect.core.nearest import did_you_mean
from dnalect.core.reporter import using
from dnalect.genome.fasta import Reference
from dnalect.jobs.pretrain import pretrain as train_model
from dnalect.jobs.tuning.data import DataOptions
from dnalect.jobs.tuning.finetune import RIVALS, FinetuneOptions, finetune_file
from dnalect.models.lora import LoraConfig
from dnalect.models.pooled import Reading
from dnalect.models.registry import Model, Named, load
from dnalect.training.tuning import TuneConfig

PRECISIONS = {"float32": "fp32", "bfloat16": "bf16"}


class Finetuned(Table):
    """What fine-tuning gave: its figures beside those of the rivals, a row each. folder: with model and report.html."""

    def __init__(self, folder: Path, figures: Sequence[Figure]):
        super().__init__(pa.Table.from_pylist([_plain(each) for each in figures]))
        self.folder = folder

    @property
    def model(self) -> Any:
        """The fine-tuned model, loaded."""
        return load(self.folder)

    @property
    def report(self) -> Path:
        """The page about it."""
        return self.folder / "report.html"


def _plain(figure: Figure) -> dict[str, Any]:
    cells = asdict(figure)
    mean, low, high = cells.pop("value")
    return {
        **{name: value for name, value in cells.items() if not isinstance(value, dict)},
        **{"value": mean, "low": low, "high": high},
    }


def finetune(
    data: Any,
    out: str | Path,
    model: Named | None = None,
    *,
    method: str = "lora",
    labels: str | Sequence[str] = (),
    reference: Reference | None = None,
    rivals: Sequence[str] = RIVALS,
    motifs: str | Path | None = None,
    device: str | None = None,
    dtype: str = "float32",
    progress: Shown = None,
    **more: Any,
) -> Finetuned:
    """Tune a model on labelled sequences and measure it beside simple rivals: what `dnalect finetune` does.

    data: a table, BED, FASTA or folder, or a data frame with the columns sequence and label. out:
    folder for model, figures and report.html. model: to begin with, None for the reference's.
    method: "probe", "lora" or "full". labels: columns. reference: the genome that places lie on.
    rivals: whom to compare with. more: what `dnalect finetune` takes, by its names here: epochs,
    batch, rate, patience, seed; pool, layer, strands (1 or 2), longest; rank, alpha (of LoRA);
    sequence, kind, signal, background, split, test, validate, test_contigs ...
    Raises a DnalectError for what can't be learned from.
    """
    parts: dict[type[Any], dict[str, Any]] = {Reading: {}, LoraConfig: {}, TuneConfig: {}, DataOptions: {}}
    known = {each.name: kind for kind in reversed(list(parts)) for each in fields(kind)}
    for name, value in more.items():
        if name not in known:
            raise ConfigError(f"there is no option {name!r}.{did_you_mean(name, known)}")
        parts[known[name]][name] = value
    if "rank" in parts[LoraConfig]:
        parts[LoraConfig] = {"alpha": 2.0 * parts[LoraConfig]["rank"]} | parts[LoraConfig]
    if "seed" in more:
        parts[TuneConfig]["seed"] = parts[DataOptions]["seed"] = more["seed"]
    reading = options_of(Reading, parts[Reading])
    lora = options_of(LoraConfig, parts[LoraConfig])
    told = {"method": method, "reading": reading, "lora": lora, "precision": PRECISIONS.get(dtype, dtype)}
    config = options_of(TuneConfig, {**told, "reverse_complement": reading.strands == 2, **parts[TuneConfig]})
    with TemporaryDirectory() as name, using(progress):
        folder = Path(name)
        path = input_path(data, folder) if not is_path(data) else str(data)
        where = {"data": path, "labels": labels, "reference": reference_path(reference, folder)}
        options = FinetuneOptions(
            data=options_of(DataOptions, {**where, **parts[DataOptions]}),
            config=config,
            model=None if model is None else _name_of(model),
            rivals=tuple(rivals),
            motifs=None if motifs is None else str(motifs),
            **({} if device is None else {"device": device}),
        )
        figures = finetune_file(options, Path(out))
    return Finetuned(Path(out), figures)


def _name_of(model: Named) -> str:
    """Return what a model was loaded as: tuning loads it anew, and leaves the object as it is."""
    name = model if isinstance(model, str | Path) else getattr(model, "source", "")
    if not name:
        raise ConfigError("this model was not loaded from a name or folder: save it, and give the folder")
    return str(name)


def pretrain(
    source: str | Path, out: str | Path, *, data: str | Path = ".", progress: Shown = None, **more: Any
) -> Model:
    """Train a model and return it: what `dnalect pretrain` does.

    source: a config (TOML). out: the model folder; a run found there goes on. data: the folder that
    the files of a config are relative to. more: device, threads.
    Raises a DnalectError for what can't be trained.
    """
    with using(progress):
        train_model(Path(source), Path(data), Path(out), **more)
    found: Any = load(Path(out))
    return found  # type: ignore[no-any-return]
