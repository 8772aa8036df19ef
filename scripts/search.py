"""Try choices of the duplex network, one at a time, at the same number of bases; table and plot.

python scripts/search.py --data DATA --out runs/search [--steps 200] [--workers 2] [--only NAME ...]

Every trial is an ordinary pretraining run (it can be resumed) on the yeast training contigs, judged
on the same 300 kb of chrXIII with its whole context, never on chrXIV. The table goes to
results/search/runs.tsv, one line a trial, with what differs from the base, and is drawn beside it
(--draw draws it again). A finished trial is not run again.
"""

import argparse
import csv
import json
import os
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure

import dnalect
from dnalect.core.files import write_text
from dnalect.genome.fasta import open_genome
from dnalect.inference.tiles import tiled_log_probs
from dnalect.jobs.pretrain import pretrain_config
from dnalect.report import plots
from dnalect.tokens.bases import encode
from dnalect.training.config import PretrainConfig, read_config

ROOT = Path(__file__).parents[1]
BASE = ROOT / "configs/duplex-yeast-first.toml"
FUNGI = ROOT / "configs/duplex-fungi.toml"
JUDGED = ("chrXIII", 300_000, 600_000)
# name -> (table, field, value); several choices together are several triples.
TRIALS: dict[str, list[tuple[str, str, object]]] = {
    "base": [],
    "another seed": [("", "seed", 2)],
    "adamw": [("optim", "optimizer", "adamw")],
    "muon 0.04": [("optim", "muon_rate", 0.04)],
    "batch 8, twice the steps": [("optim", "batch", 8)],
    "batch 8, muon 0.04": [("optim", "batch", 8), ("optim", "muon_rate", 0.04)],
    "dropout 0.1": [("model", "dropout", 0.1)],
    "average 0.99": [("optim", "average", 0.99)],
    "width 96": [("model", "width", 96)],
    "width 192": [("model", "width", 192)],
    "kernel 4": [("model", "kernel", 4)],
    "kernel 9": [("model", "kernel", 9)],
    "expansion 4": [("model", "expansion", 4)],
    "5 blocks, reach 156": [("model", "dilations", (1, 2, 4, 8, 16))],
    "8 blocks, reach 1276": [("model", "dilations", (1, 2, 4, 8, 16, 32, 64, 128))],
    "8 blocks, reach 1276, window 2048": [
        ("model", "dilations", (1, 2, 4, 8, 16, 32, 64, 128)),
        ("data", "window", 2048),
        ("optim", "batch", 4),
    ],
    "join by products": [("model", "join", "product")],
    "window 2048": [("data", "window", 2048), ("optim", "batch", 4)],
    "repeats at 0.2": [("data", "repeat_weight", 0.2)],
    "half of it other fungi": [("data", "genomes", "fungi")],
}


