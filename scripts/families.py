"""Count the lines of every family of models, for docs/adding-a-model.md.

    python scripts/families.py

A test fails where the page is not what this would write.
"""

import ast
from pathlib import Path

from dnalect.models.recognise import FAMILIES

ROOT = Path(__file__).parents[1]
PAGE, MODELS = ROOT / "docs" / "adding-a-model.md", ROOT / "src" / "dnalect" / "models"
BEGIN, END = "<!-- written by python scripts/families.py -->\n", "<!-- end -->\n"
# What most networks are made of.
COMMON = {"attention", "embeddings", "encoder", "feed_forward", "positions", "sizes", "stack"}


def table() -> str:
    """Return a row for each file of a family: its lines, which other one it builds on, and its own kind of layers."""
    titles: dict[str, list[str]] = {}
    for name, family in FAMILIES.items():
        file = name if (MODELS / "families" / f"{name}.py").is_file() else family.build.__module__.rpartition(".")[2]
        titles.setdefault(file, []).append(family.title)
    rows = []
    for file, names in titles.items():
        bases, layers = imported(file)
        told = ", ".join(f"`{each}.py`: {lines('layers', each)}" for each in sorted(layers - COMMON))
        on = ", ".join(f"`{each}.py`" for each in sorted(bases)) or ""
        rows.append((lines("families", file), f"| {', '.join(names)} | {lines('families', file)} | {on} | {told} |"))
    head = ["| family | its file | builds on | layers of its kind |", "|---|---|---|---|"]
    common = sum(lines("layers", each) for each in COMMON)
    return "\n".join([*head, *(row for _, row in sorted(rows)), f"| *common to most* | | | {common} |"]) + "\n"


def imported(file: str) -> tuple[set[str], set[str]]:
    """Return the families and the layers that a family's file imports from."""
    tree = ast.parse((MODELS / "families" / f"{file}.py").read_text(encoding="utf-8"))
    families, layers = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            package, _, last = node.module.rpartition(".")
            if package == "dnalect.models.layers":
                layers.add(last)
            elif package == "dnalect.models.families" and last != "family":
                families.add(last)
            elif node.module == "dnalect.models.families":
                families |= {each.name for each in node.names}
    return families, layers


def lines(folder: str, file: str) -> int:
    """Return the lines of a file of families/ or layers/."""
    return len((MODELS / folder / f"{file}.py").read_text(encoding="utf-8").splitlines())


def page(text: str) -> str:
    """Return the page with the table of today."""
    before, rest = text.split(BEGIN)
    return before + BEGIN + table() + END + rest.split(END)[1]


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
