"""The tracks of an explanation as SVG text: letters by height, lines, heat strips, heat maps."""

import base64
from collections.abc import Sequence
from html import escape
from io import BytesIO

import numpy as np
import numpy.typing as npt

from dnalect.core.views import Explained, Track
from dnalect.report.svg import BASES, heat, stack

# Pixels: of all, of the scale on the left; most bases of one line; heights of tracks.
WIDTH, LEFT, LINE = 1060, 56, 110
WIDEST = 20.0
HEIGHTS = {"letters": 70, "signed": 100, "line": 60, "heat": 4 * 9 + 2}
TITLE, AXIS = 16, 18
MAP, LETTERED = 640, 80
# Pixels of a letter of a caption.
LETTER = 6
Floats = npt.NDArray[np.float64]


def along(place: Explained, tracks: Sequence[Track], scales: Sequence[float]) -> str:
    """Draw all tracks along a place, in lines of one length. scales: the largest value of each that is drawn."""
    length = len(place.bases)
    line = -(-length // -(-length // LINE))
    cell = min(WIDEST, (WIDTH - LEFT) / line)
    parts: list[str] = []
    y = 0.0
    for low in range(0, length, line):
        high = min(low + line, length)
        top = y + (TITLE if low == 0 else 0)
        for track, scale in zip(tracks, scales, strict=True):
            if low == 0:
                parts.append(f'<text class="axis" x="{LEFT}" y="{y + 12:.0f}">{escape(track.title)}</text>')
            y += TITLE if low == 0 else 4
            parts += _track(place, track, scale, low, high, y, cell)
            y += HEIGHTS[track.kind] + 4
        parts += _bases(place, low, high, y, cell)
        parts += _frame(place, low, high, top, y, cell)
        y += AXIS + 14
    width = LEFT + line * cell + 4
    label = escape(f"{tracks[0].title} of {place.title}" if tracks else place.title)
    return (
        f'<svg class="along" viewBox="0 0 {width:.0f} {y:.0f}" width="{width:.0f}" role="img" aria-label="{label}">'
        f"{''.join(parts)}</svg>"
    )


def scale_of(track: Track) -> float:
    """Return the largest absolute value of a track, of heats and matrices what 1% exceed; 1 where there is none."""
    values = np.abs(track.values[np.isfinite(track.values)])
    if track.kind in ("heat", "matrix") and (values > 0).any():
        return float(np.quantile(values[values > 0], 0.99))
    if track.kind == "letters":
        values = np.nansum(track.values, axis=1)
    return float(values.max(initial=0)) or 1.0


def _track(place: Explained, track: Track, scale: float, low: int, high: int, top: float, cell: float) -> list[str]:
    height = HEIGHTS[track.kind]
    values = track.values[low:high].astype(np.float64)
    if track.kind == "heat":
        parts = [
            f'<text class="axis small" x="{LEFT - 6}" y="{top + 8 + 9 * row:.0f}" text-anchor="end">{base}</text>'
            for row, base in enumerate(BASES)
        ]
        for column, base in enumerate(place.bases[low:high]):
            x, position = LEFT + column * cell, place.start + low + column
            parts += heat(values[column], base, position, x, top, cell, scale, row=9)
        return parts
    if track.kind == "signed":
        return _signed(np.nan_to_num(values), scale, top, height, cell)
    parts = _scale(scale, top, height)
    if track.kind == "letters":
        for column, heights in enumerate(np.nan_to_num(values)):
            parts += stack(heights / scale * height, LEFT + column * cell, top + height, cell)
        return parts
    return [*parts, _curve(values, scale, top, height, cell)]


def _signed(values: Floats, scale: float, top: float, height: float, cell: float) -> list[str]:
    """Letters above the middle where they add, below it where they take away."""
    middle = top + height / 2
    parts = [
        *_scale(scale, top, height / 2),
        f'<text class="axis small" x="{LEFT - 6}" y="{top + height:.1f}" text-anchor="end">{-scale:.2g}</text>',
        f'<path class="line" d="M{LEFT - 3} {middle:.1f} V{top + height:.1f} M{LEFT} {middle:.1f} '
        f'H{LEFT + len(values) * cell:.1f}"/>',
    ]
    for column, heights in enumerate(values / scale * height / 2):
        x, below = LEFT + column * cell, np.maximum(-heights, 0)
        parts += stack(np.maximum(heights, 0), x, middle, cell) + stack(below, x, middle + below.sum(), cell)
    return parts


def _scale(scale: float, top: float, height: float) -> list[str]:
    texts = ((top + 9, f"{scale:.2g}"), (top + height, "0"))
    return [
        f'<path class="line" d="M{LEFT - 3} {top:.1f} V{top + height:.1f}"/>',
        *(f'<text class="axis small" x="{LEFT - 6}" y="{y:.1f}" text-anchor="end">{text}</text>' for y, text in texts),
    ]


def _curve(values: Floats, scale: float, top: float, height: float, cell: float) -> str:
    """Steps, one a base, filled down to 0; a gap where there is no number."""
    path, open_ = [], False
    for column, value in enumerate(values.tolist()):
        x = LEFT + column * cell
        if not np.isfinite(value):
            path += [f"V{top + height:.1f}Z"] if open_ else []
            open_ = False
            continue
        y = top + height * (1 - min(max(value / scale, 0), 1))
        path.append(f"V{y:.1f}H{x + cell:.1f}" if open_ else f"M{x:.1f} {top + height:.1f}V{y:.1f}H{x + cell:.1f}")
        open_ = True
    return f'<path class="bar" d="{"".join(path)}{f"V{top + height:.1f}Z" if open_ else ""}"/>'


def _bases(place: Explained, low: int, high: int, y: float, cell: float) -> list[str]:
    parts = []
    if cell >= 8:
        parts = [
            f'<text class="ref small" x="{LEFT + (n + 0.5) * cell:.1f}" y="{y + 10:.0f}" text-anchor="middle">'
            f"{escape(base)}</text>"
            for n, base in enumerate(place.bases[low:high])
        ]
    for column in range(low, high, 10):
        # A last one next to the end would be cut off.
        if high - column > 2:
            x = LEFT + (column - low) * cell
            parts.append(f'<text class="axis small" x="{x:.1f}" y="{y + 22:.0f}">{place.start + column + 1:,}</text>')
            if 10 * cell < 60 and column % 20:
                parts.pop()
    return parts


def _frame(place: Explained, low: int, high: int, top: float, bottom: float, cell: float) -> list[str]:
    """A frame round what the variant changes, a bar where it inserts."""
    if place.changed is None:
        return []
    first, last = (min(max(each, low), high) for each in place.changed)
    empty = place.changed[0] == place.changed[1]
    if first >= last and not (empty and low <= place.changed[0] < high):
        return []
    x, width = LEFT + (first - low) * cell - empty, max((last - first) * cell, 2)
    return [f'<rect class="frame" x="{x:.1f}" y="{top:.1f}" width="{width:.1f}" height="{bottom - top + 13:.1f}"/>']


def curves(track: Track, scale: float) -> str:
    """Draw lines (n, 2D + 1) over the distance from -D to D bases; the first is faint, the last dark."""
    height, width, top = 140, 640, 22
    middle = track.values.shape[1] // 2
    step = width / max(2 * middle, 1)
    parts = [f'<text class="axis" x="{LEFT}" y="12">{escape(track.title)}</text>', *_scale(scale, top, height)]
    for number, values in enumerate(track.values.astype(np.float64)):
        points = [f"{LEFT + n * step:.1f} {top + height * (1 - min(v / scale, 1)):.1f}" for n, v in enumerate(values)]
        shade = 0.25 + 0.75 * (number + 1) / len(track.values)
        parts.append(f'<polyline class="curve" style="opacity:{shade:.2f}" points="{" ".join(points)}"/>')
    for away in (-middle, 0, middle):
        x, name = LEFT + (away + middle) * step, f"{away:+,} bases" if away else "itself"
        anchor = "start" if away < 0 else "middle" if away == 0 else "end"
        parts.append(
            f'<text class="axis small" x="{x:.1f}" y="{top + height + 14}" text-anchor="{anchor}">{name}</text>'
        )
    return (
        f'<svg class="map" viewBox="0 0 {LEFT + width + 8} {top + height + 20}" width="{LEFT + width + 8}" role="img" '
        f'aria-label="{escape(track.title)}">{"".join(parts)}</svg>'
    )


def heat_map(place: Explained, track: Track, scale: float, size: int = MAP, told: bool = True) -> str:
    """Draw a matrix (L, L): rows what is changed, columns what is read; white is 0, dark is `scale`.

    size: pixels of a side. told: whether its values are told on hover.
    """
    length = len(place.bases)
    cell = size / length
    left, top = 76, 20
    parts = [
        f'<image x="{left}" y="{top}" width="{size}" height="{size}" preserveAspectRatio="none" '
        f'style="image-rendering:pixelated" href="data:image/png;base64,{_png(track.values, scale)}"/>',
        f'<rect class="line" x="{left}" y="{top}" width="{size}" height="{size}"/>',
    ]
    step = next(each for each in (5, 10, 20, 25, 50, 100, 200, 500, 1000) if each * cell >= 70 or each == 1000)
    for column in range(0, length, step):
        at, text = (column + 0.5) * cell, f"{place.start + column + 1:,}"
        if column and at > size - 24:
            break
        parts.append(f'<text class="axis small" x="{left + at:.1f}" y="{top - 6}" text-anchor="middle">{text}</text>')
        parts.append(f'<text class="axis small" x="{left - 14}" y="{top + at + 4:.1f}" text-anchor="end">{text}</text>')
    if length <= LETTERED and cell >= 9:
        for column, base in enumerate(place.bases):
            at = (column + 0.5) * cell
            parts.append(
                f'<text class="ref small" x="{left - 6}" y="{top + at + 4:.1f}" text-anchor="middle">{base}</text>'
                f'<text class="ref small" x="{left + at:.1f}" y="{top + size + 12}" text-anchor="middle">{base}</text>'
            )
    if place.changed is not None:
        first, last = (max(0, min(each, length)) * cell for each in place.changed)
        width = max(last - first, 2)
        parts.append(
            f'<rect class="frame" x="{left}" y="{top + first:.1f}" width="{size}" height="{width:.1f}"/>'
            f'<rect class="frame" x="{left + first:.1f}" y="{top}" width="{width:.1f}" height="{size}"/>'
        )
    key = [f"{track.title}:", f"white 0, darkest {scale:.3g} {track.unit}".rstrip() + " or more"]
    if LETTER * len(" ".join(key)) < size:
        key = [" ".join(key)]
    for line, text in enumerate(key):
        parts.append(f'<text class="axis" x="{left}" y="{top + size + 30 + 15 * line}">{escape(text)}</text>')
    width, height = left + size + 8, top + size + 21 + 15 * len(key)
    data = _told(place, track) if told else ""
    return (
        f'<svg class="map" viewBox="0 0 {width} {height}" width="{width}" role="img" '
        f'aria-label="{escape(track.title)}"{data}>{"".join(parts)}</svg>'
    )


def _told(place: Explained, track: Track) -> str:
    """What the page's script needs to say what lies below the pointer."""
    values = track.values.astype(np.float64)
    largest = float(np.nanmax(values, initial=0))
    steps = np.where(np.isfinite(values), np.nan_to_num(values) / (largest or 1) * 65534, 65535)
    packed = base64.b64encode(np.round(steps).astype("<u2").tobytes()).decode("ascii")
    unit = escape(track.unit)
    return (
        f' data-bases="{escape(place.bases)}" data-first="{place.start + 1}" data-largest="{largest:.6g}" '
        f'data-unit="{unit}" data-values="{packed}"'
    )


def _png(values: npt.NDArray[np.floating], scale: float) -> str:
    from matplotlib.image import imsave

    out = BytesIO()
    imsave(out, np.nan_to_num(values), cmap="Blues", vmin=0, vmax=scale, format="png")
    return base64.b64encode(out.getvalue()).decode("ascii")
