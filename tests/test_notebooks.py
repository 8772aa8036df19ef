"""The notebooks in examples/ run, and were kept as they ran: with outputs, without errors, small.

To run one anew and keep what it says: `jupyter execute --inplace examples/score.ipynb`.
"""

import re
from pathlib import Path

import nbformat
import pytest

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
NOTEBOOKS = [EXAMPLES / f"{name}.ipynb" for name in ("embed", "finetune", "score")]
# Folders of the machine that a notebook ran on.
MACHINE = re.compile(r"(?<![\w.])/(?:home|mnt|private|root|tmp|usr|var|work|Users)/|[A-Z]:\\\\")
LARGEST = 150_000


def _name(path: Path) -> str:
    return path.stem


def _code(path: Path) -> list:
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def test_no_notebook_is_left_out():
    assert sorted(EXAMPLES.glob("*.ipynb")) == NOTEBOOKS


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
    assert not MACHINE.search(re.sub(r'"image/png": "[^"]*"', "", text))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=_name)
def test_a_notebook_needs_only_the_public_names(path):
    source = "\n".join(cell.source for cell in _code(path))
    compile(source, path.name, "exec")
    assert "import dnalect\n" in source
    assert not re.search(r"(from|import) dnalect\.", source)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=_name)
def test_links_of_a_notebook_lead_to_files(path):
    text = "\n".join(c.source for c in nbformat.read(path, as_version=4).cells if c.cell_type == "markdown")
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text)]
    assert links
    assert not [link for link in links if not (path.parent / link).exists()]


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=_name)
def test_a_notebook_runs(path, tmp_path):
    from nbclient import NotebookClient

    book = nbformat.read(path, as_version=4)
    NotebookClient(book, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert not [output for cell in book.cells for output in cell.get("outputs", []) if output.get("name") == "stderr"]
