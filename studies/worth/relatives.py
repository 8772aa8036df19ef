"""Genomes of relatives laid on a reference: which base each of them has at each of its positions."""

import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnalect import InputError
from dnalect.genome import Region
from dnalect.tokens import encode
from studies.worth.bench import Bench
from studies.worth.snvs import NEAR, Snvs

FOLDER, SUFFIX = "alignment", ".on_S288C.diff.fa.gz"
# They are of the species itself: what they carry says what varies within it, not what other species kept.
STRAINS = ("DBVPG6044", "DBVPG6765", "SK1", "UWOPS034614", "Y12", "YPS128")
# Where fewer relatives are aligned a share says little.
FEWEST = 3
NOTHING = 4
CONTEXT = "non-conservation within 10 bases"
# What counts of the bases around one: those within 10, itself left out.
AROUND = np.where(np.arange(-NEAR, NEAR + 1) == 0, 0.0, 1.0)

Codes = npt.NDArray[np.uint8]
Singles = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Relatives:
    """Other species on a reference. names: r of them. bases: contig -> (r, L) base codes, 4 where none is aligned."""

    names: tuple[str, ...]
    bases: dict[int, Codes]

    def carrying(self, snvs: Snvs, base: Codes) -> Numbers:
        """Return how many relatives have `base` (n,) where each substitution lies."""
        out = np.zeros(len(snvs), dtype=np.int64)
        for number in np.unique(snvs.contig):
            own = snvs.contig == number
            out[own] = (self.bases[int(number)][:, snvs.position[own]] == base[own]).sum(axis=0)
        return out

    def conserved(self, contig: int, codes: Codes) -> Singles:
        """Return the share of the aligned relatives with the reference's base (L,), NaN where fewer than 3 are aligned.

        codes: (L,) of the reference.
        """
        bases = self.bases[contig]
        aligned = (bases != NOTHING).sum(axis=0)
        same = ((bases == codes) & (codes != NOTHING)).sum(axis=0)
        share = same / np.maximum(aligned, 1)
        return np.where((aligned < FEWEST) | (codes == NOTHING), np.nan, share).astype(np.float32)

    def near(self, bench: Bench, snvs: Snvs) -> Singles:
        """Return the mean share of relatives without the reference's base within 10 bases (n,), the site left out.

        They have another one there, or nothing: what no relative can be laid on is not conserved.
        """
        out = np.zeros(len(snvs), dtype=np.float32)
        for number in np.unique(snvs.contig):
            own = snvs.contig == number
            other = (self.bases[int(number)] != whole(bench, int(number))).mean(axis=0)
            sums, sizes = (np.convolve(each, AROUND, "same") for each in (other, np.ones(len(other))))
            out[own] = (sums / sizes)[snvs.position[own]]
        return out


def whole(bench: Bench, contig: int) -> Codes:
    """Return the base codes (L,) of a contig; no model is asked."""
    return bench.model.codes(Region(contig, 0, int(bench.genome.lengths[contig])))


def read_relatives(bench: Bench, regions: Sequence[Region]) -> Relatives:
    """Read the other species of DATA/alignment on the contigs of some regions.

    A file holds a sequence for each contig, as long as the reference's: `.` for its base, a letter for another one,
    `-` where nothing is aligned. Raises InputError where there is no such file, or one of another reference.
    """
    folder = bench.options.data / FOLDER
    names = {path.name.removesuffix(SUFFIX): path for path in sorted(folder.glob(f"*{SUFFIX}"))}
    others = {name: path for name, path in names.items() if name not in STRAINS}
    if len(others) < FEWEST:
        raise InputError(f"the study needs the relatives NAME{SUFFIX} of at least {FEWEST} species in {folder}")
    contigs = sorted({region.contig for region in regions})
    found = [_read(bench, path, contigs) for path in others.values()]
    return Relatives(tuple(others), {number: np.stack([each[number] for each in found]) for number in contigs})


def _read(bench: Bench, path: Path, contigs: Sequence[int]) -> dict[int, Codes]:
    wanted = {bench.genome.names[number]: number for number in contigs}
    parts: dict[int, list[bytes]] = {number: [] for number in contigs}
    with gzip.open(path, "rb") as file:
        into: list[bytes] | None = None
        for line in file:
            if line.startswith(b">"):
                name = wanted.get(line[1:].split()[0].decode())
                into = None if name is None else parts[name]
            elif into is not None:
                into.append(line.strip())
    return {number: _laid(bench, path, number, b"".join(lines)) for number, lines in parts.items()}


def _laid(bench: Bench, path: Path, contig: int, text: bytes) -> Codes:
    """The bases of one relative on a contig; one that the file leaves out has nothing aligned."""
    reference, told = whole(bench, contig), np.frombuffer(text, dtype=np.uint8)
    if not len(told):
        return np.full(len(reference), NOTHING, dtype=np.uint8)
    if len(told) != len(reference):
        raise InputError(
            f"{path}: {bench.genome.names[contig]} has {len(told):,} bases, and {len(reference):,} in "
            f"{bench.genome.path.name}; is it laid on this reference?"
        )
    return np.where(told == ord("."), reference, encode(told)).astype(np.uint8)
