"""A suite: which models and rivals are measured on which tasks. Read from YAML; unknown keys are errors."""

from collections.abc import Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_types import Ge, Len
from typing_extensions import Doc

from dnalect.baselines.base import KINDS
from dnalect.baselines.catalogue import NAMES
from dnalect.core.configs import config, validated
from dnalect.core.described import OneOf
from dnalect.core.errors import ConfigError
from dnalect.core.yaml_files import read_yaml
from dnalect.examples.splits import RULES
from dnalect.models.pooled import READINGS, Reading
from dnalect.stats.metrics import COMPARABLE
from dnalect.training.tuning import METHODS, TuneConfig

SPLITS = ("folds", *RULES)
METRICS = ("", *dict.fromkeys(each for metrics in COMPARABLE.values() for each in metrics))
Count = Annotated[int, Ge(1)]


@config
class Published:
    """A number from the literature."""

    who: Annotated[str, Doc("Who got it.")]
    metric: Annotated[str, Doc("In which metric.")]
    value: Annotated[float, Doc("The number.")]
    source: Annotated[str, Doc("Where it stands.")]
    differs: Annotated[str, Doc("How the protocol differs from that of the suite.")] = ""


@config
class TaskSpec:
    """A task: an entry of `tasks`. Labels, kind and conflicts are as `dnalect finetune` takes them."""

    name: Annotated[str, Len(1), Doc("In tables and pictures.")]
    data: Annotated[str, Len(1), Doc("File or folder of labelled sequences, relative to the folder of --data.")]
    labels: Annotated[tuple[str, ...], Doc("Columns of labels; by default `label`.")] = ()
    sequence: Annotated[str | None, Doc("Column of sequences; by default `sequence`.")] = None
    kind: Annotated[
        Annotated[str, OneOf(KINDS)] | None, Doc("What the labels are; by default told by what they look like.")
    ] = None
    conflicts: Annotated[
        Literal["error", "drop"], Doc("What is done with sequences that have contradictory classes.")
    ] = "drop"
    reference: Annotated[str | None, Doc("FASTA that the sequences are looked for on, relative to --data.")] = None
    place: Annotated[bool, Doc("Look for the sequences on the reference.")] = False
    split: Annotated[
        str,
        OneOf(SPLITS),
        Doc("folds: whole contigs, or clusters, are held out in turn; or a rule of `dnalect finetune`."),
    ] = "given"
    folds: Annotated[int, Ge(2), Doc("Number of folds.")] = 5
    most: Annotated[Count | None, Doc("At most so many sequences, drawn once; all by default.")] = None
    train_most: Annotated[Count | None, Doc("The same of the training part.")] = None
    longest: Annotated[Count | None, Doc("Bases; of longer sequences the middle is read.")] = None
    both_strands: Annotated[bool, Doc("The label does not depend on the strand.")] = False
    metric: Annotated[str, OneOf(METRICS), Doc("What is compared; by default the main one of the kind.")] = ""
    seeds: Annotated[Count | None, Doc("Number of seeds; by default the suite's.")] = None
    drop_contigs: Annotated[tuple[str, ...], Doc("Contigs, or contig:start-end, that are left out.")] = ()
    curve: Annotated[str, Doc("Learning curve that it is a point of, at `train_most` labels.")] = ""
    published: Annotated[tuple[Published, ...], Doc("Numbers of others.")] = ()


@config
class Entry:
    """A model and how it is used: an entry of `models`."""

    name: Annotated[str, Len(1), Doc("In tables and pictures.")]
    model: Annotated[str, Len(1), Doc("Name or folder, relative to the folder of --models where it is one there.")]
    method: Annotated[str, OneOf(METHODS), Doc("How it learns.")] = "probe"
    untrained: Annotated[bool, Doc("With random weights instead.")] = False
    pool: Annotated[str, OneOf(READINGS), Doc("How states become one vector.")] = "mean"
    layer: Annotated[Annotated[int, Ge(0)] | None, Doc("Whose states; the last by default.")] = None
    options: Annotated[dict[str, Any], Doc("Keys of fine-tuning; see below.")] = field(default_factory=dict)
    only: Annotated[tuple[str, ...], Doc("Names of tasks; all by default.")] = ()

    def __post_init__(self) -> None:
        self.tuned(1)

    def tuned(self, strands: int) -> TuneConfig:
        """Return how this entry learns. Raises ConfigError for a wrong option."""
        if taken := {"method", "reading"} & self.options.keys():
            raise ConfigError(f"{self.name}: options take no {sorted(taken)[0]!r}; it stands beside them")
        told = validated(TuneConfig, {"method": self.method, **self.options}, f"{self.name}, options")
        reading = Reading(self.pool, self.layer, strands)
        return replace(told, reading=reading, reverse_complement=strands == 2 or told.reverse_complement)


@config
class Suite:
    """What one file says."""

    name: Annotated[str, Len(1), Doc("Of the suite.")]
    models: Annotated[tuple[Entry, ...], Doc("Who is measured.")]
    tasks: Annotated[tuple[TaskSpec, ...], Doc("On what.")]
    rivals: Annotated[tuple[Annotated[str, OneOf(NAMES)], ...], Doc("What knows nothing of genomes.")] = (
        *("words", "composition", "likelihood", "cnn"),
    )
    against: Annotated[str, Doc("The rival whose differences are corrected over the tasks.")] = "words of 3-6"
    seeds: Annotated[Count, Doc("Number of seeds.")] = 3
    motifs: Annotated[str | None, Doc("MEME file of the rival motifs, relative to --data.")] = None
    about: Annotated[str, Doc("A sentence for the page.")] = ""

    def __post_init__(self) -> None:
        tasks = {task.name for task in self.tasks}
        for entry in self.models:
            if missing := sorted(set(entry.only) - tasks):
                raise ConfigError(f"{entry.name}, only: the suite has no task {missing[0]!r}")

    def narrowed(self, models: Sequence[str] = (), seeds: int | None = None) -> "Suite":
        """Return the suite with some models, () for all, and so many seeds. Raises ConfigError for no such model."""
        if unknown := set(models) - {each.name for each in self.models}:
            raise ConfigError(f"the suite {self.name} has no model {sorted(unknown)[0]!r}")
        kept = tuple(each for each in self.models if not models or each.name in models)
        return replace(self, models=kept, seeds=seeds or self.seeds)


def untrained_of(suite: Suite, who: str) -> list[str]:
    """Return the names of the entries that use the same network in the same way, untrained."""
    mine = next(entry for entry in suite.models if entry.name == who)
    return [
        each.name
        for each in suite.models
        if each.untrained and (each.model, each.method, each.pool) == (mine.model, mine.method, mine.pool)
    ]


def read_suite(path: Path) -> Suite:
    """Read a suite. Raises ConfigError that names all that is missing, unknown, wrong or twice."""
    suite = validated(Suite, read_yaml(path), path)
    if not suite.models or not suite.tasks:
        raise ConfigError(f"{path}: models and tasks are both needed, at least one of each")
    for what, names in (("models", [m.name for m in suite.models]), ("tasks", [t.name for t in suite.tasks])):
        if twice := {name for name in names if names.count(name) > 1}:
            raise ConfigError(f"{path}: {what} have the same name {sorted(twice)[0]!r}")
        files = [safe(name) for name in names]
        if alike := [name for name in names if files.count(safe(name)) > 1]:
            raise ConfigError(
                f"{path}: {what} {alike[0]!r} and {alike[1]!r} would be kept in the same files; rename one"
            )
    return suite


def safe(name: str) -> str:
    """Return a name as the files of a run have it."""
    return "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in name)
