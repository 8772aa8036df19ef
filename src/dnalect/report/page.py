"""A page of sections: sentences, tables and pictures, as one self-contained HTML file."""

import base64
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

import jinja2
from markupsafe import Markup

from dnalect.core.files import write_text


@dataclass(frozen=True)
class Section:
    """heading; sentences below it; a table; pictures with their captions.

    notes: sentences that must not be missed. columns, rows: of the table, as text; numbers of
    `right` columns are set flush right. pictures: caption and PNG bytes; wide: a single one takes
    all of the page. links: text and relative address, below the table.
    """

    heading: str
    sentences: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    right: frozenset[str] = frozenset()
    pictures: tuple[tuple[str, bytes], ...] = ()
    wide: bool = False
    links: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Page:
    """title, lead: one sentence under it. facts: name and value, at the end."""

    title: str
    lead: str
    sections: tuple[Section, ...]
    facts: dict[str, str] = field(default_factory=dict)


def write_page(page: Page, path: Path) -> None:
    """Write the page, whole or not at all. Strings from the user's files are escaped."""
    write_text(path, render(page))


def render(page: Page) -> str:
    """Return the page as HTML."""
    folder = resources.files("dnalect.report") / "templates"
    css = (folder / "report.css").read_text(encoding="utf-8")
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string((folder / "page.html.j2").read_text(encoding="utf-8"))
    return template.render(page=page, css=Markup(css), data=_data)


def _data(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")
