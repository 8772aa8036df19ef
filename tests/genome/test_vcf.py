"""VCF lines pass through byte for byte; what is none is refused with its line."""

import gzip

import pysam
import pytest

from dnalect.core.errors import InputError, TableError, VcfError
from dnalect.genome.fasta import open_genome
from dnalect.genome.names import ContigNames, aliases
from dnalect.genome.variants import open_variants
from dnalect.genome.vcf import annotate_line

HEAD = b"##fileformat=VCFv4.2\n##contig=<ID=chrA>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
LINE = b"chrA\t101\trs1\tA\tC,G\t.\tPASS\tAC=3,1;AN=10;END=7\tGT\t0|1\n"


def records(path, fasta):
    with open_variants(str(path), open_genome(fasta)) as source:
        return source.header, list(source.records)


def test_a_record_is_read_as_it_stands(tmp_path, fasta):
    path = tmp_path / "v.vcf"
    path.write_bytes(HEAD + LINE + b"chrA\t5\t.\tA\t.\t.\t.\t.")
    header, (first, second) = records(path, fasta)
    assert header.columns.startswith(b"#CHROM")
    assert (first.contig, first.start, first.identifier, first.ref) == ("chrA", 100, "rs1", "A")
    assert first.alternates == ("C", "G")
    assert first.counts == (3, 1)
    assert first.frequencies == (0.3, 0.1)
    assert first.line == LINE
    assert second.alternates == ()


def event(tmp_path, fasta, alternates, info):
    path = tmp_path / "v.vcf"
    path.write_bytes(HEAD + b"chrA\t100\t.\tA\t" + alternates + b"\t.\t.\t" + info + b"\n")
    return records(path, fasta)[1][0].events


@pytest.mark.parametrize("info", [b"SVLEN=-50", b"END=150", b"SVTYPE=DEL;SVLEN=-50,50;END=150", b"SVLEN=57;END=150"])
def test_end_of_symbolic_alleles(tmp_path, fasta, info):
    (found,) = event(tmp_path, fasta, b"<DEL>", info)
    assert found.end == 150
    assert not found.missing


@pytest.mark.parametrize("info", [b"SVLEN=-50,20", b"SVLEN=50,20;END=150"])
def test_each_allele_has_its_own_length(tmp_path, fasta, info):
    deletion, _, copy = event(tmp_path, fasta, b"<DEL>,C,<DUP:TANDEM>", info.replace(b",", b",.,"))
    assert (deletion.end, copy.end) == (150, 120)
    shared = event(tmp_path, fasta, b"<CN0>,<CN2>", b"END=150")
    assert [each.end for each in shared] == [150, 150]


@pytest.mark.parametrize(
    ("alternates", "info", "missing"),
    [
        (b"<DEL>", b"SVLEN=-50;END=190", "end_contradicts_svlen"),
        (b"<DEL>,<DUP>", b"SVLEN=-50,20;END=120", "end_contradicts_svlen"),
        (b"<DEL>", b"SVTYPE=DEL", "no_end"),
        (b"<DEL>", b"END=99999999999999999999999", "no_end"),
        (b"<DEL>,<DUP>,<INV>", b"SVLEN=-50,20;END=150", "svlen_of_which_allele"),
        (b"<INS>", b"END=100;SVLEN=300", "no_sequence"),
        (b"<INS:ME:ALU>", b"SEQ=ACGNNN", "no_sequence"),
    ],
)
def test_what_is_missing_is_said(tmp_path, fasta, alternates, info, missing):
    assert {each.missing for each in event(tmp_path, fasta, alternates, info)} == {missing}


@pytest.mark.parametrize("key", [b"SEQ", b"SVINSSEQ", b"INSSEQ"])
def test_inserted_sequences_are_read(tmp_path, fasta, key):
    assert event(tmp_path, fasta, b"<INS>", key + b"=GATTACA;SVLEN=7")[0].inserted == "GATTACA"
    assert [each.inserted for each in event(tmp_path, fasta, b"<INS>,<INS:ME>", key + b"=AC,GG")] == ["AC", "GG"]


@pytest.mark.parametrize("digits", [b"9" * 30, b"9" * 5000, b"1_0", b"0x10"])
def test_numbers_beyond_any_sequence_are_refused_or_missing(tmp_path, fasta, digits):
    path = tmp_path / "v.vcf"
    path.write_bytes(HEAD + b"chrA\t" + digits + b"\t.\tA\tC\t.\t.\t.\n")
    with pytest.raises(VcfError, match="line 4"):
        records(path, fasta)
    path.write_bytes(HEAD + b"chrA\t5\t.\tA\tC\t.\t.\tAC=" + digits + b";AN=" + digits + b"\n")
    assert records(path, fasta)[1][0].counts == (None,)


