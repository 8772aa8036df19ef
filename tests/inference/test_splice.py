"""splice-1 is SpliceAI's own delta score: allele by allele, whole windows, by plain formulas."""

import numpy as np
import pytest
import torch

import dnalect
from dnalect.core.errors import ConfigError, ModelError, TableError
from dnalect.genome.fasta import open_genome
from dnalect.genome.splice_genes import HEADER, SpliceGenes, genes_of, is_gene_table, read_gene_table
from dnalect.genome.transcripts import Transcript
from dnalect.inference import splice
from dnalect.inference.splice import SpliceScorer, Written
from dnalect.tokens.bases import encode
from models.splicing import CROP, by_formula, spliceai

pytest.importorskip("h5py")
LENGTH = 900
BASES = "".join(np.random.default_rng(2).choice(list("ACGT"), LENGTH))
# Name, strand, start and end as the table has them, exons.
GENES = (
    ("ONE", "+", 50, 700, ((50, 120), (300, 420), (600, 700))),
    ("TWO", "-", 200, 890, ((200, 310), (430, 890))),
    ("SHORT", "-", 405, 441, ((405, 441),)),
)
# POS (from 1), REF, ALT: substitutions, insertions, deletions, near the ends of genes and of the contig, several bases.
ALLELES = [
    (310, 1, "T"),
    (311, 1, "ACGT"),
    (311, 4, "A"),
    (410, 1, "G"),
    (412, 1, "GTTTGA"),
    (425, 12, "C"),
    (60, 1, "C"),
    (52, 3, "A"),
    (699, 1, "TTT"),
    (880, 1, "A"),
    (885, 4, "G"),
]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("splice")
    networks = spliceai(folder / "it")
    table = folder / "genes.txt"
    rows = [
        (name, "c", strand, start, end, *(",".join(str(exon[n]) for exon in exons) + "," for n in range(2)))
        for name, strand, start, end, exons in GENES
    ]
    table.write_text("\n".join("\t".join(map(str, row)) for row in (HEADER, *rows)) + "\n")
    genome = open_genome({"c": BASES})
    return dnalect.load(folder / "it"), networks, genome, table


def answers(networks, text):
    one_hot = torch.from_numpy(np.eye(5, 4, dtype=np.float32)[encode(text)])
    return np.mean([by_formula(each, one_hot)[2].numpy() for each in networks], axis=0)


def expected(networks, position, length, alt, gene, far, masked):
    """The four deltas and places of an allele in one gene, from whole windows."""
    _name, strand, start, end, exons = gene
    size = CROP + far
    known = {at: BASES[at - 1] for at in range(start + 1, end + 1)}
    around = [known.get(at, "N") for at in range(position - size, position + size + 1)]
    both = ["".join(around), "".join(around[:size]) + alt + "".join(around[size + length :])]
    found = []
    for text in both:
        if strand == "-":
            text = text[::-1].translate(str.maketrans("ACGT", "TGCA"))
        y = answers(networks, text)
        found.append(y[::-1] if strand == "-" else y)
    before, after = found
    if len(alt) > 1 and length == 1:
        after = np.vstack([after[:far], after[far : far + len(alt)].max(axis=0), after[far + len(alt) :]])
    elif length > 1:
        after = np.vstack([after[: far + 1], np.zeros((length - 1, 3)), after[far + 1 :]])
    boundaries = sorted({exon[0] + 1 for exon in exons} | {exon[1] for exon in exons})
    nearest = min((each - position for each in boundaries), key=abs)
    deltas, places = [], []
    for column in (1, 2):
        for change in (after[:, column] - before[:, column], before[:, column] - after[:, column]):
            at = int(change.argmax())
            annotated = at - far == nearest
            gain = len(deltas) % 2 == 0
            deltas.append(0.0 if masked and annotated == gain else change[at])
            places.append(at - far)
    return deltas, places


@pytest.mark.parametrize(("far", "masked"), [(20, False), (20, True), (45, True)])
def test_scores_are_those_of_whole_windows(made, far, masked):
    model, networks, genome, table = made
    scorer = SpliceScorer(model, genome, read_gene_table(table), far, masked)
    given = [Written(0, at - 1, at - 1 + length, encode(alt), at - 1) for at, length, alt in ALLELES]
    found = scorer.splices(given)
    genes = {gene[0]: gene for gene in GENES}
    seen = []
    for (at, length, alt), mine in zip(ALLELES, found, strict=True):
        assert [each.gene for each in mine] == [name for name, _, low, high, _ in GENES if low < at <= high]
        for each in mine:
            deltas, places = expected(networks, at, length, alt, genes[each.gene], far, masked)
            assert np.abs(np.subtract(each.deltas, deltas)).max() < 2e-5, (at, alt, each.gene)
            assert list(each.positions) == places
            seen += each.deltas
    assert max(seen) > 0.01
    assert not masked or seen.count(0.0) > 10
    # Alone each is what it is in company.
    assert scorer.splices(given[3:4])[0][0].positions == found[3][0].positions


