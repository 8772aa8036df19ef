"""Peaks of several cells -> a table of windows, labelled by the cells in which they are open, to learn from."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa

from dnalect.core.arrow import SUFFIXES, write_table
from dnalect.core.errors import ConfigError, OutputError
from dnalect.core.files import check_outputs
from dnalect.core.reporter import say
from dnalect.examples.peaks import Elements, elements
from dnalect.genome.fasta import open_genome
from dnalect.jobs.options import LabelOptions


def label_file(options: LabelOptions) -> pa.Table:
    """Label windows and write them, if a file is named. Raises a DnalectError and leaves nothing behind."""
    path = Path(options.output) if options.output else None
    if path and path.suffix not in SUFFIXES:
        raise OutputError(f"the output {path} must end in one of {', '.join(SUFFIXES)}")
    peaks = _peaks(options.peaks)
    if path:
        check_outputs([options.output], [*peaks.values(), options.reference])
    genome = open_genome(options.reference)
    found = elements(peaks, genome, options.window, options.background, options.seed)
    for note in (*found.notes, *_told(found)):
        say(note)
    table = pa.table(_long(found) if options.long else _wide(found))
    if path:
        write_table(table, path)
    return table


def _peaks(given: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in given:
        name, mark, file = text.partition("=")
        if not (mark and name.strip() and file.strip()) or name in found:
            raise ConfigError(f"give CELL=BED, each cell once, not {text!r}")
        found[name] = file
    return found


def _told(found: Elements) -> list[str]:
    drawn = int(found.drawn.sum())
    told = [f"{len(found.starts) - drawn:,} elements" + (f", {drawn:,} windows of background" if drawn else "")]
    for cell, each in zip(found.cells, found.opened.T, strict=True):
        told.append(f"{cell}: {int(np.nansum(each)):,} open, {int(np.isnan(each).sum()):,} not told")
    return told


def _places(found: Elements, rows: np.ndarray) -> dict[str, pa.Array]:
    names = [found.contigs[row] for row in rows.tolist()]
    return {"contig": pa.array(names), "start": pa.array(found.starts[rows]), "end": pa.array(found.ends[rows])}


def _labels(values: np.ndarray) -> pa.Array:
    known = np.isfinite(values)
    return pa.array(np.where(known, values, 0).astype(np.int8), mask=~known)


def _wide(found: Elements) -> Mapping[str, pa.Array]:
    rows = np.arange(len(found.starts))
    columns = {cell: _labels(each) for cell, each in zip(found.cells, found.opened.T, strict=True)}
    return {**_places(found, rows), **columns}


def _long(found: Elements) -> Mapping[str, pa.Array]:
    rows, cells = np.nonzero(np.isfinite(found.opened))
    named = pa.array([found.cells[cell] for cell in cells.tolist()])
    return {**_places(found, rows), "cell": named, "label": _labels(found.opened[rows, cells])}
