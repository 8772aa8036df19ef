"""A map of windows as one self-contained page: dots that say what they are, beside the rivals' maps."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from dnalect.core.figures import Figure, plain, shown, shown_difference
from dnalect.core.views import Picture
from dnalect.report.colours import shades

Floats = npt.NDArray[np.floating]
# Steps of a side of a map: coordinates are whole numbers of these.
STEPS = 4000
METHODS = {"umap": "UMAP", "tsne": "t-SNE", "pca": "PCA"}


@dataclass(frozen=True, eq=False)
class Atlas:
    """What a page of maps shows.

    loci: what a click copies, one a dot. pictures: the model's first. classes: column -> a name each, "" for none.
    numbers: column -> a value each, NaN for none. texts: column -> what is told of each on hover. figures: of purity
    and silhouette. sentences: below the title. facts: at the end.
    """

    title: str
    sentences: Sequence[str]
    loci: Sequence[str]
    pictures: Sequence[Picture]
    classes: Mapping[str, Sequence[str]]
    numbers: Mapping[str, Floats]
    texts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    figures: Sequence[Figure] = ()
    facts: Mapping[str, str] = field(default_factory=dict)


def render(atlas: Atlas) -> str:
    """Return the page as HTML. Strings from the user's files are escaped."""
    folder = resources.files("dnalect.report") / "templates"
    texts = {name: (folder / name).read_text(encoding="utf-8") for name in ("map.html.j2", "report.css", "map.js")}
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(texts["map.html.j2"]).render(
        atlas=atlas,
        css=Markup(texts["report.css"]),
        js=Markup(texts["map.js"]),
        data=data_of(_data(atlas)),
        tables=_tables(atlas.figures),
    )


def data_of(value: Any) -> Markup:
    """JSON that cannot end its script element, whatever strings it holds."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return Markup(text)


def _data(atlas: Atlas) -> dict[str, Any]:
    pictures = [
        {"who": each.who, "method": METHODS[each.method], "axes": each.axes, "xy": _steps(each.points)}
        for each in atlas.pictures
    ]
    columns = []
    for name, cells in atlas.classes.items():
        colours = shades(cells)
        numbers = {each: number for number, each in enumerate(colours)}
        columns.append(
            {
                "name": name,
                "classes": list(colours),
                "colours": list(colours.values()),
                "of": [numbers[cell] for cell in cells],
            }
        )
    for name, values in atlas.numbers.items():
        columns.append({"name": name, "values": [round(float(v), 4) if np.isfinite(v) else None for v in values]})
    columns += [{"name": name, "texts": list(cells)} for name, cells in atlas.texts.items()]
    return {"loci": list(atlas.loci), "pictures": pictures, "columns": columns, "steps": STEPS}


def _steps(points: Floats) -> list[int]:
    """Coordinates as whole numbers, x and y in turn, each axis on its own scale."""
    low, high = points.min(axis=0), points.max(axis=0)
    inside = (points - low) / np.where(high > low, high - low, 1)
    return [int(each) for each in np.round(inside * STEPS).ravel()]


def _tables(figures: Sequence[Figure]) -> list[dict[str, Any]]:
    """A table for each label and measure: a row for each class, the columns who."""
    out = []
    for label, metric in dict.fromkeys((each.task, each.metric) for each in figures):
        mine = [each for each in figures if (each.task, each.metric) == (label, metric)]
        people = list(dict.fromkeys(each.who for each in mine))
        rows = []
        for part in dict.fromkeys(each.part for each in mine):
            first = {who: next(e for e in mine if (e.part, e.who) == (part, who)) for who in people}
            own = first[people[0]]
            minus = {e.against: e for e in mine if e.part == part and e.who == people[0]}
            cells = [shown(own.value, 2), *(plain(first[who].value.mean, 2) for who in people[1:])]
            rows.append(
                [part, f"{own.n:,}", *cells, plain(own.chance, 2), f"{own.p:.2g}"]
                + [shown_difference(minus[who], 2) for who in people[1:]]
            )
        less = [f"less {who}" for who in people[1:]]
        head = ["class", "n", *people, "labels turned about", "p", *less]
        out.append({"title": f"{label}: {metric}", "head": head, "rows": rows})
    return out


def write_atlas(path: Path, atlas: Atlas) -> None:
    """Write the page to a (temporary) file."""
    path.write_text(render(atlas), encoding="utf-8")
