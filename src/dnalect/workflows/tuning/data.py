"""Labelled files -> examples with places, background, parts and an audit of leaks."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from dnalect.core.errors import ConfigError
from dnalect.core.examples import Examples
from dnalect.evaluate.leaks import Audit, audit, drop_leaks
from dnalect.evaluate.splits import default_block, split
from dnalect.genome.examples.read import read_examples
from dnalect.genome.examples.signal import signal_over
from dnalect.genome.fasta import open_genome
from dnalect.genome.placing import placed
from dnalect.windows.background import with_background


@dataclass(frozen=True)
class DataOptions:
    """What to learn from.

    data: a labelled file or a folder of train, dev and test. labels: columns. sequence: the
    column of the sequences. kind: "classes", "tracks" or "signal", None to tell by the labels.
    reference: FASTA that places lie on. signal: bigWig whose mean over the intervals is the
    label. place: look for the sequences on the reference. background: windows drawn for every
    positive, 0 for none. split: a rule, None for the file's parts, else contigs, else blocks of
    few contigs, else clusters. block: bases of a block, which asks for blocks, None for the default.
    test, validate: shares. test_contigs, validate_contigs: for the rule "chromosome".
    keep_leaks: leave test sequences that are met in training. conflicts: "error" or "drop".
    seed: of background and split.
    """

    data: str
    labels: tuple[str, ...] = ()
    sequence: str | None = None
    kind: str | None = None
    reference: str | None = None
    signal: str | None = None
    place: bool = False
    background: int = 0
    split: str | None = None
    test: float = 0.2
    validate: float = 0.1
    test_contigs: tuple[str, ...] = ()
    validate_contigs: tuple[str, ...] = ()
    block: int | None = None
    keep_leaks: bool = False
    conflicts: str = "error"
    seed: int = 1


@dataclass(frozen=True)
class Prepared:
    """examples: with parts, leaks dropped. audit: of the parts before that. rule: how they were split."""

    examples: Examples
    audit: Audit
    rule: str


def prepare(options: DataOptions) -> Prepared:
    """Read, place, complete, split and audit labelled data.

    Raises ConfigError where an option needs a reference, InputError for files that can't be used.
    """
    genome = open_genome(options.reference) if options.reference else None
    if genome is None and (options.place or options.background or options.signal):
        raise ConfigError("placing, background and signals need the genome: name it with --reference")
    if options.signal and genome is not None:
        examples = signal_over(options.data, options.signal, genome)
    else:
        examples = read_examples(
            options.data,
            reference=genome,
            labels=options.labels,
            kind=options.kind,
            sequence=options.sequence,
            conflicts=options.conflicts,
            unlabelled=bool(options.background and not options.labels),
        )
    if options.place and genome is not None:
        examples = placed(examples, genome)
    if options.background and genome is not None:
        examples = with_background(_on_contigs(examples), genome, options.background, seed=options.seed)
    rule = options.split or ("blocks" if options.block else _rule(examples))
    if rule in ("chromosome", "blocks"):
        examples = _on_contigs(examples)
    examples = split(
        examples,
        rule,
        validate=options.validate,
        test=options.test,
        seed=options.seed,
        test_contigs=options.test_contigs,
        validate_contigs=options.validate_contigs,
        block=options.block,
    )
    found = audit(examples)
    if not options.keep_leaks and found.rows:
        examples = drop_leaks(examples, found)
    return Prepared(examples, found, rule)


def _rule(examples: Examples) -> str:
    """The file's own parts, else contigs where places are known, blocks where these are few, else clusters."""
    parts = set(examples.parts)
    if {"train", "test"} <= parts:
        return "given"
    if not bool(examples.placed.mean() > 0.9):
        return "cluster"
    if len(set(examples.contigs) - {""}) >= 3:
        return "chromosome"
    return "blocks" if default_block(examples.take(examples.placed)) else "cluster"


def _on_contigs(examples: Examples) -> Examples:
    """Leave out what has no place, where nearly all have one."""
    lost = int((~examples.placed).sum())
    if not lost or lost > 0.5 * len(examples):
        return examples
    note = f"{lost:,} sequences without a place were left out"
    return replace(examples.take(examples.placed), notes=(*examples.notes, note))


def units_of(examples: Examples) -> np.ndarray:
    """Return what varies together (n,): the 10-kb block of a contig, else the sequence by itself."""
    rows = np.arange(len(examples))
    if not examples.placed.all():
        return rows
    return np.array([f"{c}:{s // 10_000}" for c, s in zip(examples.contigs, examples.starts.tolist(), strict=True)])


def data_paths(options: DataOptions) -> list[Path]:
    """Return the files that the data came from, for their checksums."""
    path = Path(options.data)
    if path.is_dir():
        return sorted(each for each in path.iterdir() if each.is_file())
    return [path] if path.is_file() else []
