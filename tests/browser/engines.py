"""Ways to ask the engine of the page: in node, its workers as threads, and in Chromium, in a file."""

import base64
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
ENGINE = ROOT / "src/dnalect/page/engine"
NODE = shutil.which("node")
Asked = list[tuple[str, dict[str, Any]]]
# As the page has it: modules behind an import map, the pack and the sources as texts of elements.
PAGE = """<!doctype html><title>engine</title>
<script type="importmap">{imports}</script>
<script type="text/plain" id="pack">{pack}</script>
<script type="application/json" id="sources">{sources}</script>
<script type="module">
import {{ open }} from "engine.js";
const text = (id) => document.getElementById(id).textContent;
const number = (value) => (Number.isFinite(value) ? value : null);
const plain = (_, value) => (ArrayBuffer.isView(value) ? Array.from(value, number) : value);
const engine = open(text("pack"), JSON.parse(text("sources")));
window.ask = async (question, given, told) =>
  JSON.stringify(await engine.ask(question, given, told).catch((error) => ({{ error: error.message }})), plain);
document.title = "ready";
</script>
"""


def in_node(pack: str, asked: Asked, folder: Path) -> list[Any]:
    """Return the answers of node."""
    # Named as modules, for versions of node that don't look into a file.
    modules = folder / "engine"
    shutil.copytree(ENGINE, modules)
    (modules / "package.json").write_text('{"type": "module"}')
    (folder / "pack").write_text(pack)
    (folder / "asked.json").write_text(json.dumps(asked))
    script = Path(__file__).with_name("engine.mjs")
    command = [str(NODE), str(script), str(modules), str(folder / "pack"), str(folder / "asked.json")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def write_page(path: Path, pack: str) -> None:
    """Write a page that has nothing but the engine: `ask(question, given)`, once its title is "ready"."""
    sources = {
        each.name: each.read_text() if each.suffix == ".js" else base64.b64encode(each.read_bytes()).decode()
        for each in ENGINE.iterdir()
        if each.suffix in (".js", ".wasm")
    }
    bare = {n: re.sub(r'from "\./', 'from "', text) for n, text in sources.items() if n.endswith(".js")}
    urls = {n: "data:text/javascript;base64," + base64.b64encode(text.encode()).decode() for n, text in bare.items()}
    texts = {"imports": {"imports": urls}, "sources": sources}
    safe = {name: json.dumps(value).replace("<", "\\u003c") for name, value in texts.items()}
    path.write_text(PAGE.format(pack=pack, **safe))
