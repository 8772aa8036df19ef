"""The table of audits: copies, turned copies and neighbours are counted, and nothing is dropped."""

import csv

import numpy as np
import pytest
from click.testing import CliRunner

from dnalect.cli.evaluate import evaluate as command
from dnalect.jobs.leaks import leaks_of, table
from dnalect.jobs.tuning.options import DataOptions
from dnalect.tokens.bases import opposite

rng = np.random.default_rng(3)


def sequences(count):
    return ["".join(rng.choice(list("ACGT"), 80)) for _ in range(count)]


@pytest.fixture
def data(tmp_path):
    """200 to train on, 60 to test on, of which 4 are copies and 3 turned copies."""
    train, test = sequences(200), sequences(60)
    test[:4] = train[:4]
    test[4:7] = [opposite(text) for text in train[10:13]]
    for name, texts in (("train", train), ("dev", sequences(40)), ("test", test)):
        with (tmp_path / f"{name}.csv").open("w", newline="") as file:
            lines = csv.writer(file)
            lines.writerow(["sequence", "label"])
            lines.writerows([text, row % 2] for row, text in enumerate(texts))
    return tmp_path


def test_copies_and_turned_copies_are_counted(data):
    row = leaks_of(DataOptions(str(data)))
    assert (row.split, row.train, row.validate, row.test) == ("given", 200, 40, 60)
    assert (row.exact, row.reverse, row.near, row.leaking, row.level) == (4, 3, 0, 7, "FAIL")


def test_the_command_writes_the_table_and_names_what_is_wrong(data, tmp_path):
    done = CliRunner().invoke(command, ["leaks", str(data), "-o", str(tmp_path / "out.tsv")])
    assert done.exit_code == 0, done.output
    names, cells = (tmp_path / "out.tsv").read_text().splitlines()
    told = dict(zip(names.split("\t"), cells.split("\t"), strict=True))
    assert (told["data"], told["leaking"], told["test"]) == (str(data), "7", "60")
    shown = CliRunner().invoke(command, ["leaks", str(data)])
    assert shown.stdout.splitlines() == ["\t".join(each) for each in table([leaks_of(DataOptions(str(data)))])]
