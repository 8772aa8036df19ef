"""The sequence that is asked: what does not code, its scores by the model and its rivals, and the same shuffled."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnalect import InputError
from dnalect.genome import Motif, Region, covered, information, motif_sites, own_name, read_bed, read_gff
from dnalect.inference import tiled_log_probs
from dnalect.models import Model, language_model
from dnalect.why import shuffled
from studies.worth.bench import Bench, Reading
from studies.worth.crossfit import tile_of
from studies.worth.species import YEAST
from studies.worth.tables import cached_table

# What is no free sequence: what codes, what is transcribed into stable RNA, and copies that a model knows by heart.
NOT_FREE = frozenset(("CDS", "tRNA", "rRNA", "ncRNA", "misc_RNA", "LTR", "mobile_element", "telomere"))
SHORTEST = 50
NULL = 100_000
WORD = 8
MARKOV, TWIN, WORDS = "Markov model", "untrained network", f"words of {WORD} that are too frequent"
LABELS = "matches of the known motifs (labels)"
Codes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]
Scores = npt.NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Contig:
    """A chromosome or a part of it: base codes (L,), which are free (L,), ln p of the model (L, 4).

    starts: of transcription on the whole chromosome, 0-based.
    """

    region: Region
    name: str
    codes: Codes
    free: Mask
    log_probs: npt.NDArray[np.float32]
    starts: Numbers

    def within(self, positions: Numbers) -> Numbers:
        """Return where those of some positions of the chromosome lie that it holds."""
        local = positions - self.region.start
        return np.asarray(local[(local >= 0) & (local < len(self.codes))])

    @property
    def distance(self) -> Numbers:
        """Bases to the nearest start of transcription (L,)."""
        at = np.arange(len(self.codes))
        edged = np.concatenate([[-(10**9)], np.unique(self.starts) - self.region.start, [10**9]])
        next_ = np.searchsorted(edged, at)
        return np.asarray(np.minimum(np.abs(at - edged[next_ - 1]), np.abs(edged[next_] - at)))


def contigs_of(bench: Bench, regions: Iterable[Region]) -> list[Contig]:
    """Return chromosomes, or parts of them, as annotated. Raises InputError where the annotation knows none of them."""
    spans: dict[str, list[tuple[int, int]]] = {}
    for row in read_gff(bench.options.file(YEAST.annotation)):
        if row.kind in NOT_FREE:
            spans.setdefault(row.contig, []).append((row.start, row.end))
    starts = read_bed(bench.options.file(YEAST.tss))
    found = []
    for region in regions:
        name = bench.genome.names[region.contig]
        own, known = own_name(name, spans), own_name(name, starts)
        if own not in spans or known not in starts:
            raise InputError(f"the annotation of the data knows nothing of {name}")
        low, high = np.array(spans[own], dtype=np.int64).T
        codes = bench.model.codes(region)
        each = starts[known]
        tss = np.where(each.forward, each.starts, each.ends - 1)
        free = ~covered(low, high, region) & (codes < 4)
        found.append(Contig(region, name, codes, free, bench.model.log_probs(region), tss))
    return found


def stretches(free: Mask) -> list[tuple[int, int]]:
    """Return the stretches [start, end) of free bases that are no shorter than SHORTEST."""
    edges = np.flatnonzero(np.diff(free, prepend=False, append=False)).reshape(-1, 2)
    return [(low, high) for low, high in edges.tolist() if high - low >= SHORTEST]


def shuffled_sequence(contigs: Sequence[Contig], seed: int, bases: int = NULL) -> Codes:
    """Return free stretches, each shuffled with its pairs of neighbours, one behind the other: about `bases`."""
    rng = np.random.default_rng(seed)
    every = [contig.codes[low:high] for contig in contigs for low, high in stretches(contig.free)]
    kept, total = [], 0
    for at in rng.permutation(len(every)).tolist():
        if total < bases:
            kept.append(shuffled(every[at], rng))
            total += len(kept[-1])
    return np.concatenate(kept)


def composition(contigs: Sequence[Contig]) -> npt.NDArray[np.float64]:
    """Return ln of the shares (4,) of the bases of free sequence, both strands."""
    counts = np.sum([np.bincount(each.codes[each.free], minlength=4) for each in contigs], axis=0)
    both = counts + counts[::-1]
    return np.asarray(np.log(both / both.sum()))


def masked(scores: Scores, contig: Contig) -> Scores:
    """Return scores (L,) of a chromosome, NaN where it isn't free."""
    return np.where(contig.free, scores, np.nan)


