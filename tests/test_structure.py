"""The shape of the package: arrows that run one way, small files, a light start, no code from outside."""

import ast
import functools
import importlib
import importlib.metadata
import importlib.util
import os
import re
import statistics
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "dnalect"
FILES, STUDIES = sorted(PACKAGE.rglob("*.py")), sorted((ROOT / "studies").rglob("*.py"))
ORDER = (
    *("core", "tokens", "genome", "relatives", "stats", "examples", "scored", "models", "inference"),
    *("training", "baselines", "why", "alike", "design", "report", "page", "jobs", "api", "serve", "cli"),
)
NARROWER = {"training": {"core", "tokens", "genome", "stats", "examples", "models"}, "report": {"core", "stats"}}
HEAVY = ["numpy", "torch", "transformers", "pyarrow", "pysam", "matplotlib", "jinja2"]
LONGEST_FILE = 350


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@functools.lru_cache(maxsize=8)
def _nodes(source: str) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(source)))


@functools.lru_cache(maxsize=8)
def _calls(source: str) -> tuple[tuple[ast.Call, str], ...]:
    """All calls, and what each calls."""
    return tuple((node, _dotted(node.func)) for node in _nodes(source) if isinstance(node, ast.Call))


def _dotted(node: ast.expr) -> str:
    """The same as `ast.unparse`, at once for names."""
    if isinstance(node, ast.Name):
        return node.id
    return f"{_dotted(node.value)}.{node.attr}" if isinstance(node, ast.Attribute) else ast.unparse(node)


@functools.cache
def _imports(source: str, package: str) -> set[str]:
    """All modules that a file imports, wherever it does, type-checking blocks included."""
    found = set()
    for node in _nodes(source):
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
    for module in sorted(_imports(source, package)):
        parts = module.split(".")
        if parts[0] == "dnalect" and len(parts) > 1 and parts[1] in ORDER and parts[1] not in _allowed(folder):
            wrong.append(module)
    return wrong


def _circle(files: dict[str, Path]) -> list[str]:
    """Modules that import each other. files: module -> its file."""
    left = {}
    for module, path in files.items():
        package = module.rpartition(".")[0]
        left[module] = _imports(_text(path), package) & files.keys() - {module}
    while free := [module for module, needs in left.items() if not needs & left.keys()]:
        for module in free:
            del left[module]
    return sorted(left)


def test_imports_run_one_way():
    assert {path.relative_to(PACKAGE).parts[0] for path in FILES if path.parent != PACKAGE} == {*ORDER}
    inside = [path for path in FILES if path.parent != PACKAGE]
    wrong = {path: _wrong_imports(_text(path), path.relative_to(PACKAGE)) for path in inside}
    assert not {str(path): found for path, found in wrong.items() if found}
    assert not _circle({".".join(["dnalect", *p.relative_to(PACKAGE).with_suffix("").parts]): p for p in FILES})


