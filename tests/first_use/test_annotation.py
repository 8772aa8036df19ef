"""What is this variant: BCF in, gene, region and consequence out, in every output."""

import gzip
import sys
from pathlib import Path

import cyvcf2
import pyarrow.parquet as pq
import pysam.bcftools
import pytest

import dnalect
from dnalect.core.errors import DnalectError, OutputError
from dnalect.genome.fasta import open_genome
from dnalect.jobs.score import score_file
from dnalect.jobs.score_options import Options
from dnalect.scored.reader import read_scored
from dnalect.scored.writers import kind_of

HEAD = (
    "##fileformat=VCFv4.2\n##contig=<ID=chrA,length=6000>\n"
    '##INFO=<ID=AC,Number=A,Type=Integer,Description="c">\n##INFO=<ID=AN,Number=1,Type=Integer,Description="n">\n'
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
)
# A gene of one exon, 4001-4300, with a CDS of 4101-4199; its name holds what VCF must escape.
GFF = """##gff-version 3
chrA\tx\tgene\t4001\t4300\t.\t+\t.\tID=gene:g;Name=ab c%3Bd
chrA\tx\tmRNA\t4001\t4300\t.\t+\t.\tID=transcript:t;Parent=gene:g
chrA\tx\texon\t4001\t4300\t.\t+\t.\tParent=transcript:t
chrA\tx\tCDS\t4101\t4199\t.\t+\t0\tParent=transcript:t
"""


@pytest.fixture
def bases(fasta):
    return open_genome(fasta).contig("chrA").tobytes().decode().upper()


@pytest.fixture
def vcf(tmp_path, bases):
    rows = []
    for position in (1000, 3600, 4050, 4110, 4250, 4310):
        ref = bases[position - 1]
        first, second = [b for b in "ACGT" if b != ref][:2]
        rows.append(f"chrA\t{position}\t.\t{ref}\t{first},{second}\t.\tPASS\tAC=1,2;AN=9")
    rows.append(f"chrA\t4120\t.\t{bases[4119:4122]}\t{bases[4119]}\t.\tPASS\t.")
    path = tmp_path / "v.vcf"
    path.write_text(HEAD + "\n".join(sorted(rows, key=lambda row: int(row.split("\t")[1]))) + "\n")
    return path


@pytest.fixture
def gff(tmp_path):
    path = tmp_path / "g.gff3"
    path.write_text(GFF)
    return path


def score(fasta, variants, model_folder, *outputs, **options):
    told = {"model": str(model_folder), "background": 0, "provenance": False}
    return score_file(Options(str(fasta), str(variants), [str(each) for each in outputs], **told | options))


def test_consequences_in_every_output(tmp_path, fasta, vcf, gff, model_folder):
    outputs = [tmp_path / name for name in ("o.vcf.gz", "o.tsv", "o.parquet")]
    score(fasta, vcf, model_folder, *outputs, annotate=str(gff))
    table = pq.read_table(outputs[2]).to_pydict()
    kinds = dict(zip(table["pos"], table["consequence"], strict=True))
    assert kinds[1000] == "intergenic_variant"
    assert kinds[3600] == "upstream_gene_variant"
    assert kinds[4050] == "5_prime_UTR_variant"
    assert kinds[4110].split("&")[0] in ("missense_variant", "synonymous_variant", "stop_gained")
    assert kinds[4120].endswith("frameshift_variant")
    assert kinds[4250] == "3_prime_UTR_variant"
    assert kinds[4310] == "downstream_gene_variant"
    assert table["gene"][table["pos"].index(4050)] == "ab c;d"
    lines = outputs[1].read_text().splitlines()
    head = lines[0].split("\t")
    told = [dict(zip(head, line.split("\t"), strict=True)) for line in lines[1:]]
    assert [row["consequence"] for row in told] == table["consequence"]
    assert {row["transcript"] for row in told if row["pos"] == "4050"} == {"t"}
    by_vcf = []
    for record in cyvcf2.VCF(str(outputs[0])):
        by_vcf += record.INFO["DNALECT_CONSEQUENCE"].split(",")
        assert record.INFO["DNALECT_GENE"].count("ab%20c%3Bd") == len(record.ALT)
    assert by_vcf == table["consequence"]
    assert read_scored(str(outputs[0])).texts("gene") == table["gene"]
    codon = [row for row in told if row["pos"] == "4110"]
    assert all(row["protein_change"].startswith("p.") for row in codon)
    assert read_scored(str(outputs[0])).texts("protein_change")[-1] == told[-1]["protein_change"]


def test_without_an_annotation_nothing_is_added(tmp_path, fasta, vcf, model_folder):
    score(fasta, vcf, model_folder, tmp_path / "o.vcf", tmp_path / "o.tsv")
    assert b"CONSEQUENCE" not in (tmp_path / "o.vcf").read_bytes()
    assert "consequence" not in (tmp_path / "o.tsv").read_text().splitlines()[0]


