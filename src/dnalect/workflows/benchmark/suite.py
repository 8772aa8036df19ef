"""A suite: which models and rivals are measured on which tasks. Read from YAML; unknown keys are errors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, get_type_hints

from dnalect.core.errors import ConfigError
from dnalect.evaluate.metrics import COMPARABLE
from dnalect.evaluate.rivals.base import KINDS
from dnalect.evaluate.rivals.catalogue import NAMES
from dnalect.evaluate.splits import RULES
from dnalect.training.tuning import METHODS
from dnalect.workflows.benchmark.yaml_files import fits, read_yaml

SPLITS = ("folds", *RULES)


@dataclass(frozen=True)
class Published:
    """A number from the literature: who got it, in which metric, the source, how the protocol differs."""

    who: str
    metric: str
    value: float
    source: str
    differs: str = ""


@dataclass(frozen=True)
class TaskSpec:
    """A task.

    data: file or folder, relative to the folder of the data. labels, sequence, kind, conflicts:
    as `dnalect finetune` takes them. reference, place: where the sequences are looked for.
    split: "folds" (whole contigs, or clusters where there are none, are held out in turn, so that
    every sequence is predicted once), or a rule of `dnalect finetune`. folds: how many. most:
    at most so many sequences, drawn once, None for all. train_most: the same of the training part.
    longest: bases; of longer sequences the middle is read. both_strands: the label does not
    depend on the strand. metric: what is compared. seeds: None for the suite's. drop_contigs:
    contigs, or contig:start-end, that are left out. curve: name of the learning curve that it is
    a point of, at `train_most` labels. published: numbers of others.
    """

    name: str
    data: str
    labels: tuple[str, ...] = ()
    sequence: str | None = None
    kind: str | None = None
    conflicts: str = "drop"
    reference: str | None = None
    place: bool = False
    split: str = "given"
    folds: int = 5
    most: int | None = None
    train_most: int | None = None
    longest: int | None = None
    both_strands: bool = False
    metric: str = ""
    seeds: int | None = None
    drop_contigs: tuple[str, ...] = ()
    curve: str = ""
    published: tuple[Published, ...] = ()

    def __post_init__(self) -> None:
        choices = {
            "split": SPLITS,
            "kind": (None, *KINDS),
            "conflicts": ("error", "drop"),
            "metric": ("", *dict.fromkeys(each for metrics in COMPARABLE.values() for each in metrics)),
        }
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                told = ", ".join(each for each in allowed if each)
                raise ConfigError(f"{self.name}: {name} is one of {told}, not {getattr(self, name)!r}")
        for name, least in (("folds", 2), ("most", 1), ("train_most", 1), ("longest", 1), ("seeds", 1)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise ConfigError(f"{self.name}: {name} must be {least} or more, not {value}")


@dataclass(frozen=True)
class Entry:
    """A model and how it is used.

    name: in the table. model: name or folder, relative to the folder of the models where it is
    one there. method: of METHODS. untrained: with random weights instead. options: fields of a
    TuneConfig. pool, layer: of its reading. only: names of tasks, () for all.
    """

    name: str
    model: str
    method: str = "probe"
    untrained: bool = False
    pool: str = "mean"
    layer: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    only: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise ConfigError(f"{self.name}: a method is one of {', '.join(METHODS)}, not {self.method!r}")


@dataclass(frozen=True)
class Suite:
    """What one file says. against: the rival whose differences are corrected over the tasks."""

    name: str
    models: tuple[Entry, ...]
    tasks: tuple[TaskSpec, ...]
    rivals: tuple[str, ...] = ("words", "composition", "likelihood", "cnn")
    against: str = "words of 3-6"
    seeds: int = 3
    motifs: str | None = None
    about: str = ""

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.rivals) - set(NAMES)):
            raise ConfigError(f"{self.name}: no rival {unknown[0]!r}; the rivals are {', '.join(NAMES)}")
        if self.seeds < 1:
            raise ConfigError(f"{self.name}: seeds must be 1 or more, not {self.seeds}")
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
    """Read a suite. Raises ConfigError that names what is missing, unknown or twice."""
    told = read_yaml(path)
    if not isinstance(told, dict):
        raise ConfigError(f"{path} must hold name, models and tasks")
    parts = dict(told)
    models = tuple(_made(Entry, each, f"{path}, models") for each in _listed(parts, "models", path))
    tasks = tuple(_task(each, path) for each in _listed(parts, "tasks", path))
    suite: Suite = _made(Suite, {**parts, "models": models, "tasks": tasks}, str(path))
    for what, names in (("models", [m.name for m in models]), ("tasks", [t.name for t in tasks])):
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


def _task(told: Any, path: Path) -> TaskSpec:
    where = f"{path}, tasks"
    if not isinstance(told, dict):
        raise ConfigError(f"{where}: every task is a mapping with name and data")
    listed = told.get("published") or []
    if not isinstance(listed, list):
        raise ConfigError(f"{where}: published is a list, not {listed!r}")
    published = tuple(_made(Published, each, f"{where}, published") for each in listed)
    task: TaskSpec = _made(TaskSpec, {**told, "published": ()}, where)
    return replace(task, published=published)


def _listed(told: dict[str, Any], name: str, path: Path) -> list[Any]:
    value = told.pop(name, None)
    if not isinstance(value, list) or not value:
        raise ConfigError(f"{path} has no list of {name}")
    return value


def _made(kind: Any, told: Any, where: str) -> Any:
    known = {each.name for each in fields(kind)}
    if not isinstance(told, dict) or not all(isinstance(key, str) for key in told):
        raise ConfigError(f"{where}: expected a mapping, found {told!r}")
    if unknown := sorted(told.keys() - known):
        raise ConfigError(f"{where}: unknown {unknown[0]!r}; known: {', '.join(sorted(known))}")
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in told.items()}
    hints = get_type_hints(kind)
    for key, value in values.items():
        if problem := fits(value, hints[key]):
            raise ConfigError(f"{where}{_of(told)}: {key} must be {problem}, not {told[key]!r}")
    try:
        return kind(**values)
    except TypeError as error:
        raise ConfigError(f"{where}: {str(error).replace('__init__() ', '')}") from error


def _of(told: dict[str, Any]) -> str:
    return f", {told['name']}" if "name" in told else ""
