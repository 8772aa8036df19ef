"""Try choices of the duplex network, one at a time, at the same number of bases; table and plots.

python scripts/search.py --data DATA --out runs/search [--steps 300] [--only NAME ...]

Every trial is an ordinary pretraining run (it can be resumed) on the yeast training contigs, judged
on chrXIII alone. The table goes to results/search/runs.tsv, one line a trial, with what differs
from the base; plots of bits against minutes and against parameters beside it.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import matplotlib
import torch

from dnalect.core.files import write_text
from dnalect.training.config import PretrainConfig, read_config
from dnalect.workflows.pretrain import pretrain_config

ROOT = Path(__file__).parents[1]
BASE = ROOT / "configs/duplex-yeast-first.toml"
# name -> (table, field, value); several choices together are several triples.
TRIALS: dict[str, list[tuple[str, str, object]]] = {
    "base": [],
    "adamw": [("optim", "optimizer", "adamw")],
    "muon 0.01": [("optim", "muon_rate", 0.01)],
    "muon 0.04": [("optim", "muon_rate", 0.04)],
    "adamw part 4e-3": [("optim", "learning_rate", 4e-3)],
    "dropout 0.1": [("model", "dropout", 0.1)],
    "average 0.99": [("optim", "average", 0.99)],
    "width 96": [("model", "width", 96)],
    "width 160": [("model", "width", 160)],
    "kernel 4": [("model", "kernel", 4)],
    "kernel 8": [("model", "kernel", 8)],
    "expansion 4": [("model", "expansion", 4)],
    "5 blocks": [("model", "dilations", (1, 2, 4, 8, 16))],
    "7 blocks, reach 636": [("model", "dilations", (1, 2, 4, 8, 16, 32, 64))],
    "8 blocks, two rounds": [("model", "dilations", (1, 2, 4, 8, 1, 2, 4, 8))],
    "window 1024": [("data", "window", 1024), ("optim", "batch", 8)],
    "batch 8, twice the steps": [("optim", "batch", 8)],
    "batch 32, half the steps": [("optim", "batch", 32)],
    "soft mask 0.5": [("data", "soft_mask_weight", 0.5)],
    "no hidden runs": [("data", "unknown_rate", 0.0)],
}


def configured(name: str, steps: int) -> PretrainConfig:
    """Return the base with the choices of a trial, at as many bases as the base sees in `steps`."""
    base = read_config(BASE)
    config = replace(base, name=name, optim=replace(base.optim, steps=steps, check_every=steps // 10, save_every=25))
    for table, field, value in TRIALS[name]:
        config = replace(config, **{table: replace(getattr(config, table), **{field: value})})
    bases = steps * base.optim.batch * base.data.window
    steps = bases // (config.optim.batch * config.data.window)
    return replace(config, optim=replace(config.optim, steps=steps, check_every=max(1, steps // 10)))


def line(name: str, folder: Path) -> dict[str, object]:
    """Return one row of the table."""
    card = json.loads((folder / "card.json").read_text())
    last = json.loads((folder / "log.jsonl").read_text().splitlines()[-1])
    return {
        "trial": name,
        "parameters": card["parameters"],
        "reach": card["window"] // 2 - 4,
        "steps": last["step"],
        "passes": last["passes"],
        "minutes": round(last["seconds"] / 60, 1),
        "train_bits": round(last["train_bits"], 4),
        "validation_bits": round(last["validation_bits"], 4),
    }


def draw(rows: list[dict[str, object]], folders: dict[str, Path], out: Path) -> None:
    """Draw bits against minutes (all curves) and against parameters (the ends)."""
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.6), layout="constrained")
    for number, row in enumerate(rows):
        name = str(row["trial"])
        log = [json.loads(text) for text in (folders[name] / "log.jsonl").read_text().splitlines()][1:]
        style = {"color": "black", "linewidth": 2.2, "zorder": 3} if name == "base" else {"color": f"C{number % 10}"}
        curve = [entry["validation_bits"] for entry in log]
        left.plot(
            [entry["seconds"] / 60 for entry in log], curve, label=name, linestyle=["-", "--"][number % 2], **style
        )
        right.scatter(row["parameters"], row["validation_bits"], color=style["color"], s=18)
        right.annotate(
            name, (row["parameters"], row["validation_bits"]), fontsize=7, xytext=(4, 2), textcoords="offset points"
        )
    left.set(xlabel="minutes", ylabel="bits per base on chrXIII")
    right.set(xlabel="parameters", ylabel="bits per base on chrXIII at the end", xscale="log")
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    left.legend(frameon=False, fontsize=7, ncols=2)
    figure.savefig(out, dpi=130)
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("runs/search"))
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--only", nargs="*", choices=list(TRIALS), default=list(TRIALS))
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args()
    results = ROOT / "results/search"
    results.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, object]] = []
    folders: dict[str, Path] = {}
    for name in options.only:
        folders[name] = options.out / name.replace(" ", "-").replace(",", "")
        if not (folders[name] / "card.json").exists():
            pretrain_config(configured(name, options.steps), options.data, folders[name], options.device)
        rows.append(line(name, folders[name]))
        text = ["\t".join(rows[0]), *("\t".join(str(value) for value in row.values()) for row in rows)]
        write_text(results / "runs.tsv", "\n".join(text) + "\n")
        print(text[-1], flush=True)
    draw(rows, folders, results / "runs.png")


if __name__ == "__main__":
    main()
