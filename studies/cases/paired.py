"""Pairs of alleles whose activity in a reporter assay was measured (CAGI4 eQTL causal SNPs, Tewhey 2016)."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnalect import Genome, TableError, open_genome
from dnalect.core import Variant
from dnalect.examples import Table, read_table, similar_groups
from dnalect.tokens import BASES
from studies.cases.haplotypes import variant_on
from studies.data import file_of

PAIRS = "variants/cagi4_eqtl_mpra/train_df.csv.gz"
# Bases of a construct: sites that are nearer than this share some.
LENGTH = 150
# Copies; at 80% the members of one family of repeats would all be one group.
ALIKE = 0.95
Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Pairs:
    """n pairs of constructs with either allele.

    reference, alternate (n): sequences, about 150 bases. genome, variants (n): the same as
    variants on the references. skew (n,): log2 of alternate over reference activity. active (n,):
    either allele is a regulatory element in the assay; only for these the authors tested the
    skew. significant (n,): that test said yes (emVar). group (n,): what is drawn and held out
    together, from 0: pairs of one eQTL lead, of overlapping or of similar sequence.
    """

    reference: tuple[str, ...]
    alternate: tuple[str, ...]
    genome: Genome
    variants: tuple[Variant, ...]
    skew: Floats
    active: Mask
    significant: Mask
    group: Numbers


def read_pairs(data: Path) -> Pairs:
    """Read all pairs. Raises InputError where the file or a column is missing or a cell does not fit."""
    table = read_table(file_of(data, PAIRS))
    reference, alternate = (_sequences(table, f"{side}_sequence") for side in ("ref", "alt"))
    genome = open_genome({str(number): text for number, text in enumerate(reference)})
    variants = tuple(
        variant_on(genome, number, 0, *both) for number, both in enumerate(zip(reference, alternate, strict=True))
    )
    position = table.numbers("pos").astype(np.int64)
    return Pairs(
        reference=reference,
        alternate=alternate,
        genome=genome,
        variants=variants,
        skew=table.numbers("LogSkew.Comb"),
        active=table.numbers("Regulatory_Hit") > 0,
        significant=table.numbers("emVar_Hit") > 0,
        group=linked(table.cells("eQTL_lead"), table.cells("chr"), position, reference),
    )


def _sequences(table: Table, name: str) -> tuple[str, ...]:
    """A column of sequences, the dashes of deletions left out. Raises TableError where another letter stands."""
    found = tuple(text.upper().replace("-", "") for text in table.cells(name))
    for row, text in enumerate(found):
        if not text or set(text) - set(BASES):
            raise TableError(f"{table.source}, line {table.lines[row]}: {name} must be a sequence of A, C, G and T")
    return found


def linked(leads: list[str], contigs: list[str], position: Numbers, sequences: tuple[str, ...]) -> Numbers:
    """Return the group (n,) of each pair, from 0: chains of a shared lead, shared bases or similar sequence."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    contig = np.unique(contigs, return_inverse=True)[1]
    order = np.lexsort((position, contig))
    step = (np.diff(contig[order]) != 0) | (np.diff(position[order]) >= LENGTH)
    near = np.zeros(len(order), dtype=np.int64)
    near[order] = np.concatenate([[0], np.cumsum(step)])
    rows, links = np.arange(len(order)), []
    for label in (np.unique(leads, return_inverse=True)[1], near, similar_groups(sequences, ALIKE)):
        first = np.unique(label, return_index=True)[1]
        links.append(np.stack([rows, first[label]]))
    left, right = np.concatenate(links, axis=1)
    graph = coo_matrix((np.ones(len(left), dtype=np.int8), (left, right)), shape=(len(rows), len(rows)))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)
