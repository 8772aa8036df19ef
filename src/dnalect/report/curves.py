"""Two pictures of a calibration as SVG text. Colours come from the page's CSS."""

from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 430, 240, 46, 42, 10, 12


class _Axes:
    """Maps numbers to places of a plot from (0, 0) to (right, top)."""

    def __init__(self, right: float, top: float):
        self.right, self.top = right or 1.0, top or 1.0

    def x(self, value: float) -> float:
        return LEFT + value / self.right * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        return TOP + (1 - min(value / self.top, 1)) * (HEIGHT - TOP - BOTTOM)

    def path(self, points: Sequence[tuple[float, float]]) -> str:
        return "M" + " L".join(f"{self.x(x):.1f} {self.y(y):.1f}" for x, y in points)

    def frame(self, below: str, beside: str, shown: tuple[str, str]) -> str:
        """Both axes with their names, 0, and the numbers at their ends."""
        middle = TOP + (HEIGHT - TOP - BOTTOM) / 2
        base = HEIGHT - BOTTOM
        texts = [
            (LEFT, base + 16, "middle", "0"),
            (WIDTH - RIGHT, base + 16, "end", shown[0]),
            (LEFT - 6, TOP + 10, "end", shown[1]),
            (LEFT + (WIDTH - LEFT - RIGHT) / 2, HEIGHT - 6, "middle", below),
        ]
        parts = [f'<path class="line" d="M{LEFT} {TOP} V{base} H{WIDTH - RIGHT}"/>']
        parts += [f'<text class="axis" x="{x}" y="{y}" text-anchor="{a}">{escape(t)}</text>' for x, y, a, t in texts]
        turned = f'transform="translate(14 {middle}) rotate(-90)" text-anchor="middle"'
        return "".join(parts) + f'<text class="axis" {turned}>{escape(beside)}</text>'


def _svg(parts: Sequence[str], label: str) -> str:
    inner = "".join(parts)
    return f'<svg class="hist" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label)}">{inner}</svg>'


def budget_curve(curve: Sequence[tuple[float, ...]], rate: float) -> str:
    """Draw expected hits by picks with their band, and a dashed line for random choice.

    curve: rows (picks, expected hits, low, high), the first of no pick. rate: hits of a random pick.
    """
    last = curve[-1]
    axes = _Axes(last[0], max(max(row[3] for row in curve), last[0] * rate))
    band = [(row[0], row[3]) for row in curve] + [(row[0], row[2]) for row in reversed(curve)]
    parts = [
        f'<path class="band" d="{axes.path(band)} Z"/>',
        f'<path class="line dash" d="{axes.path([(0, 0), (last[0], last[0] * rate)])}"/>',
        f'<path class="curve" d="{axes.path([(row[0], row[1]) for row in curve])}"/>',
        axes.frame("picks bought", "hits", (f"{last[0]:,.0f}", f"{axes.top:,.0f}")),
    ]
    return _svg(parts, "expected hits by number of picks")


def reliability(bins: Sequence[tuple[int, float, float]], rate: float) -> str:
    """Draw the observed share of hits against the predicted one, held out; dashed: as predicted.

    bins: (variants, predicted, observed). rate: share of hits of all labels, a faint line.
    """
    top = max([rate, *(max(predicted, observed) for _, predicted, observed in bins)]) * 1.1
    top = min(1.0, top) or 1.0
    axes = _Axes(top, top)
    parts = [
        f'<path class="line dash" d="{axes.path([(0, 0), (top, top)])}"/>',
        f'<path class="faint" d="{axes.path([(0, rate), (top, rate)])}"/>',
    ]
    for count, predicted, observed in bins:
        title = f"{count:,} variants: predicted {predicted:.1%}, observed {observed:.1%}"
        place = f'cx="{axes.x(predicted):.1f}" cy="{axes.y(observed):.1f}"'
        parts.append(f'<circle class="dot" {place} r="5"><title>{title}</title></circle>')
    shown = f"{top:.0%}"
    parts.append(axes.frame("predicted share of hits", "observed share", (shown, shown)))
    return _svg(parts, "observed against predicted share of hits")
