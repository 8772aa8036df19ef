"""Draw the pictures of the README that show what the shipped models know.

python scripts/pictures.py [--out docs/images]
"""

import argparse
from pathlib import Path

from dnalect.workflows.demo.job import knowledge


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    out: Path = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    genes, learned = knowledge(out / "knows.png")
    print(f"{out / 'knows.png'}: {genes.count} genes, {learned.tested} windows")


if __name__ == "__main__":
    main()