def test_a_bcf_gives_what_the_vcf_gives(tmp_path, fasta, vcf, model_folder, monkeypatch):
    bcf = tmp_path / "v.bcf"
    pysam.bcftools.view("-Ob", "-o", str(bcf), str(vcf), catch_stdout=False)
    score(fasta, vcf, model_folder, tmp_path / "a.tsv")
    score(fasta, bcf, model_folder, tmp_path / "b.tsv", tmp_path / "b.vcf.gz")
    assert (tmp_path / "a.tsv").read_text() == (tmp_path / "b.tsv").read_text()
    assert gzip.decompress((tmp_path / "b.vcf.gz").read_bytes()).count(b"\nchrA\t") == 7
    with bcf.open("rb") as file:
        monkeypatch.setattr(sys, "stdin", type("In", (), {"buffer": file}))
        score(fasta, "-", model_folder, tmp_path / "c.tsv")
    assert (tmp_path / "a.tsv").read_text() == (tmp_path / "c.tsv").read_text()


def test_a_bcf_that_was_cut_short_leaves_nothing(tmp_path, fasta, vcf, model_folder):
    bcf = tmp_path / "v.bcf"
    pysam.bcftools.view("-Ou", "-o", str(bcf), str(vcf), catch_stdout=False)
    packed = gzip.decompress(bcf.read_bytes())
    bcf.write_bytes(gzip.compress(packed[:-20]))
    with pytest.raises(DnalectError, match="cut short"):
        score(fasta, bcf, model_folder, tmp_path / "o.tsv")
    assert not Path(tmp_path / "o.tsv").exists()


def test_a_bcf_is_not_written():
    with pytest.raises(OutputError, match=r"write a\.vcf\.gz, and `bcftools view -Ob`"):
        kind_of("a.bcf", True)


def test_motifs_in_every_output(tmp_path, fasta, vcf, bases, model_folder):
    word = bases[4105:4115]
    rows = "\n".join(" ".join("0.97" if base == each else "0.01" for each in "ACGT") for base in word)
    meme = tmp_path / "m.meme"
    meme.write_text(f"MEME version 4\n\nMOTIF my,factor\nletter-probability matrix: w= 10 nsites= 99\n{rows}\n")
    outputs = [tmp_path / name for name in ("o.vcf", "o.tsv", "o.parquet")]
    score(fasta, vcf, model_folder, *outputs, motifs=str(meme))
    table = pq.read_table(outputs[2]).to_pydict()
    broken = [n for n, name in enumerate(table["motif"]) if name]
    assert [table["pos"][n] for n in broken] == [4110, 4110]
    for n in broken:
        assert table["motif_ref"][n] > 15 > table["motif_alt"][n]
        assert table["motif_change"][n] == pytest.approx(table["motif_alt"][n] - table["motif_ref"][n], abs=0.011)
    (line,) = [each for each in outputs[0].read_text().splitlines() if each.startswith("chrA\t4110")]
    assert "DNALECT_MOTIF=my%2Cfactor,my%2Cfactor;" in line
    scored = read_scored(str(outputs[0]))
    assert scored.texts("motif") == [name or "" for name in table["motif"]]
    with pytest.raises(DnalectError, match="no motif"):
        score(fasta, vcf, model_folder, tmp_path / "x.tsv", motifs=str(vcf))


NAMED = ("pos", "ref", "alt", "tss_distance", "region", "gene")


def test_rank_sees_the_same_places_as_score(fasta, bases, tmp_path, model_folder):
    gff = tmp_path / "two.gff"
    gff.write_text(GFF + "chrA\tx\tgene\t2001\t2300\t.\t-\t.\tID=gene:h;Name=h\n")
    alleles = []
    for at in range(1900, 4200, 50):
        ref, other = bases[at - 1], next(base for base in "ACGT" if base not in bases[at - 1 : at + 1])
        alleles += [(at, ref, other), (at, ref, ref + other)]
        # `score`, which knows the reference, moves what slides; these don't.
        alleles += [(at, bases[at - 1 : at + 2], ref)] if bases[at + 1] != ref else []
    alleles += [(4000, bases[3999], "<DEL>"), (2300, bases[2299], "<DEL>")]
    vcf = tmp_path / "v.vcf"
    lines = (f"chrA\t{at}\t.\t{ref}\t{alt}\t.\t.\tEND={at + 9}\n" for at, ref, alt in sorted(alleles))
    vcf.write_text(HEAD + "".join(lines))
    scored = dnalect.score(fasta, vcf, model_folder, background=0, annotate=gff)
    found = zip(*(scored[name] for name in NAMED), strict=True)
    ranked = dnalect.rank(scored, annotate=gff)
    assert sorted(found) == sorted(zip(*(ranked[name] for name in NAMED), strict=True))
    assert set(ranked["region"]) == {"promoter", "intergenic", "exon", "intron", "CDS"}
