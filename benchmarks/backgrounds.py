"""How far percentiles of a coarse background lie from those of a large one.

    python benchmarks/backgrounds.py MODEL REFERENCE... [--records 500] [--dtype bfloat16]

The variants that are judged are draws of the large background that the coarse one, of the same seed,
does not hold. The coarse one is what a file of so many records gets: nine tenths SNVs, and indels of
1 to 64 bases, the short ones more often. The large one is that of `dnalect models background` with the
same options; what that command left in the cache is not drawn again.
"""

import argparse

import numpy as np

from dnalect.core.records import Variant
from dnalect.genome.fasta import joined, open_genome
from dnalect.inference.background.draws import Draws
from dnalect.inference.background.percentiles import Background
from dnalect.inference.background.quantiles import Pool
from dnalect.inference.background.strata import NAMES
from dnalect.inference.background.tables import INNER, SNV_INNER, SNV_TAIL, TAIL
from dnalect.inference.likelihood import scorer_for
from dnalect.inference.scorer import Measure
from dnalect.jobs.backgrounds import drawn_of, pool_of
from dnalect.models import language_model

# Draws of other seeds stand for the variants of a file.
SEED = 99
SHARES = {"snv": 0.9, "deletion": 0.03, "deletion_tandem": 0.03, "insertion": 0.02, "insertion_tandem": 0.02}


def records(scorer: Measure, count: int) -> list[Variant]:
    """Variants of a file: nine tenths SNVs, and indels of 1 to 64 bases."""
    found: list[Variant] = []
    for group, share in SHARES.items():
        bands = [0] if group == "snv" else [0, 0, 0, 1, 1, 2, 2, 3, 4, 5, 6]
        sources = [Draws(scorer, group, band, SEED, print) for band in bands]
        mine: list[Variant] = []
        block = 0
        while len(mine) < share * count:
            # SNVs of a block come three a site; a file has one.
            for source in sources:
                mine += source.variants(block)[:: 3 if group == "snv" else 4]
            block += 1
        found += mine[: int(share * count)]
    return found


def compared(coarse: Pool, large: Pool, lengths: np.ndarray, values: np.ndarray) -> tuple[float, float, float]:
    """Return the mean, root mean square and largest difference of the percentiles."""
    apart = coarse.percentiles(lengths, values) - large.percentiles(lengths, values)
    return float(apart.mean()), float(np.sqrt((apart**2).mean())), float(np.abs(apart).max())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("references", nargs="+")
    parser.add_argument("--records", type=int, default=500)
    parser.add_argument("--snvs", type=int, default=100_000)
    parser.add_argument("--others", type=int, default=240)
    parser.add_argument("--dtype", default="bfloat16")
    options = parser.parse_args()
    genomes = [open_genome(path) for path in options.references]
    genome = genomes[0] if len(genomes) == 1 else joined(genomes)
    scorer = scorer_for(language_model(options.model, dtype=options.dtype), genome)
    variants = records(scorer, options.records)
    background = Background(scorer)
    background.percentiles(variants, [0.0] * len(variants))
    scoring = scorer.cost(variants)
    made = sum(
        scorer.cost(Draws(scorer, group, band, 1, print).variants(number))
        for (group, band), blocks in background.blocks.items()
        for number in range(blocks)
    )
    print(f"{options.model}: {len(variants)} records; the background costs {made / scoring:.2f} times the scoring")
    print(f"{'':>18} {'coarse N':>9} {'large N':>8} {'mean':>7} {'rms':>6} {'largest':>8} {'error':>6} {'thinned':>8}")
    for group, (coarse, *_) in background.pools.items():
        drawn = drawn_of(scorer, group, options.snvs if group == "snv" else options.others, coarse.high, 1)
        large = pool_of(group, drawn)
        rest = np.concatenate([d[d["block"] >= background.blocks.get((group, b), 0)] for b, d in drawn.items()])
        lengths, values = rest["length"].astype(np.int64), rest["value"].astype(np.float64)
        mean, rms, most = compared(coarse, large, lengths, values)
        thin = large.thinned(SNV_TAIL, SNV_INNER) if group == "snv" else large.thinned(TAIL, INNER)
        lost = compared(thin, large, lengths, values)[2]
        print(
            f"{NAMES[group]:>18} {coarse.count:9,} {large.count:8,} {mean:+7.3f} {rms:6.3f} {most:8.3f} "
            f"{coarse.error:6.3f} {lost:8.4f}"
        )


if __name__ == "__main__":
    main()
