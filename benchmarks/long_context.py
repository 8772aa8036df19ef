"""Time and memory against length, 1 kb to 1 Mb: attention, Hyena and state spaces of equal size, on one core.

    python benchmarks/long_context.py [--widths 128] [--lengths 1024 4096 ...] [--limit 60] [--memory 6]

Stacks without gradients, each with about as many parameters as two layers of attention and feed-forward. 1,024 bases
are read eight windows at a time, as scoring does, longer windows alone. It is processor time, so that other work on the
machine does not count. What would take longer than LIMIT seconds a window, told by the length before it, is left out,
and what takes more than MEMORY GB. Writes results/benchmarks/long-context.tsv and docs/images/long-context.png; what
is in the table already is kept.
"""

import argparse
import resource
import subprocess
import sys
import time
from pathlib import Path

import torch
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, ScalarFormatter

from dnalect.core.tables import write_tsv
from dnalect.models import memory
from dnalect.models.layers.sizes import Sizes
from dnalect.models.recognise import FAMILIES
from dnalect.report.plots import COLOURS, clean, save

ROOT = Path(__file__).parents[1]
TABLE, PICTURE = ROOT / "results/benchmarks/long-context.tsv", ROOT / "docs/images/long-context.png"
HEAD, WIDTHS, TOKENS = 64, (128, 256), 8192
LENGTHS = tuple(1 << power for power in (10, 12, 14, 16, 18, 20))
COLUMNS = ("width", "stack", "length", "parameters", "seconds", "megabytes", "estimate")
# Kind -> its family, and its sizes in widths and heads.
KINDS = {
    "attention": "nucleotide_transformer",
    "causal attention": "decoder",
    "Hyena": "hyenadna",
    "Mamba": "mamba",
    "Mamba 2": "mamba",
    "Mamba, both directions": "caduceus",
}


