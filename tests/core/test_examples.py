"""Examples keep their columns together, whatever rows are taken."""

import numpy as np
import pytest

from dnalect.core.examples import Examples, Target

NAN = float("nan")
TARGETS = (
    Target("bound", "classes", ("no", "yes")),
    Target("cells", "tracks", ("liver", "heart", "lung")),
    Target("level", "signal", ("level",)),
)


@pytest.fixture
def examples():
    return Examples(
        sequences=("ACGT", "GG", "TTTN"),
        targets=TARGETS,
        labels={
            "bound": np.array([[0], [1], [NAN]], dtype=np.float32),
            "cells": np.array([[0, 1, 0], [1, 1, 1], [NAN, 0, 1]], dtype=np.float32),
            "level": np.array([[0.5], [NAN], [2.5]], dtype=np.float32),
        },
        ids=("a", "b", "c"),
        contigs=("chr1", "", "chr2"),
        starts=np.array([0, -1, 7]),
        ends=np.array([4, -1, 11]),
        strands=("+", ".", "-"),
        parts=("train", "test", "train"),
        notes=("a note",),
    )


def test_a_target_has_a_column_for_each_track_and_else_one():
    assert [target.width for target in TARGETS] == [1, 3, 1]


def test_a_row_without_a_start_has_no_place(examples):
    assert examples.placed.tolist() == [True, False, True]
    assert len(examples) == 3


@pytest.mark.parametrize(
    ("rows", "order"),
    [([2, 0], [2, 0]), ([1, 1], [1, 1]), ([], []), (np.array([True, False, True]), [0, 2]), ([-1], [2])],
)
def test_taking_rows_takes_all_that_belongs_to_them(examples, rows, order):
    some = examples.take(rows)
    assert len(some) == len(order)
    for name in ("sequences", "ids", "contigs", "strands", "parts"):
        assert getattr(some, name) == tuple(getattr(examples, name)[row] for row in order)
    for name in ("starts", "ends"):
        assert getattr(some, name).tolist() == getattr(examples, name)[order].tolist()
    for target in TARGETS:
        assert some.labels[target.name].shape == (len(order), target.width)
        np.testing.assert_array_equal(some.labels[target.name], examples.labels[target.name][order])
    assert (some.targets, some.notes) == (TARGETS, ("a note",))


def test_a_taken_row_does_not_change_the_others(examples):
    some = examples.take([0])
    some.labels["level"][0] = 9
    assert examples.labels["level"][0] == 0.5


def test_examples_of_sequences_alone_have_no_places_and_labels_of_one_column():
    made = Examples.of(["AC", "GT"], TARGETS[2:], {"level": np.array([1, NAN])})
    assert made.labels["level"].shape == (2, 1)
    assert made.labels["level"].dtype == np.float32
    assert np.isnan(made.labels["level"][1, 0])
    assert not made.placed.any()
    assert (made.ids, made.contigs, made.strands, made.parts) == (("", ""), ("", ""), (".", "."), ("", ""))
    assert made.starts is not made.ends
