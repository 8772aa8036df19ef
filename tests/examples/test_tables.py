"""Tables of labelled sequences: which column is what, in whatever form the file comes."""

import gzip
import io
import sys

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from dnalect.core.errors import InputError, TableError
from dnalect.examples import read_examples, read_parts
from dnalect.genome.fasta import open_genome

PLAIN = "id,Sequence,label\nx,ACGT,1\ny,ggtn,0\nz,CCAAA,1\n"


def write(folder, text, name="t.csv"):
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


@pytest.fixture
def genome(tmp_path):
    (tmp_path / "g.fa").write_text(">chr1\nAACCGGTTACGTACGTTTGGCCAA\n>chr2\nGATTACAGATTACA\n")
    return open_genome(tmp_path / "g.fa")


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.tsv", "t.tsv.gz", "t.ssv", "t.parquet"])
def test_every_form_of_a_table_reads_the_same(tmp_path, name):
    if name == "t.parquet":
        columns = {"id": ["x", "y", "z"], "Sequence": ["ACGT", "ggtn", "CCAAA"], "label": [1, 0, 1]}
        pyarrow.parquet.write_table(pyarrow.table(columns), tmp_path / name)
        path = tmp_path / name
    else:
        path = write(tmp_path, PLAIN.replace(",", {"t": "\t", "s": ";", "c": ","}[name[2]]), name)
    found = read_examples(path)
    assert found.sequences == ("ACGT", "GGTN", "CCAAA")
    assert found.labels["label"].tolist() == [[1], [0], [1]]
    assert found.ids == ("x", "y", "z")
    assert (found.targets[0].kind, found.targets[0].outputs) == ("classes", ("0", "1"))
    assert not found.placed.any()


def test_a_byte_order_mark_and_blank_lines_are_no_part_of_a_table(tmp_path):
    assert len(read_examples(write(tmp_path, "\ufeffsequence,label\r\nACGT,1\r\n\r\nGG,0\r\n"))) == 2


def test_stdin_is_read_too(monkeypatch):
    class Stdin:
        buffer = io.BufferedReader(io.BytesIO(gzip.compress(PLAIN.encode())))

    monkeypatch.setattr(sys, "stdin", Stdin)
    assert len(read_examples("-")) == 3


def test_a_table_of_two_columns_needs_no_header(tmp_path):
    found = read_examples(write(tmp_path, "ACGTACGTAC\t1.5\nACGTACGTAA\t12\n", "t.txt"))
    assert found.labels["label"].ravel().tolist() == [1.5, 12]
    assert "no header" in found.notes[0]


def test_places_and_parts_are_read_where_they_are_named(tmp_path):
    text = (
        "chrom_hg19\tstart0\tend\tstrand\tsplit\tlabel\tseq\n"
        "chr1\t5\t9\t-\ttrain\ta\tACGT\nchr2\t0\t3\t+\tDev\tb\tAAA\n\t\t\t\ttest\tb\tCC\n"
    )
    found = read_examples(write(tmp_path, text, "t.tsv"))
    assert found.contigs == ("chr1", "chr2", "")
    assert (found.starts.tolist(), found.ends.tolist()) == ([5, 0, -1], [9, 3, -1])
    assert found.strands == ("-", "+", ".")
    assert found.parts == ("train", "validate", "test")
    assert read_examples(tmp_path / "t.tsv", part="valid").parts == ("validate",) * 3


def test_places_that_count_from_1_are_told_by_the_lengths(tmp_path):
    found = read_examples(write(tmp_path, "chr,start,end,sequence,label\n1,5,8,ACGT,0\n1,1,3,AAA,1\n"))
    assert (found.starts.tolist(), found.ends.tolist()) == ([4, 0], [8, 3])
    assert "counting from 1" in found.notes[0]


def test_a_place_that_does_not_fit_its_sequence_is_left_out(tmp_path):
    found = read_examples(write(tmp_path, "chr,start,end,sequence,label\n1,5,9,ACGT,0\n1,1,9,AAA,1\n"))
    assert found.placed.tolist() == [True, False]
    assert "1 of 2 places left out" in found.notes[0]


