"""What a model knows of genes that it never saw: their reading frame, and which substitutions end them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnalect.core.figures import Estimate
from dnalect.genome.coding import MISSENSE, NONSENSE, SYNONYMOUS, CodingSequence, Substitutions, every_substitution
from dnalect.genome.fasta import Genome
from dnalect.inference.scorer import Scorer
from dnalect.stats.draws import Draws, estimate
from dnalect.stats.ranking import auroc
from dnalect.tokens.bases import encode

RESAMPLES = 500
# Codons at either end of a gene that are left out, and bases that are shown.
ENDS, SHOWN = 10, 48
# What the genetic code calls a stop.
STOPS = ((3, 0, 0), (3, 0, 2), (3, 2, 0))
Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.uint8]
Singles = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Stretch:
    """Some coding bases in reading direction, from the first of a codon on.

    gene: its name. codes: (L,). ratios: (L, 4) score of every substitution, 0 at the base
    itself. stops: (L, 4) True where it makes a stop codon in frame.
    """

    gene: str
    codes: Codes
    ratios: Singles
    stops: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Genes:
    """count: of genes. frames: scores of substitutions that spell a stop, by reading frame: 0 is the gene's own.

    in_frame: AUROC of the other frames over the gene's own. separated: that of synonymous
    and of missense substitutions over gained stops, and by_type that of the kind of
    substitution alone, a rival that was told the answer. stretch: an example.
    """

    count: int
    frames: tuple[Floats, ...]
    in_frame: Estimate
    separated: dict[str, Estimate]
    by_type: dict[str, float]
    stretch: Stretch


def read_genes(scorer: Scorer, genome: Genome, genes: list[CodingSequence], end: int) -> Genes:
    """Score every substitution of the genes that end before `end` (0-based) on the genome's only contig."""
    own = [gene for gene in genes if int(gene.positions.max()) < end]
    codes = encode(genome.fetch(0, 0, int(genome.lengths[0])))
    log_probs = scorer.at_sites(np.zeros(end, dtype=np.int64), np.arange(end))
    told = every_substitution(own, codes)
    ratios = (log_probs[told.positions, told.alt] - log_probs[told.positions, told.ref]).astype(np.float64)
    separated, by_type = {}, {}
    for name, kind in (("synonymous", SYNONYMOUS), ("missense", MISSENSE)):
        of = np.isin(told.consequence, (kind, NONSENSE))
        above = told.consequence[of] == kind
        separated[name] = estimate(Draws.of(told.gene[of], RESAMPLES).auroc(ratios[of], above))
        by_type[name] = auroc(_shares(told.take(of), above), above)
    return Genes(len(own), *_frames(own, codes, log_probs), separated, by_type, _example(own, codes, log_probs))


def _shares(told: Substitutions, above: npt.NDArray[np.bool_]) -> Floats:
    """Of each substitution the share of its kind, one of twelve on the coding strand, that is above."""
    kind = told.coding_ref.astype(np.int64) * 4 + told.coding_alt
    counts = np.bincount(kind, minlength=16)
    return np.asarray((np.bincount(kind, weights=above, minlength=16) / np.maximum(counts, 1))[kind])


def _frames(genes: list[CodingSequence], codes: Codes, log_probs: Singles) -> tuple[tuple[Floats, ...], Estimate]:
    parts: list[tuple[Floats, npt.NDArray[np.int64], npt.NDArray[np.int64]]] = []
    for number, gene in enumerate(genes):
        bases, ratios = _along(gene, codes, log_probs)
        at, alt, frame = _new_stops(bases)
        inner = (at >= 3 * ENDS) & (at < len(bases) - 3 * ENDS)
        at, alt, frame = at[inner], alt[inner], frame[inner]
        parts.append((ratios[at, alt].astype(np.float64), frame, np.full(len(at), number)))
    scores, frame, gene_of = (np.concatenate(each) for each in zip(*parts, strict=True))
    in_frame = estimate(Draws.of(gene_of, RESAMPLES).auroc(scores, frame != 0))
    return tuple(scores[frame == n] for n in range(3)), in_frame


def _along(gene: CodingSequence, codes: Codes, log_probs: Singles) -> tuple[Codes, Singles]:
    """The gene's bases (n,) and the scores of their substitutions (n, 4), both in reading direction."""
    found = log_probs[gene.positions]
    bases = gene.bases(codes)
    found = found if gene.forward else found[:, ::-1]
    return bases, found - found[np.arange(len(bases)), bases][:, None]


def _new_stops(bases: Codes) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Place, new base and reading frame (0 to 2) of each substitution that spells a stop where none was."""
    triples = np.lib.stride_tricks.sliding_window_view(bases, 3)
    found = []
    for stop in STOPS:
        differ = triples != np.array(stop)
        for start in np.flatnonzero(differ.sum(axis=1) == 1):
            place = int(differ[start].argmax())
            found.append((int(start) + place, stop[place], int(start) % 3))
    at, alt, frame = np.array(sorted(set(found)), dtype=np.int64).reshape(-1, 3).T
    return at, alt, frame


def _example(genes: list[CodingSequence], codes: Codes, log_probs: Singles) -> Stretch:
    """The middle of the gene of middle length."""
    gene = sorted(genes, key=lambda each: len(each.positions))[len(genes) // 2]
    bases, ratios = _along(gene, codes, log_probs)
    first = (len(bases) - SHOWN) // 6 * 3
    stops = np.zeros((len(bases), 4), dtype=np.bool_)
    at, alt, frame = _new_stops(bases)
    stops[at[frame == 0], alt[frame == 0]] = True
    shown = slice(first, first + SHOWN)
    return Stretch(gene.name, bases[shown], ratios[shown], stops[shown])
