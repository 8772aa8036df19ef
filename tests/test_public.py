"""What is public: the names of dnalect, which are loaded late, documented, and nothing else."""

import importlib
import inspect
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
VERBS = (
    *("score", "score_variants", "scan", "mutagenesis", "embed", "finetune", "predict", "rank", "evaluate"),
    *("pretrain", "tokenize", "load", "open_genome", "base_probabilities", "demo_files"),
)
RESULTS = (
    *("Table", "Scores", "Scan", "Mutagenesis", "Embeddings", "Finetuned", "Predictions", "Ranking", "Evaluation"),
    *("Tokens", "DemoFiles", "Row", "Score", "Genome"),
)
ERRORS = (
    *("DnalectError", "InputError", "FastaError", "UnknownContig", "VcfError", "TableError", "ContigNameError"),
    *("AssemblyError", "OutputError", "ModelError", "TokenizerError", "ConfigError"),
)
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


def test_every_public_name_is_there_and_has_a_docstring_of_its_own():
    package = importlib.import_module("dnalect")
    for name in set(package.__all__) - {"__version__"}:
        assert inspect.getdoc(getattr(package, name)), name
