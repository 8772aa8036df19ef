"""Try choices of the duplex network, one at a time, at the same number of bases; table and plots.

python scripts/search.py --data DATA --out runs/search [--steps 200] [--workers 2] [--only NAME ...]

Every trial is an ordinary pretraining run (it can be resumed) on the yeast training contigs, judged
on the same 300 kb of chrXIII with its whole context, never on chrXIV. The table goes to
results/search/runs.tsv, one line a trial, with what differs from the base; plots of bits against
minutes and against parameters beside it. A finished trial is not run again.
"""

import argparse
import json
import os
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import matplotlib
import numpy as np
import torch

import dnalect
from dnalect.core.files import write_text
from dnalect.genome.fasta import open_genome
from dnalect.inference.tiles import tiled_log_probs
from dnalect.tokens.bases import encode
from dnalect.training.config import PretrainConfig, read_config
from dnalect.workflows.pretrain import pretrain_config

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
    low, high = start - model.reach, end + model.reach
    codes = encode(genome.fetch(genome.index[contig], low, high))
    log_probs = tiled_log_probs(model.network, codes, model.reach)[model.reach : -model.reach]
    truth = codes[model.reach : -model.reach]
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


def draw(rows: list[dict[str, object]], out_folder: Path, out: Path) -> None:
    """Draw bits against minutes (all curves) and against parameters (the ends)."""
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(13, 5.6), layout="constrained")
    best = sorted(rows, key=lambda row: row["XIII_bits"])
    for number, row in enumerate(best):
        name = str(row["trial"])
        log = [json.loads(text) for text in (folder_of(name, out_folder) / "log.jsonl").read_text().splitlines()][2:]
        style = {"color": "black", "linewidth": 2.2, "zorder": 3} if name == "base" else {"color": f"C{number % 10}"}
        left.plot(
            [entry["seconds"] / 60 for entry in log],
            [entry["train_bits"] for entry in log],
            label=name,
            linestyle=["-", "--", ":"][number // 10],
            **style,
        )
        right.scatter(row["parameters"] / 1e6, row["XIII_bits"], color=style["color"], s=22)
        right.annotate(
            name,
            (row["parameters"] / 1e6, row["XIII_bits"]),
            fontsize=7,
            xytext=(5, -2),
            textcoords="offset points",
        )
    left.set(xlabel="minutes of one core", ylabel="training bits per base")
    right.set(xlabel="million parameters", ylabel="bits per base on 300 kb of chrXIII")
    right.margins(x=0.2)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    figure.legend(*left.get_legend_handles_labels(), frameon=False, fontsize=8, loc="outside right upper")
    figure.savefig(out, dpi=110)
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("runs/search"))
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--workers", type=int, default=1, help="trials at a time, one thread each if several")
    parser.add_argument("--precision", default="bf16", choices=["fp32", "bf16"])
    parser.add_argument("--only", nargs="*", choices=list(TRIALS), default=list(TRIALS))
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--judge", nargs="+", help="print the bits of these models on the judged bases, train nothing")
    options = parser.parse_args()
    for name in options.judge or ():
        print(f"{name}\t{judged_bits(name, options.data):.4f}", flush=True)
    if options.judge:
        return
    results = ROOT / "results/search"
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
    draw(rows, options.out, results / "runs.png")


if __name__ == "__main__":
    main()
