"""Substitutions of a VCF, and what model and rivals say about any set of substitutions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnalect import InputError
from dnalect.genome import (
    Region,
    bases_around,
    information,
    local_mean,
    log_ratio,
    own_name,
    read_bed,
    surprise,
)
from dnalect.stats import block_of
from studies.data import substitutions
from studies.worth.bench import Bench

FLANK = 3
NEAR = 10
Codes = npt.NDArray[np.uint8]
Singles = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Snvs:
    """Substitutions, sorted by contig and position (n,).

    contig: numbers. position: 0-based. ref, alt: base codes. count: carriers of ALT, total: of
    any allele; both 0 where the file does not say. polarity: above 0 where REF is the ancestral
    allele, below where ALT is, 0 where neither is known to be; 2 or -2 where that is sure.
    """

    contig: Numbers
    position: Numbers
    ref: Codes
    alt: Codes
    count: Numbers
    total: Numbers
    polarity: Numbers

    def __len__(self) -> int:
        return len(self.position)

    def take(self, at: Numbers | Mask) -> "Snvs":
        """Return the entries `at`, numbers or a mask."""
        return Snvs(**{name: getattr(self, name)[at] for name in self.__dataclass_fields__})

    @property
    def frequency(self) -> npt.NDArray[np.float64]:
        """Share of the alternate allele (n,)."""
        return np.asarray(self.count / np.maximum(self.total, 1))

    @property
    def block(self) -> Numbers:
        """Number of the 10-kb block (n,)."""
        return block_of(self.contig, self.position)


def make_snvs(
    contig: npt.ArrayLike, position: npt.ArrayLike, ref: npt.ArrayLike, alt: npt.ArrayLike, **counts: npt.ArrayLike
) -> Snvs:
    """Return substitutions from columns, sorted; count, total and polarity are 0 where not given."""
    columns = {"contig": contig, "position": position, "ref": ref, "alt": alt} | counts
    size = len(np.asarray(position))
    kinds = dict.fromkeys(Snvs.__dataclass_fields__, np.int64) | dict.fromkeys(("ref", "alt"), np.uint8)
    arrays = {name: np.broadcast_to(np.asarray(columns.get(name, 0), kind), size) for name, kind in kinds.items()}
    order = np.lexsort((arrays["alt"], arrays["position"], arrays["contig"]))
    return Snvs(**{name: column[order] for name, column in arrays.items()})


def read_snvs(path: Path, bench: Bench, regions: Sequence[Region], shift: int = 0, contig: str = "") -> Snvs:
    """Read the substitutions of a VCF that lie in some regions; other variants are left out.

    shift: added to POS, for files cut out of a contig. contig: the name to use for all
    records; the default is their own. Raises InputError where none is left, or where more
    than 1% don't have the reference's base.
    """
    genome = bench.genome
    found = [(*each[:6], each.polarity) for each in substitutions(path, genome, contig)]
    number, position, ref, alt, *told = np.array(found, dtype=np.int64).reshape(-1, 7).T
    counts = dict(zip(("count", "total", "polarity"), told, strict=True))
    snvs = make_snvs(number, position + shift, ref, alt, **counts)
    snvs = snvs.take(within(snvs, regions))
    right = fits(bench, snvs)
    if not len(snvs) or right.mean() < 0.99:
        raise InputError(
            f"{path}: {int(right.sum())} of {len(snvs)} substitutions in the regions at hand have the base of "
            f"{genome.path.name}; is it the VCF of this reference?"
        )
    return snvs.take(right)


def fits(bench: Bench, snvs: Snvs) -> Mask:
    """Return (n,) True for substitutions whose REF is the reference's base."""
    out = np.zeros(len(snvs), dtype=bool)
    for number in np.unique(snvs.contig):
        own, whole = snvs.contig == number, Region(int(number), 0, int(bench.genome.lengths[number]))
        out[own] = bench.model.codes(whole)[snvs.position[own]] == snvs.ref[own]
    return out


def within(snvs: Snvs, regions: Iterable[Region]) -> Mask:
    """Return (n,) True for substitutions in any of the regions."""
    inside = np.zeros(len(snvs), dtype=bool)
    for region in regions:
        inside |= (snvs.contig == region.contig) & (snvs.position >= region.start) & (snvs.position < region.end)
    return inside


@dataclass(frozen=True)
class Features:
    """What is known of n substitutions: one row each.

    model, markov: ln p of the four bases (n, 4). around: bases (n, 7). near_information:
    mean information of the model within 10 bases; near_surprise: mean -log2 p(reference
    base) within 10 bases, less the entropy that the model expected, the site itself left out.
    """

    snvs: Snvs
    model: Singles
    markov: Singles
    around: Codes
    near_information: Singles
    near_surprise: Singles

    def take(self, at: Numbers | Mask) -> "Features":
        """Return the entries `at`, numbers or a mask."""
        rest = {name: getattr(self, name)[at] for name in self.__dataclass_fields__ if name != "snvs"}
        return Features(snvs=self.snvs.take(at), **rest)

    def llr(self) -> Singles:
        """Return the model's log-ratio (n,)."""
        return log_ratio(self.model, self.snvs.ref, self.snvs.alt)

    def markov_llr(self) -> Singles:
        """Return the Markov rival's log-ratio (n,)."""
        return log_ratio(self.markov, self.snvs.ref, self.snvs.alt)


def features(bench: Bench, snvs: Snvs, regions: Sequence[Region]) -> Features:
    """Return the features of substitutions that all lie in the regions, in their order."""
    parts = [_features(bench, snvs.take(within(snvs, [region])), region) for region in sorted(regions)]
    columns = [name for name in Features.__dataclass_fields__ if name != "snvs"]
    joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in columns}
    return Features(snvs=snvs, **joined)


def _features(bench: Bench, snvs: Snvs, region: Region) -> Features:
    reading = bench.read(region)
    at = snvs.position - region.start
    known = information(reading.model)
    excess = surprise(reading.model, reading.codes) - (2 - known)
    sums, sizes = local_mean(excess, NEAR) * (2 * NEAR + 1), 2 * NEAR
    return Features(
        snvs=snvs,
        model=reading.model[at],
        markov=reading.markov[at],
        around=bases_around(reading.codes, at, FLANK),
        near_information=local_mean(known, NEAR)[at],
        near_surprise=(sums[at] - np.nan_to_num(excess[at])) / np.float32(sizes),
    )


def tss_distance(bench: Bench, snvs: Snvs, path: Path) -> npt.NDArray[np.float64]:
    """Return the distance (n,) in bases to the nearest transcription start of a BED; infinite without one."""
    out = np.full(len(snvs), np.inf)
    starts = read_bed(path)
    for number in np.unique(snvs.contig):
        found = starts.get(own_name(bench.genome.names[number], starts))
        if found is None:
            continue
        own = snvs.contig == number
        tss = np.sort(np.where(found.forward, found.starts, found.ends - 1))
        at = np.searchsorted(tss, snvs.position[own])
        near = np.stack([tss[np.clip(at - step, 0, len(tss) - 1)] for step in (0, 1)])
        out[own] = np.abs(near - snvs.position[own]).min(axis=0)
    return out
