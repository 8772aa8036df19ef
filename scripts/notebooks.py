"""Run the notebooks of the documentation from the top, and keep what they say.

python scripts/notebooks.py [docs/notebooks/variants.ipynb ...]
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "notebooks"


def executed(path: Path, folder: str) -> nbformat.NotebookNode:
    """Return a notebook as it runs in an empty folder, with `data`. Raises CellExecutionError where a cell fails."""
    (Path(folder) / "data").symlink_to(ROOT / "data")
    book = nbformat.read(path, as_version=4)
    told = {"timeout": 1800, "kernel_name": "python3", "record_timing": False}
    NotebookClient(book, resources={"metadata": {"path": folder}}, **told).execute()
    # Of this machine, and of no use to a reader.
    book.metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return book


def main() -> None:
    for path in map(Path, sys.argv[1:]) if sys.argv[1:] else sorted(FOLDER.glob("*.ipynb")):
        with TemporaryDirectory() as folder:
            book = executed(path, folder)
        nbformat.write(book, path)
        print(f"{path.name}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
