"""What a variant does to splice sites: SpliceAI's delta scores, and Pangolin's gain and loss (docs/scores.md).

Definitions "splice-1", of acceptors and donors, and "splice-usage-1", of splice sites in tissues.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from dnalect.core.errors import ConfigError, ModelError
from dnalect.core.measures import Splice
from dnalect.core.records import Codes, Score, Variant
from dnalect.core.reporter import track
from dnalect.genome.fasta import Genome
from dnalect.genome.splice_genes import STRANDS, SpliceGene, SpliceGenes
from dnalect.genome.vcf import Record
from dnalect.models.model import Allele, Model
from dnalect.tokens.bases import UNKNOWN, encode, reverse_complement

SITES, USAGE = "splice-1", "splice-usage-1"
FARTHEST = 5000
# Bases of a gene that are computed at once, and between two alleles that are not worth it: what a stretch reads beyond
# its ends costs about as much as so many bases more.
TILE, APART = 16_384, 6_600
# Longer alleles have their haplotype computed by itself, so that no stretch must hold them.
LONG = 1000
# About the bases of all layers that an allele takes, in those of whole ones.
EACH = 2000
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Written:
    """An allele as its record has it: `alt`, as codes, for reference[start:end], 0-based; not trimmed, not moved.

    position: 0-based, what places are counted from: POS.
    """

    contig: int
    start: int
    end: int
    alt: Codes
    position: int


def written(record: Record, allele: str, variant: Variant, genome: Genome) -> Written:
    """Return an allele as written; a symbolic one as VCF would spell it out, with the base before it."""
    if allele.isalpha():
        end = record.start + len(record.ref)
        return Written(variant.contig, record.start, end, encode(allele), record.start)
    return spelled(variant, genome, record.start)


def spelled(variant: Variant, genome: Genome, position: int | None = None) -> Written:
    """Return a variant as VCF spells it: an indel with the base before it. position: see `Written`."""
    if len(variant.ref) and len(variant.alt):
        start, alt = variant.start, variant.alt
    else:
        start = variant.start - 1
        alt = np.concatenate([encode(genome.fetch(variant.contig, start, start + 1)), variant.alt])
    return Written(variant.contig, start, variant.end, alt, start if position is None else position)


class SpliceScorer:
    """Turns alleles into delta scores of the genes they lie in; a score depends on reference, gene and allele alone.

    model: of an `acceptor` and a `donor` track, or of splice sites in tissues, one answer a base. genes: None for both
    strands without any gene. distance: bases on each side of POS (of the latter also of REF) that are searched. masked:
    annotated gains and other losses count 0. Raises ConfigError or ModelError where these don't go together.
    """

    draws_others, sites = False, None
    longest_allele = 1 << 20
    stretch = 4096

    def __init__(
        self, model: Model, genome: Genome, genes: SpliceGenes | None = None, distance: int = 50, masked: bool = False
    ):
        if not 1 <= distance <= FARTHEST:
            raise ConfigError(f"--splice-distance lies between 1 and {FARTHEST:,} bases, not {distance}")
        if masked and genes is None:
            raise ConfigError(
                "--splice-mask needs the annotated splice sites: give --annotate, a GFF3, a GTF or SpliceAI's table"
            )
        if genes is not None and not genes.covers(genome):
            few = ", ".join([*genes.by_contig][:3])
            raise ConfigError(f"the annotation has no gene on a contig of {genome.path.name}; it has {few}")
        self.columns = splice_columns(model)
        self.model, self.genome, self.genes = model, genome, genes
        self.distance, self.masked = distance, masked
        tracks = model.can.tracks
        self.crop = tracks.crop if tracks else 0
        self.usage = bool(tracks and tracks.spliced)
        self.definition = USAGE if self.usage else SITES

    @property
    def identity(self) -> str:
        """Names model and method: equal ones give equal numbers."""
        return f"{self.model.card.sha256} {self.definition} {self.distance} {self.masked} {self.model.dtype}"

    @property
    def reach(self) -> int:
        """Bases on each side of an allele that its scores depend on."""
        return self.distance + self.crop

    def cost(self, variants: Sequence[Variant]) -> int:
        """Return about how many multiply-adds the scores take."""
        return len(variants) * EACH * self.model.card.parameters

    def junction_cost(self, variants: Sequence[object]) -> int:
        """Return 0: there are no scores of junctions."""
        return 0

    def score(self, variants: Sequence[Variant]) -> list[Score]:
        """Return a score for each variant as VCF would spell it, in order."""
        found = self.splices([spelled(each, self.genome) for each in variants])
        return [Score(kind=each.kind, splices=mine) for each, mine in zip(variants, found, strict=True)]

    def splices(self, alleles: Sequence[Written]) -> list[tuple[Splice, ...]]:
        """Return the scores of each allele in every gene that its POS lies in, in the order of the genes' file."""
        found: list[dict[int, Splice]] = [{} for _ in alleles]
        asked: dict[tuple[int, int], list[tuple[int, int]]] = {}
        genes: dict[tuple[int, int], SpliceGene] = {}
        for n, each in enumerate(alleles):
            for place, gene in enumerate(self.genes_at(each.contig, each.position)):
                asked.setdefault((each.contig, id(gene)), []).append((n, place))
                genes[each.contig, id(gene)] = gene
        for key, mine in track(list(asked.items()), "computing splice sites", "genes"):
            gene = genes[key]
            for rows in self._tiles([alleles[n] for n, _ in mine]):
                both = self._both([alleles[mine[row][0]] for row in rows], gene)
                for row, (reference, alternate) in zip(rows, both, strict=True):
                    n, place = mine[row]
                    found[n][place] = self._deltas(alleles[n], gene, reference, alternate)
        return [tuple(each[place] for place in sorted(each)) for each in found]

    def genes_at(self, contig: int, position: int) -> Sequence[SpliceGene]:
        """Return the genes at a base, 0-based."""
        return STRANDS if self.genes is None else self.genes.at(self.genome, contig, position)

    def _tiles(self, alleles: Sequence[Written]) -> list[list[int]]:
        """Cut the alleles of a gene into groups whose surroundings are computed at once; long ones are alone."""
        tiles: list[list[int]] = []
        first = last = -(1 << 62)
        for row in sorted(range(len(alleles)), key=lambda row: alleles[row].start):
            each = alleles[row]
            if _long(each):
                tiles.insert(0, [row])
                continue
            if each.start - last > APART or each.end - first > TILE:
                tiles.append([])
                first = each.start
            tiles[-1].append(row)
            last = max(last, each.end)
        return tiles

    def _both(self, alleles: Sequence[Written], gene: SpliceGene) -> list[tuple[Floats, Floats]]:
        """Return the tracks (2 distance + 1, K) of reference and alternate, for alleles of one tile.

        Of usage the bases are those around REF (2 distance + its length).
        """
        far, long = self.distance, _long(alleles[0])
        low = min(each.start for each in alleles) - far
        high = max(each.start + 1 if long and not self.usage else each.end for each in alleles) + far
        codes = self._codes(alleles[0].contig, gene, low - self.crop, high + self.crop)
        places = [] if long else [(a.start - low + self.crop, a.end - low + self.crop, a.alt) for a in alleles]
        reference, alternates = self._tracks(codes, gene, places)
        if long:
            (each,) = alleles
            left = self._codes(each.contig, gene, each.start - far - self.crop, each.start)
            right = self._codes(each.contig, gene, each.end, each.end + far + self.crop)
            alternates = [self._tracks(np.concatenate([left, each.alt, right]), gene, [])[0]]
        sizes = [2 * far + (each.end - each.start if self.usage else 1) for each in alleles]
        return [
            (reference[each.start - far - low :][:size], self._aligned(alternate, each)[:size])
            for each, alternate, size in zip(alleles, alternates, sizes, strict=True)
        ]

    def _aligned(self, alternate: Floats, allele: Written) -> Floats:
        """Return `_laid`, unless each network's answers were merged already."""
        done = self.usage and allele.end - allele.start == 1 and not _long(allele)
        return alternate if done else _laid(alternate, allele, self.distance)

    def _codes(self, contig: int, gene: SpliceGene, low: int, high: int) -> Codes:
        """Return the bases of [low, high), those outside of the gene unknown to models of acceptors and donors."""
        codes = encode(self.genome.fetch(contig, low, high))
        if self.usage:
            return codes
        codes[: max(0, gene.start - low)] = UNKNOWN
        if high > gene.end:
            codes[max(0, gene.end - low) :] = UNKNOWN
        return codes

    def _tracks(
        self, codes: Codes, gene: SpliceGene, places: Sequence[tuple[int, int, Codes]]
    ) -> tuple[Floats, list[Floats]]:
        """Return the tracks along the reference strand, of a stretch and of it with alleles in place."""
        size = len(codes)
        if not gene.forward:
            codes = reverse_complement(codes)
            places = [(size - end, size - start, reverse_complement(alt)) for start, end, alt in places]
        given = [Allele(start, end, np.asarray(alt, dtype=np.int64)) for start, end, alt in places]
        sides, laid = (self.distance, self.distance), self._merged if self.usage else None
        found = self.model.replaced(np.asarray(codes, dtype=np.int64), given, sides, laid)
        turn = slice(None) if gene.forward else slice(None, None, -1)
        reference, *alternates = (each[turn, self.columns] for each in (found.reference, *found.alternates))
        return reference, alternates

    def _merged(self, answers: Tensor, allele: Allele) -> Tensor:
        """Let the largest of a network's answers at inserted bases stand for all of them, and for the one before."""
        new, far = len(allele.codes), self.distance
        if allele.end - allele.start > 1 or new == 1:
            return answers
        return torch.cat([answers[:far], answers[far : far + new].amax(0, keepdim=True), answers[far + new :]])

    def _deltas(self, allele: Written, gene: SpliceGene, reference: Floats, alternate: Floats) -> Splice:
        if self.usage:
            return self._used(allele, gene, alternate - reference)
        nearest = gene.nearest(allele.position) if self.masked else None
        moved = allele.start - allele.position
        deltas, positions = [], []
        for column in range(2):
            gained = alternate[:, column] - reference[:, column]
            for sign in (1, -1):
                at = int((sign * gained).argmax())
                place = at - self.distance + moved
                # Masked: gains at annotated sites, and losses elsewhere.
                masked = self.masked and (place == nearest) == (sign == 1)
                deltas.append(0.0 if masked else float(sign * gained[at]))
                positions.append(place)
        a, b, c, d = deltas
        p, q, r, s = positions
        return Splice(gene.name, (a, b, c, d), (p, q, r, s))

    def _used(self, allele: Written, gene: SpliceGene, changes: Floats) -> Splice:
        """Return the largest gain and loss of any tissue. changes: (bases, tissues)."""
        gains, losses = changes.max(axis=1), -changes.min(axis=1)
        if self.masked:
            annotated = np.isin(np.arange(len(changes)) + allele.start - self.distance, gene.boundaries)
            gains = np.where(annotated, np.minimum(gains, 0), gains)
            losses = np.where(annotated, losses, np.minimum(losses, 0))
        at = int(gains.argmax()), int(losses.argmax())
        moved = allele.start - allele.position - self.distance
        return Splice(gene.name, (float(gains[at[0]]), float(losses[at[1]])), (at[0] + moved, at[1] + moved))