def test_sequences_come_from_the_reference_where_the_table_has_none(tmp_path, genome):
    text = "chrom,start,end,strand,label\n1,0,4,+,0\nchr9,0,7,.,1\nchr1,2,8,-,1\nchr2,0,7,.,1\n"
    found = read_examples(write(tmp_path, text), reference=genome)
    assert found.sequences == ("AACC", "AACCGG", "GATTACA")
    assert found.contigs == ("chr1", "chr1", "chr2")
    assert (found.starts.tolist(), found.ends.tolist(), found.strands) == ([0, 2, 0], [4, 8, 7], ("+", "-", "."))
    assert found.labels["label"].ravel().tolist() == [0, 1, 1]
    assert any("1 is chr1" in note for note in found.notes)
    assert any("1 rows of" in note and "reference lacks" in note for note in found.notes)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("chr1,20,30,0\n", "line 2 ends at 30, beyond the 24 bases of chr1"),
        ("chr1,5,5,0\n", "line 2: the sequence is empty"),
        ("chr1,7,5,0\n", "line 2: chr1:7-5 is no interval"),
        ("chr1,x,5,0\n", "line 2: 'x' is no whole number"),
        ("chr7,0,5,0\n", r"no contig of the rows \(chr7\) is in .*g.fa, which has chr1, chr2"),
    ],
)
def test_places_off_the_reference_are_refused(tmp_path, genome, rows, message):
    with pytest.raises(TableError, match=message):
        read_examples(write(tmp_path, "chrom,start,end,label\n" + rows), reference=genome)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,dna,label\na,ACGT,1\n", "no column named sequence: it has name, dna, label; name the one"),
        (
            "sequence,C0\nACGT,1\n",
            r"no column named label: it has sequence, C0; name those that hold labels \(--label\)",
        ),
        ("sequence,label,y\nACGT,1,0\n", "has the columns label and y; name those"),
        ("chrom,start,end,label\nchr1,0,4,1\n", "places and no column sequence: give the reference"),
        ("sequence,label\nACGT\n", "line 2 has 1 columns instead of 2"),
        ("sequence,label\nACGT,1\nACXGT!,0\n", "line 3: 'ACXGT!' is no sequence of A, C, G, T and N: it holds '!'"),
        ("sequence,label\nACGT,1\n,0\n", "line 3: the sequence is empty"),
        ("ACGTACGTAC,1,2\nACGTACGTAC,0,1\n", "has no header: its first line must name the columns"),
        ("sequence,label\n", "holds no labelled sequence"),
        ("", "holds no labelled sequence"),
    ],
)
def test_wrong_tables_say_what_to_mend(tmp_path, text, message):
    with pytest.raises(TableError, match=message):
        read_examples(write(tmp_path, text))


def test_columns_can_be_named(tmp_path):
    path = write(tmp_path, ",seq110,meanEL,other\n3,ACGT,1.5,2.5\n9,AACC,2.25,NA\n5,AC,NA,4\n")
    found = read_examples(path, sequence="seq110", labels=["meanEL", "OTHER"])
    assert [target.kind for target in found.targets] == ["signal", "signal"]
    np.testing.assert_array_equal(found.labels["OTHER"].ravel(), [2.5, np.nan, 4])
    for wrong in ({"sequence": "dna"}, {"sequence": "seq110", "labels": ["EL"]}):
        with pytest.raises(TableError, match=r"it has \(no name\), seq110, meanEL, other"):
            read_examples(path, **wrong)


def test_letters_of_iupac_become_n_and_u_becomes_t(tmp_path):
    found = read_examples(write(tmp_path, "sequence,label\nARGT,1\nACGU,0\nacgtn,0\n"))
    assert found.sequences == ("ANGT", "ACGT", "ACGTN")
    assert [note.split(":")[0] for note in found.notes] == [
        "1 sequences hold IUPAC letters beside A, C, G, T and N",
        "1 sequences hold U",
    ]


def test_a_folder_of_parts_is_one_set_with_the_same_classes(tmp_path):
    write(tmp_path, "sequence,label\nAAAA,b\nCCCC,c\n", "train.csv")
    write(tmp_path, "sequence\tlabel\nACAC\ta\nAAAA\tb\n", "sample_dev.tsv.gz")
    write(tmp_path, "sequence,label\nGGGG,c\n", "test.csv.gz")
    (tmp_path / "README.md").write_text("no data")
    found = read_examples(tmp_path)
    assert found.parts == ("train", "train", "validate", "validate", "test")
    assert found.targets[0].outputs == ("a", "b", "c")
    assert found.labels["label"].ravel().tolist() == [1, 2, 0, 1, 2]
    assert found.notes == ("1 sequences stand in more than one part",)
    assert read_examples(tmp_path, part="dev").sequences == ("ACAC", "AAAA")
    by_name = read_parts({"train": tmp_path / "train.csv", "val": tmp_path / "sample_dev.tsv.gz"})
    assert by_name.parts == ("train", "train", "validate", "validate")


def test_wrong_folders_say_what_they_hold(tmp_path):
    (tmp_path / "inside").mkdir()
    with pytest.raises(InputError, match="holds no train, dev or test file .* it holds inside/"):
        read_examples(tmp_path)
    write(tmp_path, PLAIN, "dev.csv")
    write(tmp_path, PLAIN, "valid.csv")
    with pytest.raises(InputError, match=r"dev.csv and valid.csv, both for the part validate"):
        read_examples(tmp_path)
    with pytest.raises(TableError, match="the part 'middle' is none of train, validate, test"):
        read_examples(tmp_path, part="middle")
    with pytest.raises(InputError, match="cannot read"):
        read_examples(tmp_path / "none.csv")


def test_a_damaged_parquet_is_an_input_error(tmp_path):
    (tmp_path / "t.parquet").write_bytes(b"PAR1 and nothing else")
    with pytest.raises(InputError, match="cannot read the Parquet file"):
        read_examples(tmp_path / "t.parquet")


def test_sequences_without_labels_are_read_when_asked(tmp_path):
    found = read_examples(write(tmp_path, "sequence,label\nACGT,1\nACGT,0\n"), unlabelled=True)
    assert (found.targets, found.labels, len(found)) == ((), {}, 2)
