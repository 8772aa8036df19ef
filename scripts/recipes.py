"""The published recipes, small, with the same budget, and duplex: train all, compare all.

python scripts/recipes.py --data DATA [--budget short] [--out runs/recipes] [--workers 2]

Learns the two byte-pair vocabularies on the training contigs, trains configs/recipes/*-small.toml (one core
each; a finished or interrupted one goes on where it was) and writes results/recipes: one table, two plots.
With the budget short it is configs/recipes/*-short.toml, the other kinds, and results/recipes/short.
"""

import argparse
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

from dnalect.core.figures import table_of
from dnalect.jobs.vocabulary import sequences_of
from dnalect.tokens.files import write_tokenizer
from dnalect.tokens.merging import train_byte_pairs
from dnalect.training.config import FamilyConfig, read_config

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
from studies.recipes import compare

SPECIAL, BASES = 5, 4
# GROVER chose 600 merges, DNABERT-2 a vocabulary of 4,096 words.
SIZES = {"grover-small": SPECIAL + BASES + 600, "dnabert-2-small": 4096}


def learn_vocabulary(config: Path, size: int, data: Path) -> None:
    """Learn the byte pairs of a recipe on its training regions, unless they are there."""
    told = read_config(config)
    assert isinstance(told.model, FamilyConfig)
    path = Path(told.model.tokenizer)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        parts = [sequences_of([str(data / genome.fasta)], genome.train) for genome in told.data.genomes]
        write_tokenizer(train_byte_pairs(chain.from_iterable(parts), size), path)


def train(config: Path, data: Path, out: Path) -> None:
    if not (out / "card.json").exists():
        command = [sys.executable, "-m", "dnalect", "pretrain", str(config), "--data", str(data), "--out", str(out)]
        subprocess.run([*command, "--threads", "1"], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("runs/recipes"))
    parser.add_argument("--budget", choices=("small", "short"), default="small", help="which of the recipes")
    parser.add_argument("--workers", type=int, default=2, help="trainings at a time")
    options = parser.parse_args()
    configs = sorted((ROOT / "configs/recipes").glob(f"*-{options.budget}.toml"))
    for config in configs:
        if config.stem in SIZES:
            learn_vocabulary(config, SIZES[config.stem], options.data)
    folders = [options.out / config.stem for config in configs]
    with ThreadPoolExecutor(options.workers) as pool:
        list(pool.map(lambda pair: train(pair[0], options.data, pair[1]), zip(configs, folders, strict=True)))
    results = ROOT / "results/recipes" / ("" if options.budget == "small" else options.budget)
    print(table_of(compare([str(folder) for folder in folders], options.data, results)))


if __name__ == "__main__":
    main()
