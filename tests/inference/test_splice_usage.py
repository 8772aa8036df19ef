"""splice-usage-1 is Pangolin's own score: allele by allele, whole windows, by plain formulas."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

import dnalect
from dnalect.cli.main import dnalect as command
from dnalect.core.errors import ModelError
from dnalect.genome.fasta import open_genome
from dnalect.genome.splice_genes import HEADER, read_gene_table
from dnalect.inference.splice import SpliceScorer, Written
from dnalect.tokens.bases import encode
from models.splicing import of_state_dict, state_dict

CROP, LENGTH = 40, 700
BASES = "".join(np.random.default_rng(4).choice(list("ACGT"), LENGTH))
GENES = (
    ("ONE", "+", 50, 600, ((50, 120), (300, 420), (520, 600))),
    ("TWO", "-", 200, 650, ((200, 310), (430, 650))),
    ("BARE", "-", 300, 420, ()),
)
# POS (from 1), length of REF, ALT.
ALLELES = [
    (310, 1, "T"),
    (311, 1, "ACGT"),
    (305, 9, "C"),
    (410, 3, "GTC"),
    (421, 1, "A"),
    (590, 12, "G"),
    (52, 1, "TT"),
]
# Column of each tissue's splice sites in all twelve outputs.
TISSUES = {"0": 1, "2": 4}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pangolin")
    networks = {}
    for task in TISSUES:
        for number in (1, 2, 3):
            networks[task, number] = each = state_dict(10 * number + int(task), "pangolin")
            (folder / "it").mkdir(exist_ok=True)
            torch.save(each, folder / "it" / f"final.{number}.{task}.3.v2")
    rows = [
        (name, "c", strand, start, end, *("".join(f"{exon[n]}," for exon in exons) or "," for n in range(2)))
        for name, strand, start, end, exons in GENES
    ]
    (folder / "genes.txt").write_text("\n".join("\t".join(map(str, row)) for row in (HEADER, *rows)) + "\n")
    (folder / "genome.fa").write_text(f">c\n{BASES}\n")
    return dnalect.load(folder / "it"), networks, folder


def expected(networks, position, length, alt, gene, far, masked):
    """Gain and loss and their places, from whole windows of every network; genes hide nothing."""
    _name, strand, _start, _end, exons = gene
    low, high = position - far - CROP, position + length + far + CROP
    around = "".join(BASES[at - 1] if 0 < at <= LENGTH else "N" for at in range(low, high))
    texts = [around, around[: far + CROP] + alt + around[far + CROP + length :]]
    changes = []
    for task, column in TISSUES.items():
        each = []
        for number in (1, 2, 3):
            found = []
            for text in texts:
                if strand == "-":
                    text = text[::-1].translate(str.maketrans("ACGT", "TGCA"))
                one_hot = torch.from_numpy(np.eye(5, 4, dtype=np.float32)[encode(text)])
                y = of_state_dict(networks[task, number], "pangolin", one_hot)[:, column].numpy()
                found.append(y[::-1] if strand == "-" else y)
            before, after = found
            more = len(alt) - length
            if more > 0:
                after = np.concatenate([after[:far], [after[far : far + more + 1].max()], after[far + more + 1 :]])
            elif more < 0:
                after = np.concatenate([after[: far + 1], np.zeros(-more), after[far + 1 :]])
            each.append(after - before)
        changes.append(np.mean(each, axis=0))
    gain, loss = np.max(changes, axis=0), np.min(changes, axis=0)
    if masked:
        ends = {exon[0] + 1 for exon in exons} | {exon[1] for exon in exons}
        annotated = np.array([position - far + n in ends for n in range(len(gain))])
        gain = np.where(annotated, np.minimum(gain, 0), gain)
        loss = np.where(annotated, loss, np.maximum(loss, 0))
    return (gain.max(), -loss.min()), (gain.argmax() - far, loss.argmin() - far)


@pytest.mark.parametrize(("far", "masked"), [(20, False), (20, True), (45, True)])
def test_scores_are_those_of_whole_windows(made, far, masked):
    model, networks, folder = made
    genome, table = open_genome(str(folder / "genome.fa")), read_gene_table(folder / "genes.txt")
    scorer = SpliceScorer(model, genome, table, far, masked)
    found = scorer.splices([Written(0, at - 1, at - 1 + size, encode(alt), at - 1) for at, size, alt in ALLELES])
    genes, seen = {gene[0]: gene for gene in GENES}, []
    for (at, size, alt), mine in zip(ALLELES, found, strict=True):
        assert [each.gene for each in mine] == [name for name, _, low, high, _ in GENES if low < at <= high]
        for each in mine:
            deltas, places = expected(networks, at, size, alt, genes[each.gene], far, masked)
            assert np.abs(np.subtract(each.deltas, deltas)).max() < 2e-5, (at, alt, each.gene)
            # Of equal ones, as where all is masked, the first counts.
            assert all(p == q or abs(d) < 1e-6 for p, q, d in zip(each.positions, places, deltas, strict=True))
            seen += each.deltas
    assert max(seen) > 0.01
    assert masked == (min(seen) == 0.0)
    assert scorer.definition == "splice-usage-1"


def test_a_file_has_gain_and_loss_of_every_gene(made, tmp_path):
    _, networks, folder = made
    rows = [("c", at, ".", BASES[at - 1 : at - 1 + size], alt, ".", ".", ".") for at, size, alt in ALLELES]
    rows.append(("c", 662, ".", BASES[661], "A" if BASES[661] != "A" else "C", ".", ".", "."))
    head = "##fileformat=VCFv4.2\n#" + "\t".join(("CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO")) + "\n"
    (tmp_path / "in.vcf").write_text(head + "".join("\t".join(map(str, row)) + "\n" for row in rows))
    words = ["score", folder / "genome.fa", tmp_path / "in.vcf", "--model", folder / "it", "--splice-distance", "20"]
    words += ["--annotate", folder / "genes.txt", "-o", tmp_path / "out.vcf", "-o", tmp_path / "out.tsv"]
    done = CliRunner().invoke(command, [*map(str, words), "--report", str(tmp_path / "out.html")])
    assert done.exit_code == 0, done.output
    lines = [line.split("\t") for line in (tmp_path / "out.vcf").read_text().splitlines() if line[0] != "#"]
    at, size, alt = ALLELES[1]
    told = []
    for gene in GENES:
        (gain, loss), (p, q) = expected(networks, at, size, alt, gene, 20, False)
        told.append(f"{alt}|{gene[0]}|{p}:{gain:.2f}|{q}:{-loss:.2f}")
    assert f"DNALECT_SPLICE={'&'.join(told)};" in lines[1][7] + ";"
    assert "no_gene" in lines[-1][7]
    table = [line.split("\t") for line in (tmp_path / "out.tsv").read_text().splitlines() if line[0] != "#"]
    assert {"splice_gain", "splice_gain_position", "splice_loss", "splice_loss_position"} <= {*table[0]}
    assert "splice_ag" not in table[0]
    first = dict(zip(table[0], table[2], strict=True))
    assert float(first["splice_max"]) == max(float(first["splice_gain"]), float(first["splice_loss"]))
    page = (tmp_path / "out.html").read_text()
    assert "gain " in page
    assert "splice-usage-1" in page


def test_networks_of_usage_alone_have_no_such_score(made, tmp_path):
    torch.save(state_dict(1, "pangolin"), tmp_path / "final.1.1.3.v2")
    with pytest.raises(ModelError, match="heart_usage"):
        SpliceScorer(dnalect.load(tmp_path), open_genome(str(made[2] / "genome.fa")))


REAL = os.environ.get("DNALECT_PANGOLIN", "")
# Of chr20, GRCh37, by the package and its networks (.v2) at commit 5cf94b8, not masked.
ANSWERS = {
    (61846930, "T", "TACAG"): "YTHDF1|0:0.30|-1:-0.33",
    (42745028, "TGCCA", "T"): "JPH2|-1:0.01|-2:-0.11",
    (9498683, "G", "GA"): "LAMP5|0:0.01|4:-0.11",
    (20322471, "CCAGCTACTTCACCGAGCCGTGGTGCCTG", "C"): "CFAP61|61:0.18|4:-0.92",
}


@pytest.mark.skipif(not REAL, reason="DNALECT_PANGOLIN names no folder with Pangolin's weights, chr20.fa and genes.txt")
def test_real_weights_give_the_known_answers():
    folder = Path(REAL)
    genome = open_genome(str(next(folder.glob("chr20.fa*"))))
    scorer = SpliceScorer(dnalect.load(folder / "models"), genome, read_gene_table(folder / "genes.txt"))
    given = [Written(0, at - 1, at - 1 + len(ref), encode(alt), at - 1) for at, ref, alt in ANSWERS]
    for answer, mine in zip(ANSWERS.values(), scorer.splices(given), strict=True):
        told = [
            f"{each.gene}|{each.positions[0]}:{each.deltas[0]:.2f}|{each.positions[1]}:{-each.deltas[1]:.2f}"
            for each in mine
        ]
        assert answer in told
