"""What is like a sequence: a planted copy on either strand, p-values that hold, spaces, the file."""

from itertools import pairwise

import numpy as np
import pytest

from dnalect.alike.index import Index, index_of, p_values, read_index, space_of, spelled, write_index
from dnalect.alike.likeness import aligned_shares, rivals_of
from dnalect.alike.spaces import How
from dnalect.core.errors import InputError
from dnalect.genome.fasta import genome_of
from dnalect.models.load import load
from dnalect.tokens.bases import opposite

HOW = How("mean", None, 1)


@pytest.fixture(scope="module")
def planted():
    """A random genome; 9,000-9,200 of c1 is a copy of 1,000-1,200, and 15,000-15,200 its reverse complement."""
    rng = np.random.default_rng(5)
    text = "".join(rng.choice(list("ACGT"), 20_000))
    part = text[1000:1200]
    text = text[:9000] + part + text[9200:15_000] + opposite(part) + text[15_200:]
    return genome_of({"c1": text, "c2": "".join(rng.choice(list("ACGT"), 4000))})


@pytest.fixture(scope="module")
def index(planted, model_folder):
    return index_of(planted, load(model_folder), 200, 100, HOW, {"model": "tiny"})


def test_planted_copies_come_first_with_their_strands(planted, index, model_folder):
    model, text = load(model_folder), spelled(planted, 0, 1000, 1200)
    forward, backward = HOW(model, [text, opposite(text)])
    for kind in ("centred", "whitened", "raw"):
        hits = index.search(forward, backward, kind, 3, (0, 1000, 1200))
        starts = index.start[hits.rows].tolist()
        assert set(starts[:2]) == {9000, 15_000}, kind
        strands = dict(zip(starts, hits.forward.tolist(), strict=True))
        assert strands[9000]
        assert not strands[15_000]
        np.testing.assert_allclose(hits.similarity[:2], 1, atol=1e-5)
        assert hits.p[0] < hits.p[2]
    # Without its own place the query itself is found, and no two hits overlap.
    hits = index.search(forward, backward, "centred", 30)
    assert index.start[hits.rows[0]] in (1000, 9000, 15_000)
    spans = sorted((int(index.contig[r]), int(index.start[r]), int(index.end[r])) for r in hits.rows)
    assert all(a[0] != b[0] or a[2] <= b[1] for a, b in pairwise(spans))


def test_p_values_of_random_windows_are_even(index, planted, model_folder):
    chance = index.chance(space_of(index.values))
    half = chance[::2]
    np.testing.assert_allclose(np.mean(p_values(chance[1::2], np.sort(half)) <= 0.05), 0.05, atol=0.02)
    assert p_values(np.array([9.0]), half)[0] == pytest.approx(1 / (1 + len(half)))


def test_centred_cosines_lie_around_zero_and_whitened_spread_is_even(index):
    raw, centred = (index.chance(space_of(index.values, kind)) for kind in ("raw", "centred"))
    assert np.median(raw) > np.median(centred)
    space = space_of(index.values, "whitened")
    spread = ((index.values - space.centre) @ space.turn).std(axis=0)
    assert spread.max() == pytest.approx(1, rel=0.05)


def test_an_index_is_kept_and_read(index, tmp_path):
    write_index(tmp_path / "i.npz", index)
    back = read_index(tmp_path / "i.npz")
    assert back.facts == index.facts
    np.testing.assert_allclose(back.values, index.values, rtol=2e-3, atol=1e-3)
    np.testing.assert_array_equal(back.start, index.start)
    (tmp_path / "j.npz").write_bytes(b"no")
    with pytest.raises(InputError, match="no index that dnalect similar made"):
        read_index(tmp_path / "j.npz")


def test_too_little_to_compare_with_is_an_error(index):
    few = Index(index.values[:2], index.contig[:2], index.start[:2], index.end[:2], np.array([0]), index.opposite[:1])
    with pytest.raises(InputError, match="too few windows"):
        few.search(index.values[0], index.values[0])


def test_rivals_know_copies_from_strangers(planted, index):
    text = spelled(planted, 0, 1000, 1200)
    texts = [opposite(text), spelled(planted, 1, 500, 700)]
    copy, stranger = rivals_of(text, texts, planted, index)
    assert copy.words == pytest.approx(1, abs=1e-5)
    assert copy.aligned == pytest.approx(1)
    assert stranger.words < 0.5
    assert stranger.aligned == 0
    assert copy.words_p < stranger.words_p
    assert aligned_shares(text, [text[:100]]) == [pytest.approx(0.5)]