class Words:
    """How much more frequent each word of 8 bases is, with its reverse complement, than its pairs of neighbours say."""

    def __init__(self, contigs: Sequence[Contig]):
        counts, singles, pairs = np.zeros(4**WORD), np.zeros(4), np.zeros(16)
        for contig in contigs:
            for low, high in stretches(contig.free):
                for strand in (contig.codes[low:high], 3 - contig.codes[low:high][::-1]):
                    counts += np.bincount(_numbers(strand, WORD), minlength=4**WORD)
                    pairs += np.bincount(_numbers(strand, 2), minlength=16)
                    singles += np.bincount(strand, minlength=4)
        step = np.log(pairs.reshape(4, 4) + 1) - np.log(pairs.reshape(4, 4).sum(axis=1, keepdims=True) + 4)
        digits = (np.arange(4**WORD)[:, None] >> (2 * np.arange(WORD - 1, -1, -1))) & 3
        chance = np.log((singles + 1) / (singles + 1).sum())[digits[:, 0]]
        for left, right in zip(digits.T[:-1], digits.T[1:], strict=True):
            chance = chance + step[left, right]
        expected = np.exp(chance) * counts.sum()
        self.excess = (counts - expected) / np.sqrt(expected + 1)

    def scores(self, codes: Codes, free: Mask | None = None) -> Scores:
        """Return the largest excess of the words that hold each base (L,), 0 where there is none."""
        out = np.zeros(len(codes))
        for low, high in stretches(np.ones(len(codes), dtype=np.bool_) if free is None else free):
            excess = np.maximum(self.excess[_numbers(codes[low:high], WORD)], 0)
            for shift in range(WORD):
                mine = out[low + shift : low + shift + len(excess)]
                np.maximum(mine, excess, out=mine)
        return out


def _numbers(codes: Codes, width: int) -> Numbers:
    """The number of the word that begins at each base (L - width + 1,)."""
    count = len(codes) - width + 1
    return np.asarray(sum(codes[at : at + count].astype(np.int64) << (2 * (width - 1 - at)) for at in range(width)))


class Twin:
    """The model's network before any training."""

    def __init__(self, folder: str | Path, dtype: str, seed: int = 1):
        self.model: Model = language_model(folder, dtype=dtype).untrained(seed)
        self.identity = f"untrained {seed} {self.model.card.sha256} {dtype}"

    def log_probs(self, codes: Codes) -> npt.NDArray[np.float32]:
        """Return ln p (L, 4) of a sequence (L,)."""
        name = f"{self.identity}\0{sha256(codes.tobytes()).hexdigest()}"
        tile = tile_of(self.model.can.reach or 0)
        return cached_table(name, lambda: tiled_log_probs(self.model, codes, tile=tile))


def rival_scores(
    reading: Reading,
    codes: Codes,
    background: npt.NDArray[np.float64],
    words: Words,
    twin: Twin,
    motifs: Sequence[Motif],
    free: Mask | None = None,
) -> Mapping[str, Scores]:
    """Return the scores (L,) of the rivals of a sequence, and of the known motifs: what labels would give."""
    return {
        MARKOV: information(reading.markov, background),
        WORDS: words.scores(codes, free),
        TWIN: information(twin.log_probs(codes), background),
        LABELS: best_matches(codes, motifs),
    }


def best_matches(codes: Codes, motifs: Sequence[Motif]) -> Scores:
    """Return the bits (L,) of the best site of a motif that holds each base, 0 where none does."""
    out = np.zeros(len(codes))
    for motif in motifs:
        at, _, bits = motif_sites(motif, codes)
        for column in range(len(motif.probabilities)):
            np.maximum.at(out, at + column, bits)
    return out
