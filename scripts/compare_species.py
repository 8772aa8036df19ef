"""One duplex model of several species against each species' own, on held-out sequence.

python scripts/compare_species.py runs/duplex-fungi --own yeast=duplex-yeast --own ustilago=runs/duplex-ustilago \
    --data DATA

Writes results/likelihood/NAME-against-own.tsv: bits per base of both on the shared model's test regions of each
genome, and the difference, paired over 10-kb blocks. The own model must not have seen them either.
"""

import argparse
from pathlib import Path

import numpy as np

import dnalect
from dnalect.core.figures import NOTHING, Figure, table_of, write_figures
from dnalect.genome.fasta import open_genome
from dnalect.genome.regions import parse_regions
from dnalect.inference.tiles import tiled_log_probs
from dnalect.stats.draws import MANY, Draws, block_numbers, paired
from dnalect.tokens.bases import UNKNOWN, encode

ROOT = Path(__file__).parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("--own", action="append", required=True, metavar="GENOME=MODEL")
    parser.add_argument("--data", type=Path, required=True)
    options = parser.parse_args()
    shared = dnalect.load(options.model)
    owns = " ".join(f"--own {each}" for each in options.own)
    command = f"python scripts/compare_species.py {options.model} {owns} --data DATA"
    found: list[Figure] = []
    for text in options.own:
        name, _, folder = text.partition("=")
        own = dnalect.load(folder)
        told = next(genome for genome in shared.card.genomes if genome.name == name)
        genome = open_genome(options.data / told.file)
        regions = parse_regions(genome, told.test)
        for region in regions:
            if own.card.saw(int(genome.lengths[region.contig]), region.start, region.end):
                raise SystemExit(f"{own.card.id} was trained on the test regions of {name}")
        parts = [encode(genome.fetch(region.contig, region.start, region.end)) for region in regions]
        truth = np.concatenate(parts)
        known = truth != UNKNOWN
        draws = Draws.of(block_numbers([len(part) for part in parts])[known], MANY)
        samples = {}
        for model in (shared, own):
            log_probs = np.concatenate([tiled_log_probs(model.network, part, model.can.reach) for part in parts])
            bits = -log_probs[np.arange(len(truth)), np.minimum(truth, 3)] / np.log(2)
            samples[model.card.id] = draws.mean(bits[known])
        bare = Figure(name, ",".join(told.test), "", "bits per base", int(known.sum()), NOTHING, command=command)
        found += paired(bare, samples)
    print(table_of(found))
    write_figures(ROOT / f"results/likelihood/{shared.card.id}-against-own.tsv", found)


if __name__ == "__main__":
    main()