def config_of(kind: str, width: int, length: int) -> Sizes:
    """Return the sizes of a kind."""
    family, heads = FAMILIES[KINDS[kind]], width // HEAD
    sizes = {"vocabulary": 16, "width": width, "longest": max(length, 1026)}
    if kind == "attention":
        more = {"version": 2, "layers": 2, "heads": heads, "hidden": 8 * width // 3, "vocabulary": 9}
    elif kind == "causal attention":
        more = {"layers": 2, "heads": heads, "groups": heads, "head": HEAD, "hidden": 8 * width // 3}
    elif kind == "Hyena":
        more = {"layers": 2, "hidden": 4 * width}
    elif kind == "Mamba 2":
        more = {"version": 2, "layers": 4, "hidden": 2 * width, "heads": 2 * heads, "memory": 64, "rank": 1}
    else:
        more = {"layers": 4, "hidden": 2 * width, "rank": width // 16}
    if kind == "Mamba, both directions":
        more["both"] = False
    config: Sizes = family.config(**sizes | more)
    return config


def estimate(kind: str, width: int, length: int) -> float:
    """Return the megabytes that dnalect tells beforehand."""
    return 1000 * memory.reading(config_of(kind, width, length), max(TOKENS, length), 4)


def measure(kind: str, width: int, length: int) -> tuple[int, float, float, float]:
    """Return parameters, processor seconds of a window, and megabytes beside the weights: as measured, and as told."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    net, rows = FAMILIES[KINDS[kind]].build(config_of(kind, width, length)).eval(), max(1, TOKENS // length)
    ids = torch.randint(4, 8, (rows, length))
    mask = torch.ones(rows, length, dtype=torch.bool)
    with torch.inference_mode():
        # What a process needs for the first time.
        net.logits(net(ids[:1, :64], mask[:1, :64]).last)
        before, start = _peak(), time.process_time()
        net.logits(net(ids, mask).last)
        seconds = (time.process_time() - start) / rows
    peak = _peak() - before
    parameters = sum(each.numel() for name, each in net.named_parameters() if not name.endswith(("places", "share")))
    return parameters, seconds, peak, estimate(kind, width, length)


def _peak() -> float:
    """The most megabytes that this process had. ru_maxrss begins with what the process had that started it."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().split("VmHWM:")[1].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1 << 20)


def main() -> None:
    """Measure what the table lacks; every number comes from a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--widths", type=int, nargs="+", default=WIDTHS)
    parser.add_argument("--lengths", type=int, nargs="+", default=LENGTHS)
    parser.add_argument("--kinds", nargs="+", default=list(KINDS))
    parser.add_argument("--limit", type=float, default=60.0, help="processor seconds a window")
    parser.add_argument("--memory", type=float, default=6.0, help="GB")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        kind, width, length = given.one
        print(*measure(kind, int(width), int(length)))
        return
    found = table() if TABLE.exists() else {}
    for length in given.lengths:
        for width, kind in [(width, kind) for width in given.widths for kind in given.kinds]:
            if (width, kind, length) in found or _too_long(found, width, kind, length, given.limit):
                continue
            if done := _apart(kind, width, length, given.memory):
                found[width, kind, length] = done
                print(width, kind, f"{length:,}", *(f"{each:,.3g}" for each in done), sep="\t", flush=True)
                write(found)
    write(found)
    picture(found, PICTURE)


def write(found: dict[tuple[int, str, int], list[float]]) -> None:
    """Write the table."""
    rows = [(*map(str, key), *(f"{each:.6g}" for each in found[key])) for key in sorted(found)]
    write_tsv(TABLE, [COLUMNS, *rows])


def table() -> dict[tuple[int, str, int], list[float]]:
    """Return what was measured: width, stack and length -> the other columns."""
    rows = [line.split("\t") for line in TABLE.read_text().splitlines()[1:]]
    keys = [(int(width), kind, int(length)) for width, kind, length, *_ in rows]
    return {
        key: [*map(float, row[3:-1]), estimate(key[1], key[0], key[2])] for key, row in zip(keys, rows, strict=True)
    }


def _too_long(found: dict[tuple[int, str, int], list[float]], width: int, kind: str, length: int, limit: float) -> bool:
    """Whether a window would take longer than the limit, or than anything that was left out before it."""
    before = [key for key in found if key[:2] == (width, kind)]
    if not before:
        return length > TOKENS
    longest = max(before, key=lambda key: key[2])
    growth = (length / longest[2]) ** (2 if kind.endswith("attention") and longest[2] > TOKENS else 1)
    return found[longest][1] * growth > limit or length > 4 * longest[2]


def _apart(kind: str, width: int, length: int, most: float) -> list[float] | None:
    """Measure in a process of its own. None where its memory ends."""

    def bounded() -> None:
        size = int((most + 2) * 1e9)
        resource.setrlimit(resource.RLIMIT_AS, (size, size))

    command = [sys.executable, __file__, "--one", kind, str(width), str(length)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, preexec_fn=bounded)
    if done.returncode:
        print(f"{width}\t{kind}\t{length:,}\tleft out: {done.stderr.strip().splitlines()[-1][:80]}", flush=True)
        return None
    return [*map(float, done.stdout.split())]


def picture(found: dict[tuple[int, str, int], list[float]], path: Path) -> None:
    """Draw seconds for a thousand bases, and megabytes, against the length, a panel each, for the smaller width."""
    width = min(key[0] for key in found)

    def draw(figure: Figure) -> None:
        panels = figure.subplots(1, 2)
        asked = [(1, "ms of one core a 1,000 bases", 1_000), (2, "MB beside the weights", 10_000)]
        for axes, (column, label, most) in zip(panels, asked, strict=True):
            for kind, colour in zip(KINDS, COLOURS, strict=False):
                points = sorted((key[2], each[column]) for key, each in found.items() if key[:2] == (width, kind))
                lengths = [length for length, _ in points]
                values = [1e6 * value / length if column == 1 else value for length, value in points]
                axes.plot(lengths, values, "o-", color=colour, label=kind, markersize=4)
            axes.set_xscale("log", base=2)
            axes.set_yscale("log")
            seen = sorted({key[2] for key in found})
            axes.set_xticks(seen, [f"{length / 1000:.0f} kb" if length < 10**6 else "1 Mb" for length in seen])
            ticks = (20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)
            axes.set_yticks([tick for tick in ticks if most / 500 <= tick <= most])
            axes.yaxis.set_major_formatter(ScalarFormatter())
            axes.yaxis.set_minor_formatter(NullFormatter())
            axes.set_xlabel("length of a window")
            axes.set_ylabel(label)
            clean(axes)
        panels[0].legend(frameon=False, fontsize=8, loc="upper left")

    save(path, 10, 4, draw)


if __name__ == "__main__":
    main()
