"""How long a scan takes: bases a second, peak memory, and hours for a human genome on this machine.

    python benchmarks/scan.py [--reference genome.fa] [--model duplex-yeast] [--regions chrI] [--repeat 1]

Scans into a temporary folder, Parquet and bigWig both, on the CPU and on a GPU if there is one.
Each scan runs in a process of its own, so that its peak memory is its own.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch

from dnalect.genome.fasta import open_genome
from dnalect.genome.regions import merge, read_regions
from dnalect.jobs.demo.data import REFERENCE

HUMAN = 3.1e9


def bases_of(reference: str, regions: list[str]) -> int:
    genome = open_genome(reference)
    return sum(map(len, merge(read_regions(genome, regions)))) if regions else int(genome.lengths.sum())


def scan(command: list[str], folder: str) -> tuple[float, float]:
    """Run one scan; return its seconds and its peak memory in GB."""
    begun = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"the scan failed with status {process.returncode}")
    return time.perf_counter() - begun, used.ru_maxrss * 1024 / 1e9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reference", default=str(REFERENCE))
    parser.add_argument("--model", default="duplex-yeast")
    parser.add_argument("--regions", action="append", default=[])
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], help="only this one")
    parser.add_argument("--repeat", type=int, default=1)
    given = parser.parse_args()
    bases = bases_of(given.reference, given.regions)
    print(f"{given.model}, {Path(given.reference).name}, {bases:,} bases, {torch.get_num_threads()} threads")
    kinds = [(device, dtype) for device in ("cpu", "cuda") for dtype in ("float32", "bfloat16")]
    for device, dtype in kinds if torch.cuda.is_available() else kinds[:2]:
        if given.dtype not in (None, dtype):
            continue
        for _ in range(given.repeat):
            with tempfile.TemporaryDirectory() as folder:
                command = [sys.executable, "-m", "dnalect", "scan", str(Path(given.reference).resolve())]
                command += ["--model", given.model, "--device", device, "--dtype", dtype, "--quiet"]
                command += [word for region in given.regions for word in ("--regions", region)]
                seconds, memory = scan([*command, "-o", "out.parquet", "-o", "out.bw"], folder)
                size = sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file())
            rate = bases / seconds
            print(
                f"{device}, {dtype}: {seconds:,.0f} s, {rate:,.0f} bases a second, peak memory {memory:.2f} GB, "
                f"{size / bases:.1f} bytes a base; a human genome: {HUMAN / rate / 3600:,.1f} hours",
                flush=True,
            )


if __name__ == "__main__":
    main()