def test_only_info_is_touched():
    assert annotate_line(LINE, "DNALECT_X=1") == LINE.replace(b"END=7", b"END=7;DNALECT_X=1")
    bare = b"c\t1\t.\tA\tC\t.\t.\t.\r\n"
    assert annotate_line(bare, "DNALECT_X=1") == b"c\t1\t.\tA\tC\t.\t.\tDNALECT_X=1\r\n"
    again = annotate_line(annotate_line(LINE, "DNALECT_X=1;DNALECT_Y=2"), "DNALECT_X=3")
    assert again == annotate_line(LINE, "DNALECT_X=3")


@pytest.mark.parametrize("pack", ["gzip", "bgzip"])
def test_truncated_files_are_refused(tmp_path, fasta, pack):
    path = tmp_path / "v.vcf.gz"
    body = HEAD + LINE * 5000
    if pack == "gzip":
        path.write_bytes(gzip.compress(body)[:-30])
    else:
        with pysam.BGZFile(str(path), "wb") as out:
            out.write(body)
        path.write_bytes(path.read_bytes()[:-28])
    with pytest.raises(InputError, match="cut short"):
        records(path, fasta)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "empty"),
        (b"chrA\t1\t.\tA\tC\t.\t.\t.\n", "no VCF header"),
        (b"##fileformat=VCFv4.2\nchrA\t1\t.\tA\tC\t.\t.\t.\n", "no line '#CHROM"),
        (HEAD + b"chrA\tone\t.\tA\tC\t.\t.\t.\n", "line 4"),
        (HEAD + LINE + b"chrA 1 . A C\n", "line 5"),
    ],
)
def test_what_is_no_vcf(tmp_path, fasta, body, message):
    path = tmp_path / "v.vcf"
    path.write_bytes(body)
    with pytest.raises(VcfError, match=message):
        records(path, fasta)


def test_table_and_bed(tmp_path, fasta):
    table = tmp_path / "v.tsv"
    table.write_text("# dnalect version: 1\nextra\tCHROM\tpos\tRef\talt\tid\nx\tchrA\t101\tA\tC,T\trs5\n")
    header, (first,) = records(table, fasta)
    assert header is None
    assert (first.start, first.alternates, first.identifier) == (100, ("C", "T"), "rs5")
    bed = tmp_path / "v.bed"
    bed.write_text("track name=x\nchrA\t198\t202\tregion\n")
    _, found = records(bed, fasta)
    bases = open_genome(fasta).contig("chrA")[198:202].tobytes().decode().upper()
    assert [r.start for r in found] == [198, 199, 200, 201]
    assert [r.ref for r in found] == list(bases)
    assert all(len(r.alternates) == 3 and r.ref not in r.alternates for r in found)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("v.tsv", "a\tb\n", "'chrom' is missing"),
        ("v.txt", "", "'chrom' is missing"),
        ("v.tsv", "chrom\tpos\tref\talt\nchrA\tx\tA\tC\n", "line 2"),
        ("v.bed", "chrZ\t1\t2\n", "no contig 'chrZ'"),
        ("v.bed", "chrA\t10\t99999\n", "does not lie in"),
        ("v.bed", "chrA\t10\n", "no BED region"),
    ],
)
def test_wrong_tables(tmp_path, fasta, name, text, message):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(TableError, match=message):
        records(path, fasta)


def test_contig_names_are_never_guessed_silently(tmp_path, fasta):
    genome = open_genome(fasta)
    assert ContigNames(genome).number("chrA") == 0
    assert ContigNames(genome).number("scaffold_9") is None
    with pytest.raises(InputError, match=r"'A'.*'chrA'.*--rename-contigs"):
        ContigNames(genome).number("A")
    assert ContigNames(genome, "auto").number("A") == 0
    names = tmp_path / "names.txt"
    names.write_text("# mine\nNC_1 chrB\n")
    assert ContigNames(genome, str(names)).number("NC_1") == 1
    names.write_text("NC_1 chrZ\n")
    with pytest.raises(TableError, match="line 1"):
        ContigNames(genome, str(names))
    assert "chrIV" in aliases("4")
    assert "chr4" in aliases("chrIV")
    assert "MT" in aliases("chrM")
    assert "20" in aliases("chr20")
