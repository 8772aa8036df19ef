"""Write the golden outputs anew: `python tests/golden/make.py`, or of some cases `python tests/golden/make.py NAME...`.

Prints what changed. Texts that are the same but for the last digit of numbers stay as they are. `--check` writes
nothing; `--fast` leaves the slow cases out; `--time` says what each case costs in processor time.
"""

import os
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from golden.cases import CASES
from golden.keep import compare, keep, stored
from golden.toys import make_inputs

HERE = Path(__file__).parent


def _spent() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def main(words: list[str]) -> int:
    """Return 1 if anything changed with --check."""
    if unknown := {word for word in words if word.startswith("--")} - {"--check", "--fast", "--time"}:
        sys.exit(f"there is no option {', '.join(sorted(unknown))}")
    check, timed = "--check" in words, "--time" in words
    names = [word for word in words if not word.startswith("--")]
    if unknown := set(names) - {case.name for case in CASES}:
        sys.exit(f"there is no case {', '.join(sorted(unknown))}")
    changed = 0
    with tempfile.TemporaryDirectory() as scratch:
        inputs = make_inputs(Path(scratch) / "inputs")
        for case in CASES:
            if (names and case.name not in names) or (case.slow and "--fast" in words):
                continue
            before = _spent()
            found = keep(case, inputs, Path(scratch) / case.name)
            if timed:
                print(f"{_spent() - before:7.2f} s  {case.name}", flush=True)
            told = compare(stored(HERE / case.name), found)
            if told:
                changed += 1
                print(f"== {case.name}: {case.about}\n" + "\n".join(told), flush=True)
                if "exit status escaped" in found["log.txt"]:
                    print(f"{case.name} ends in a traceback: it is not written")
                elif not check:
                    shutil.rmtree(HERE / case.name, ignore_errors=True)
                    for name, text in found.items():
                        path = HERE / case.name / name
                        path.parent.mkdir(parents=True, exist_ok=True)
                        path.write_text(text, encoding="utf-8")
            shutil.rmtree(Path(scratch) / case.name)
        if not names:
            for path in HERE.iterdir():
                if path.is_dir() and path.name not in {*(case.name for case in CASES), "__pycache__"}:
                    changed += 1
                    print(f"== {path.name}: there is no such case any more")
                    if not check:
                        shutil.rmtree(path)
    print(f"{changed} cases {'differ' if check else 'were written anew'}")
    return int(check and changed > 0)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main(sys.argv[1:]))
