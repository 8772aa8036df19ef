"""From finished chunks to outputs, which appear under their names whole and all at once."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pyarrow as pa

from dnalect.core.errors import OutputError
from dnalect.core.files import check_outputs, check_parent, sync
from dnalect.core.reporter import track
from dnalect.inference.precomputed import MANIFEST
from dnalect.jobs.scan.chunks import ChunkFolder
from dnalect.jobs.scan.outputs import Piece, open_output

STAGED = "assembled"


def check_paths(paths: Sequence[Path], inputs: Sequence[object]) -> None:
    """Raise OutputError for a path that can't be written, is named twice, or holds an input."""
    folders = [path for path in paths if path.suffix == ".parquet"]
    for path in folders:
        _check_folder(path)
        if paths.count(path) > 1:
            raise OutputError(f"{path} is named twice as an output")
    check_outputs([path for path in paths if path not in folders], inputs, folders)


def _check_folder(path: Path) -> None:
    check_parent(path)
    if path.exists() and not path.is_dir():
        raise OutputError(f"{path} is a file, and a scan makes a folder; delete it, or give another name")
    if path.is_dir() and not (path / MANIFEST).exists() and any(path.iterdir()):
        raise OutputError(f"{path} is a folder that dnalect scan did not make; give another name")


def assemble(folder: ChunkFolder, paths: Sequence[Path], facts: dict[str, str]) -> None:
    """Write the outputs from the chunks, in order, and put them in place. Raises OutputError."""
    plan = folder.plan
    with _errors(paths), ExitStack() as stack:
        work = folder.path / STAGED
        staged = [stack.enter_context(_staging(path, work / str(n))) / path.name for n, path in enumerate(paths)]
        outputs = []
        for path in staged:
            outputs.append(open_output(path, plan, facts))
            stack.callback(outputs[-1].close)
        for chunk in track(plan.chunks, "writing", "chunks"):
            piece = Piece(chunk, plan.genome, folder.read(chunk))
            for output in outputs:
                output.add(piece)
        for output, path in zip(outputs, staged, strict=True):
            output.finish()
            output.close()
            sync(path)
        for new, path in zip(staged, paths, strict=True):
            _place(new, path)


@contextmanager
def _errors(paths: Sequence[Path]) -> Iterator[None]:
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        names = ", ".join(map(str, paths))
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise OutputError(f"cannot write {names}: {reason}; the finished chunks are kept") from error


@contextmanager
def _staging(path: Path, work: Path) -> Iterator[Path]:
    """Yield an empty folder on the file system of `path`: `work` if it can be, so that no kill leaves litter."""
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    made = work
    if path.parent.stat().st_dev != work.stat().st_dev:
        made = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _place(new: Path, path: Path) -> None:
    """Rename; a folder that is in the way is moved aside for that moment."""
    if not path.is_dir():
        os.replace(new, path)
        return
    aside = new.with_name(f"{new.name}.old")
    os.rename(path, aside)
    try:
        os.rename(new, path)
    except OSError:
        os.rename(aside, path)
        raise
    shutil.rmtree(aside)
