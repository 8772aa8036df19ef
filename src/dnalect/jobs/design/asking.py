"""Options -> the problem: templates, protected bases, rules, goals."""

from pathlib import Path

import numpy as np

from dnalect.core.errors import ConfigError, InputError
from dnalect.design.asked import Problem
from dnalect.design.goals import Panel
from dnalect.design.rules import Edits, Gc, Motifs, Rule, Runs, With, Without, together
from dnalect.design.templates import templates
from dnalect.design.words import word_of
from dnalect.examples.sources import Tiling, kind_of, windows_of
from dnalect.genome.fasta import is_sequence, open_genome
from dnalect.genome.motifs import JASPAR, read_motifs
from dnalect.jobs.design.options import Options


def problem_of(options: Options, panel: Panel) -> Problem:
    """Return what is to be designed. Raises ConfigError or InputError for what can't be."""
    given = given_of(options.template)
    length = options.length or max(len(text) for _, text in given)
    told = tuple(templates(given, 1, length))
    protected = np.zeros(length, dtype=np.bool_)
    for start, end in options.spans:
        if end > length:
            raise ConfigError(f"--protect {start + 1}-{end} reaches beyond the {length:,} bases of a design")
        protected[start:end] = True
    longest = min(each.can.context_bases for each in panel.models)
    if length > longest:
        raise InputError(f"{length:,} bases are more than the {longest:,} that the models read of a sequence")
    rules: list[Rule | None] = [
        Edits(options.edits) if options.edits is not None else None,
        Gc(*options.content) if options.content else None,
        Runs(options.homopolymer) if options.homopolymer is not None else None,
        *(_words(text, True, length) for text in options.keep),
        *(_words(text, False, length) for text in options.forbid),
    ]
    return Problem(panel, told, protected, together(rules))


def given_of(template: str | None) -> list[tuple[str, str]]:
    """Return names and texts of what is given, a nameless one for a sequence that was typed."""
    if not template:
        return []
    if is_sequence(template) and not Path(template).is_file():
        return [("", template)]
    genome = open_genome(template)
    return [(name, str(genome[name])) for name in genome.names]


def known_of(path: str | None) -> list[tuple[str, str]]:
    """Return names and texts of known sequences: of a FASTA, or of a table with a column `sequence`."""
    if path is None:
        return []
    kind = kind_of(path)
    if kind not in ("fasta", "table"):
        raise InputError(f"{path} holds {kind}: give known sequences as a FASTA or a table with a column sequence")
    return [(item.id, item.sequence.upper()) for item in windows_of(path, kind, None, Tiling()).items]


def _words(text: str, keep: bool, length: int) -> Rule:
    """Return the rule of a word, an enzyme, or a file of motifs."""
    if Path(text).is_file() or text.startswith(JASPAR):
        motifs = tuple(read_motifs(text))
        if keep and (wide := max(len(each.probabilities) for each in motifs)) > length:
            raise ConfigError(f"{text} has a motif of {wide} bases, and a design has {length}")
        return Motifs(motifs, keep, Path(text).name)
    word = word_of(text)
    if keep and len(word.text) > length:
        raise ConfigError(f"{word.name} has {len(word.text)} bases, and a design {length}")
    return With(word) if keep else Without(word)
