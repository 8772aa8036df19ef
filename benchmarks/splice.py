"""Splice scores beside the published package's way of computing them, in seconds of the processor.

    python benchmarks/splice.py SPLICEAI_FOLDER genome.fa variants.vcf.gz genes.txt [--apart 1] [--count 40]

The package's way, in plain torch: one allele at a time, the whole window of 10,001 + 2 distance bases of the reference
and of the alternate through every network, of each gene anew. --apart takes every so manieth allele in a gene.
--dtype sets dnalect's precision; the other stays in float32. --rival 20: how many alleles the slow way is timed on.
"""

import argparse
import time

import numpy as np
import torch
from scipy.stats import spearmanr
from torch.nn import functional as F

import dnalect
from dnalect.core.records import Variant
from dnalect.genome.names import ContigNames
from dnalect.genome.splice_genes import read_gene_table
from dnalect.genome.variants import open_variants
from dnalect.genome.windows.alleles import Rules, resolve
from dnalect.inference.splice import SpliceScorer, Written, _laid, written
from dnalect.tokens.bases import reverse_complement


def whole(member, codes):
    """The answers (L - 2 crop, tracks) of one network, every layer at full width, as Keras computes it."""
    x = torch.from_numpy(np.eye(5, 4, dtype=np.float32)[codes].T.copy())[None]

    def half(part, x):
        norm, conv = part.norm, part.conv
        x = F.relu(F.batch_norm(x, norm.mean, norm.variance, norm.weight, norm.bias, eps=norm.eps))
        return F.conv1d(x, conv.weight, conv.bias, padding=part.reach, dilation=conv.dilation)

    def point(layer, x):
        return F.conv1d(x, layer.weight[..., None], layer.bias)

    x = point(member.stem, x)
    skip = point(member.skips[0], x)
    for number, unit in enumerate(member.units, 1):
        x = x + half(unit.second, half(unit.first, x))
        if number % 4 == 0:
            skip = skip + point(member.skips[number // 4], x)
    crop = member.config.crop
    return point(member.head, skip[..., crop:-crop]).softmax(1)[0].T.numpy()


def package(scorer: SpliceScorer, allele: Written) -> list[list[float]]:
    """The deltas of an allele in each of its genes, as the package computes them."""
    far, size, out = scorer.distance, scorer.distance + scorer.crop, []
    for gene in scorer.genes_at(allele.contig, allele.position):
        codes = scorer._codes(allele.contig, gene, allele.start - size, allele.start + size + 1)
        alternate = np.concatenate([codes[:size], allele.alt, codes[size + allele.end - allele.start :]])
        found = []
        for each in (codes, alternate):
            given = each if gene.forward else reverse_complement(each)
            y = np.mean([whole(member, given) for member in scorer.model.network.members], axis=0)
            found.append((y if gene.forward else y[::-1])[:, scorer.columns])
        change = _laid(found[1], allele, far)[: 2 * far + 1] - found[0]
        out.append([f(change[:, column]) for column in range(2) for f in (np.max, lambda c: -np.min(c))])
    return out


@torch.inference_mode()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("model", "reference", "variants", "genes"):
        parser.add_argument(name)
    for name, value in (("apart", 1), ("count", 40), ("distance", 50), ("rival", 12)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--dtype", default="float32")
    given = parser.parse_args()
    torch.set_num_threads(1)
    genome, model = dnalect.open_genome(given.reference), dnalect.load(given.model)
    scorer = SpliceScorer(model, genome, read_gene_table(given.genes), given.distance)
    found = []
    with open_variants(given.variants, genome) as source:
        names = ContigNames(genome, "auto")
        for record in source.records:
            number = names.number(record.contig)
            for text, made in zip(record.alternates, resolve(record, number, genome, Rules(1000, 5000)), strict=False):
                if isinstance(made, Variant):
                    allele = written(record, text, made, genome)
                    if scorer.genes_at(allele.contig, allele.position):
                        found.append(allele)
            if len(found) >= given.apart * given.count:
                break
    chosen = found[:: given.apart][: given.count]
    model.to(dtype=given.dtype)
    begun = time.process_time()
    ours = scorer.splices(chosen)
    seconds = (time.process_time() - begun) / len(chosen)
    model.to(dtype="float32")
    # Where there is something to be compared: the largest scores.
    largest = np.argsort([-max(each.largest for each in mine) for mine in ours], kind="stable")
    slow = [n for n in largest.tolist() if len(chosen[n].alt) < given.distance][: given.rival]
    begun = time.process_time()
    theirs = [package(scorer, chosen[n]) for n in slow]
    rival = (time.process_time() - begun) / len(slow)
    pairs = [(a, b) for n, each in zip(slow, theirs, strict=True) for a, b in zip(ours[n], each, strict=True)]
    mine, other = (np.concatenate(each) for each in zip(*((a.deltas, b) for a, b in pairs), strict=True))
    spaces = np.diff([each.start for each in chosen])
    print("alleles\tmedian distance apart\tseconds an allele: package\tdnalect\ttimes\tlargest difference\tSpearman")
    told = f"{len(chosen)}\t{np.median(spaces):,.0f}\t{rival:.2f}\t{seconds:.3f}\t{rival / seconds:.1f}"
    print(f"{told}\t{np.abs(mine - other).max():.1e}\t{spearmanr(mine, other).statistic:.4f}")


if __name__ == "__main__":
    main()
