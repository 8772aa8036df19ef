"""Table and plot of every pretraining run whose config and log are committed: bits against bases and compute.

python scripts/runs.py     writes results/runs.tsv and docs/images/runs.png; nothing is trained or measured

Bits are those of the run's own validation windows, drawn by its seed and window: compare runs by what they
reach on the same bases (`scripts/search.py --judge`, `dnalect evaluate likelihood`), the course of one run by these.
Compute: forward and backward are 3 multiply-adds a parameter and token; a duplex reads both strands.
"""

import csv
import io
from pathlib import Path
from typing import Any

from matplotlib import colormaps
from matplotlib.figure import Figure as Picture

from dnalect.core.files import read_json, write_text
from dnalect.models.families.duplex import DuplexConfig
from dnalect.report import plots
from dnalect.training.config import PretrainConfig, read_config
from dnalect.training.logs import read_log

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "results"
# Multiply-adds a parameter and base: forward and backward of one strand.
WORK = 3
Row = dict[str, Any]


def runs() -> list[tuple[PretrainConfig, list[Row]]]:
    """Return config and log of every run that is committed."""
    found = []
    configs = ROOT / "configs"
    for path in (*sorted(configs.glob("*.toml")), *sorted(configs.glob("trials/*.toml"))):
        if (log := RESULTS / path.stem / "log.jsonl").exists():
            found.append((read_config(path), read_log(log)))
    # Bits with relatives beside the sequence are no bits of the sequence.
    return [(config, log) for config, log in found if log and not config.data.alignment]


def told(config: PretrainConfig) -> Row:
    """Return what the card says of the training, which is kept beside the log."""
    kept = RESULTS / config.name / "training.json"
    return read_json(kept) if kept.exists() else {}


def parameters(config: PretrainConfig) -> int:
    model = config.model
    return model.parameters if isinstance(model, DuplexConfig) else int(told(config)["parameters"])


def bits(entry: Row, config: PretrainConfig) -> float:
    """Return the validation bits on the first genome, where several are validated on."""
    name = f"validation_bits_{config.data.genomes[0].name}"
    return float(entry[name if name in entry else "validation_bits"])


def work(config: PretrainConfig, steps: int) -> float:
    """Return the tera multiply-adds of so many steps."""
    strands = 2 if isinstance(config.model, DuplexConfig) else 1
    return WORK * strands * parameters(config) * config.optim.batch * config.data.window * steps / 1e12


def before(config: PretrainConfig, found: list[tuple[PretrainConfig, list[Row]]]) -> float:
    """Return the tera multiply-adds of the runs whose weights a run began with."""
    # duplex-yeast@2 is the run duplex-yeast-2, version 1 the run duplex-yeast.
    begun = {each.name: (each, log) for each, log in found}.get(
        Path(config.init).name.removesuffix("@1").replace("@", "-")
    )
    return before(begun[0], found) + work(begun[0], begun[1][-1]["step"]) if begun else 0.0


def row(config: PretrainConfig, log: list[Row], begun: float) -> Row:
    """Return one line of the table."""
    model, optim, last = config.model, config.optim, log[-1]
    duplex = model if isinstance(model, DuplexConfig) else None
    bases = last["step"] * optim.batch * config.data.window
    minutes = told(config).get("core_minutes")
    return {
        "run": config.name,
        "from": config.init or "random weights",
        "genomes": " ".join(genome.name for genome in config.data.genomes),
        "family": config.family,
        "parameters": parameters(config),
        "reach": duplex.reach if duplex else "",
        "join": duplex.join if duplex else "",
        "windows": f"{optim.batch} x {config.data.window}",
        "rates": f"muon {optim.muon_rate}, adamw {optim.learning_rate}",
        "steps": last["step"],
        "of_steps": optim.steps,
        "million_bases": round(bases / 1e6, 1),
        "tera_multiply_adds": round(work(config, last["step"])),
        "with_earlier_stages": round(begun + work(config, last["step"])),
        "hours": round(last["seconds"] / 3600, 2) if "seconds" in last else "",
        "core_hours": round(minutes / 60, 2) if minutes else "",
        "train_bits": round(last["train_bits"], 4),
        "validation_bits": round(bits(last, config), 4),
    }


def draw(found: list[tuple[PretrainConfig, list[Row]]], path: Path) -> None:
    """Draw validation bits against compute, a line a run, a panel a species."""
    species = list(dict.fromkeys(config.data.genomes[0].species.split(" ")[0] for config, _ in found))

    def panels(figure: Picture) -> None:
        for axes, genus in zip(figure.subplots(1, len(species), squeeze=False)[0], species, strict=True):
            plots.clean(axes)
            axes.set_prop_cycle(color=colormaps["tab20"].colors)
            for config, log in found:
                if config.data.genomes[0].species.split(" ")[0] == genus:
                    steps = [before(config, found) + work(config, entry["step"]) for entry in log]
                    axes.plot(steps, [bits(entry, config) for entry in log], "o-", ms=2.5, lw=1.2, label=config.name)
            axes.set_xscale("log")
            axes.set_title(f"{genus}", fontsize=10, style="italic")
            axes.set_xlabel("tera multiply-adds, with earlier stages", fontsize=9)
            axes.set_ylabel("validation bits per base", fontsize=9)
            below = {"loc": "upper center", "bbox_to_anchor": (0.45, -0.18), "ncol": 2}
            axes.legend(frameon=False, fontsize=7, handlelength=1.2, columnspacing=1, **below)

    plots.save(path, 3.6 * len(species), 4.2, panels)


def main() -> None:
    found = runs()
    rows = [row(config, log, before(config, found)) for config, log in found]
    text = io.StringIO()
    table = csv.DictWriter(text, list(rows[0]), delimiter="\t", lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    write_text(RESULTS / "runs.tsv", text.getvalue())
    draw(found, ROOT / "docs/images/runs.png")
    print(text.getvalue(), end="")


if __name__ == "__main__":
    main()
