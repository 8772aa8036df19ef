"""Explanations as one self-contained HTML file: no network, no other file."""

from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from markupsafe import Markup

from dnalect.core.files import write_text
from dnalect.core.views import Explained, Explanation, Null, Track, View
from dnalect.report.tracks import MAP, along, curves, heat_map, scale_of

# Pixels of the heat map of a null, and of one of several that stand side by side.
SMALL, BESIDE = 360, 440


def write_explanation(page: Explanation, path: Path) -> None:
    """Write the page, whole or not at all. Strings from the user's files are escaped."""
    write_text(path, render_explanation(page))


def render_explanation(page: Explanation) -> str:
    """Return the page as HTML."""
    folder = resources.files("dnalect.report") / "templates"
    css, js = (Markup((folder / name).read_text(encoding="utf-8")) for name in ("report.css", "explained.js"))
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string((folder / "explained.html.j2").read_text(encoding="utf-8"))
    places = [
        {"title": place.title, "links": place.links, "views": [_view(place, view) for view in place.views]}
        for place in page.places
    ]
    return template.render(page=page, css=css, js=js, places=places)


def _view(place: Explained, view: View) -> dict[str, Any]:
    scales = [scale_of(track) for track in view.tracks]
    signed = [f"{s:.2g} {t.unit}".strip() for t, s in zip(view.tracks, scales, strict=True) if t.kind == "heat"]
    return {
        "title": view.title,
        "text": view.text,
        "signed": ", ".join(signed),
        "pictures": _pictures(place, view.tracks, scales),
        "nulls": [_null(place, null, scales) for null in view.nulls],
    }


def _null(place: Explained, null: Null, scales: list[float]) -> dict[str, Any]:
    """Of a null all but the heat strips, at the scales of what it stands beside."""
    kept = [(t, s) for t, s in zip(null.view.tracks, scales, strict=True) if t.kind != "heat"]
    there = replace(place, bases=null.bases)
    tracks, sizes = [t for t, _ in kept], [s for _, s in kept]
    return {"name": null.name, "text": null.text, "pictures": _pictures(there, tracks, sizes, null=True)}


def _pictures(place: Explained, tracks: Any, scales: list[float], null: bool = False) -> list[Markup]:
    """All tracks along the bases in one picture, then each heat map; nothing of what is 0 everywhere."""
    every: list[tuple[Track, float]] = list(zip(tracks, scales, strict=True))
    pairs = [(track, scale) for track, scale in every if np.nan_to_num(track.values).any()]
    lines = [(track, scale) for track, scale in pairs if track.kind not in ("matrix", "curves")]
    found = [along(place, [t for t, _ in lines], [s for _, s in lines])] if lines else []
    found += [curves(track, scale) for track, scale in pairs if track.kind == "curves"]
    maps = [(track, scale) for track, scale in pairs if track.kind == "matrix"]
    size = SMALL if null else MAP if len(maps) == 1 else BESIDE
    found += [heat_map(place, track, scale, size, told=not null) for track, scale in maps]
    return [Markup(each) for each in found]
