"""`dnalect.finetune` and `dnalect.pretrain`: folders with a model, from labels or from genomes."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa

from dnalect.api.given import input_path, is_path, options_of, reference_path
from dnalect.api.score import Shown
from dnalect.api.table import Table
from dnalect.core.errors import ConfigError
from dnalect.core.figures import MORE, Figure
from dnalect.core.reporter import using
from dnalect.genome.fasta import Reference
from dnalect.jobs.options import PretrainOptions
from dnalect.jobs.pretrain import pretrain as train_model
from dnalect.jobs.tuning.finetune import finetune_file
from dnalect.jobs.tuning.options import RIVALS, Options
from dnalect.jobs.tuning.tracks import finetune_tracks_file
from dnalect.models.load import load
from dnalect.models.model import Model, Named


class Finetuned(Table):
    """What fine-tuning gave: its figures beside those of the rivals, a row each.

    Attributes:
        folder: With the model, the figures and report.html.
    """

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
    cells = {name: value for name, value in asdict(figure).items() if name not in MORE}
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
    device: str = "auto",
    dtype: str = "float32",
    progress: Shown = None,
    **more: Any,
) -> Finetuned:
    """Tune a model on labelled sequences and measure it beside simple rivals: what `dnalect finetune` does.

    Args:
        data: A table, BED, FASTA or folder; or a data frame with the columns sequence and label.
        out: Folder for model, figures and report.html.
        model: To begin with: a name, a folder or what `load` gave; None for the reference's.
        method: "probe" (the model stays as it is), "lora" or "full".
        labels: Columns that hold labels.
        reference: The genome that places lie on.
        rivals: Whom to compare with.
        motifs: For the rival of that name: a MEME file, or `jaspar:fungi`, `jaspar:vertebrates` ... (with pyjaspar).
        device: As torch names it, or "auto" for the best there is.
        dtype: "float32" or "bfloat16".
        progress: A Reporter; a function of a State; False for nowhere; None for a bar on a terminal.
        **more: The other options of the command, by their names here: epochs, batch, rate, patience,
            seed; pool, layer, strands (1 or 2), longest; rank, alpha (of LoRA); sequence, kind,
            signal, background, split, test, validate, test_contigs ...; beside (signals, `NAME=FILE`) and fusion;
            bin: bases of a bin, where `data` is a BED, a bigWig or a table of such files, from which a model of tracks
            learns.

    Returns:
        The figures, and the folder of the model.

    Raises:
        DnalectError: The data can't be learned from, or an option is wrong.

    Examples:
        >>> import random
        >>> from pathlib import Path
        >>> import dnalect
        >>> at = random.Random(0)
        >>> rows = [(at.choices("ACGT", (1, 1 + label, 1 + label, 1), k=60), label) for label in (0, 1) * 60]
        >>> lines = ["sequence,label", *("".join(bases) + f",{label}" for bases, label in rows)]
        >>> _ = Path("gc.csv").write_text("\\n".join(lines))
        >>> tuned = dnalect.finetune("gc.csv", "gc-model", "duplex-yeast", method="probe", rivals=(), progress=False)
        >>> [value > 0.8 for value, metric in zip(tuned["value"], tuned["metric"]) if metric == "AUROC"]
        [True]
        >>> tuned.model.card.family
        'predictor'
    """
    with TemporaryDirectory() as name, using(progress):
        folder = Path(name)
        told: dict[str, Any] = {
            "data": str(data) if is_path(data) else input_path(data, folder),
            "out": out,
            "method": method,
        }
        told |= {"labels": labels, "reference": reference_path(reference, folder), "rivals": rivals, "motifs": motifs}
        told |= {"model": None if model is None else _name_of(model), "device": device, "dtype": dtype}
        options = options_of(Options, {**told, **more})
        figures = (finetune_tracks_file if options.bin else finetune_file)(options)
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

    Args:
        source: A config (TOML), or the name of a recipe that comes with dnalect. [All keys](config.md).
        out: The model folder; a run found there goes on.
        data: The folder that the files of a config are relative to.
        progress: A Reporter; a function of a State; False for nowhere; None for a bar on a terminal.
        **more: device, threads.

    Returns:
        The trained model, as `load` gives it.

    Raises:
        DnalectError: The config is wrong, a file is missing, or nothing can be learned.

    Examples:
        >>> import random
        >>> from pathlib import Path
        >>> import dnalect
        >>> bases = "".join(random.Random(0).choices("ACGT", k=4_000))
        >>> _ = Path("tiny.fa").write_text(f">a\\n{bases[:3000]}\\n>b\\n{bases[3000:]}\\n")
        >>> config = '''
        ... name = "tiny"
        ... [data]
        ... window = 64
        ... [[data.genomes]]
        ... name = "tiny"
        ... fasta = "tiny.fa"
        ... train = ["a"]
        ... validate = ["b"]
        ... [model]
        ... family = "duplex"
        ... width = 8
        ... kernel = 3
        ... dilations = [1, 2]
        ... [optim]
        ... batch = 4
        ... steps = 4
        ... warmup = 1
        ... '''
        >>> _ = Path("tiny.toml").write_text(config)
        >>> model = dnalect.pretrain("tiny.toml", "tiny-model", progress=False)
        >>> model.card.id, model.card.parameters > 0
        ('tiny', True)
    """
    with using(progress):
        train_model(options_of(PretrainOptions, {"source": source, "out": out, "data": data, **more}))
    found: Any = load(Path(out))
    return found  # type: ignore[no-any-return]
