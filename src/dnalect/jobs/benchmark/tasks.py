"""A task of a suite -> examples, and for every seed the folds on which they are held out."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import ConfigError, InputError
from dnalect.core.examples import Examples, Target
from dnalect.examples.leaks import Audit, audit, drop_leaks
from dnalect.examples.placing import placed
from dnalect.examples.read import read_examples
from dnalect.examples.similar import similar_groups
from dnalect.examples.splits import deal, split, strata_of
from dnalect.genome.fasta import open_genome
from dnalect.genome.names import split_region
from dnalect.jobs.benchmark.suite import TaskSpec
from dnalect.jobs.tuning.data import units_of
from dnalect.models.pooled import middle
from dnalect.stats.metrics import COMPARABLE

VALIDATE = 0.15
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Task:
    """A task, read. examples: with parts, unless it is folded. groups: what is held out together (n,), of folds."""

    spec: TaskSpec
    examples: Examples
    groups: Numbers | None
    audit: Audit | None

    @property
    def target(self) -> Target:
        """What is predicted: suites have one target a task."""
        return self.examples.targets[0]

    @property
    def tested(self) -> Numbers:
        """Rows that are predicted."""
        if self.groups is not None:
            return np.arange(len(self.examples))
        return np.flatnonzero(np.array(self.examples.parts) == "test")

    @property
    def units(self) -> npt.NDArray[np.generic]:
        """What the bootstrap draws whole, of the rows that are predicted."""
        mine = self.examples.take(self.tested)
        if self.groups is not None and not mine.placed.all():
            return self.groups
        return units_of(mine)

    def folds(self, seed: int) -> Iterator[Examples]:
        """Yield the examples with the parts of each fold; one fold where the parts are given."""
        if self.groups is None:
            yield self._thinned(self.examples, seed)
            return
        strata = strata_of(self.examples)
        count = self.spec.folds
        fold = deal(self.groups, strata, [1 / count] * count, seed)
        for number in range(count):
            rest = np.flatnonzero(fold != number)
            inner = deal(self.groups[rest], strata[rest], (1 - VALIDATE, VALIDATE), seed)
            parts = np.full(len(fold), "test", dtype=object)
            parts[rest] = np.where(inner == 1, "validate", "train")
            yield self._thinned(replace(self.examples, parts=tuple(parts.tolist())), seed)

    def _thinned(self, examples: Examples, seed: int) -> Examples:
        """Leave some of the training part, another draw for every seed."""
        most, parts = self.spec.train_most, np.array(examples.parts, dtype=object)
        train = np.flatnonzero(parts == "train")
        if most is None or len(train) <= most:
            return examples
        dropped = np.random.default_rng((seed, 7)).permutation(train)[most:]
        parts[dropped] = "unused"
        return replace(examples, parts=tuple(parts.tolist()))


def open_task(spec: TaskSpec, data: Path) -> Task:
    """Read a task. Raises InputError where its data are missing or do not fit."""
    genome = open_genome(str(data / spec.reference)) if spec.reference else None
    path = data / spec.data
    if not path.exists():
        raise InputError(f"the task {spec.name} needs {path}, which is missing")
    examples = read_examples(
        path,
        reference=genome,
        labels=spec.labels,
        kind=spec.kind,
        sequence=spec.sequence,
        conflicts=spec.conflicts,
    )
    if len(examples.targets) != 1:
        raise ConfigError(f"the task {spec.name} has {len(examples.targets)} targets; name one column in labels")
    kind = examples.targets[0].kind
    if spec.metric and spec.metric not in COMPARABLE[kind]:
        raise ConfigError(
            f"the task {spec.name} is one of {kind}, which are compared by {', '.join(COMPARABLE[kind])}, "
            f"not {spec.metric}"
        )
    if spec.place and genome is not None:
        examples = placed(examples, genome)
        examples = examples.take(examples.placed)
    examples = _outside(examples, spec.drop_contigs)
    if spec.longest:
        longest = spec.longest
        examples = replace(examples, sequences=tuple(middle(text, longest) for text in examples.sequences))
    if spec.most and len(examples) > spec.most:
        rows = np.random.default_rng(5).permutation(len(examples))[: spec.most]
        examples = examples.take(np.sort(rows))
    if spec.split == "given":
        _check_parts(spec, path, examples)
    if spec.split == "folds":
        return Task(spec, examples, _groups(examples, spec.folds), None)
    examples = _pool(split(examples, spec.split, seed=1), spec.train_most)
    found = audit(examples)
    return Task(spec, drop_leaks(examples, found), None, found)


def _check_parts(spec: TaskSpec, path: Path, examples: Examples) -> None:
    """Raise InputError that names the parts that were not found; a validation part is taken out of train."""
    if missing := [part for part in ("train", "test") if part not in examples.parts]:
        there = ", ".join(sorted(each.name for each in path.iterdir())[:8]) if path.is_dir() else "other parts or none"
        raise InputError(
            f"the task {spec.name} has no {' and no '.join(missing)} part: {path} holds {there}; copy what is "
            "missing, or hold out what is there (split: folds)"
        )


def _pool(examples: Examples, most: int | None) -> Examples:
    """Leave twice as many sequences to train on as a seed takes: nobody computes states of the others."""
    train = np.flatnonzero(np.array(examples.parts) == "train")
    if most is None or len(train) <= 2 * most:
        return examples
    keep = np.ones(len(examples), dtype=bool)
    keep[np.random.default_rng(11).permutation(train)[2 * most :]] = False
    return examples.take(keep)


def _groups(examples: Examples, folds: int) -> Numbers:
    """Contigs where all sequences have one and there are enough, 1-Mb pieces of few contigs, else clusters."""
    if not examples.placed.all():
        return similar_groups(examples.sequences)
    contigs = list(dict.fromkeys(examples.contigs))
    if len(contigs) >= 2 * folds:
        return np.array([contigs.index(contig) for contig in examples.contigs])
    pieces = [f"{c}:{s // 1_000_000}" for c, s in zip(examples.contigs, examples.starts.tolist(), strict=True)]
    return np.unique(pieces, return_inverse=True)[1].astype(np.int64)


def _outside(examples: Examples, regions: tuple[str, ...]) -> Examples:
    """Leave out what overlaps a region (`contig` or `contig:start-end`, 1-based, ends inside)."""
    keep = np.ones(len(examples), dtype=bool)
    names = np.array(examples.contigs)
    for text in regions:
        contig, start, end = split_region(text, set(examples.contigs))
        inside = names == contig
        if end is not None:
            inside &= (examples.starts < end) & (examples.ends > start)
        keep &= ~inside
    return examples.take(keep) if not keep.all() else examples
