"""Measure a pretrained model and put it into the package: weights, card with figures, tables, log.

python scripts/embed_model.py results/attention/ctcf-model --name attention-ctcf

A fine-tuned model is put there as it is, its figures from its own folder; the language model that it updates must be in
the package, and is not copied.

python scripts/embed_model.py runs/duplex-yeast --data DATA [--annotate GFF] [--tss BED] [--stratum NAME=BED ...]

The files of the options are relative to DATA, as in the configs. Every genome of the card
that has test regions is measured, of a masked model --sample bases (its --tss, --annotate and --stratum
are of one genome: name it with --only); weights are shipped in half precision.
The tables go to results/likelihood/, log and curve to results/NAME-OF-THE-RUN/. A model of the same name becomes
NAME@VERSION, and the new one is the next version; remove the folder of the old one if it need not ship.
"""

import argparse
import json
import shutil
import tempfile
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from dnalect.core.figures import read_figures
from dnalect.core.files import sha256
from dnalect.jobs.likelihood import Likelihood, aligned, run
from dnalect.jobs.options import LikelihoodOptions
from dnalect.models.card import PREDICTOR, read_card
from dnalect.models.catalogue import embedded_cards
from dnalect.models.families.aligned import TRUNK
from dnalect.models.predictor import checksum_of

ROOT = Path(__file__).parents[1]
EMBEDDED = ROOT / "src/dnalect/models/embedded"


def figures(rows: list[Likelihood], name: str) -> dict[str, dict[str, list[float]]]:
    """Return the model's own rows, region by region, rounded."""
    found = {}
    for row in rows:
        if row.model == name:
            both = {"minus_markov24_interpolated": row.minus_interpolated, "minus_markov24_mixed": row.minus_mixed}
            found[row.region] = {"bits": row.bits} | {key: value for key, value in both.items() if value}
    return {
        region: {key: [round(v, 4) for v in estimate] for key, estimate in each.items()}
        for region, each in found.items()
    }


def trunk_of(tensors: dict[str, Tensor]) -> dict[str, str]:
    """Return the shipped duplex that is a part of a model, as it is, as its card tells it; {} where there is none."""
    part = {name.removeprefix(TRUNK): each.half() for name, each in tensors.items() if name.startswith(TRUNK)}
    for card in embedded_cards() if part else ():
        shipped = load_file(EMBEDDED / card.id / "model.safetensors")
        if shipped.keys() == part.keys() and all(torch.equal(shipped[name], part[name]) for name in part):
            return {"name": card.id, "revision": card.revision, "sha256": card.sha256}
    return {}


def copied(folder: Path, target: Path, trunk: bool) -> str:
    """Copy a model without its card, the weights in half precision, and return their checksum.

    trunk: its trunk is in the package, and is left out.
    """
    target.mkdir(parents=True, exist_ok=True)
    for file in ("config.json", "vocab.txt", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"):
        if (folder / file).exists():
            shutil.copy(folder / file, target)
    tensors = {name: each.half() for name, each in load_file(folder / "model.safetensors").items()}
    tensors = {name: each for name, each in tensors.items() if not (trunk and name.startswith(TRUNK))}
    save_file(tensors, target / "model.safetensors", {"format": "pt"})
    return sha256(target / "model.safetensors")


def tuned(folder: Path, name: str | None) -> None:
    """Put a LoRA update into the package, without its language model; the rivals' figures go into its card."""
    card = json.loads((folder / "card.json").read_text())
    target = EMBEDDED / (name or card["id"])
    target.mkdir()
    for file in ("adapter_config.json", "adapter_model.safetensors", "heads.safetensors"):
        shutil.copy(folder / file, target)
    for row in read_figures(folder / "figures.tsv"):
        own = f"{row.task} {row.metric}"
        if row.who != "this model":
            card["figures"][f"{own}, {row.who}"] = [round(each, 4) for each in row.value]
    card["id"], card["sha256"] = target.name, checksum_of(target)
    card["revision"] = card["sha256"][:12]
    (target / "card.json").write_text(json.dumps(card, indent=1) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--data", type=Path, help="needed unless the model is a fine-tuned one")
    parser.add_argument("--name", help="of the model in the package [default: as its card has it]")
    parser.add_argument("--annotate")
    parser.add_argument("--tss")
    parser.add_argument("--stratum", action="append", default=[])
    parser.add_argument("--only", help="the genome that the files are of [default: all]")
    parser.add_argument("--alignment", help="what a model of relatives reads")
    parser.add_argument("--sample", type=int, help="bases that a masked model is measured on")
    options = parser.parse_args()
    if read_card(options.folder).family == PREDICTOR:
        tuned(options.folder, options.name)
        return
    if options.data is None:
        parser.error("name the folder of the data with --data")
    card = json.loads((options.folder / "card.json").read_text())
    trained = card["id"]
    name = card["id"] = options.name or trained
    beds = dict(each.split("=", 1) for each in options.stratum)
    strata = {
        "annotate": str(options.data / options.annotate) if options.annotate else None,
        "tss": str(options.data / options.tss) if options.tss else None,
        "stratum": [f"{label}={options.data / path}" for label, path in beds.items()],
        "alignment": str(options.data / options.alignment) if options.alignment else None,
    }
    chosen = "".join(
        [f" --annotate {Path(options.annotate).name}" if options.annotate else ""]
        + [f" --alignment {options.alignment}" if options.alignment else ""]
        + [f" --tss {Path(options.tss).name}" if options.tss else ""]
        + [f" --stratum {label}={Path(path).name}" for label, path in beds.items()]
    )
    measured = {}
    named = Path(tempfile.mkdtemp()) / name
    card["trunk"] = trunk_of(load_file(options.folder / "model.safetensors"))
    card["sha256"] = copied(options.folder, named, bool(card["trunk"]))
    card["revision"] = card["sha256"][:12]
    (named / "card.json").write_text(json.dumps(card))
    for genome in read_card(named).genomes:
        if genome.test:
            table = ROOT / f"results/likelihood/{name}-{genome.name}.tsv"
            where = {"reference": str(options.data / genome.file), "output": table, "sample": options.sample}
            mine = strata if options.only in (None, genome.name) else {}
            rows = run(LikelihoodOptions(str(named), **where, **mine))
            print(aligned([row for row in rows if row.kind == "" or row.order == 24]))
            sample = f" --sample {options.sample}" if options.sample else ""
            measured[genome.name] = {
                "test": genome.test,
                **figures(rows, name),
                "command": f"dnalect evaluate likelihood --model {name} --reference {Path(genome.file).name}"
                f"{chosen if mine else ''}{sample}",
            }
    card["figures"] = {"validation_bits": card["figures"]["validation_bits"], **measured}
    target = EMBEDDED / name
    if target.is_dir():
        old = read_card(target)
        new = old.sha256 != card["sha256"]
        card["version"] = old.version + new
        if new:
            target.rename(EMBEDDED / f"{name}@{old.version}")
    shutil.copytree(named, target, dirs_exist_ok=True)
    shutil.rmtree(named.parent)
    (target / "card.json").write_text(json.dumps(card, indent=2) + "\n")
    results = ROOT / "results" / trained
    results.mkdir(parents=True, exist_ok=True)
    for file in ("log.jsonl", "learning-curve.png"):
        shutil.copy(options.folder / file, results)
    told = {"parameters": card["parameters"], **card["training"]}
    (results / "training.json").write_text(json.dumps(told, indent=2) + "\n")


if __name__ == "__main__":
    main()
