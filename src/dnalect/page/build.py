"""The page as one HTML file: the front, the engine, models and data, without a network."""

import base64
import json
import posixpath
import re
from collections.abc import Mapping, Sequence

from dnalect.core.errors import OutputError
from dnalect.models.model import Named
from dnalect.page.assets import binaries, data, json_text, modules, page_html, style
from dnalect.page.pack import pack

ENTRY = "front/file.js"
# What a browser opens at once, also on a phone.
LARGEST = 25_000_000
_IMPORT = re.compile(
    r"""(?P<before>\bfrom |^import |\bimport\()(?P<mark>["'])(?P<path>\.{1,2}/[^"']+)(?P=mark)""", re.M
)
# Without import maps nothing would start, and nothing would say so.
OLD = (
    'if(!(HTMLScriptElement.supports&&HTMLScriptElement.supports("importmap")))document.getElementById("loading")'
    '.textContent="This browser is too old for this page: take one of 2023 or later.";'
)
# No request leaves the file: a picture, a script or an answer from elsewhere is refused by the browser itself.
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'wasm-unsafe-eval' data: blob:; worker-src blob:; "
    "style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'"
)


def page_text(models: Sequence[Named] | None = None) -> str:
    """Return the page as HTML, the same bytes for the same models. models: those that ship where none are named.

    Raises ModelError for a model that the browser can't run, OutputError where they take too much room.

    Examples:
        >>> from dnalect import page
        >>> page.page_text(["duplex-human"])[:15]
        '<!doctype html>'
    """
    code = modules()
    sources = {name: text for name, text in (code | binaries()).items() if name.startswith("engine/")}
    held = {f"data-{name}": text for name, text in data().items()} | {"engine-sources": json_text(sources)}
    head = [
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        '<link rel="icon" href="data:,">',
        f"<style>{style()}</style>",
        f'<script type="importmap">{json_text({"imports": _addresses(code)})}</script>',
    ]
    body = [f'<script type="application/json" id="{name}">{text}</script>' for name, text in held.items()]
    body += [
        f'<script type="text/plain" id="pack">{pack(models)}</script>',
        f"<script>{OLD}</script>",
        f'<script type="module">import "{ENTRY}";</script>',
    ]
    text = page_html("\n".join(head), "\n".join(body))
    if len(text) > LARGEST:
        raise OutputError(
            f"the page would have {len(text) / 1e6:.0f} MB, and {LARGEST / 1e6:.0f} MB is what phones open: "
            "choose fewer models (--model)"
        )
    return text


def _addresses(code: Mapping[str, str]) -> dict[str, str]:
    """Return an import map: the modules that the front is made of as data URLs, under their paths as bare names."""
    left, found = [ENTRY], dict[str, str]()
    while left:
        name = left.pop()
        if name not in found:
            text, wanted = bare(name, code[name])
            found[name] = "data:text/javascript;base64," + base64.b64encode(text.encode()).decode("ascii")
            left += wanted
    return dict(sorted(found.items()))


def bare(name: str, text: str) -> tuple[str, list[str]]:
    """Return a module whose relative imports are bare names, which an import map resolves, and these names.

    Examples:
        >>> bare("front/main.js", 'import { h } from "./dom.js";')
        ('import { h } from "front/dom.js";', ['front/dom.js'])
    """
    wanted = []

    def named(match: re.Match[str]) -> str:
        wanted.append(posixpath.normpath(posixpath.join(posixpath.dirname(name), match["path"])))
        return f"{match['before']}{json.dumps(wanted[-1])}"

    return _IMPORT.sub(named, text), wanted
