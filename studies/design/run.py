"""Both cases of designs: figures, sequences, pictures."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure as Picture

from dnalect.core import Figure, made_folder, write_figures
from dnalect.models import use_threads
from dnalect.report import plots
from studies.design.groups import Rows, write_designs
from studies.design.options import Design

NOT_DESIGNED = ("random", "shuffled", "known", "best measured", "natural ones")


def run(options: Design) -> list[Figure]:
    """Design, judge, and write OUT/figures.tsv, motifs.tsv, designs.tsv and a picture of each case."""
    use_threads(options.threads)
    made_folder(options.out)
    figures, motifs, rows = list[Figure](), list[Figure](), Rows()
    for case in _cases(options):
        found, content, designs = case(options)
        figures, motifs, rows = figures + found, motifs + content, rows + designs
        for task in dict.fromkeys(row["task"] for row in designs):
            picture(designs, options.out / f"{task.replace(' ', '-')}.png")
        # Each case by itself is of use.
        write_figures(options.out / "figures.tsv", figures)
        write_figures(options.out / "motifs.tsv", motifs)
        write_designs(options.out / "designs.tsv", rows)
    return figures


def _cases(options: Design):  # type: ignore[no-untyped-def]
    if options.part != "human":
        from studies.design.yeast import yeast

        yield yeast
    if options.part != "yeast":
        from studies.design.human import human

        yield human


def picture(rows: Sequence[dict[str, object]], path: Path) -> None:
    """Draw what the judge says of each sequence, and the mean, by who found it; a panel a part."""
    parts = list(dict.fromkeys(str(row["part"]) for row in rows))
    who = list(dict.fromkeys(str(row["who"]) for row in rows))

    def draw(figure: Picture) -> None:
        panels = figure.subplots(1, len(parts), squeeze=False, sharey=True)[0]
        for axes, part in zip(panels, parts, strict=True):
            plots.clean(axes)
            axes.grid(axis="x", color=plots.LINE, lw=0.5)
            for at, name in enumerate(who):
                values = [row["judge"] for row in rows if (row["part"], row["who"]) == (part, name)]
                found = np.array(values, dtype=np.float64)
                beside = at + 0.5 * (np.arange(len(found)) / max(1, len(found) - 1) - 0.5)
                colour = plots.RIVAL if name in NOT_DESIGNED else plots.MODEL
                axes.scatter(found, beside, s=16, color=colour, alpha=0.7, lw=0)
                if len(found):
                    axes.vlines(found.mean(), at - 0.38, at + 0.38, color=plots.INK, lw=1.4)
            axes.set_title(part, fontsize=10, loc="left", color=plots.INK)
            axes.set_xlabel("by the judge", fontsize=9)
        panels[0].set_yticks(range(len(who)), who, fontsize=9)
        panels[0].set_ylim(len(who) - 0.4, -0.6)

    plots.save(path, 4.2 * len(parts) + 1.6, 0.36 * len(who) + 0.9, draw)
