"""Repeats are found on both strands, and weighed in the loss."""

import numpy as np

from dnalect.genome.fasta import open_genome
from dnalect.genome.regions import Region
from dnalect.genome.repeats import repeated
from dnalect.tokens.bases import encode, reverse_complement
from dnalect.training.corpus import Corpus, Source


def slow(parts, length):
    """Every word against every other, as text."""
    seen: dict[bytes, int] = {}
    for codes in parts:
        for start in range(len(codes) - length + 1):
            word = codes[start : start + length]
            if word.max() < 4:
                key = min(word.tobytes(), reverse_complement(word).tobytes())
                seen[key] = seen.get(key, 0) + 1
    masks = [np.zeros(len(codes), dtype=bool) for codes in parts]
    for codes, mask in zip(parts, masks, strict=True):
        for start in range(len(codes) - length + 1):
            word = codes[start : start + length]
            key = min(word.tobytes(), reverse_complement(word).tobytes())
            mask[start : start + length] |= seen.get(key, 0) > 1
    return masks


def test_repeats_equal_the_slow_way():
    rng = np.random.default_rng(0)
    parts = [rng.choice(5, 300, p=[0.3, 0.2, 0.2, 0.28, 0.02]).astype(np.uint8) for _ in range(3)]
    parts[1][40:80] = reverse_complement(parts[0][100:140])
    for length in (6, 24):
        found = repeated(parts, length)
        for mine, theirs in zip(found, slow(parts, length), strict=True):
            np.testing.assert_array_equal(mine, theirs)
    assert found[0][100:140].sum() > 10


def test_a_unique_sequence_has_none():
    codes = np.random.default_rng(1).integers(0, 4, 2000).astype(np.uint8)
    assert not repeated([codes])[0].any()


def test_the_corpus_weighs_repeats_less(tmp_path):
    rng = np.random.default_rng(2)
    texts = ["".join(rng.choice(list("ACGT"), 900)) for _ in range(2)]
    texts[1] = texts[1][:300] + texts[0][200:400] + texts[1][500:]
    path = tmp_path / "g.fa"
    path.write_text("".join(f">{n}\n{text}\n" for n, text in enumerate(texts)))
    genome = open_genome(path)
    source = Source(genome, [Region(0, 0, 900), Region(1, 0, 900)])
    corpus = Corpus([source], window=64, batch=4, seed=1, repeat_weight=0.25)
    expected = repeated([encode(genome.contig(name)) for name in genome.names])
    assert sum(mask.sum() for mask in expected) == 400
    for step in range(6):
        batch = corpus.draw(step)
        for (_, contig, start), weight in zip(batch.places, batch.weight, strict=True):
            inside = expected[contig][start : start + 64]
            np.testing.assert_array_equal(weight, np.where(inside, np.float32(0.25), np.float32(1)))
