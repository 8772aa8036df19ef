"""All rows of `make bench`: what things cost here, as ratios, beside what they should.

    python benchmarks/table.py [--part NAME ...] [--out results/benchmarks/table.tsv]

One thread and processor time, unless a row says otherwise, so that other work disturbs little. Rates of a machine
are those of a bare product of matrices, measured beside. Under twenty minutes on two cores.
"""

import argparse
import sys
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent))

from ratios.backends import backends
from ratios.duplexes import duplexes
from ratios.encoders import encoders
from ratios.masked import masked_models
from ratios.pipeline import pipeline
from ratios.rows import HEADER, Row
from ratios.whole import commands

PARTS = {each.__name__: each for each in (commands, duplexes, masked_models, encoders, pipeline, backends)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", action="append", choices=sorted(PARTS), help="only these")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    torch.set_num_threads(1)
    rows: list[Row] = []
    lines = ["\t".join(HEADER)]
    print(lines[0], flush=True)
    for name in given.part or PARTS:
        begun = time.perf_counter()
        for row in PARTS[name]():
            rows.append(row)
            lines.append("\t".join(row.cells))
            print(lines[-1], flush=True)
        print(f"{name}: {time.perf_counter() - begun:.0f} s", file=sys.stderr, flush=True)
    told = [row for row in rows if row.met]
    print(f"{sum(row.met == 'yes' for row in told)} of {len(told)} targets are met", file=sys.stderr)
    if given.out:
        given.out.parent.mkdir(parents=True, exist_ok=True)
        given.out.write_text(f"# torch {torch.__version__}, one thread\n" + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
