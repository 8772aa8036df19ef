"""Pictures as SVG text: sequence logo with heat strip, histograms. Colours come from the page's CSS."""

from html import escape

import numpy as np
import numpy.typing as npt

from dnalect.core.records import Row
from dnalect.core.summaries import Context

BASES = "ACGT"
CELL = 20
LOGO = 90
# Glyphs in a box of 10 x 10, y downwards; drawn as paths so that they can be stretched.
GLYPHS = {
    "A": "M0 10 L4 0 H6 L10 10 H8 L7.1 7.6 H2.9 L2 10 Z M3.5 6 H6.5 L5 2 Z",
    "C": "M10 3.2 A5 5 0 1 0 10 6.8 H8 A3.1 3.2 0 1 1 8 3.2 Z",
    "G": "M10 3.2 A5 5 0 1 0 10 7.6 V4.7 H5.4 V6.3 H8 V7 A3.1 3.2 0 1 1 8 3.2 Z",
    "T": "M0 0 H10 V1.9 H6 V10 H4 V1.9 H0 Z",
}
STRONGEST = 6.0
# Labels of an axis that are nearer to each other than so many pixels would touch.
LABEL = 48


def logo(context: Context) -> str:
    """Draw what the model expects at each position, the reference below, every substitution's score below that.

    Letter heights: probability times information content, 2 bits at most. Heat: ln p(base) -
    ln p(reference). What the variant changes is framed.
    """
    p = np.clip(context.probabilities.astype(np.float64), 1e-9, 1)
    length = len(context.bases)
    left, top = 34, 6
    information = 2 + (p * np.log2(p)).sum(axis=1)
    parts = [_axis(left, top)]
    for column in range(length):
        x = left + column * CELL
        parts += stack(p[column] * float(information[column]) / 2 * LOGO, x, top + LOGO)
        base = context.bases[column]
        parts.append(
            f'<text class="ref" x="{x + CELL / 2}" y="{top + LOGO + 17}" text-anchor="middle">{escape(base)}</text>'
        )
        if base in BASES:
            log_p = np.log(p[column])
            parts += heat(log_p - log_p[BASES.index(base)], base, context.start + column, x, top + LOGO + 24)
    for row, base in enumerate(BASES):
        parts.append(
            f'<text class="axis" x="{left - 8}" y="{top + LOGO + 24 + row * 14 + 11}" text-anchor="end">{base}</text>'
        )
    height = LOGO + 24 + 56 + 4
    width, total = left + length * CELL + 6, top + height + 20
    parts += _frame(context, left, top - 4, height)
    ends = (context.start + 1, context.start + length)
    parts.append(f'<text class="axis" x="{left}" y="{total - 6}">{ends[0]:,}</text>')
    parts.append(f'<text class="axis" x="{width - 6}" y="{total - 6}" text-anchor="end">{ends[1]:,}</text>')
    name = f"{context.row.contig}:{context.row.position}"
    return (
        f'<svg class="logo" viewBox="0 0 {width} {total}" width="{width}" role="img" '
        f'aria-label="What the model expects around {escape(name)}">{"".join(parts)}</svg>'
    )


