"""Variants of human regulatory elements whose effects were measured (CAGI5, Kircher 2019), with their windows."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnalect import Genome, TableError, open_genome
from dnalect.core import Variant
from dnalect.examples import read_table
from dnalect.tokens import BASES, UNKNOWN, encode
from studies.cases.haplotypes import variant_on
from studies.data import file_of

ELEMENTS, SEQUENCES = "variants/cagi5/cagi5_df.csv", "variants/cagi5/base_seqs.csv"
TRACKS = {"phyloP": "phyloP", "phastCons": "phastCon", "GERP": "GerpRS"}
FLANK = 128
Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]
Codes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Measured:
    """n substitutions.

    element (n,): names. group (n,): elements that are held out together, numbered (both sets of
    TERT are one). genome: the elements' sequences as contigs. contig, at (n,): where each site is
    in it, 0-based. reference (n, 2 * FLANK + 1): base codes, the site in the middle, unknown beyond
    the element. ref, alt (n,): base codes. effect (n,): log2 of the measured change.
    significant (n,): the authors' own label, given where the confidence of the assay is 0.1 or more;
    that is no p-value. tracks: name -> (n,) conservation.
    """

    element: npt.NDArray[np.str_]
    group: Numbers
    genome: Genome
    contig: Numbers
    at: Numbers
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

    @property
    def variants(self) -> list[Variant]:
        """The substitutions (n) on `genome`."""
        rows = zip(self.contig.tolist(), self.at.tolist(), self.ref.tolist(), self.alt.tolist(), strict=True)
        return [variant_on(self.genome, contig, at, BASES[ref], BASES[alt]) for contig, at, ref, alt in rows]


def read_measured(data: Path) -> Measured:
    """Read the substitutions whose reference base is that of their element's sequence, in the order of the file.

    Raises InputError where a file is missing, TableError for a column, number or sequence.
    """
    known, table = read_table(file_of(data, SEQUENCES)), read_table(file_of(data, ELEMENTS))
    names, starts = known.cells("regulatory_element"), known.numbers("start_pos").astype(np.int64)
    sequences = [text.upper() for text in known.cells("ref_sequence")]
    contigs = {name: number for number, name in enumerate(names)}
    padded = [np.pad(encode(text), FLANK, constant_values=UNKNOWN) for text in sequences]
    elements = [name.removeprefix("release_") for name in table.cells("regulatory_element")]
    refs, alts = table.cells("Ref"), table.cells("Alt")
    position = table.numbers("Pos").astype(np.int64)
    rows, places = [], []
    for row, element in enumerate(elements):
        contig = contigs.get(_locus(element), contigs.get(element))
        if contig is None:
            raise TableError(f"{known.source} has no sequence of the element {element}")
        at = int(position[row] - starts[contig]) - 1
        inside = 0 <= at < len(sequences[contig]) and refs[row] in BASES and alts[row] in BASES
        if inside and sequences[contig][at] == refs[row]:
            rows.append(row)
            places.append((contig, at))
    if not rows:
        raise TableError(f"no variant of {table.source} has the base of its element in {known.source}")
    site = np.array(places, dtype=np.int64)
    return Measured(
        element=np.array(elements)[rows],
        group=np.unique([_locus(elements[row]) for row in rows], return_inverse=True)[1].astype(np.int64),
        genome=open_genome(dict(zip(names, sequences, strict=True))),
        contig=site[:, 0],
        at=site[:, 1],
        reference=np.stack([padded[contig][at : at + 2 * FLANK + 1] for contig, at in places]),
        ref=encode("".join(refs[row] for row in rows)),
        alt=encode("".join(alts[row] for row in rows)),
        effect=table.numbers("Value")[rows],
        significant=table.numbers("class")[rows] != 0,
        tracks={name: table.numbers(column)[rows] for name, column in TRACKS.items()},
    )


def _locus(element: str) -> str:
    """TERT of TERT-GBM."""
    return element.split("-")[0]