def test_tiles_and_long_alleles_change_nothing(made, monkeypatch):
    model, _, genome, table = made
    scorer = SpliceScorer(model, genome, read_gene_table(table), 20)
    given = [Written(0, at - 1, at - 1 + length, encode(alt), at - 1) for at, length, alt in ALLELES]
    whole = scorer.splices(given)
    for name, value in (("TILE", 8), ("LONG", 2), ("APART", 3)):
        monkeypatch.setattr(splice, name, value)
        for mine, theirs in zip(scorer.splices(given), whole, strict=True):
            for a, b in zip(mine, theirs, strict=True):
                assert np.abs(np.subtract(a.deltas, b.deltas)).max() < 1e-5


def test_of_a_deletion_beyond_the_distance_all_bases_before_it_are_read(made):
    """The published package reads too short a window there, and takes bases that it has no answer for as lost."""
    model, networks, genome, table = made
    far, start, length = 10, 350, 60
    (mine,) = SpliceScorer(model, genome, read_gene_table(table), far).splices(
        [Written(0, start, start + length, encode(BASES[start]), start)]
    )
    one = BASES[50:700]
    before, after = (answers(networks, text) for text in (one, one[: start - 49] + one[start - 50 + length :]))
    first = start - 50 - CROP - far
    change = after[first : first + far + 1] - before[first : first + far + 1]
    change = np.vstack([change, -before[first + far + 1 : first + 2 * far + 1]])[:, 1:]
    theirs = [change[:, 0].max(), -change[:, 0].min(), change[:, 1].max(), -change[:, 1].min()]
    assert np.abs(np.subtract(mine[0].deltas, theirs)).max() < 2e-5


def test_alleles_of_several_bases_stand_in_order(made):
    """Where both have several bases the published package says nothing; one by one they stand where REF's do."""
    model, networks, genome, table = made
    scorer = SpliceScorer(model, genome, read_gene_table(table), 20)
    ref = BASES[330:333]
    plain, padded = Written(0, 330, 331, encode("T"), 330), Written(0, 330, 333, encode("T" + ref[1:]), 330)
    first, second = (scorer.splices([each])[0][0] for each in (plain, padded))
    assert first.deltas == pytest.approx(second.deltas, abs=1e-6)
    assert first.positions == second.positions
    # Three bases become six: the last of REF has the largest of what is inserted behind it.
    (mine,) = scorer.splices([Written(0, 330, 333, encode("TCAGTA"), 330)])
    one, low = BASES[50:700], 330 - 50 - CROP - 20
    before, after = (answers(networks, text) for text in (one, one[:280] + "TCAGTA" + one[283:]))
    laid = np.vstack([after[low : low + 22], after[low + 22 : low + 26].max(axis=0), after[low + 26 : low + 44]])
    change = (laid - before[low : low + 41])[:, 1:]
    theirs = [change[:, 0].max(), -change[:, 0].min(), change[:, 1].max(), -change[:, 1].min()]
    assert np.abs(np.subtract(mine[0].deltas, theirs)).max() < 2e-5


def test_without_genes_both_strands_are_read(made):
    model, _, genome, _ = made
    (mine,) = SpliceScorer(model, genome, None, 20).splices([Written(0, 300, 301, encode("A"), 300)])
    assert [each.gene for each in mine] == ["+", "-"]


def test_what_does_not_go_together_is_refused(made, model_folder):
    model, _, genome, table = made
    with pytest.raises(ConfigError, match="--splice-distance lies between 1 and 5,000"):
        SpliceScorer(model, genome, None, 5001)
    with pytest.raises(ConfigError, match="--splice-mask needs the annotated splice sites"):
        SpliceScorer(model, genome, None, 50, True)
    with pytest.raises(ModelError, match="has no score `splice`"):
        SpliceScorer(dnalect.load(model_folder), genome)
    with pytest.raises(ConfigError, match="no gene on a contig of .*it has c"):
        SpliceScorer(model, open_genome({"d": BASES}), read_gene_table(table))


def test_tables_of_genes(made, tmp_path):
    _, _, genome, table = made
    assert is_gene_table(table)
    genes = read_gene_table(table)
    assert [each.name for each in genes.at(genome, 0, 50)] == ["ONE"]
    assert not genes.at(genome, 0, 49)
    (one,) = genes.at(genome, 0, 130)
    # Ties go to the boundary before a base; both are of the exons that the table has as 50-120 and 300-420.
    assert (one.nearest(130), one.nearest(299), one.nearest(119 + (300 - 119) // 2)) == (-11, 1, -90)
    bad = tmp_path / "bad.txt"
    bad.write_text("\t".join(HEADER) + "\nA\tc\t?\t1\t2\t1,\t2,\n")
    with pytest.raises(TableError, match="line 2 is no gene of such a table.*strand is '\\?'"):
        read_gene_table(bad)
    bad.write_text("##gff-version 3\n")
    assert not is_gene_table(bad)


def test_a_gene_of_a_gff_is_its_chosen_transcript():
    made = [
        Transcript("long", "G", True, ((10, 20), (40, 90)), ((12, 20),)),
        Transcript("chosen", "G", True, ((10, 20), (50, 60)), ((12, 18),), chosen=True),
        Transcript("other", "H", False, ((30, 35),)),
        Transcript("coding", "H", False, ((30, 33),), ((30, 33),)),
    ]
    genes = genes_of({"c": made})
    assert isinstance(genes, SpliceGenes)
    found = {each.name: (each.start, each.end, each.exons) for each in genes.by_contig["c"]}
    assert found == {"G": (10, 60, ((10, 19), (50, 59))), "H": (30, 33, ((30, 32),))}
