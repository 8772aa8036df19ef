"""Files as editors, spreadsheets and other tools write them: read as meant, or refused with the line and the fix."""

import gzip

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from dnalect.core.errors import InputError, TableError
from dnalect.examples import read_examples
from dnalect.genome.bed import read_bed
from dnalect.genome.fasta import open_genome

BOM = b"\xef\xbb\xbf"
WANTED = ("ACGTACGTAC", "GGCCGGCCGG", "TTAATTAATT")
ROWS = "ACGTACGTAC,1\nGGCCGGCCGG,0\nTTAATTAATT,1\n"
HEADED = "sequence,label\n" + ROWS


def read(folder, content, name="t.csv", **options):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_examples(path, **options)


@pytest.mark.parametrize(
    "content",
    [
        HEADED.replace("\n", "\r\n"),
        HEADED.replace("\n", "\r"),
        BOM + HEADED.encode(),
        BOM + ROWS.encode(),
        BOM + b'"sequence","label"\r\n"ACGTACGTAC","1"\r\n"GGCCGGCCGG","0"\r\n"TTAATTAATT","1"\r\n',
        "\n\n" + HEADED + "\n   \n",
        HEADED + ",\n,\n",
        "# made by hand\n\n" + HEADED,
        "#" + HEADED,
        gzip.compress(HEADED.encode(), mtime=0),
        BOM + b">a label=1\r\nACGTA\r\nCGTAC\r\n>b label=0\r\nGGCCGGCCGG\r\n>c label=1\r\nTTAATTAATT\r\n",
        ">a\tlabel=1\nACGTACGTAC\n>b\tlabel=0\nGGCCGGCCGG\n>c\tlabel=1\nTTAATTAATT\n",
    ],
)
def test_what_surrounds_a_table_is_no_part_of_it(tmp_path, content):
    found = read(tmp_path, content)
    assert found.sequences == WANTED
    assert found.labels["label"].ravel().tolist() == [1, 0, 1]


def test_other_ways_to_write_a_table_are_refused(tmp_path):
    for content, message in (
        (HEADED.encode("utf-16"), "UTF-16 text.*save it as UTF-8"),
        ("sequence,label,label\nACGT,1,0\nGG,0,1\n", "several columns 'label'"),
        ("sequence,sequence,label\nACGT,A,0\nGG,A,1\n", "several columns 'sequence'"),
        (HEADED + "NaN,1\n", "line 5: the sequence is empty"),
    ):
        with pytest.raises(InputError, match=message):
            read(tmp_path, content)


def test_a_label_of_several_words_is_whole(tmp_path):
    text = ">a cell=\"T cell\"\nACGTACGTAC\n>b cell='T helper'\nGGCCGGCCGG\n"
    assert read(tmp_path, text, "t.fa").targets[0].outputs == ("T cell", "T helper")


def test_lists_of_a_parquet_are_tracks_whatever_their_lengths(tmp_path):
    columns = {"sequence": [b"ACGTACGT", b"GGCCGGCC", b"TTAATTAA", b"CCCCGGGG"], "label": [["a"], ["b"], [], None]}
    pyarrow.parquet.write_table(pyarrow.table(columns), tmp_path / "t.parquet")
    found = read_examples(tmp_path / "t.parquet")
    assert (found.targets[0].kind, found.targets[0].outputs) == ("tracks", ("a", "b"))
    assert found.labels["label"].tolist() == [[1, 0], [0, 1], [0, 0]]


@pytest.mark.parametrize(
    "content",
    [
        BOM + b"one\t0\t10\t1\none\t10\t20\t0\n",
        b"one 0 10 1\none  10 20 0\n",
        b"# x\n#chrom\tchromStart\tchromEnd\tname\none\t0\t10\t1\none\t10\t20\t0\n",
    ],
)
def test_no_interval_of_a_bed_is_lost(tmp_path, content):
    (tmp_path / "g.fa").write_text(">one\nACGTACGTACGGCCGGCCGG\n")
    genome = open_genome(tmp_path / "g.fa")
    (tmp_path / "t.bed").write_bytes(content)
    found = read_examples(tmp_path / "t.bed", reference=genome, labels=("name",))
    assert found.sequences == WANTED[:2]
    assert found.labels["name"].ravel().tolist() == [1, 0]


def test_a_byte_order_mark_is_no_part_of_a_contig(tmp_path):
    (tmp_path / "t.bed").write_bytes(BOM + b"one\t0\t10\none\t10\t20\n")
    assert list(read_bed(tmp_path / "t.bed")) == ["one"]


def test_peaks_that_were_bgzipped_are_peaks(tmp_path):
    (tmp_path / "g.fa").write_text(">one\nACGTACGTACGGCCGGCCGG\n")
    peaks = "one\t0\t10\tp\t0\t.\t7\t-1\t-1\t-1\none\t10\t20\tq\t0\t.\t5\t-1\t-1\t-1\n"
    genome = open_genome(tmp_path / "g.fa")
    found = read(tmp_path, gzip.compress(peaks.encode(), mtime=0), "t.narrowPeak.bgz", reference=genome)
    assert found.targets[0].name == "signalValue"


def labelled(folder, cells, **options):
    rng = np.random.default_rng(2)
    rows = [f"{''.join(rng.choice(list('ACGT'), 20))}\t{cell}\n" for cell in cells]
    return read(folder, "sequence\tlabel\n" + "".join(rows), **options)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([f"{n / 7:.3f}" for n in range(1, 40)] + ["n.d."], "line 41: 'n.d.' .* is no finite number, as most are"),
        (["0.5", "1.5", "0.5", "inf"], "line 5: 'inf'"),
        ([f"{n},5" for n in range(5)], "line 2: '0,5' .*: write a point"),
        (np.random.default_rng(1).permutation(40), "numbers the rows .* it is an index"),
        (range(40, 0, -1), "numbers the rows .* it is an index"),
    ],
)
def test_columns_that_are_nearly_labels_are_refused(tmp_path, cells, message):
    with pytest.raises(TableError, match=message):
        labelled(tmp_path, cells)


def test_yes_and_no_in_several_ways_are_two_classes(tmp_path):
    found = labelled(tmp_path, ["True", "0", "FALSE", "1", "#N/A", "yes"])
    assert found.targets[0].outputs == ("0", "1")
    assert found.labels["label"].ravel().tolist() == [1, 0, 0, 1, 1]
    assert labelled(tmp_path, ["+", "0", "-", "+"]).targets[0].outputs == ("-", "0", "+")


def test_positives_that_hold_negatives_are_refused(tmp_path):
    with pytest.raises(TableError, match="its column 'label' holds negatives, too"):
        read(tmp_path, HEADED, positives=True)
    assert not read(tmp_path, HEADED.replace(",0", ",2"), positives=True).targets
