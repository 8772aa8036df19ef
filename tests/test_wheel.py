"""The wheel works by itself: what people install holds all that dnalect needs, and nothing else."""

import os
import re
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

import dnalect

ROOT = Path(__file__).resolve().parents[1]
USED = """
import dnalect
from dnalect.training.shipped import shipped
assert not dnalect.__file__.startswith({root!r}), dnalect.__file__
files = dnalect.demo_files()
rows = [row for row, _ in zip(dnalect.score_variants(files.reference, files.variants, model="duplex-yeast",
                                                     percentiles=False), range(5))]
assert all(row.score.value is not None for row in rows)
assert {{"duplex-human", "duplex-yeast"}} <= set(shipped())
try:
    import studies
    raise SystemExit("studies were installed")
except ModuleNotFoundError:
    pass
print(len(rows), "scored by", dnalect.__version__)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel of this checkout, made without network."""
    out = tmp_path_factory.mktemp("wheel")
    _run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)], ROOT)
    (made,) = out.glob("*.whl")
    return made


def _run(command: list[str], folder: Path, **environment: str) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV"))}
    told = {"cwd": folder, "env": kept | environment, "capture_output": True, "text": True, "check": False}
    done = subprocess.run(command, timeout=1500, **told)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def _works(python: Path, folder: Path, **environment: str) -> None:
    """Import, version and scores, by an interpreter that doesn't see the repository, in an empty folder."""
    shown = f"dnalect, version {dnalect.__version__}"
    assert _run([str(python), "-m", "dnalect", "--version"], folder, **environment) == shown
    used = _run([str(python), "-c", USED.format(root=str(ROOT))], folder, **environment)
    assert used == f"5 scored by {dnalect.__version__}"
    assert not list(folder.iterdir())


def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    (info,) = {name.split("/")[0] for name in names} - {"dnalect"}
    assert info == f"dnalect-{dnalect.__version__}.dist-info"
    package = ROOT / "src" / "dnalect"
    files = [path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    wanted = {f"dnalect/{path.relative_to(package).as_posix()}" for path in files}
    wanted |= {f"dnalect/configs/{path.relative_to(ROOT / 'configs').as_posix()}" for path in _configs()}
    assert {name for name in names if name.startswith("dnalect/")} == wanted
    assert "dnalect/py.typed" in names
    assert any(re.fullmatch(r"dnalect/models/embedded/duplex-yeast/.+\.safetensors", name) for name in names)


def _configs() -> list[Path]:
    return [path for path in (ROOT / "configs").rglob("*") if path.is_file()]


def test_the_wheel_works_without_the_repository(wheel, tmp_path):
    target, empty = tmp_path / "target", tmp_path / "empty"
    empty.mkdir()
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    _works(Path(sys.executable), empty, PYTHONPATH=str(target))


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_wheel_works_in_an_environment_of_its_own(wheel, tmp_path):
    folder, empty = tmp_path / "own", tmp_path / "empty"
    empty.mkdir()
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    _run([str(python), "-m", "pip", "install", "-q", str(wheel), "-c", str(ROOT / "constraints.txt")], tmp_path)
    assert _run([str(folder / "bin" / "dnalect"), "--version"], empty).endswith(dnalect.__version__)
    _works(python, empty)
