"""What a variant is compared with: variants of its group, near its length."""

from typing import NamedTuple

from dnalect.core.records import Variant

# Longer changes of equal length are scored by the formula for indels, so they are a group of their own.
LONGEST_MNV = 16
NAMES = {
    "snv": "SNVs",
    "mnv": "MNVs",
    "mnv_long": "MNVs",
    "insertion": "insertions",
    "deletion": "deletions",
    "insertion_tandem": "tandem insertions",
    "deletion_tandem": "tandem deletions",
}
# Those of junctions, which no table of a model has.
STRUCTURES = {
    "sv_deletion": "structural deletions",
    "sv_duplication": "tandem duplications",
    "sv_inversion": "inversions",
    "sv_insertion": "structural insertions",
    "sv_translocation": "translocations",
    "sv_breakend": "inverted junctions",
}


class Stratum(NamedTuple):
    """What is alike.

    group: a key of NAMES or STRUCTURES. length: differing bases of an MNV, bases of an indel's longer allele, the size
    of a structural variant, of any number.
    """

    group: str
    length: int

    @property
    def band(self) -> int:
        """Lengths between two powers of two are one band: 1, 2, 3-4, 5-8, 9-16 ... are 0, 1, 2, 3, 4 ..."""
        return (self.length - 1).bit_length()


def stratum(variant: Variant) -> Stratum:
    """Return what a variant is compared with. Alleles that change nothing count as SNVs."""
    kind = variant.kind
    if kind in ("snv", "none"):
        return Stratum("snv", 1)
    length = variant.changed
    if kind in STRUCTURES:
        return Stratum(kind, length)
    if kind == "mnv":
        return Stratum("mnv" if length <= LONGEST_MNV else "mnv_long", length)
    return Stratum(f"{kind}_tandem" if variant.tandem else kind, length)


def lengths_of(band: int) -> tuple[int, int]:
    """Return the lowest and the highest length of a band."""
    return (1 << band - 1) + 1 if band else 1, 1 << band


def named(group: str, low: int, high: int) -> str:
    """Return a group and its lengths in words: "deletions of 5-8 bases"."""
    name = (NAMES | STRUCTURES)[group]
    if group in ("snv", "sv_translocation"):
        return name
    lengths = f"{low:,}" if low == high else f"{low:,}-{high:,}"
    return f"{name} of {lengths} base{'s' if high > 1 else ''}"
