"""Insertions and deletions of masked models: the fast score beside the exact one.

    python benchmarks/indels.py MODEL --reference genome.fa --variants indels.vcf.gz [--count 60] [--window 192]

Prints the rank correlation (Spearman) of both, passes an indel, and seconds of the processor. The model must
have learned something: a small one of configs/recipes will do. --random draws indels instead of reading them.
"""

import argparse
import time

import numpy as np
from precision import indels
from scipy.stats import spearmanr

import dnalect
from dnalect.core.records import Variant
from dnalect.genome.fasta import Genome
from dnalect.genome.names import ContigNames
from dnalect.genome.variants import open_variants
from dnalect.genome.windows.alleles import Rules, resolve
from dnalect.inference.likelihood import INDELS, MaskedScorer

LONGEST = 50


def natural(genome: Genome, path: str, count: int, rng: np.random.Generator) -> list[Variant]:
    """A random choice of the insertions and deletions of a file, of at most 50 bases."""
    found = []
    with open_variants(path, genome) as source:
        names = ContigNames(genome, "auto")
        for record in source.records:
            for made in resolve(record, names.number(record.contig), genome, Rules(LONGEST, 256)):
                if isinstance(made, Variant) and made.kind in ("insertion", "deletion"):
                    found.append(made)
    return [found[n] for n in np.sort(rng.permutation(len(found))[:count])]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="+")
    parser.add_argument("--reference", required=True)
    parser.add_argument("--variants", help="VCF [default: random insertions and deletions]")
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--window", type=int, default=512)
    parser.add_argument("--dtype", default="float32")
    given = parser.parse_args()
    genome = dnalect.open_genome(given.reference)
    rng = np.random.default_rng(1)
    chosen = natural(genome, given.variants, given.count, rng) if given.variants else indels(genome, given.count, rng)
    print("model\tvariants\tn\tSpearman\tpasses fast\tpasses exact\tseconds fast\tseconds exact")
    for name in given.models:
        model = dnalect.load(name, dtype=given.dtype)
        values, passes, seconds = {}, {}, {}
        for how in INDELS:
            counted = Counted(model)
            scorer = MaskedScorer(counted, genome, given.window // 2, batch=32, indels=how)
            begun = time.process_time()
            values[how] = [score.value for score in scorer.score(chosen)]
            seconds[how] = time.process_time() - begun
            passes[how] = counted.passes / len(chosen)
        rank = spearmanr(values["fast"], values["exact"]).statistic
        source = given.variants.rsplit("/", 1)[-1] if given.variants else "random"
        cells = [f"{each[how]:.1f}" for each in (passes, seconds) for how in INDELS]
        print(model.card.id, source, len(chosen), f"{rank:.3f}", *cells, sep="\t", flush=True)


class Counted:
    """A model that counts the windows that it reads."""

    def __init__(self, model):
        self.model, self.passes = model, 0

    def __getattr__(self, name):
        return getattr(self.model, name)

    def forward(self, encoding, ask):
        self.passes += len(encoding.input_ids)
        return self.model.forward(encoding, ask)


if __name__ == "__main__":
    main()
