"""What labels mean, and what is done about those that contradict each other."""

import numpy as np
import pytest

from dnalect.core.errors import TableError
from dnalect.examples import read_examples

NAN = float("nan")


def read(folder, columns, **options):
    """Read a table of distinct sequences with these columns of labels."""
    count = len(next(iter(columns.values())))
    sequences = ["".join("ACGT"[n // 4**k % 4] for k in range(5)) for n in range(count)]
    lines = ["\t".join(["sequence", *columns])]
    lines += ["\t".join([text, *map(str, cells)]) for text, *cells in zip(sequences, *columns.values(), strict=True)]
    (folder / "t.tsv").write_text("\n".join(lines) + "\n")
    return read_examples(folder / "t.tsv", **options)


@pytest.mark.parametrize(
    ("cells", "kind", "outputs", "numbers"),
    [
        (["1", "0", "1"], "classes", ("0", "1"), [1, 0, 1]),
        (["1.0", "0", "1"], "classes", ("0", "1"), [1, 0, 1]),
        (["-1", "1", "-1"], "classes", ("-1", "1"), [0, 1, 0]),
        (["True", "false", "true"], "classes", ("false", "true"), [1, 0, 1]),
        (["yes", "no", "no"], "classes", ("no", "yes"), [1, 0, 0]),
        (["+", "-", "+"], "classes", ("-", "+"), [1, 0, 1]),
        (["enhancer", "random", "NA"], "classes", ("random", "enhancer"), [1, 0, NAN]),
        (["2", "10", "0", "2"], "classes", ("0", "2", "10"), [1, 2, 0, 1]),
        (["b", "c", "a"], "classes", ("a", "b", "c"), [1, 2, 0]),
        (["0.5", "1e-3", "nan", "2"], "signal", ("label",), [0.5, 1e-3, NAN, 2]),
        ([n % 40 for n in range(80)], "signal", ("label",), [n % 40 for n in range(80)]),
    ],
)
def test_kinds_are_told_by_the_cells(tmp_path, cells, kind, outputs, numbers):
    found = read(tmp_path, {"label": cells})
    assert (found.targets[0].kind, found.targets[0].outputs) == (kind, outputs)
    known = [each for each in numbers if not np.isnan(each)]
    assert found.labels["label"].ravel().tolist() == pytest.approx(known)


def test_lists_are_tracks_where_empty_means_none(tmp_path):
    found = read(tmp_path, {"label": ["liver;heart", "", "heart", "NA"]})
    assert (found.targets[0].kind, found.targets[0].outputs) == ("tracks", ("heart", "liver"))
    assert found.labels["label"].tolist() == [[1, 1], [0, 0], [1, 0]]
    assert found.notes == ("1 rows without any label left out",)


def test_several_columns_are_several_targets_or_the_tracks_of_one(tmp_path):
    columns = {"a": ["1", "0", "NA"], "b": ["0", "1", "1"]}
    two = read(tmp_path, columns, labels=["a", "b"])
    assert [(target.name, target.kind) for target in two.targets] == [("a", "classes"), ("b", "classes")]
    np.testing.assert_array_equal(two.labels["a"].ravel(), [1, 0, NAN])
    one = read(tmp_path, columns, labels=["a", "b"], kind="tracks")
    assert [(target.name, target.outputs) for target in one.targets] == [("tracks", ("a", "b"))]
    np.testing.assert_array_equal(one.labels["tracks"], [[1, 0], [0, 1], [NAN, 1]])


def test_the_kind_can_be_given(tmp_path):
    assert read(tmp_path, {"y": [3, 1, 2]}, kind="signal").labels["y"].ravel().tolist() == [3, 1, 2]
    assert read(tmp_path, {"y": [0, 1, 2]}, kind="classes").targets[0].outputs == ("0", "1", "2")
    assert read(tmp_path, {"y": ["0.5", "1.5", "0.5"]}, kind="classes").targets[0].outputs == ("0.5", "1.5")


@pytest.mark.parametrize(
    ("cells", "options", "message"),
    [
        ([0, 1, 2, 3], {}, r"rises from row to row \(0, 1, 2 ...\): it is an index"),
        ([4, 9, 11], {}, "it is an index, no label"),
        (["a", "a", "a"], {}, "every label of 'label' is 'a': add rows of another class, or background"),
        ([1, 1, "NA"], {}, "every label of 'label' is '1'"),
        (["2.5", "2.5"], {}, "every value of 'label' is 2.5"),
        (["NA", "", "nan"], {}, "no row has a label 'label'"),
        ([f"gene{n}" for n in range(40)], {}, "t.tsv: the column 'label' holds 40 different words"),
        (["1.5", "high"], {"kind": "signal"}, "line 3: 'high' in the column 'label' is no finite number"),
        (["1.5", "inf"], {"kind": "signal"}, "line 3: 'inf'"),
        ([0, 1, 2], {"kind": "tracks"}, "line 4: '2' in the column 'label' is neither 0 nor 1"),
        (["a;b", "a", "a"], {}, "every label of 'a' is '1'"),
        ([0, 1], {"kind": "class"}, "the kind 'class' is none of classes, tracks, signal"),
    ],
)
def test_labels_that_teach_nothing_are_refused(tmp_path, cells, options, message):
    with pytest.raises(TableError, match=message):
        read(tmp_path, {"label": cells}, **options)


def rows(folder, text, **options):
    (folder / "t.csv").write_text(text)
    return read_examples(folder / "t.csv", **options)


def test_a_repeated_sequence_is_kept_once(tmp_path):
    found = rows(tmp_path, "sequence,label\nAC,1\nGG,0\nac,1\nTT,1\n")
    assert found.sequences == ("AC", "GG", "TT")
    assert found.labels["label"].ravel().tolist() == [1, 0, 1]
    assert found.notes == ("1 rows repeat a sequence of their part: kept once",)


def test_repeats_stay_in_every_part(tmp_path):
    found = rows(tmp_path, "sequence,label,split\nAC,1,train\nAC,0,test\nGG,0,train\nTT,1,test\n")
    assert len(found) == 4
    assert found.notes == ("1 sequences stand in more than one part",)


def test_contradictory_classes_are_an_error_or_left_out(tmp_path):
    text = "sequence,label\nCC,NA\nAC,1\nGG,0\nAC,0\nTT,1\nAC,1\n"
    with pytest.raises(TableError, match=r"line 3 and .*line 5 give one sequence different labels .*\(1 sequences"):
        rows(tmp_path, text)
    found = rows(tmp_path, text, conflicts="drop")
    assert found.sequences == ("GG", "TT")
    assert "1 sequences with contradictory labels left out" in found.notes
    with pytest.raises(TableError, match="conflicts is 'keep'; give one of error, drop"):
        rows(tmp_path, text, conflicts="keep")


def test_signals_of_one_sequence_are_averaged(tmp_path):
    found = rows(tmp_path, "sequence,y\nAC,1.5\nGG,3\nAC,2.5\nAC,NA\nGG,3\nTT,NA\n")
    assert found.sequences == ("AC", "GG")
    assert found.labels["y"].ravel().tolist() == [2, 3]
    assert "1 sequences have several values of y: averaged" in found.notes


def test_the_labels_of_one_sequence_in_several_rows_are_joined(tmp_path):
    found = rows(tmp_path, "sequence,a,b\nAC,1,NA\nAC,NA,0\nGG,0,1\n", labels=["a", "b"])
    assert found.labels["a"].ravel().tolist() == [1, 0]
    assert found.labels["b"].ravel().tolist() == [0, 1]


def test_a_contradiction_between_tracks_is_found(tmp_path):
    with pytest.raises(TableError, match="line 2 and .*line 3 give one sequence different labels"):
        rows(tmp_path, "sequence,label\nAC,a;b\nAC,a\nGG,\n")
