"""The notebooks of the documentation run, and were kept as they ran: with outputs, without errors, small.

To run them anew and keep what they say: `make notebooks`.
"""

import re
from pathlib import Path

import nbformat
import pytest

from scripts.notebooks import executed

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "notebooks"
NOTEBOOKS = [FOLDER / f"{name}.ipynb" for name in ("finetune", "maps", "variants")]
# Parts whose public names a notebook may need.
PARTS = "genome"
# Folders of the machine that a notebook ran on.
MACHINE = re.compile(r"(?<![\w.])/(?:home|mnt|private|root|tmp|usr|var|work|Users)/|[A-Z]:\\\\")
LARGEST = 400_000


def _name(path: Path) -> str:
    return path.stem


def _code(path: Path) -> list:
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def test_no_notebook_is_left_out():
    assert sorted(FOLDER.glob("*.ipynb")) == NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=_name)
def test_a_notebook_is_kept_as_it_ran(path):
    nbformat.validate(nbformat.read(path, as_version=4))
    cells = _code(path)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1)), "run it from the top"
    outputs = [output for cell in cells for output in cell.outputs]
    assert any("image/png" in output.get("data", {}) for output in outputs)
    wrong = [output for output in outputs if output.output_type == "error" or output.get("name") == "stderr"]
    assert not wrong
    assert path.stat().st_size < LARGEST


@pytest.mark.parametrize("path", NOTEBOOKS, ids=_name)
def test_a_notebook_tells_no_paths_of_a_machine(path):
    text = path.read_text(encoding="utf-8")
    assert not MACHINE.search(
        re.sub(r'"image/png": "[^"]*"|data:image/png;base64,[\w+/=]*|data-values=\\\\"[\w+/=]*', "", text)
    )


@pytest.mark.parametrize("path", NOTEBOOKS, ids=_name)
def test_a_notebook_needs_only_the_public_names(path):
    source = "\n".join(cell.source for cell in _code(path))
    compile(source, path.name, "exec")
    assert "import dnalect\n" in source
    assert not re.search(rf"(from|import) dnalect\.(?!({PARTS}) )", source)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=_name)
def test_links_of_a_notebook_lead_to_files(path):
    text = "\n".join(c.source for c in nbformat.read(path, as_version=4).cells if c.cell_type == "markdown")
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text)]
    assert links
    assert not [link for link in links if not (path.parent / link).exists()]


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=_name)
def test_a_notebook_runs(path, tmp_path):
    book = executed(path, str(tmp_path))
    assert not [output for cell in book.cells for output in cell.get("outputs", []) if output.get("name") == "stderr"]
