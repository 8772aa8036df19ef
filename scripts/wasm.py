"""Compile the kernels of the page's engine: kernels.c -> kernels.wasm and kernels-relaxed.wasm beside it.

python scripts/wasm.py [FOLDER]        (`make wasm` installs the compiler first)

The two files are committed, so that nobody needs a compiler to install dnalect; tests/page/test_kernels.py builds
them anew where there is one, and compares the bytes.
"""

import argparse
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src/dnalect/page/engine/kernels.c"
# Relaxed SIMD multiplies and adds in one instruction; browsers that lack it take the other file.
BINARIES = {"kernels.wasm": ["-msimd128"], "kernels-relaxed.wasm": ["-msimd128", "-mrelaxed-simd"]}
FLAGS = "--target=wasm32-freestanding -O3 -ffreestanding -nostdlib -Wall -Wextra -Werror".split()


# Another version may give other bytes.
COMPILER = "0.17.1"


def missing() -> str:
    """Say why the committed bytes can't be made here, "" where they can."""
    try:
        found = version("ziglang")
    except PackageNotFoundError:
        found = "not here"
    return "" if found == COMPILER else f"ziglang {COMPILER} is needed (`make wasm` installs it), and it is {found}"


def build(folder: Path) -> None:
    """Write both binaries into a folder."""
    if why := missing():
        sys.exit(why)
    (place,) = find_spec("ziglang").submodule_search_locations
    headers = Path(place) / "lib/include"
    zig = [sys.executable, "-m", "ziglang"]
    for name, features in BINARIES.items():
        with tempfile.TemporaryDirectory() as scratch:
            made = Path(scratch) / "kernels.o"
            subprocess.run(
                [*zig, "clang", *FLAGS, "-isystem", headers, *features, "-c", SOURCE, "-o", made], check=True
            )
            link = ["--no-entry", "--strip-all", "--export=__heap_base", "-o", folder / name]
            subprocess.run([*zig, "wasm-ld", made, *link], check=True)
        (folder / name).chmod(0o644)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", default=SOURCE.parent)
    build(parser.parse_args().folder)
