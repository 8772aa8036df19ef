"""The study of cells: its steps, each kept in the run's folder, its figures and its page."""

from dataclasses import replace

from dnalect import ConfigError
from dnalect.core import Figure, made_folder, read_figures, write_figures
from dnalect.models import use_threads
from studies.cells.bench import bench_of
from studies.cells.fusion import fusion_figures
from studies.cells.options import STEPS, Cells
from studies.cells.page import publish
from studies.cells.sequence import cell_figures, cell_scores, pair_figures, states_of, tuned_of


def run(options: Cells) -> list[Figure]:
    """Run the steps that are asked for, and write what they found. Raises ConfigError for a step that there isn't."""
    if unknown := [each for each in options.steps if each not in STEPS]:
        raise ConfigError(f"there is no step {unknown[0]!r}: they are {', '.join(STEPS)}")
    use_threads(options.threads)
    bench = bench_of(options)
    states = states_of(options, bench) if {"states", "cells", "fusion"} & {*options.steps} else None
    there = all((options.run / f"{name}.npy").is_file() for name in ("tuned", "tuned-states"))
    tuned, learned = tuned_of(options, bench) if "tuned" in options.steps or there else (None, None)
    found: list[Figure] = []
    if "cells" in options.steps:
        scores = cell_scores(options, bench, states, tuned)
        found = cell_figures(bench, scores) + pair_figures(bench, scores)
        write_figures(options.run / "cells.tsv", [replace(each, command=options.command) for each in found])
    if "fusion" in options.steps:
        assert states is not None
        found = fusion_figures(options, bench, states, tuned, learned)
        write_figures(options.run / "fusion.tsv", [replace(each, command=options.command) for each in found])
    figures = [
        each
        for name in ("cells.tsv", "fusion.tsv")
        if (options.run / name).is_file()
        for each in read_figures(options.run / name)
    ]
    if figures:
        publish(figures, made_folder(options.out), options.command)
    return figures
