"""The picture of the demo: three things that a model knows of sequence that it never saw."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from dnalect.core.figures import shown
from dnalect.jobs.demo.genes import Genes, Stretch
from dnalect.jobs.demo.labels import Learned
from dnalect.report.plots import INK, LINE, MODEL, RIVAL, SECOND, clean, save
from dnalect.tokens.bases import BASES

# Edges of bins, and the share of values below the first of them.
EDGES, BELOW = 65, 0.002
FRAMES = (("in the gene's frame", SECOND), ("one base later", RIVAL), ("two bases later", MODEL))
STRONGEST = 8.0


def draw(genes: Genes, learned: Learned, path: Path) -> None:
    """Draw new stop codons by frame, labels, and below them a stretch of one gene."""

    def panels(figure: Figure) -> None:
        grid = figure.add_gridspec(2, 2, height_ratios=[1.9, 1], width_ratios=[1.25, 1])
        _frames(figure.add_subplot(grid[0, 0]), genes)
        _labels(figure.add_subplot(grid[0, 1]), learned)
        _stretch(figure.add_subplot(grid[1, :]), genes.stretch)

    save(path, 9.4, 5.0, panels)


def _frames(axes: Axes, genes: Genes) -> None:
    clean(axes)
    every = np.concatenate(genes.frames)
    bins = np.linspace(np.floor(np.quantile(every, BELOW)), np.ceil(every.max()), EDGES)
    for values, (name, shade) in zip(genes.frames, FRAMES, strict=True):
        heights, _ = np.histogram(np.clip(values, bins[0], None), bins, density=True)
        axes.stairs(heights, bins, color=shade, fill=True, alpha=0.25)
        axes.stairs(heights, bins, color=shade, lw=1.4, label=f"{name} ({len(values):,})")
    told = genes.in_frame
    axes.text(
        0.02, 0.60, f"other frames above its own:\nAUROC {shown(told)}",
        transform=axes.transAxes, va="top", fontsize=8, color=INK,
    )  # fmt: skip
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_title(f"It reads genes in their frame: new stop codons in {genes.count} genes", fontsize=9.5, loc="left")
    axes.set_xlabel("score of the substitution (nats): left is unexpected", fontsize=8.5, color=INK)
    axes.legend(
        frameon=False, fontsize=8, loc="upper left", title="the substitution spells TAA, TAG or TGA", title_fontsize=8
    )


def _labels(axes: Axes, learned: Learned) -> None:
    clean(axes)
    for row, name, shade, style in (
        (learned.model, "frozen states of the model", MODEL, "-"),
        (learned.kmers, "k-mer counts", RIVAL, (0, (4, 2))),
    ):
        counts = [count for count, _ in row]
        axes.vlines(counts, [v.low for _, v in row], [v.high for _, v in row], color=shade, lw=1.4, alpha=0.7)
        axes.plot(counts, [v.mean for _, v in row], ls=style, marker="o", ms=4, color=shade, label=name)
    axes.set_xscale("log")
    ticks = sorted({count for row in (learned.model, learned.kmers) for count, _ in row})
    axes.set_xticks(ticks, [f"{int(count):,}" for count in ticks])
    axes.minorticks_off()
    axes.grid(axis="y", color=LINE, lw=0.5)
    axes.set_title("It needs few labels: histone H4", fontsize=9.5, loc="left", color=INK)
    axes.set_xlabel("labelled windows to learn from", fontsize=8.5, color=INK)
    axes.set_ylabel(f"AUROC on {learned.tested} held-out windows", fontsize=8.5, color=INK)
    axes.legend(frameon=False, fontsize=8, loc="lower right")


def _stretch(axes: Axes, stretch: Stretch) -> None:
    clean(axes)
    length = len(stretch.codes)
    axes.imshow(stretch.ratios.T, cmap="RdBu", vmin=-STRONGEST, vmax=STRONGEST, aspect="auto")
    for at, base in zip(*np.nonzero(stretch.stops), strict=True):
        axes.add_patch(Rectangle((at - 0.5, base - 0.5), 1, 1, fill=False, edgecolor=INK, lw=1.1))
    for at, base in enumerate(stretch.codes):
        axes.text(at, base, BASES[base], ha="center", va="center", fontsize=7, color=INK)
    for at in range(3, length, 3):
        axes.axvline(at - 0.5, color="white", lw=1.6)
    axes.set_yticks(range(4), list(BASES))
    axes.set_xticks([])
    axes.set_title(
        f"Every substitution in {length} bases of {stretch.gene}: red is unexpected, frames mark new stop codons, "
        "letters are the reference",
        fontsize=9.5, loc="left", color=INK,
    )  # fmt: skip
