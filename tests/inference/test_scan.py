"""Stretches of a genome: the same numbers as from the whole contig, whichever stretch is asked for."""

import numpy as np
import pytest
import torch

import dnalect
from dnalect.genome.fasta import open_genome
from dnalect.inference.scan import (
    information,
    log_probs_of,
    lowest,
    reference_probability,
    span_log_probs,
    span_substitutions,
    substitutions,
)
from dnalect.inference.tiles import tiled_log_probs
from dnalect.tokens.bases import UNKNOWN, encode, reverse_complement

TILE, BATCH = 256, 2


@pytest.fixture(scope="module")
def model(model_folder):
    return dnalect.load(model_folder)


@pytest.fixture
def genome(fasta):
    return open_genome(fasta)


def one_window(model, codes, at):
    """ln p (4,) of one base the slow way: the bases that the network can see, in a window of their own."""
    reach = model.can.reach
    low = max(0, at - reach)
    ids = torch.from_numpy(codes[low : at + reach + 1].astype(np.int64))[None]
    with torch.inference_mode():
        return model.network(ids, ids != UNKNOWN)[0, at - low].log_softmax(-1).numpy()


@pytest.mark.parametrize(
    ("contig", "start", "end"),
    [(0, 0, 6000), (0, 0, 1), (0, 511, 513), (0, 1000, 1700), (0, 2990, 3110), (0, 5999, 6000), (1, 3, 900)],
)
def test_a_span_equals_the_whole_contig_and_single_windows(model, genome, contig, start, end):
    codes = encode(genome.contig(genome.names[contig]))
    found = span_log_probs(model, genome, contig, start, end, TILE, BATCH)
    assert found.shape == (end - start, 4)
    np.testing.assert_allclose(found, tiled_log_probs(model, codes)[start:end], atol=1e-5)
    for at in {start, (start + end) // 2, end - 1}:
        np.testing.assert_allclose(found[at - start], one_window(model, codes, at), atol=1e-5)


def test_bytes_do_not_depend_on_the_span(model, genome):
    whole = span_log_probs(model, genome, 0, 0, 6000, TILE, BATCH)
    for start, end in ((0, 512), (512, 1024), (700, 701), (5000, 6000)):
        assert np.array_equal(span_log_probs(model, genome, 0, start, end, TILE, BATCH), whole[start:end])
    positions = np.array([3, 4, 511, 512, 2000, 2999, 3000, 3050, 3100, 5998])
    found = span_substitutions(model, genome, 0, positions, TILE, BATCH)
    every = span_substitutions(model, genome, 0, np.arange(6000), TILE, BATCH)
    assert np.array_equal(found, every[positions], equal_nan=True)


def test_the_other_strand_gives_the_same(model, genome, tmp_path):
    bases = genome.contig("chrA").tobytes().decode().upper()
    turned = tmp_path / "turned.fa"
    turned.write_text(">chrA\n" + bases[::-1].translate(str.maketrans("ACGT", "TGCA")) + "\n")
    there = span_log_probs(model, genome, 0, 1000, 4000, TILE, BATCH)
    back = span_log_probs(model, open_genome(turned), 0, 2000, 5000, TILE, BATCH)
    np.testing.assert_allclose(there, back[::-1, ::-1], atol=1e-5)
    assert np.array_equal(encode(genome.contig("chrA")), reverse_complement(encode(open_genome(turned).contig("chrA"))))


def test_training_mode_is_left_as_it_was(model, genome):
    model.network.train()
    try:
        span_log_probs(model, genome, 1, 0, 10, TILE, BATCH)
        assert model.network.training
    finally:
        model.network.eval()


def test_unknown_stretches_are_not_computed(model, genome, monkeypatch):
    monkeypatch.setattr("dnalect.inference.scan.span_log_probs", None)
    assert np.isnan(span_substitutions(model, genome, 0, np.arange(3000, 3100), TILE, BATCH)).all()


def test_substitutions_are_log_ratios_to_the_reference():
    log_probs = np.log(np.array([[0.1, 0.2, 0.3, 0.4], [0.7, 0.1, 0.1, 0.1]], dtype=np.float32))
    found = substitutions(log_probs, np.array([2, UNKNOWN], dtype=np.uint8))
    expected = [[np.log(1 / 3), np.log(2 / 3), np.nan, np.log(4 / 3)], [np.nan] * 4]
    np.testing.assert_allclose(found, expected, rtol=1 / 2048)
    assert found.dtype == np.float16


def test_probabilities_and_tracks_come_back_from_ratios():
    p = np.array([[0.25] * 4, [0.97, 0.01, 0.01, 0.01], [0.5, 0.5 - 2e-9, 1e-9, 1e-9], [0.1, 0.2, 0.3, 0.4]])
    ref = np.array([0, 0, 1, UNKNOWN], dtype=np.uint8)
    ratios = substitutions(np.log(p).astype(np.float32), ref)
    log_probs = log_probs_of(ratios)
    np.testing.assert_allclose(np.exp(log_probs[:3]), p[:3], atol=2e-4)
    np.testing.assert_allclose(information(log_probs), [0, 2 + (p[1] * np.log2(p[1])).sum(), 1, np.nan], atol=2e-3)
    np.testing.assert_allclose(reference_probability(log_probs, ratios), [0.25, 0.97, 0.5, np.nan], atol=2e-4)
    np.testing.assert_allclose(lowest(ratios), [0, np.log(0.01 / 0.97), np.log(2e-9), np.nan], rtol=1 / 1024)


def test_reference_probability_is_as_near_as_the_docs_say():
    """The derivative of ln p(ref) by an LLR is -p(alt), so rounding moves p(ref) by less than 2.1e-4."""
    p = np.random.default_rng(0).dirichlet(np.full(4, 0.4), 200_000).astype(np.float64).clip(1e-7)
    p /= p.sum(axis=1, keepdims=True)
    ratios = substitutions(np.log(p).astype(np.float32), np.zeros(len(p), dtype=np.uint8))
    off = np.abs(reference_probability(log_probs_of(ratios), ratios) - p[:, 0]).max()
    assert 1e-4 < off < 2.1e-4
