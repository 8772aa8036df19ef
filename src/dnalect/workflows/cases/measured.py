"""Variants of human regulatory elements whose effects were measured (CAGI5, Kircher 2019), with their windows."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import InputError
from dnalect.tokens.bases import BASES, UNKNOWN, encode

ELEMENTS, SEQUENCES = "variants/cagi5/cagi5_df.csv", "variants/cagi5/base_seqs.csv"
TRACKS = {"phyloP": "phyloP", "phastCons": "phastCon", "GERP": "GerpRS"}
# What the assay's authors call significant (all labels agree with it); it is no p-value.
CONFIDENT = 0.1
FLANK = 128
Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]
Codes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Measured:
    """n substitutions.

    element (n,): names. group (n,): elements that are held out together, numbered (both sets of
    TERT are one). reference (n, 2 * FLANK + 1): base codes, the site in the middle, unknown beyond
    the element. ref, alt (n,): base codes. effect (n,): log2 of the measured change.
    significant (n,). tracks: name -> (n,) conservation.
    """

    element: npt.NDArray[np.str_]
    group: Numbers
    reference: Codes
    ref: Codes
    alt: Codes
    effect: Floats
    significant: npt.NDArray[np.bool_]
    tracks: dict[str, Floats]

    @property
    def alternate(self) -> Codes:
        """The windows (n, 2 * FLANK + 1) with the alternate base."""
        codes = self.reference.copy()
        codes[:, FLANK] = self.alt
        return codes


def read_measured(data: Path) -> Measured:
    """Read the substitutions whose reference base is that of their element's sequence.

    Raises InputError where a file is missing.
    """
    import pandas

    for name in (ELEMENTS, SEQUENCES):
        if not (data / name).is_file():
            raise InputError(f"the case study needs {data / name}, which is missing")
    sequences = {row.regulatory_element: row for row in pandas.read_csv(data / SEQUENCES).itertuples()}
    table = pandas.read_csv(data / ELEMENTS)
    names = table["regulatory_element"].str.removeprefix("release_")
    table = table.assign(element=names, locus=names.str.split("-").str[0]).reset_index(drop=True)
    keep, windows = [], []
    for number, row in enumerate(table.itertuples()):
        known = sequences[row.locus] if row.locus in sequences else sequences[row.element]
        codes = np.pad(encode(known.ref_sequence), FLANK, constant_values=UNKNOWN)
        at = int(row.Pos) - int(known.start_pos) - 1
        inside = 0 <= at < len(codes) - 2 * FLANK and row.Ref in BASES and row.Alt in BASES
        if inside and codes[at + FLANK] == BASES.index(row.Ref):
            keep.append(number)
            windows.append(codes[at : at + 2 * FLANK + 1])
    table = table.iloc[keep]
    return Measured(
        element=table["element"].to_numpy(dtype=str),
        group=np.unique(table["locus"].to_numpy(dtype=str), return_inverse=True)[1].astype(np.int64),
        reference=np.stack(windows),
        ref=encode("".join(table["Ref"])),
        alt=encode("".join(table["Alt"])),
        effect=table["Value"].to_numpy(dtype=np.float64),
        significant=table["Confidence"].to_numpy(dtype=np.float64) >= CONFIDENT,
        tracks={name: table[column].to_numpy(dtype=np.float64) for name, column in TRACKS.items()},
    )
