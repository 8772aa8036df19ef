"""How much of a training step goes into the data: drawing windows, tokenising them, hiding tokens.

    python benchmarks/loader.py configs/recipes/*-small.toml --data DATA [--steps 20]

Wall-clock milliseconds a step on one thread, medians. Everything is done in the training process, on the fly;
there are no corpus files and no worker processes.
"""

import argparse
import statistics
import time
from pathlib import Path

import torch

from dnalect.genome.fasta import open_genome
from dnalect.genome.regions import parse_regions
from dnalect.jobs.pretrain_plan import find_tokenizer
from dnalect.training.config import read_config
from dnalect.training.corpus import Corpus, Source
from dnalect.training.masked import MaskedLanguage
from dnalect.training.optim import build
from dnalect.training.recipes import recipe_of


def measure(path: Path, data: Path, steps: int) -> tuple[float, float]:
    """Return the milliseconds of the data and of the whole step."""
    config = read_config(path)
    genomes = [open_genome(data / told.fasta) for told in config.data.genomes]
    sources = [
        Source(genome, parse_regions(genome, told.train), told.weight)
        for genome, told in zip(genomes, config.data.genomes, strict=True)
    ]
    told = config.data
    mixed = (told.mixed_lengths, told.shortest)
    corpus = Corpus(
        sources, told.window, config.optim.batch, 1, told.soft_mask_weight, told.unknown_rate, told.repeat_weight, mixed
    )
    recipe = recipe_of(config, lambda name: find_tokenizer(name, data, config.data.genomes), [])
    optimizers = build(recipe.network, config.optim)
    ready, whole = [], []
    for step in range(steps + 3):
        begun = time.perf_counter()
        batch = corpus.draw(step)
        if isinstance(recipe.loss, MaskedLanguage):
            recipe.loss.prepare(batch)
        ready.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        batch = corpus.draw(step)
        recipe.network.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=config.optim.precision == "bf16"):
            loss = recipe.loss(recipe.network, batch, torch.device("cpu"))
        getattr(loss, "total", loss).backward()
        for optimizer in optimizers:
            optimizer.step()
        whole.append(time.perf_counter() - begun)
    return 1e3 * statistics.median(ready[3:]), 1e3 * statistics.median(whole[3:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("configs", type=Path, nargs="+")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=20)
    given = parser.parse_args()
    torch.set_num_threads(1)
    for path in given.configs:
        ready, whole = measure(path, given.data, given.steps)
        print(f"{path.stem}: data {ready:.2f} ms of a step of {whole:.0f} ms: {ready / whole:.2%}")


if __name__ == "__main__":
    main()
