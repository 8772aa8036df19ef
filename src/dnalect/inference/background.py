"""Percentiles: where a score stands among background variants of the same stratum.

A stratum is a class, a bin of length, and whether an indel adds or removes a tandem copy.
Scores of different strata can't be compared; their percentiles can.
"""

import hashlib
import zlib
from collections.abc import Callable
from typing import cast

import numpy as np
import numpy.typing as npt

from dnalect.core.files import cache_folder, written_whole
from dnalect.core.records import Codes, Variant
from dnalect.genome.fasta import Genome
from dnalect.inference.leave_one_out import TILE
from dnalect.inference.scorer import Measure, Scorer
from dnalect.tokens.bases import UNKNOWN, encode
from dnalect.windows.alleles import edge, normalise

# (lowest, highest) changed bases of each bin.
MNV_BINS = ((2, 2), (3, 4), (5, 16), (17, 50))
INDEL_BINS = ((1, 1), (2, 4), (5, 20), (21, 100))
# Sites of one tile share a forward, and their surroundings: a small background takes fewer of each, from so many tiles.
SITES_A_TILE = 256
TILES = 128

Values = npt.NDArray[np.float32]


def stratum(variant: Variant) -> str:
    """Return the name of a variant's stratum, e.g. "snv", "mnv_3-4", "deletion_1_tandem"."""
    kind = variant.kind
    if kind in ("snv", "none"):
        return "snv"
    if kind == "mnv":
        return f"mnv_{_bin(MNV_BINS, int((variant.ref != variant.alt).sum()))}"
    size = abs(len(variant.alt) - len(variant.ref))
    return f"{kind}_{_bin(INDEL_BINS, size)}" + ("_tandem" if variant.tandem else "")


def _bin(bins: tuple[tuple[int, int], ...], size: int) -> str:
    low, high = next((b for b in bins if b[0] <= size <= b[1]), bins[-1])
    return str(low) if low == high else f"{low}-{high}"


