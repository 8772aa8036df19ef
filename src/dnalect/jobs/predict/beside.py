"""Signals beside what is predicted: those that the model knows, from the files that are given now."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import ConfigError
from dnalect.core.files import sha256
from dnalect.examples.beside import NONE, Places, Signals, columns_asked, files_asked, files_found
from dnalect.examples.items import Column, Item
from dnalect.jobs.predict.options import Options
from dnalect.models.predictor import Predictor

Singles = npt.NDArray[np.float32]


def signals_of(predictor: Predictor, options: Options, kind: str) -> Signals | None:
    """Return the signals that a model is to read, None where it reads sequences alone.

    kind: of the input, see `kind_of`. Raises ConfigError where a model of signals is given none, where it knows no
    signal of a name, and where places are not those of a genome.
    """
    beside, name = predictor.beside, predictor.card.id
    if beside is None:
        if options.beside:
            raise ConfigError(f"{name} reads sequences alone: leave --with out, or tune a model with these signals")
        return None
    listed = ", ".join(beside.names)
    if not options.beside:
        raise ConfigError(
            f"{name} reads signals beside the sequence: give those of the cell in question (--with NAME=FILE, of "
            f"{listed}; some may be missing), or --with {NONE} to predict from the sequence alone, which is worse"
        )
    if options.beside == (NONE,):
        return None
    files = files_asked(options.beside)
    if unknown := [each for each in files if each not in beside.names]:
        raise ConfigError(f"{name} knows no signal {unknown[0]}: it reads {listed}")
    if kind == "fasta" and not options.window:
        raise ConfigError(
            "signals lie on a genome: give a BED or a table of places with --reference, or tiles of a genome (--window)"
        )
    return Signals(beside.names, files, beside.window, beside.bins)


def columns_needed(options: Options) -> tuple[str, ...]:
    """Return the columns of a table that the files of the signals are named by."""
    return columns_asked(files_asked(options.beside)) if options.beside != (NONE,) else ()


def signals_told(options: Options) -> list[str]:
    """Return name and checksum of the files of the signals, whichever rows read them."""
    if options.beside == (NONE,):
        return []
    found = [path for path in files_found(files_asked(options.beside)) if path.is_file()]
    return [f"{path.name} {sha256(path)}" for path in found]


def beside(signals: Signals | None, items: Sequence[Item], columns: Sequence[Column]) -> Singles | None:
    """Return the levels (n, S, K) around some items. columns: of the source."""
    if signals is None:
        return None
    starts, ends = (np.array([getattr(item, side) for item in items], dtype=np.int64) for side in ("start", "end"))
    cells = {
        each.name: [None if item.more[number] is None else str(item.more[number]) for item in items]
        for number, each in enumerate(columns)
    }
    return signals.of(Places([i.contig for i in items], starts, ends, [i.strand for i in items], cells))