def _model_classes() -> set[str]:
    """Names of the classes in models/ that are models."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in (PACKAGE / "models").rglob("*.py")]
    classes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    return {"Model"} | {each.name for each in classes if any(ast.unparse(base) == "Model" for base in each.bases)}


MODELS = _model_classes()


def _asks_for_a_class(source: str) -> list[str]:
    """What a file asks of the classes of models, where it should ask `model.can`."""
    asked = [n for n, called in _calls(source) if called in ("isinstance", "issubclass") and len(n.args) == 2]
    return [ast.unparse(each) for each in asked if MODELS & set(re.findall(r"\w+", ast.unparse(each.args[1])))]


# Forwards are for the loop of inference, and for training.
ABOVE = {"report", "jobs", "api", "cli", "studies"}
OWN_NETWORKS = {"src/dnalect/jobs/models_verify.py", "studies/vocabulary/judge.py"}
NETWORKS = ("dnalect.models.families", "dnalect.models.layers", "dnalect.models.published")


def _runs_a_model(source: str) -> list[str]:
    """What a file does with models or networks that is for `inference.run` to do."""
    found = [each for each in sorted(_imports(source, "dnalect.jobs")) if each.startswith(NETWORKS)]
    for node, called in _calls(source):
        *owner, name = called.split(".")
        methods = {"network", "forward", "states"} if owner and owner != ["self"] else set()
        found += [ast.unparse(node)] if name in {"model", "predictor", "base", "network"} | methods else []
    return found


def _unsafe(source: str) -> list[str]:
    """Calls and imports that could run code from a file, and what they are."""
    found = sorted(
        _imports(source, "dnalect") & {"pickle", "cPickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"}
    )
    for node in _nodes(source):
        if isinstance(node, ast.keyword) and node.arg in ("trust_remote_code", "allow_pickle"):
            found += [] if ast.unparse(node.value) == "False" else [node.arg]
    for node, called in _calls(source):
        weights_only = any(ast.unparse(k) == "weights_only=True" for k in node.keywords)
        if called == "torch.load" and not weights_only:
            found.append("torch.load without weights_only=True")
        if called in ("eval", "exec", "os.system", "yaml.load", "yaml.unsafe_load", "yaml.full_load"):
            found.append(called)
    return found


FLAGS = {"click.option", "click.argument", "click.Option", "click.Argument"}


def _place(path: Path) -> str:
    """Its folder in the package, "studies" beside it."""
    return path.relative_to(PACKAGE).parts[0] if path.is_relative_to(PACKAGE) else "studies"


def _faults(path: Path, source: str) -> list[str]:
    """What a file does that the house does not allow."""
    place, name = _place(path), str(path.relative_to(ROOT))
    found = _unsafe(source)
    if len(source.splitlines()) >= LONGEST_FILE:
        found.append(f"{len(source.splitlines())} lines: would a newcomer know what is in there?")
    if place == "studies" or place in ORDER[ORDER.index("models") + 1 :]:
        found += [f"{each}: ask model.can" for each in _asks_for_a_class(source)]
    # These know the files of published families, and train networks of their own.
    if place in ABOVE and name not in OWN_NETWORKS:
        found += [f"{each}: forwards are for inference.run" for each in _runs_a_model(source)]
    if ".backward(" in source and name != "src/dnalect/training/loop.py":
        found.append("a second training loop")
    if "sys.argv" in source and place not in ("cli", "studies"):
        found.append("sys.argv is for the command line")
    called = {each for _, each in _calls(source)}
    if place not in ("cli", "studies"):
        found += [f"{each}: say it, or return it" for each in called if each == "print" or each.startswith("click.")]
    if name != "src/dnalect/cli/options.py":
        found += [f"{each}: a field of the options is the flag" for each in called & FLAGS]
    return found


def test_files_keep_the_rules():
    assert {"DuplexModel", "PublishedModel", "Predictor"} <= MODELS
    found = {str(path): _faults(path, _text(path)) for path in [*FILES, *STUDIES]}
    assert not {path: faults for path, faults in found.items() if faults}
    lines = Counter(_place(path) for path in FILES for _ in _text(path).splitlines())
    assert not {folder: count for folder, count in lines.items() if count > sum(lines.values()) / 4}


def test_scripts_import_what_there_is():
    """They are run by hand, so that nothing else would say that a name has moved."""
    for path in sorted([*(ROOT / "scripts").glob("*.py"), *(ROOT / "benchmarks").rglob("*.py")]):
        for node in ast.walk(ast.parse(_text(path))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in ("dnalect", "studies"):
                module = importlib.import_module(node.module)
                for name in (alias.name for alias in node.names):
                    assert hasattr(module, name) or importlib.util.find_spec(f"{node.module}.{name}"), (path, name)


def test_what_breaks_the_rules_is_found():
    for where, source in (
        ("core/a.py", "from dnalect.genome.fasta import Genome"),
        ("core/a.py", "def f():\n    from dnalect import cli"),
        ("genome/a.py", "import dnalect.examples.read"),
        ("genome/a.py", "from ..models import load"),
        ("report/a.py", "from dnalect.tokens.bases import encode"),
        ("training/a.py", "from dnalect.inference.likelihood import scorer_for"),
        ("jobs/a.py", "import importlib\nimportlib.import_module('dnalect.cli.main')"),
    ):
        assert _wrong_imports(source, Path(where)), source
    for source in (
        "import torch\ntorch.load('a')",
        "import torch\ntorch.load('a', weights_only=False)",
        "def f():\n    import pickle",
        "from pickle import loads",
        "load('m', trust_remote_code=True)",
        "import yaml\nyaml.load(text)",
        "found = model(encoding)",
        "self.model(model.encode(texts), states=True)",
        "predictor.network(ids, mask)",
        "bench.model.forward(encoding, Ask(logits=True))",
        "from dnalect.models.families.duplex import Duplex",
        "if isinstance(found, Predictor): ...",
        "if isinstance(found, (int, models.PublishedModel)): ...",
        "if isinstance(found, str | DuplexModel): ...",
        "if isinstance(found, Model): ...",
        "loss.backward()",
        "print(sys.argv)",
        "print('done')",
        "@click.option('--much')\ndef command(much): ...",
        "\n" * LONGEST_FILE,
    ):
        assert _faults(PACKAGE / "jobs" / "a.py", source), source
    assert not _faults(PACKAGE / "jobs" / "a.py", "from dnalect.models.load import load")


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


def test_scoring_begins_without_what_it_rarely_needs():
    """Each takes a good part of a second, which every user of every variant would wait for."""
    heavy = (
        "scipy.cluster",
        "scipy.optimize",
        "pandas",
        "sklearn",
        "matplotlib",
        "numba",
        "transformers",
        "ray",
        "jinja2",
    )
    told = f"import sys, dnalect.jobs.score; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
