"""The study of structural variants: gaps of alignments, what slides, who stands above random ones."""

import numpy as np

import dnalect
from studies.structural.calls import Call, aligned_calls
from studies.structural.job import above_random, shared_bases


def test_long_gaps_of_an_alignment_are_calls():
    query = "A" * 1000 + "C" * 60 + "G" * 2000
    cigar = [[1000, 0], [60, 1], [500, 0], [80, 2], [1500, 0], [3, 2], [600, 0]]
    assert list(aligned_calls("c", 100, 0, cigar, query)) == [
        Call("c", 1100, 1100, "C" * 60),
        Call("c", 1600, 1680),
    ]


def test_a_gap_slides_by_what_its_ends_share():
    genome = dnalect.open_genome({"c": "TTTTACGTGGGGACGTCCCC"})
    assert shared_bases(genome, Call("c", 4, 12)) == 4
    assert shared_bases(genome, Call("c", 8, 16)) == 4
    assert shared_bases(genome, Call("c", 0, 4)) == 0


def test_ties_count_half():
    assert above_random(np.array([[1.0, 0, 1, 2, 3], [5, 1, 2, 3, 4]])).tolist() == [0.375, 1.0]