def _frame(context: Context, left: int, top: int, height: int) -> list[str]:
    """A frame round what the variant changes; several bases shaded, with their place and number below."""
    start, end = _changed(context.row)
    low, high = (max(0, min(each - context.start, len(context.bases))) for each in (start, end))
    x, wide = (left + low * CELL, (high - low) * CELL) if low < high else (left + low * CELL - 1, 2)
    kind = "frame span" if end - start > 1 else "frame"
    parts = [f'<rect class="{kind}" x="{x}" y="{top}" width="{wide}" height="{height}"/>']
    if end - start > 1:
        middle = min(max(x + wide // 2, left + 170), left + len(context.bases) * CELL - 170)
        text = f"{start + 1:,}-{end:,} ({end - start:,} bp)"
        parts.append(f'<text class="axis" x="{middle}" y="{top + height + 18}" text-anchor="middle">{text}</text>')
    return parts


def _changed(row: Row) -> tuple[int, int]:
    """[start, end) of what a variant changes, 0-based; start = end of an insertion."""
    return row.span or (row.position - 1, row.position - 1 + len(row.ref))


def _axis(left: int, top: int) -> str:
    lines = [f'<path class="line" d="M{left - 4} {top} V{top + LOGO}"/>']
    for bits in (0, 1, 2):
        y = top + LOGO * (1 - bits / 2)
        lines.append(f'<text class="axis" x="{left - 8}" y="{y + 4}" text-anchor="end">{bits}</text>')
    lines.append(
        f'<text class="axis" transform="translate(10 {top + LOGO / 2}) rotate(-90)" text-anchor="middle">bits</text>'
    )
    return "".join(lines)


def stack(heights: npt.NDArray[np.float64], x: float, bottom: float, cell: float = CELL) -> list[str]:
    """Draw the letters of one base on each other, the highest on top. heights: (4,) in pixels. cell: its width."""
    parts = []
    y = bottom
    for code in np.argsort(heights):
        height = float(heights[code])
        if height < 0.4:
            continue
        y -= height
        base = BASES[code]
        parts.append(
            f'<path class="b{base}" transform="translate({x + cell / 20:.1f} {y:.2f}) '
            f'scale({0.9 * cell / 10:.2f} {height / 10:.4f})" d="{GLYPHS[base]}"/>'
        )
    return parts


def heat(
    values: npt.NDArray[np.float64],
    base: str,
    position: int,
    x: float,
    top: float,
    cell: float = CELL,
    strongest: float = STRONGEST,
    row: int = 14,
) -> list[str]:
    """Draw what each substitution of one base changes. values: (4,). position: 0-based. row: height of a cell."""
    parts = []
    size = f'width="{0.9 * cell:.4g}" height="{row - 1}"'
    for number, other in enumerate(BASES):
        place = f'x="{x + cell / 20:.6g}" y="{top + number * row}"'
        value = float(values[number])
        if other == base:
            parts.append(f'<rect class="same" {place} {size}/>')
        elif np.isfinite(value):
            strength = min(abs(value) / strongest, 1)
            kind = "low" if value < 0 else "high"
            parts.append(
                f'<rect class="{kind}" {place} {size} fill-opacity="{strength:.2f}">'
                f"<title>{position + 1:,} {base}&gt;{other}: {value:+.2f}</title></rect>"
            )
    return parts


def histogram(
    edges: npt.NDArray[np.float64],
    counts: npt.NDArray[np.int64],
    reference: npt.NDArray[np.int64] | None,
    labels: tuple[str, str],
    axis: str,
) -> str:
    """Draw two distributions as densities: bars for `counts`, a line for `reference`."""
    width, height, left, bottom = 380, 160, 12, 40
    inner = height - bottom
    densities = [c / max(1, c.sum()) for c in (counts, reference) if c is not None]
    highest = max((float(d.max()) for d in densities if len(d)), default=1) or 1
    xs = left + (edges - edges[0]) / (edges[-1] - edges[0]) * (width - 2 * left)
    parts = []
    for n, share in enumerate(densities[0]):
        h = float(share) / highest * (inner - 8)
        parts.append(
            f'<rect class="bar" x="{xs[n]:.1f}" y="{inner - h:.1f}" width="{max(xs[n + 1] - xs[n] - 0.6, 0.5):.1f}" '
            f'height="{h:.1f}"/>'
        )
    if reference is not None:
        points = [f"M{xs[0]:.1f} {inner}"]
        for n, share in enumerate(densities[1]):
            points.append(f"V{inner - float(share) / highest * (inner - 8):.1f} H{xs[n + 1]:.1f}")
        parts.append(f'<path class="outline" d="{" ".join(points)} V{inner}"/>')
    parts.append(f'<path class="line" d="M{left} {inner} H{width - left}"/>')
    zero = left + (0 - edges[0]) / (edges[-1] - edges[0]) * (width - 2 * left)
    for value, x, anchor in ((edges[0], xs[0], "start"), (edges[-1], xs[-1], "end")):
        if edges[0] < 0 < edges[-1] and abs(x - zero) < LABEL:
            continue
        parts.append(f'<text class="axis" x="{x:.1f}" y="{inner + 16}" text-anchor="{anchor}">{value:.3g}</text>')
    if edges[0] < 0 < edges[-1]:
        parts.append(f'<path class="line dash" d="M{zero:.1f} 4 V{inner}"/>')
        parts.append(f'<text class="axis" x="{zero:.1f}" y="{inner + 16}" text-anchor="middle">0</text>')
    parts.append(f'<text class="axis" x="{width / 2}" y="{height - 6}" text-anchor="middle">{escape(axis)}</text>')
    keys = f'<span class="key bar"></span>{escape(labels[0])}'
    if reference is not None:
        keys += f' <span class="key outline"></span>{escape(labels[1])}'
    return (
        f'<div class="keys">{keys}</div><svg class="hist" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{escape(axis)}">{"".join(parts)}</svg>'
    )
