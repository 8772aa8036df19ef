"""The shape of the package: arrows that run one way, small files, a light start, no code from outside."""

import ast
import importlib
import importlib.metadata
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "dnalect"
FILES = sorted(PACKAGE.rglob("*.py"))
ORDER = (
    *("core", "tokens", "genome", "stats", "examples", "models", "inference"),
    *("training", "baselines", "report", "jobs", "api", "cli"),
)
NARROWER = {"training": {"core", "tokens", "genome", "stats", "examples", "models"}, "report": {"core", "stats"}}
HEAVY = ["numpy", "torch", "transformers", "pyarrow", "pysam", "matplotlib", "jinja2"]
PICKLES = {"pickle", "_pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"}
LONGEST_FILE = 350


def _name(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def _imports(tree: ast.AST, package: str) -> set[str]:
    """All modules that a file imports, wherever it does, type-checking blocks included."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")
                base = ".".join([*parents[: len(parents) - node.level + 1], *([base] if base else [])])
            found |= {base} | {f"{base}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) == "import_module":
            found |= {arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)}
    return found


def _allowed(folder: str) -> set[str]:
    return (NARROWER.get(folder) or set(ORDER[: ORDER.index(folder)])) | {folder}


def _wrong_imports(source: str, relative: Path) -> list[str]:
    folder = relative.parts[0]
    package = ".".join(["dnalect", *relative.parts[:-1]])
    wrong = []
    for module in sorted(_imports(ast.parse(source), package)):
        parts = module.split(".")
        if parts[0] == "dnalect" and len(parts) > 1 and parts[1] in ORDER and parts[1] not in _allowed(folder):
            wrong.append(module)
    return wrong


def test_every_folder_has_its_place_in_the_order():
    folders = {path.parent.relative_to(PACKAGE).parts[0] for path in FILES if path.parent != PACKAGE}
    assert folders <= set(ORDER)


@pytest.mark.parametrize("path", [p for p in FILES if p.parent != PACKAGE], ids=_name)
def test_imports_run_one_way(path):
    assert not _wrong_imports(path.read_text(encoding="utf-8"), path.relative_to(PACKAGE))


@pytest.mark.parametrize(
    ("where", "source"),
    [
        ("core/a.py", "from dnalect.genome.fasta import Genome"),
        ("core/a.py", "def f():\n    from dnalect import cli"),
        ("genome/a.py", "import dnalect.examples.read"),
        ("genome/a.py", "from ..models import load"),
        ("report/a.py", "from dnalect.tokens.bases import encode"),
        ("training/a.py", "from dnalect.inference.likelihood import scorer_for"),
        ("jobs/a.py", "import importlib\nimportlib.import_module('dnalect.cli.main')"),
    ],
)
def test_an_import_the_wrong_way_is_found(where, source):
    assert _wrong_imports(source, Path(where))


def test_modules_import_each_other_without_circles():
    graph = {}
    modules = {".".join(["dnalect", *p.relative_to(PACKAGE).with_suffix("").parts]): p for p in FILES}
    for module, path in modules.items():
        package = module.rpartition(".")[0]
        graph[module] = _imports(ast.parse(path.read_text(encoding="utf-8")), package) & modules.keys() - {module}
    left = dict(graph)
    while free := [module for module, needs in left.items() if not needs & left.keys()]:
        for module in free:
            del left[module]
    assert not left, f"these import each other: {sorted(left)}"


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_files_are_short(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) < LONGEST_FILE


def _model_classes() -> set[str]:
    """Names of the classes in models/ that are models."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in (PACKAGE / "models").rglob("*.py")]
    classes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    return {"Model"} | {each.name for each in classes if any(ast.unparse(base) == "Model" for base in each.bases)}


MODELS = _model_classes()


def _asks_for_a_class(source: str) -> list[str]:
    """What a file asks of the classes of models, where it should ask `model.can`."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call) and len(node.args) == 2]
    asked = [each for each in calls if ast.unparse(each.func) in ("isinstance", "issubclass")]
    return [ast.unparse(each) for each in asked if MODELS & set(re.findall(r"\w+", ast.unparse(each.args[1])))]


def test_nobody_above_models_asks_for_the_class_of_a_model():
    assert {"DuplexModel", "MaskedModel", "Predictor"} <= MODELS
    above = set(ORDER[ORDER.index("models") + 1 :])
    files = [path for path in FILES if path.relative_to(PACKAGE).parts[0] in above]
    files += sorted((ROOT / "studies").rglob("*.py"))
    found = {str(path): _asks_for_a_class(path.read_text(encoding="utf-8")) for path in files}
    assert not {path: asked for path, asked in found.items() if asked}


# Forwards are for the loop of inference, and for training.
ABOVE = {"report", "jobs", "api", "cli"}
OWN_NETWORKS = {"src/dnalect/jobs/models_verify.py", "studies/vocabulary/judge.py"}
NETWORKS = ("dnalect.models.families", "dnalect.models.layers", "dnalect.models.masked")


def _runs_a_model(source: str) -> list[str]:
    """What a file does with models or networks that is for `inference.run` to do."""
    tree = ast.parse(source)
    found = [each for each in sorted(_imports(tree, "dnalect.jobs")) if each.startswith(NETWORKS)]
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            *owner, name = ast.unparse(node.func).split(".")
            methods = {"network", "forward", "states"} if owner and owner != ["self"] else set()
            found += [ast.unparse(node)] if name in {"model", "predictor", "base", "network"} | methods else []
    return found


def test_only_inference_asks_models_for_a_forward():
    files = [path for path in FILES if path.relative_to(PACKAGE).parts[0] in ABOVE]
    files += sorted((ROOT / "studies").rglob("*.py"))
    found = {str(path.relative_to(ROOT)): _runs_a_model(path.read_text(encoding="utf-8")) for path in files}
    # These know the files of published families, and train networks of their own.
    found = {path: told for path, told in found.items() if told and path not in OWN_NETWORKS}
    assert not found


@pytest.mark.parametrize(
    "source",
    [
        "found = model(encoding)",
        "self.model(model.encode(texts), states=True)",
        "predictor.network(ids, mask)",
        "bench.model.forward(encoding, Ask(logits=True))",
        "from dnalect.models.families.duplex import Duplex",
    ],
)
def test_a_forward_elsewhere_is_found(source):
    assert _runs_a_model(source)


@pytest.mark.parametrize("what", ["Predictor", "(int, models.MaskedModel)", "str | DuplexModel", "Model"])
def test_asking_for_the_class_of_a_model_is_found(what):
    assert _asks_for_a_class(f"if isinstance(found, {what}): ...")


def _unsafe(source: str) -> list[str]:
    """Calls and imports that could run code from a file, and what they are."""
    tree = ast.parse(source)
    found = sorted(
        _imports(tree, "dnalect") & {"pickle", "cPickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"}
    )
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg in ("trust_remote_code", "allow_pickle"):
            found += [] if ast.unparse(node.value) == "False" else [node.arg]
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        weights_only = any(ast.unparse(k) == "weights_only=True" for k in node.keywords)
        if called == "torch.load" and not weights_only:
            found.append("torch.load without weights_only=True")
        if called in ("eval", "exec", "os.system", "yaml.load", "yaml.unsafe_load", "yaml.full_load"):
            found.append(called)
    return found


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_no_code_is_run_from_files(path):
    assert not _unsafe(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "source",
    [
        "import torch\ntorch.load('a')",
        "import torch\ntorch.load('a', weights_only=False)",
        "def f():\n    import pickle",
        "from pickle import loads",
        "load('m', trust_remote_code=True)",
        "import yaml\nyaml.load(text)",
    ],
)
def test_unsafe_code_is_found(source):
    assert _unsafe(source)


def test_there_is_one_training_loop():
    studies = sorted((ROOT / "studies").rglob("*.py"))
    files = [path for path in (*FILES, *studies) if ".backward(" in path.read_text(encoding="utf-8")]
    # The linear fits are about to become those of scikit-learn.
    named = {str(path.relative_to(ROOT)) for path in files} - {"src/dnalect/stats/linear.py"}
    assert named == {"src/dnalect/training/loop.py"}


def _python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def _loaded_after(code: str) -> list[str]:
    """Names of the heavy libraries that are in memory after this code."""
    shown = _python(f"{code}\nimport sys\nprint('\\nloaded', *[m for m in {HEAVY} if m in sys.modules])")
    return shown.splitlines()[-1].split()[1:]


def test_import_loads_no_heavy_library():
    assert not _loaded_after("import dnalect")


def test_a_heavy_import_is_found():
    assert _loaded_after("import numpy") == ["numpy"]


HELP = """
import sys
from dnalect.cli.main import main
sys.argv = ["dnalect", "--help"]
try:
    main()
except SystemExit as stop:
    assert not stop.code, stop.code
"""


def test_help_loads_no_heavy_library():
    assert not _loaded_after(HELP)


def _fastest(code: str, runs: int = 7) -> float:
    """Lower median of several runs, in seconds: noise only ever makes a run slower."""
    times = []
    for _ in range(runs):
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=120, env=os.environ)
        times.append(time.perf_counter() - begun)
    return statistics.median(sorted(times)[: runs // 2 + 1])


def test_help_starts_quickly():
    bare, shown = _fastest("pass"), _fastest(HELP)
    assert shown < 20 * bare, f"--help took {shown:.2f} s, a bare interpreter {bare:.3f} s"


def test_version_is_that_of_the_installed_package():
    assert importlib.import_module("dnalect").__version__ == importlib.metadata.version("dnalect")
