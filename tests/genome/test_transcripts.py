"""One gene in the dialects of five sources gives one transcript."""

import pytest

from dnalect.core.errors import InputError
from dnalect.genome.gff import open_annotation, parse_attributes
from dnalect.genome.transcripts import TranscriptReader

# Exons 101-150, 201-260, 301-400 of the - strand; CDS 120-150, 201-260, 301-329; its stop codon is 120-122.
EXONS = ((100, 150), (200, 260), (300, 400))
CODING = ((119, 150), (200, 260), (300, 329))


def written(rows: list[tuple[str, int, int, str, str]]) -> str:
    return "".join(f"c\tx\t{kind}\t{s}\t{e}\t.\t-\t{phase}\t{told}\n" for kind, s, e, phase, told in rows)


GENCODE_GTF = [
    ("gene", 101, 400, ".", 'gene_id "ENSG1.2"; gene_type "protein_coding"; gene_name "ABC";'),
    *(
        (kind, s, e, phase, 'gene_id "ENSG1.2"; transcript_id "ENST1.3"; gene_name "ABC"; tag "Ensembl_canonical";')
        for kind, s, e, phase in [
            ("transcript", 101, 400, "."),
            *(("exon", 301, 400, "."), ("CDS", 301, 329, "0"), ("start_codon", 327, 329, "0")),
            *(("exon", 201, 260, "."), ("CDS", 201, 260, "1")),
            *(("exon", 101, 150, "."), ("CDS", 123, 150, "1"), ("stop_codon", 120, 122, "0")),
            *(("UTR", 330, 400, "."), ("UTR", 101, 122, ".")),
        ]
    ),
]
ENSEMBL = [
    ("gene", 101, 400, ".", "ID=gene:ENSG1;Name=ABC;biotype=protein_coding"),
    ("mRNA", 101, 400, ".", "ID=transcript:ENST1.3;Parent=gene:ENSG1;Name=ABC-201;tag=Ensembl_canonical"),
    *(("exon", s + 1, e, ".", f"Parent=transcript:ENST1.3;Name=ENSE{s}") for s, e in EXONS),
    *(("CDS", s + 1, e, p, "ID=CDS:P;Parent=transcript:ENST1.3") for (s, e), p in zip(CODING, "110", strict=True)),
]
NCBI = [
    ("gene", 101, 400, ".", "ID=gene-ABC;Dbxref=GeneID:1;Name=ABC;gene=ABC"),
    ("mRNA", 101, 400, ".", "ID=rna-ENST1.3;Parent=gene-ABC;gene=ABC;tag=MANE Select;transcript_id=NM"),
    *(("exon", s + 1, e, ".", f"ID=exon-{s};Parent=rna-ENST1.3;gene=ABC;transcript_id=NM") for s, e in EXONS),
    *(("CDS", s + 1, e, p, "ID=cds-P;Parent=rna-ENST1.3;gene=ABC") for (s, e), p in zip(CODING, "110", strict=True)),
]
PARTS_ONLY = [
    ("gene", 101, 400, ".", "ID=G;gene=ABC"),
    ("mRNA", 101, 400, ".", "ID=ENST1.3;Parent=G;note=MANE_Select"),
    ("five_prime_UTR", 330, 400, ".", "Parent=ENST1.3"),
    ("three_prime_UTR", 101, 119, ".", "Parent=ENST1.3"),
    *(("CDS", s + 1, e, p, "Parent=ENST1.3,P1") for (s, e), p in zip(CODING, "110", strict=True)),
]
GENBANK = [
    ("gene", 101, 400, ".", "locus_tag=ENST1.3;gene=ABC"),
    *(("mRNA", s + 1, e, ".", "locus_tag=ENST1.3;gene=ABC;note=MANE_Select") for s, e in EXONS),
    *(("CDS", s + 1, e, ".", "locus_tag=ENST1.3;gene=ABC") for s, e in CODING),
]


def read(path, text):
    path.write_text(text)
    reader = TranscriptReader()
    open_annotation(path, reader.add)
    return reader.finish()


@pytest.mark.parametrize("rows", [GENCODE_GTF, ENSEMBL, NCBI, PARTS_ONLY, GENBANK])
@pytest.mark.parametrize("turned", [False, True])
def test_dialects_agree(tmp_path, rows, turned):
    (found,) = (t for t in read(tmp_path / "a.gff", written(rows[::-1] if turned else rows))["c"] if t.coding)
    assert (found.name, found.gene, found.forward, found.exons) == ("ENST1.3", "ABC", False, EXONS)
    positions, low, high = found.spliced()
    coding = [at for s, e in CODING for at in range(s, e)][::-1]
    assert positions[low:high].tolist() == coding
    assert positions.tolist() == [at for s, e in EXONS for at in range(s, e)][::-1]
    assert (found.chosen, found.phase, found.introns) == (True, 0, [(150, 200), (260, 300)])


def test_an_rna_gene_has_exons_and_no_cds(tmp_path):
    text = "c\tx\ttRNA\t11\t20\t.\t+\t.\tlocus_tag=tA\nc\tx\ttRNA\t31\t40\t.\t+\t.\tlocus_tag=tA\n"
    (found,) = read(tmp_path / "a.gff", text)["c"]
    assert (found.name, found.exons, found.coding) == ("tA", ((10, 20), (30, 40)), ())
    assert found.spliced()[1:] == (0, 0)


def test_the_phase_of_a_cds_that_begins_inside_a_codon(tmp_path):
    text = "c\tx\tCDS\t11\t20\t.\t+\t2\tID=a\nc\tx\tCDS\t31\t40\t.\t-\t1\tID=b\n"
    assert [each.phase for each in read(tmp_path / "a.gff", text)["c"]] == [2, 1]


def test_attributes_of_both_formats():
    assert parse_attributes('gene_id "G 1"; note "a=b"; exon 3') == {"gene_id": "G 1", "note": "a=b", "exon": "3"}
    assert parse_attributes('ID=g1;Note=50%25%3B "so" said;Name=x') == {
        "ID": "g1",
        "Note": '50%; "so" said',
        "Name": "x",
    }


def test_no_name_breaks_a_table():
    assert parse_attributes("Name=a%09b%0Ac%2Cd") == {"Name": "a b c,d"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("chr1\t10\t20\tname\n", "line 1 .*chr1 10 20 name.* looks like a BED"),
        ("chr1\t10\t20\tname\t0\t+\t10\t20\t0\n", "looks like a BED"),
        (">chr1\nACGT\n", "looks like a FASTA"),
        ("##fileformat=VCFv4.2\nchr1\t10\t.\tA\tC\t.\tPASS\tAC=1\n", "looks like a VCF"),
        ("hello\n", "nine columns"),
        ("c\tx\tgene\t20\t10\t.\t+\t.\tID=1\n", "line 1: a feature from 20 to 10"),
    ],
)
def test_other_files_are_named(tmp_path, text, message):
    with pytest.raises(InputError, match=message) as caught:
        read(tmp_path / "a.gff", text)
    assert "b'" not in str(caught.value)
