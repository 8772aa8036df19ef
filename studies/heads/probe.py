"""Two models as frozen readers: logistic regression on their mean hidden states, judged on the same sequences."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnalect import ConfigError, InputError, ModelError, embed, open_genome
from dnalect.baselines import padded, word_shares
from dnalect.core import NOTHING, Figure
from dnalect.examples import Labelled, place, read_labelled
from dnalect.genome import Region, parse_regions
from dnalect.models import language_model, model_folder, read_card
from dnalect.stats import Draws, agreement, block_of, paired, tuned_logistic
from studies.options import Probe

WORDS = (3, 4, 5)
RIVAL = "words of 3-5"
# Every so many-th block is taken apart to tune on, where the task has no part for it.
TUNED = 5
Numbers = npt.NDArray[np.int64]
Singles = npt.NDArray[np.float32]


@dataclass(frozen=True)
class ProbeTask:
    """Sequences to learn from, to tune on and to judge. units: of the judged ones, what varies together (n,)."""

    name: str
    train: Labelled
    tune: Labelled
    test: Labelled
    units: Numbers


def task_of(options: Probe) -> ProbeTask:
    """Return the task of the options: a folder, or a table that is placed."""
    if options.task:
        return read_task(options.task)
    assert options.placed
    assert options.data
    return placed_task(options.placed, options.models[0], options.data)


def read_task(folder: Path) -> ProbeTask:
    """Read train, dev and test tables of a folder (.csv or .csv.gz); test sequences that train or dev hold are dropped.

    Raises InputError where one is missing.
    """
    tables = {}
    for part in ("train", "dev", "test"):
        file = next((path for path in (folder / f"{part}.csv.gz", folder / f"{part}.csv") if path.is_file()), None)
        if file is None:
            raise InputError(f"{folder} has no {part}.csv(.gz); a task needs train, dev and test")
        tables[part] = read_labelled(file)
    known = {*tables["train"].sequences, *tables["dev"].sequences}
    test = _take(tables["test"], [n for n, text in enumerate(tables["test"].sequences) if text not in known])
    return ProbeTask(folder.name, tables["train"], tables["dev"], test, np.arange(len(test.labels)))


def placed_task(file: Path, model: str | Path, data: Path) -> ProbeTask:
    """Place a table on the genome of a model's card and split it by the card.

    Windows within training regions are learned from, but for every fifth block of 10 kb, which
    is tuned on; those within validation and test regions are judged, by block. A window that
    overlaps one of another part is not met, as the parts are whole contigs; of training and
    tuning windows some may overlap.
    """
    card = read_card(model_folder(str(model)))
    if len(card.genomes) != 1:
        raise ConfigError(f"{card.id} was trained on {len(card.genomes)} genomes; placing needs a model of one")
    told, table = card.genomes[0], read_labelled(file)
    genome = open_genome(data / told.file)
    placed = place(genome, table.sequences)
    regions = {"train": parse_regions(genome, told.train)}
    regions["held"] = parse_regions(genome, [*told.validate, *told.test])
    ends = placed.starts + np.array([len(table.sequences[row]) for row in placed.rows.tolist()], dtype=np.int64)
    blocks = block_of(placed.contigs, (placed.starts + ends) // 2)
    train, held = (_within(regions[part], placed.contigs, placed.starts, ends) for part in ("train", "held"))
    apart = blocks % TUNED == 0
    parts = [_take(table, placed.rows[mask].tolist()) for mask in (train & ~apart, train & apart, held)]
    if not all(len(part.labels) for part in parts):
        raise InputError(f"{file}: too few of its sequences stand on the training and held-out contigs of {card.id}")
    learn, tune, test = parts
    return ProbeTask(file.parent.name, learn, tune, test, blocks[held])


def probe_models(models: Sequence[str | Path], task: ProbeTask, command: str = "") -> list[Figure]:
    """Return AUROC and MCC of both models and of word counts, and the first model's paired differences.

    The states are those after the last layer, averaged over the tokens of a sequence. MCC is
    that of the likelier class. Labels must be 0 and 1. Raises ModelError for other than masked models.
    """
    if int(max(part.labels.max() for part in (task.train, task.tune, task.test))) > 1:
        raise InputError(f"the task {task.name} has more than two classes; a probe takes the labels 0 and 1")
    readers = {str(Path(name).name): name for name in models}
    if len(readers) < len(models):
        raise ConfigError("the two models are of one name; rename a folder")
    scores = {}
    for who in (*readers, RIVAL):
        parts = [_features(readers.get(who), part.sequences) for part in (task.train, task.tune, task.test)]
        fit = tuned_logistic(parts[0], task.train.labels, 2, (parts[1], task.tune.labels))
        logits = fit(parts[2])
        scores[who] = logits[:, 1] - logits[:, 0]
    positive = task.test.labels == 1
    draws = Draws.of(task.units)
    chosen = {who: (each > 0).astype(np.int64) for who, each in scores.items()}
    samples = {
        "AUROC": {who: draws.auroc(each, positive) for who, each in scores.items()},
        "MCC": {who: agreement("MCC", draws.confusions(each, task.test.labels, 2)) for who, each in chosen.items()},
    }
    bare = Figure(task.name, "test", "", "", len(positive), NOTHING, command=command)
    return [figure for metric, each in samples.items() for figure in paired(replace(bare, metric=metric), each)]


def _features(model: str | Path | None, sequences: Sequence[str]) -> Singles:
    if model is None:
        return word_shares(padded(sequences), WORDS)
    loaded = language_model(model)
    if loaded.can.likelihood != "masked":
        raise ModelError(f"{model}: only masked models have hidden states to probe")
    return embed(loaded, list(sequences))


def _take(table: Labelled, rows: Sequence[int]) -> Labelled:
    return Labelled(tuple(table.sequences[row] for row in rows), table.labels[np.array(rows, dtype=np.int64)])


def _within(regions: Sequence[Region], contigs: Numbers, starts: Numbers, ends: Numbers) -> npt.NDArray[np.bool_]:
    inside = np.zeros(len(starts), dtype=np.bool_)
    for region in regions:
        inside |= (contigs == region.contig) & (starts >= region.start) & (ends <= region.end)
    return inside
