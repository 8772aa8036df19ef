"""What an engine costs beside the same run in one process: two workers of one thread, by processor time.

    python benchmarks/engines.py [--records 20000] [--workers 2] [--out results/benchmarks/engines.tsv]

Scores random SNVs of the demo's chromosome with duplex-yeast, once in this process and once with --engine ray, and
compares the bytes. Pieces are cut to about a second each, as if the file were long. Processor time is that of all
processes of the run, from the moment when every worker has its model to the last record; "busy" is the share of that
time in which a worker computed. Efficiency is processor time without over processor time with the engine, times busy:
on idle cores it is the wall time that one worker would take over what the workers take together. Other work on the
machine disturbs it little, as waiting for a core counts as busy.
"""

import argparse
import os
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from dnalect.core import ray_pool
from dnalect.core.ray_pool import RayPool
from dnalect.genome.fasta import open_genome
from dnalect.jobs import parts, scoring
from dnalect.jobs.demo.data import DATA, REFERENCE
from dnalect.jobs.score import run, score_file
from dnalect.jobs.score_options import Options
from dnalect.jobs.scoring import Scoring

HEADER = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
COLUMNS = ("what", "value")
# Multiply-adds of a piece.
PIECE = 50_000_000_000
TICK = os.sysconf("SC_CLK_TCK")


def snvs(path: Path, reference: Path, count: int) -> Path:
    """Write random SNVs in the order of the genome."""
    genome, rng, lines = open_genome(reference), np.random.default_rng(1), []
    for place in np.sort(rng.choice(len(genome.bases), count, replace=False)).tolist():
        ref = genome.fetch(0, place, place + 1).tobytes().decode().upper()
        if ref in "ACGT":
            lines.append(f"{genome.names[0]}\t{place + 1}\t.\t{ref}\t{'ACGT'['ACGT'.index(ref) - 1]}\t.\t.\t.\n")
    path.write_text(HEADER + "".join(lines))
    return path


def processor() -> dict[int, tuple[str, float]]:
    """Processor seconds of this process and of all below it: number -> (name, seconds)."""
    parents, found = {}, {}
    for each in Path("/proc").glob("[0-9]*"):
        try:
            told = (each / "stat").read_text().rpartition(")")[2].split()
            name = (each / "cmdline").read_bytes().split(b"\0")[0].decode()
        except OSError:
            continue
        parents[int(each.name)] = int(told[1])
        found[int(each.name)] = (name, (int(told[11]) + int(told[12])) / TICK)

    def mine(number: int) -> bool:
        while number not in (os.getpid(), 0, 1):
            number = parents.get(number, 0)
        return number == os.getpid()

    return {number: told for number, told in found.items() if mine(number)}


class Watch:
    """Follows a run with an engine: processor time from when all workers are up, and how long each had work."""

    def __init__(self) -> None:
        self.begun: dict[int, tuple[str, float]] = {}
        self.ended: dict[int, tuple[str, float]] = {}
        self.since = self.until = self.idle = 0.0
        self.open = True

    def follow(self) -> None:
        """Sample, as processes that have ended tell nothing more."""
        while self.open:
            self.ended |= processor()
            self.until = time.monotonic()
            time.sleep(2)

    def spent(self) -> dict[str, float]:
        """Processor seconds of the workers, of this process, and of all else."""
        found = {"workers": 0.0, "here": 0.0, "ray": 0.0}
        for number, (name, seconds) in self.ended.items():
            whose = "workers" if name.startswith("ray::Actor") else "here" if number == os.getpid() else "ray"
            found[whose] += seconds - self.begun.get(number, ("", 0.0))[1]
        return found


def with_engine(options: Options, workers: int) -> Watch:
    """Score with workers, and watch them; all are up before the first piece is handed out."""
    watch, feed, take = Watch(), RayPool._feed, RayPool._take
    empty: dict[int, float] = {}

    def fed(pool: RayPool) -> None:
        if not watch.since and sum(seat.ready for seat in pool._seats) < workers:
            return
        if not watch.since:
            watch.begun, watch.since = processor(), time.monotonic()
        feed(pool)
        for seat in pool._seats:
            if seat.hand and (since := empty.pop(id(seat), None)) is not None:
                watch.idle += time.monotonic() - since

    def taken(pool: RayPool, ref: object) -> None:
        take(pool, ref)
        for seat in pool._seats:
            if watch.since and not seat.hand:
                empty.setdefault(id(seat), time.monotonic())

    RayPool._feed, RayPool._take = fed, taken  # type: ignore[method-assign]
    threading.Thread(target=watch.follow, daemon=True).start()
    close: Callable[[RayPool], None] = RayPool.close

    def closed(pool: RayPool) -> None:
        watch.ended |= processor()
        watch.until, watch.open = time.monotonic(), False
        watch.idle += sum(watch.until - since for since in empty.values())
        close(pool)

    RayPool.close = closed  # type: ignore[method-assign]
    score_file(options)
    return watch


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    scoring.FIRST, scoring.MOST, parts.MOST = PIECE // 10, PIECE, PIECE
    ray_pool.LOOK = 0.2
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["DNALECT_CACHE"] = str(folder / "cache")
        few, many = (
            snvs(folder / "few.vcf", DATA / REFERENCE, 200),
            snvs(folder / "in.vcf", DATA / REFERENCE, asked.records),
        )

        def options(variants: Path, out: str, **more: object) -> Options:
            told = {"background": 0, "provenance": False, "threads": 1, "device": "cpu"} | more
            return Options(str(DATA / REFERENCE), str(variants), (str(folder / out),), "duplex-yeast", **told)  # type: ignore[arg-type]

        score_file(options(few, "few.vcf.gz"))
        job = Scoring(options(many, "here.vcf"))
        begun, wall = time.process_time(), time.monotonic()
        run(job, [str(folder / "here.vcf")])
        alone, wall = time.process_time() - begun, time.monotonic() - wall
        watch = with_engine(options(many, "there.vcf", engine="ray", workers=asked.workers), asked.workers)
        same = (folder / "here.vcf").read_bytes() == (folder / "there.vcf").read_bytes()
    lasted = watch.until - watch.since
    busy = 1 - watch.idle / (asked.workers * lasted)
    spent = watch.spent()
    rows = [
        ("SNVs", f"{asked.records:,}"),
        ("same bytes", "yes" if same else "NO"),
        ("processor s without an engine", f"{alone:.1f}"),
        (f"processor s of {asked.workers} workers", f"{spent['workers']:.1f}"),
        ("processor s of the process that asks", f"{spent['here']:.1f}"),
        ("processor s of Ray's own processes", f"{spent['ray']:.1f}"),
        ("share of time with work in hand", f"{busy:.3f}"),
        ("efficiency", f"{alone / sum(spent.values()) * busy:.3f}"),
        ("wall s without, for what it is worth", f"{wall:.1f}"),
        ("wall s with, without its start", f"{lasted:.1f}"),
        ("other work on the machine (load average)", f"{os.getloadavg()[0]:.1f}"),
    ]
    text = "\n".join("\t".join(row) for row in [COLUMNS, *rows]) + "\n"
    print(text, end="")
    if asked.out:
        asked.out.parent.mkdir(parents=True, exist_ok=True)
        asked.out.write_text(text)


if __name__ == "__main__":
    main()
