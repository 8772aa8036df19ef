"""Run the commands of a case, and write down what they said and made as small normalised texts.

Dates, durations, paths, versions and unknown checksums become words such as <date>. Decimal numbers are rounded
to 4 significant digits and at most 4 decimals (`digits` of a case says otherwise). Two numbers are the same
when they differ by no more than one unit of the last digit that is kept, as other processors round otherwise.
"""

import hashlib
import importlib.metadata
import io
import os
import random
import runpy
import shlex
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import unified_diff
from pathlib import Path
from types import ModuleType

import dnalect
from golden import texts
from golden.cases import Case
from golden.toys import HERE, ROOT

# torch's own seed at the start of a process.
TORCH_SEED = 67280421310721


@contextmanager
def _streams(stdin: bytes, folder: Path) -> Iterator[tuple[Path, Path]]:
    """Standard input, output and error are files, for C libraries and child processes too."""
    paths = [folder / name for name in ("in", "out", "err")]
    paths[0].write_bytes(stdin)
    before, kept = (sys.stdin, sys.stdout, sys.stderr), [os.dup(number) for number in (0, 1, 2)]
    sys.stdout.flush()
    sys.stderr.flush()
    for number, path in enumerate(paths):
        flags = os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND
        opened = os.open(path, flags)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = io.TextIOWrapper(io.FileIO(0, closefd=False), encoding="utf-8")
    for name, number in (("stdout", 1), ("stderr", 2)):
        writer = io.BufferedWriter(io.FileIO(number, "w", closefd=False))
        setattr(sys, name, io.TextIOWrapper(writer, encoding="utf-8", errors="backslashreplace"))
    try:
        yield paths[1], paths[2]
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        sys.stdin, sys.stdout, sys.stderr = before
        for number, was in enumerate(kept):
            os.dup2(was, number)
            os.close(was)


@contextmanager
def _surroundings(work: Path, cache: Path) -> Iterator[None]:
    """The folder, the environment and the command line of a run, and all as it was at its end."""
    import signal

    was, argv, cwd, path = dict(os.environ), sys.argv, Path.cwd(), list(sys.path)
    handler = signal.getsignal(signal.SIGTERM)
    more = {"DNALECT_CACHE": str(cache), "HF_HUB_OFFLINE": "1", "COLUMNS": "100", "LC_ALL": "C.UTF-8", "NO_COLOR": "1"}
    os.environ.update(more)
    os.chdir(work)
    sys.path.insert(0, str(ROOT))
    random.seed(0)
    if torch := sys.modules.get("torch"):
        torch.manual_seed(TORCH_SEED)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            yield
    finally:
        os.chdir(cwd)
        os.environ.clear()
        os.environ.update(was)
        sys.argv, sys.path[:] = argv, path
        signal.signal(signal.SIGTERM, handler)


@contextmanager
def _main_module(package: str | None) -> Iterator[None]:
    """A main module as a program of its own has it: click makes the name in its messages of it."""
    before, module = sys.modules["__main__"], ModuleType("__main__")
    module.__package__ = package
    sys.modules["__main__"] = module
    try:
        yield
    finally:
        sys.modules["__main__"] = before


def run(words: list[str], work: Path, cache: Path, stdin: bytes = b"") -> tuple[str, bytes, bytes]:
    """Run `dnalect words`, `python -m studies ...` or `python FILE` of this folder; return status, stdout, stderr.

    The status is what escaped where something did.
    """
    studies, python = words[:1] == ["studies"], words[:1] == ["python"]
    with tempfile.TemporaryDirectory() as name, _surroundings(work, cache):
        with _streams(stdin, Path(name)) as (out, err):
            sys.argv = [str(ROOT / "studies" / "__main__.py"), *words[1:]] if studies else ["dnalect", *words]
            try:
                with _main_module("studies" if studies else None):
                    if python:
                        runpy.run_path(str(HERE / words[1]), run_name="__main__")
                    else:
                        package = "studies" if studies else "dnalect"
                        sys.modules.pop(f"{package}.__main__", None)  # runpy warns where a test has imported it
                        runpy.run_module(package, run_name="__main__")
                status = "0"
            except SystemExit as stop:
                status = str(stop.code or 0)
            except BaseException as escaped:  # a traceback for the user
                status = f"escaped: {type(escaped).__name__}: {escaped}"
        return status, out.read_bytes(), err.read_bytes()