def configured(name: str, steps: int, precision: str) -> PretrainConfig:
    """Return the base with the choices of a trial, at as many bases as the base sees in `steps`."""
    base = read_config(BASE)
    optim = replace(base.optim, steps=steps, save_every=50, precision=precision)
    config = replace(base, name=name, optim=optim)
    for table, field, value in TRIALS[name]:
        if value == "fungi":
            value = read_config(FUNGI).data.genomes
        change = replace(getattr(config, table), **{field: value}) if table else value
        config = replace(config, **{table or field: change})
    bases = steps * base.optim.batch * base.data.window
    steps = bases // (config.optim.batch * config.data.window)
    return replace(config, optim=replace(config.optim, steps=steps, check_every=max(1, steps // 10)))


def judged_bits(folder: Path | str, data: Path) -> float:
    """Bits per base of a trial on the part of chrXIII that judges all of them."""
    genome = open_genome(data / "genomes/yeast_S288C.fa.gz")
    contig, start, end = JUDGED
    model = dnalect.load(folder)
    low, high = start - model.can.reach, end + model.can.reach
    codes = encode(genome.fetch(genome.index[contig], low, high))
    log_probs = tiled_log_probs(model, codes)[model.can.reach : -model.can.reach]
    truth = codes[model.can.reach : -model.can.reach]
    return float(-log_probs[np.arange(len(truth)), truth].mean() / np.log(2))


def trial(name: str, options: argparse.Namespace) -> dict[str, object]:
    """Run one trial unless it was run before; return its row of the table."""
    folder = folder_of(name, options.out)
    if not (folder / "card.json").exists():
        config = configured(name, options.steps, options.precision)
        pretrain_config(config, options.data, folder, options.device)
    if not (folder / "judged.json").exists():
        write_text(folder / "judged.json", json.dumps(judged_bits(folder, options.data)))
    card = json.loads((folder / "card.json").read_text())
    last = json.loads((folder / "log.jsonl").read_text().splitlines()[-1])
    return {
        "trial": name,
        "parameters": card["parameters"],
        "reach": card["window"] // 2 - 4,
        "steps": last["step"],
        "minutes": round(last["seconds"] / 60, 1),
        "train_bits": round(last["train_bits"], 4),
        "XIII_bits": round(json.loads((folder / "judged.json").read_text()), 4),
    }


def folder_of(name: str, out: Path) -> Path:
    return out / name.replace(" ", "-").replace(",", "")


def draw(table: Path, out: Path) -> None:
    """Draw the trials of a table, the best first, with what they took beside them."""
    with table.open(encoding="utf-8") as lines:
        rows = sorted(csv.DictReader(lines, delimiter="\t"), key=lambda row: float(row["XIII_bits"]))
    bits = {row["trial"]: float(row["XIII_bits"]) for row in rows}

    def paint(figure: Figure) -> None:
        axes, beside = figure.subplots(1, 2, sharey=True, width_ratios=(3.2, 1))
        plots.clean(axes)
        beside.set_axis_off()
        axes.axvline(bits["base"], color=plots.INK, lw=0.8, ls=(0, (4, 3)))
        for at, row in enumerate(rows):
            colour = plots.MODEL if row["trial"] == "base" else plots.RIVAL
            axes.plot([bits["base"], bits[row["trial"]]], [at, at], color=colour, lw=2, solid_capstyle="round")
            axes.plot(bits[row["trial"]], at, "o", color=colour, ms=5)
            cells = (f"{bits[row['trial']]:.4f}", f"{int(row['parameters']) / 1e6:.2f} M", row["minutes"])
            for place, text in enumerate(cells):
                beside.text(place, at, text, va="center", ha="right", fontsize=8, color=plots.INK)
        for place, title in enumerate(("bits", "weights", "minutes")):
            beside.text(place, -0.9, title, va="center", ha="right", fontsize=8, color=plots.RIVAL)
        beside.set_xlim(-0.7, 2.1)
        axes.set_yticks(range(len(rows)), [row["trial"] for row in rows])
        axes.set_ylim(len(rows) - 0.4, -1.4)
        axes.grid(axis="x", color=plots.LINE, lw=0.5)
        axes.set_xlabel("bits a base on 300 kb of chrXIII (lower is better)", fontsize=9, color=plots.INK)

    plots.save(out, 8.4, 0.9 + 0.25 * len(rows), paint)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--out", type=Path, default=Path("runs/search"))
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--workers", type=int, default=1, help="trials at a time, one thread each if several")
    parser.add_argument("--precision", default="bf16", choices=["fp32", "bf16"])
    parser.add_argument("--only", nargs="*", choices=list(TRIALS), default=list(TRIALS))
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--judge", nargs="+", help="print the bits of these models on the judged bases, train nothing")
    parser.add_argument("--draw", action="store_true", help="draw the table that is there, train nothing")
    options = parser.parse_args()
    results = ROOT / "results/search"
    if options.draw:
        draw(results / "runs.tsv", results / "runs.png")
        return
    if options.data is None:
        parser.error("--data is needed, unless --draw is given")
    for name in options.judge or ():
        print(f"{name}\t{judged_bits(name, options.data):.4f}", flush=True)
    if options.judge:
        return
    results.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, object]] = []
    threads = torch.get_num_threads() if options.workers == 1 else (os.cpu_count() or 1) // options.workers or 1
    with ProcessPoolExecutor(
        options.workers, get_context("spawn"), initializer=partial(torch.set_num_threads, threads)
    ) as pool:
        for done in as_completed([pool.submit(trial, name, options) for name in options.only]):
            rows.append(done.result())
            print("\t".join(str(value) for value in rows[-1].values()), flush=True)
            rows.sort(key=lambda row: row["XIII_bits"])
            text = ["\t".join(rows[0]), *("\t".join(str(value) for value in row.values()) for row in rows)]
            write_text(results / "runs.tsv", "\n".join(text) + "\n")
    draw(results / "runs.tsv", results / "runs.png")


if __name__ == "__main__":
    main()