def _long(allele: Written) -> bool:
    return max(allele.end - allele.start, len(allele.alt)) > LONG


def _laid(alternate: Floats, allele: Written, far: int) -> Floats:
    """Lay the answers of an alternate haplotype (far + T + far, K) on the bases of the reference (2 far + REF, K).

    Deleted bases have 0, and of inserted ones the largest counts, at the last base of REF; other bases stand in order.
    """
    old, new = allele.end - allele.start, len(allele.alt)
    middle = alternate[far : far + new]
    if new > old:
        middle = np.concatenate([middle[: old - 1], middle[old - 1 :].max(axis=0, keepdims=True)])
    lost = np.zeros((max(0, old - new), alternate.shape[1]), dtype=alternate.dtype)
    return np.concatenate([alternate[:far], middle, lost, alternate[far + new :]])


def splice_columns(model: Model) -> list[int]:
    """Return which tracks of a model are acceptor and donor, or splice sites of tissues.

    Raises ModelError where it predicts no such thing.
    """
    tracks = model.can.tracks
    if tracks is None or not tracks.splices:
        told = f"it predicts {tracks}" if tracks else "it predicts no tracks"
        raise ModelError(f"{model.card.id} has no score `splice`, which is made of acceptor and donor tracks: {told}")
    if tracks.spliced:
        return [tracks.names.index(name) for name in tracks.spliced]
    return [tracks.names.index("acceptor"), tracks.names.index("donor")]
