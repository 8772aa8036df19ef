"""Labelled files -> examples with places, background, parts and an audit of leaks."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from dnalect.core.errors import ConfigError, InputError
from dnalect.core.examples import PARTS, Examples
from dnalect.core.reporter import say
from dnalect.examples.beside import Places, Signals, check_some, columns_asked, files_asked, files_found
from dnalect.examples.duplicates import merged
from dnalect.examples.leaks import Audit, audit, drop_leaks
from dnalect.examples.negatives import with_background
from dnalect.examples.placing import placed
from dnalect.examples.read import read_examples
from dnalect.examples.signal import signal_over
from dnalect.examples.splits import default_block, split
from dnalect.genome.fasta import open_genome
from dnalect.jobs.tuning.options import DataOptions


@dataclass(frozen=True)
class Prepared:
    """examples: with parts, leaks dropped. audit: of the parts before that. rule: how they were split."""

    examples: Examples
    audit: Audit
    rule: str


def prepare(options: DataOptions) -> Prepared:
    """Read, place, complete, split and audit labelled data.

    Raises ConfigError where an option needs a reference or options contradict each other, InputError
    for files that can't be used, or where dropping leaks leaves nothing to test on.
    """
    files = files_asked(options.beside)
    if files and (options.signal or options.background) and columns_asked(files):
        raise ConfigError(
            "signals of each row's own (braces in --with) need a table, neither --signal nor --background"
        )
    genome = open_genome(options.reference) if options.reference else None
    if genome is None and (options.place or options.background or options.signal):
        raise ConfigError("placing, background and signals need the genome: name it with --reference")
    if sum(map(bool, (options.labels, options.background, options.signal))) > 1:
        raise ConfigError("labels are those of columns, those of a signal, or those of background: choose one of them")
    conflicts = "drop" if options.drop_conflicts else "error"
    if options.signal and genome is not None:
        examples = signal_over(options.data, options.signal, genome)
    else:
        examples = read_examples(
            options.data,
            reference=genome,
            labels=options.labels,
            kind=options.kind,
            sequence=options.sequence,
            conflicts=conflicts,
            positives=bool(options.background),
            columns=columns_asked(files),
        )
    if options.place and genome is not None:
        examples = placed(examples, genome)
    if options.background and genome is not None:
        examples = with_background(_once(_on_contigs(examples)), genome, options.background, seed=options.seed)
    rule = options.split or _rule(examples, options)
    if rule != "given" and any(examples.parts):
        examples = _unparted(examples, conflicts)
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
        if "test" not in examples.parts:
            raise InputError(
                "every test example is met in train or validate: nothing is left to test on; split otherwise, "
                "or keep them (--keep-leaks)"
            )
    if files:
        examples = _with_signals(examples, files, options)
    return Prepared(replace(examples, notes=(*examples.notes, *_missing(examples))), found, rule)


def _with_signals(examples: Examples, files: dict[str, str], options: DataOptions) -> Examples:
    say(f"reading {', '.join(files)} around {len(examples):,} sequences")
    reader = Signals(tuple(files), files, options.around, options.bins)
    places = Places(examples.contigs, examples.starts, examples.ends, examples.strands, examples.columns)
    levels = reader.of(places)
    check_some(levels, reader.names)
    return replace(examples, signals=levels, notes=(*examples.notes, *reader.notes()))


def _rule(examples: Examples, options: DataOptions) -> str:
    """What options ask for, else the file's own parts, contigs where places are known, blocks of few, clusters."""
    if options.block:
        return "blocks"
    if options.test_contigs or options.validate_contigs:
        return "chromosome"
    parts = set(examples.parts)
    if {"train", "test"} <= parts:
        return "given"
    if not bool(examples.placed.mean() > 0.9):
        return "cluster"
    if len(set(examples.contigs) - {""}) >= 3:
        return "chromosome"
    return "blocks" if default_block(examples.take(examples.placed)) else "cluster"


def _unparted(examples: Examples, conflicts: str) -> Examples:
    """Return examples without the parts of their file: what stood in several of them is there once."""
    note = "the parts that the file gives were left aside"
    bare = replace(examples, parts=("",) * len(examples), notes=(*examples.notes, note))
    where = [name or f"sequence {row:,}" for row, name in enumerate(examples.ids, 1)]
    return merged(bare, where, conflicts) if examples.targets else bare


def _once(examples: Examples) -> Examples:
    """Return positives without those whose place another one has: a peak with two summits is two lines of a file."""
    places = zip(examples.contigs, examples.starts.tolist(), examples.ends.tolist(), strict=True)
    first = list({place: row for row, place in reversed(list(enumerate(places)))}.values())
    if len(first) == len(examples):
        return examples
    note = f"{len(examples) - len(first):,} intervals repeat the place of another one: kept once"
    return replace(examples.take(sorted(first)), notes=(*examples.notes, note))


def _missing(examples: Examples) -> list[str]:
    """Say which classes, or labels at all, a part lacks: what can be learned, calibrated and measured there is less."""
    notes = []
    for target in examples.targets:
        for part in PARTS:
            labels = examples.labels[target.name][np.array(examples.parts) == part]
            if target.kind == "classes":
                there = set(labels[np.isfinite(labels)].astype(int).tolist())
                lacking = [name for number, name in enumerate(target.outputs) if number not in there]
            else:
                columns = zip(target.outputs, labels.T, strict=True)
                lacking = [name for name, each in columns if len(np.unique(each[np.isfinite(each)])) < 2]
            if lacking:
                what = "no example of" if target.kind == "classes" else "no two different labels of"
                notes.append(f"{target.name}: {what} {', '.join(lacking[:8])} in the {part} part")
    return notes


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
    named = [Path(each) for each in (options.reference, options.signal) if each]
    named += files_found(files_asked(options.beside))
    inside = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else []
    return [each for each in (path, *inside, *named) if each.is_file()]
