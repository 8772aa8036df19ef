"""GUE and the Nucleotide Transformer tasks, as they are downloaded."""

import pytest

from dnalect.core.errors import InputError
from dnalect.examples import read_examples
from examples.layouts import chromosome, dealt, gue, transformer, windows


def test_gue_is_three_files_of_one_task(tmp_path):
    rows = windows(36, classes=3)
    found = read_examples(gue(tmp_path / "GUE" / "splice" / "reconstructed", rows))
    parts = dealt(rows, ("train", "validate", "test"))
    want = sorted((part, row.label, row.sequence) for part, mine in parts.items() for row in mine)
    labels = found.labels["label"].ravel().astype(int).tolist()
    assert sorted(zip(found.parts, labels, found.sequences, strict=True)) == want


def test_a_folder_of_tasks_is_no_task(tmp_path):
    gue(tmp_path / "GUE" / "EMP" / "H3", windows(24))
    with pytest.raises(InputError, match=r"EMP holds no train, dev or test file .* it holds H3/"):
        read_examples(tmp_path / "GUE" / "EMP")


@pytest.mark.parametrize("forms", [("fna",), ("parquet",), ("fna", "parquet")])
def test_both_forms_of_a_task_are_the_same_and_may_lie_side_by_side(tmp_path, forms):
    rows = windows(24)
    folder = transformer(tmp_path / "H2AFZ", rows, forms)
    if len(forms) == 2:
        (folder / "train.fna").write_text(">this|0\nis not read!\n")
    found = read_examples(folder)
    text = chromosome()
    assert sorted(found.starts.tolist()) == [row.start for row in rows]
    for sequence, start, end in zip(found.sequences, found.starts.tolist(), found.ends.tolist(), strict=True):
        assert text[start:end] == sequence
    assert (found.targets[0].name, found.targets[0].kind) == ("label", "classes")
    assert found.parts.count("train") == 16
    assert found.labels["label"].sum() == 12


def test_two_files_of_a_part_are_an_error_where_neither_is_the_parquet_of_the_other(tmp_path):
    folder = transformer(tmp_path / "H2AFZ", windows(24), ("fna",))
    (folder / "train.fa").write_text(">a|1\nACGT\n")
    with pytest.raises(InputError, match=r"train.fa and train.fna, both for the part train; keep one"):
        read_examples(folder)


def named(folder, names):
    lines = ["sequence,name,label"]
    lines += [f"{text},{name},{n}" for n, (text, name) in enumerate(zip(("ACGTACGT", "GGGGCCCC"), names, strict=True))]
    (folder / "t.csv").write_text("\n".join(lines) + "\n")
    return read_examples(folder / "t.csv")


def test_places_in_names_are_used_where_all_rows_have_one_and_the_length_fits(tmp_path):
    half_open = named(tmp_path, ["chr1:100-108|0", "chr2:5-13(-)|1"])
    assert (half_open.contigs, half_open.starts.tolist()) == (("chr1", "chr2"), [100, 5])
    assert half_open.strands == (".", "-")
    assert half_open.ids == ("chr1:100-108|0", "chr2:5-13(-)|1")
    closed = named(tmp_path, ["chr1:101-108", "chr2:6-13"])
    assert (closed.starts.tolist(), closed.ends.tolist()) == ([100, 5], [108, 13])
    assert "counting from 1" in closed.notes[0]
    assert not named(tmp_path, ["chr1:100-108", "ENST0001"]).placed.any()
    assert named(tmp_path, ["chr1:100-108", "chr2:5-99"]).placed.tolist() == [True, False]
