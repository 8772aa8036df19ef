"""What is public: the names of dnalect, which are loaded late, documented, and nothing else."""

import ast
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
VERBS = (
    *("score", "score_variants", "scan", "mutagenesis", "explain", "embed", "finetune", "predict", "rank", "evaluate"),
    *("pretrain", "tokenize", "map_windows", "similar", "discover", "load", "open_genome", "base_probabilities"),
    *("torch_module", "demo_files", "generate", "label", "design_sequences", "export", "link"),
)
RESULTS = (
    *("Table", "Scores", "Scan", "Mutagenesis", "Explanations", "Embeddings", "Finetuned", "Predictions", "Ranking"),
    *(
        "Links",
        "Evaluation",
        "Tokens",
        "Map",
        "Similar",
        "Discovery",
        "DemoFiles",
        "Sequences",
        "Designs",
        "Row",
        "Score",
        "Genome",
    ),
)
ERRORS = (
    *("DnalectError", "InputError", "FastaError", "UnknownContig", "VcfError", "TableError", "ContigNameError"),
    *("AssemblyError", "OutputError", "ModelError", "TokenizerError", "ConfigError"),
)
# The packages whose names may be imported, those of `__init__.pyi`; in the order of docs/api-parts.md.
PARTS = (
    *("genome", "relatives", "tokens", "examples", "stats", "models", "inference"),
    *("baselines", "why", "alike", "training", "jobs", "report", "page", "core", "cli"),
)
PACKAGES = ["dnalect", *(f"dnalect.{part}" for part in PARTS)]
NAMES = {*VERBS, *RESULTS, *ERRORS, "DnalectWarning", "Reporter", "State", "__version__"}


def test_the_names_of_dnalect_are_these():
    dnalect = importlib.import_module("dnalect")
    assert set(dnalect.__all__) == {*dir(dnalect), "__version__"} == NAMES
    pages = {page: (ROOT / "docs" / page).read_text(encoding="utf-8") for page in ("python.md", "api.md")}
    assert not [name for name in VERBS if f"`{name}`" not in pages["python.md"]]
    assert not [name for name in NAMES - {"__version__"} if f"::: dnalect.{name}\n" not in pages["api.md"]]


def test_an_unknown_name_is_an_attribute_error():
    dnalect = importlib.import_module("dnalect")
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = dnalect.no_such_name


def test_every_public_name_is_there_and_has_a_docstring():
    for package in map(importlib.import_module, PACKAGES):
        for name in set(package.__all__) - {"__version__"}:
            found = getattr(package, name)
            assert inspect.getdoc(found) or not callable(found), f"{package.__name__}.{name}"


def test_no_public_name_is_that_of_a_module():
    """`dnalect.genome.x` would be the one or the other, depending on what was imported before."""
    for package in map(importlib.import_module, PACKAGES):
        modules = {module.name for module in pkgutil.iter_modules(package.__path__)}
        stub = Path(package.__file__).with_suffix(".pyi").read_text(encoding="utf-8")
        asked = {name for name in package.__all__ if f"from . import {name} as" in stub}
        assert not (set(package.__all__) - asked) & modules


def test_the_parts_are_documented_and_loaded_late():
    page = (ROOT / "docs" / "api-parts.md").read_text(encoding="utf-8")
    assert re.findall(r"^::: (\S+)$", page, re.MULTILINE) == PACKAGES[1:]
    code = f"import sys, {', '.join(PACKAGES)}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {name for name in loaded if name.startswith("dnalect")} == set(PACKAGES)
    assert not {"numpy", "torch", "pyarrow", "matplotlib"} & set(loaded)


def _imported(path: Path) -> list[tuple[str, str]]:
    """(module, name) of all imports of dnalect."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = [(alias.name, "") for each in ast.walk(tree) if isinstance(each, ast.Import) for alias in each.names]
    froms = [each for each in ast.walk(tree) if isinstance(each, ast.ImportFrom)]
    found += [(each.module or "", alias.name) for each in froms for alias in each.names]
    return [(module, name) for module, name in found if module.split(".")[0] == "dnalect"]


def test_studies_use_the_public_names_alone():
    wrong = []
    for path in sorted((ROOT / "studies").rglob("*.py")):
        for module, name in _imported(path):
            public = module in PACKAGES and name in importlib.import_module(module).__all__
            if not public:
                wrong.append(f"{path.relative_to(ROOT)}: from {module} import {name}")
    assert not wrong