class Background:
    """Draws the background of a stratum when it is first asked for, and keeps it in the cache.

    snvs: number of single-nucleotide variants. others: number of variants of every other
    stratum (each costs two whole windows). None stands for the scorer's own. seed: of the draw.
    notify: called with a sentence before a draw that takes long.
    """

    def __init__(
        self,
        scorer: Measure,
        snvs: int | None = None,
        others: int | None = None,
        seed: int = 1,
        notify: Callable[[str], None] = lambda _: None,
    ):
        self.scorer, self.seed, self.notify = scorer, seed, notify
        self.snvs = scorer.background if snvs is None else snvs
        self.others = scorer.background_others if others is None else others
        self.values: dict[str, Values] = {}

    def percentile(self, name: str, value: float) -> float | None:
        """Return (1 + number below + half the ties) / (N + 1), or None without a background."""
        values = self._of(name)
        if not len(values):
            return None
        below, upto = (
            np.searchsorted(values, np.float32(value), "left"),
            np.searchsorted(values, np.float32(value), "right"),
        )
        return float(1 + below + (upto - below) / 2) / (len(values) + 1)

    def _of(self, name: str) -> Values:
        if name not in self.values:
            self.values[name] = self._cached(name)
        return self.values[name]

    def _cached(self, name: str) -> Values:
        count = self.snvs if name == "snv" else self.others
        scorer = self.scorer
        identity = f"{scorer.genome.checksum} {scorer.identity}"
        if name == "snv" and scorer.sites is not None:
            identity += f" {scorer.sites.identity}"
        folder = cache_folder() / "backgrounds" / hashlib.sha256(identity.encode()).hexdigest()[:24]
        path = folder / f"{name}.{count}.{self.seed}.{TILES}.npy"
        if path.is_file():
            return np.asarray(np.load(path), dtype=np.float32)
        self.notify(
            f"drawing {count:,} background variants ({name.replace('_', ' ')}), once for this reference and model"
        )
        rng = np.random.default_rng((self.seed, zlib.crc32(name.encode())))
        values = np.sort(
            self._snvs(count, rng) if name == "snv" and scorer.shares_forwards else self._drawn(name, count, rng)
        )
        folder.mkdir(parents=True, exist_ok=True)
        with written_whole(path) as temporary, temporary.open("wb") as file:
            np.save(file, values)
        return values

    def _snvs(self, count: int, rng: np.random.Generator) -> Values:
        """All three substitutions at random sites, drawn tile by tile so that they share a forward."""
        # A measure that shares forwards is a Scorer.
        scorer, found = cast(Scorer, self.scorer), []
        genome = scorer.genome
        missing, tries = count, 0
        a_tile = min(SITES_A_TILE, max(1, count // 3 // TILES))
        while missing > 0 and tries < 50:
            sites = min(missing // 3 + 1, 64 * a_tile)
            starts = _places(genome, -(-sites // a_tile), rng)
            contigs = np.repeat(starts[:, 0], a_tile)
            tiles = np.repeat(starts[:, 1] // TILE * TILE, a_tile)
            positions = tiles + np.argsort(rng.random((len(starts), TILE)))[:, :a_tile].ravel()
            contigs, positions = contigs[:sites], positions[:sites]
            ref = encode(genome.windows(contigs, positions, 1))[:, 0]
            inner = (positions >= 64) & (positions < genome.lengths[contigs] - 64) & (ref != UNKNOWN)
            contigs, positions, ref = contigs[inner], positions[inner], ref[inner]
            log_probs = scorer.at_sites(contigs, positions)
            change = log_probs - log_probs[np.arange(len(ref)), ref][:, None]
            found.append(change[np.arange(4) != ref[:, None]])
            missing -= len(found[-1])
            tries += 1
        return np.concatenate(found)[:count].astype(np.float32)

    def _drawn(self, name: str, count: int, rng: np.random.Generator) -> Values:
        variants: list[Variant] = []
        make = _maker(name)
        for _ in range(40):
            for place in _places(self.scorer.genome, 2 * count, rng):
                made = make(self.scorer.genome, int(place[0]), int(place[1]), rng)
                if made is not None and stratum(made) == name and self._usable(made):
                    variants.append(made)
                if len(variants) == count:
                    break
            if len(variants) == count or not variants:
                break
        scores = self.scorer.score(variants)
        return np.array([score.value for score in scores], dtype=np.float32)

    def _usable(self, variant: Variant) -> bool:
        genome = self.scorer.genome
        return not edge(variant, genome, int(genome.lengths[variant.contig]), self.scorer.reach)


def _places(genome: Genome, count: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Random (contig, position) pairs, every base equally likely: (count, 2)."""
    at = rng.integers(len(genome.bases), size=count)
    contigs = np.searchsorted(genome.offsets, at, side="right") - 1
    return np.stack([contigs, at - genome.offsets[contigs]], axis=1).astype(np.int64)


Maker = Callable[[Genome, int, int, np.random.Generator], Variant | None]


def _maker(name: str) -> Maker:
    if name == "snv":
        return lambda g, c, p, rng: _mnv(g, c, p, 1, rng)
    kind, size, *rest = name.split("_")
    low, _, high = size.partition("-")
    lengths = (int(low), int(high or low))
    if kind == "mnv":
        return lambda g, c, p, rng: _mnv(g, c, p, int(rng.integers(lengths[0], lengths[1] + 1)), rng)
    if kind == "deletion":
        tandem = bool(rest)
        return lambda g, c, p, rng: _deletion(g, c, p, lengths, tandem, rng)
    if rest:
        return lambda g, c, p, rng: _duplication(g, c, p, int(rng.integers(lengths[0], lengths[1] + 1)))
    return lambda g, c, p, rng: _insertion(g, c, p, int(rng.integers(lengths[0], lengths[1] + 1)), rng)


def _known(genome: Genome, contig: int, start: int, length: int) -> Codes | None:
    codes = encode(genome.fetch(contig, start, start + length))
    return None if (codes == UNKNOWN).any() else codes


def _mnv(genome: Genome, contig: int, start: int, size: int, rng: np.random.Generator) -> Variant | None:
    ref = _known(genome, contig, start, size)
    if ref is None:
        return None
    alt = ((ref + rng.integers(1, 4, size=size)) % 4).astype(np.uint8)
    return normalise(contig, start, ref, alt, genome)


def _deletion(
    genome: Genome, contig: int, start: int, lengths: tuple[int, int], tandem: bool, rng: np.random.Generator
) -> Variant | None:
    """Any deletion, or the first one of a tandem copy within the next bases."""
    size = int(rng.integers(lengths[0], lengths[1] + 1))
    if tandem:
        codes = encode(genome.fetch(contig, start, start + 4096))
        same = np.concatenate([[0], np.cumsum((codes[:-size] == codes[size:]) & (codes[size:] != UNKNOWN))])
        repeats = np.flatnonzero(same[size:] - same[:-size] == size)
        if not len(repeats):
            return None
        start += int(repeats[0])
    ref = _known(genome, contig, start, size)
    return None if ref is None else normalise(contig, start, ref, ref[:0], genome)


def _duplication(genome: Genome, contig: int, start: int, size: int) -> Variant | None:
    copy = _known(genome, contig, start, size)
    return None if copy is None else normalise(contig, start, copy[:0], copy, genome)


def _insertion(genome: Genome, contig: int, start: int, size: int, rng: np.random.Generator) -> Variant | None:
    """Bases from elsewhere in the reference, so that their composition is a real one."""
    other = _places(genome, 1, rng)[0]
    added = _known(genome, int(other[0]), int(other[1]), size)
    return None if added is None else normalise(contig, start, added[:0], added, genome)