def _digests(folder: Path, digests: dict[str, str]) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            found = hashlib.sha256(path.read_bytes()).hexdigest()
            digests.setdefault(found, f"<sha256 of {path.relative_to(folder)}>")


class Kept:
    """The texts of one case. scratch: an empty folder."""

    def __init__(self, case: Case, inputs: Path, scratch: Path):
        self.case, self.work, self.cache = case, scratch / "work", scratch / "cache"
        self.work.mkdir(parents=True)
        self.digests: dict[str, str] = {}
        for name in case.inputs:
            source, target = inputs / name, self.work / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if name in ("demo", "data"):
                target.symlink_to(source.resolve())
            elif source.is_dir():
                shutil.copytree(source, target)
            else:
                shutil.copy(source, target)
        for name, text in case.files.items():
            (self.work / name).parent.mkdir(parents=True, exist_ok=True)
            (self.work / name).write_text(text)
        _digests(self.work, self.digests)
        self.before = self._now()
        replaced = {
            self.work: "<work>",
            self.cache: "<cache>",
            inputs: "<inputs>",
            Path(dnalect.__file__).parent: "<dnalect>",
            ROOT: "<repository>",
            Path(tempfile.gettempdir()): "<tmp>",
        }
        self.rules = texts.Rules(
            {str(path): word for path, word in replaced.items()}
            | {str(path.resolve()): word for path, word in replaced.items()},
            self.digests,
            {dnalect.__version__, importlib.metadata.version("dnalect")},
            case.digits,
        )

    def _now(self) -> dict[str, tuple[int, int]]:
        found = {}
        for path in self.work.rglob("*"):
            if path.is_file() and path.suffix != ".lock":
                state = path.stat()
                found[str(path.relative_to(self.work))] = (state.st_size, state.st_mtime_ns)
        return found

    def texts(self) -> dict[str, str]:
        """Run the commands and return file name -> text: log.txt, and one for each file that was written."""
        log, stdin = [], b""
        for line in self.case.commands:
            words = shlex.split(line)
            if words[:1] == ["<"]:
                stdin = (self.work / words[1]).read_bytes()
                words = words[2:]
                log.append(f"$ dnalect {shlex.join(words)} < {line.split()[1]}\n")
            else:
                program = {"studies": "python -m ", "python": ""}.get((words or [""])[0], "dnalect ")
                log.append(f"$ {program}{line}\n")
            status, out, err = run(words, self.work, self.cache, stdin)
            if status != str(self.case.status):
                print(f"{self.case.name}: exit status {status}", err.decode(errors="replace"), file=sys.stderr)
            log.append(f"exit status {self.rules(status)}\n")
            for name, data in (("stdout", out), ("stderr", err)):
                told = self.rules(texts.without_progress(data))
                log.append("".join(f"{name}| {each}\n" for each in told.splitlines()))
        found = {"log.txt": "".join(log)}
        for name, state in sorted(self._now().items()):
            if self.before.get(name) != state:
                found[f"{name}.txt"] = texts.describe(self.work / name, self.rules)
        return found


def keep(case: Case, inputs: Path, scratch: Path) -> dict[str, str]:
    """Return the texts of a case."""
    return Kept(case, inputs, scratch).texts()


def differences(name: str, expected: str, found: str, unit: float = 1.0) -> str:
    """Return a short readable diff, empty where the two are the same."""
    if expected == found or texts.same(expected, found, unit):
        return ""
    old, new = expected.splitlines(), found.splitlines()
    if len(old) == len(new):  # leave out the lines in which only the last digit moved
        new = [a if texts.same(a, b, unit) else b for a, b in zip(old, new, strict=True)]
    lines = [line[:400] for line in unified_diff(old, new, f"{name} expected", f"{name} found", lineterm="", n=1)]
    more = [f"... {len(lines) - 40} more lines of the diff"] if len(lines) > 40 else []
    return "\n".join([*lines[:40], *more])


def stored(folder: Path) -> dict[str, str]:
    """The expected texts of a case."""
    return {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def compare(expected: dict[str, str], found: dict[str, str]) -> list[str]:
    """Return a paragraph for each text that differs."""
    told = [f"{name} is not written any more" for name in sorted(expected.keys() - found.keys())]
    told += [f"{name} is new:\n{found[name][:1000]}" for name in sorted(found.keys() - expected.keys())]
    diffs = (differences(name, expected[name], found[name]) for name in sorted(expected.keys() & found.keys()))
    return told + [each for each in diffs if each]
