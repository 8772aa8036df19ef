"""Tokens to bases and bases to tokens, for every tokenizer and any sequence."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnalect.core.errors import ConfigError, InputError
from dnalect.tokens.bpe import BytePairs
from dnalect.tokens.chunks import Chunks
from dnalect.tokens.kmers import OverlappingKmers
from dnalect.tokens.merging import train_byte_pairs
from dnalect.tokens.names import NAMES, named
from dnalect.tokens.ngrams import Ngrams
from dnalect.tokens.sixmers import SixMers
from dnalect.tokens.tokenizer import letter_table, pack, tokens_at
from tokens import oracles

OTHERS = ("byte pairs", "byte pairs without unknown")
ALL = (*NAMES, *OTHERS)
SEQUENCES = st.lists(st.text(alphabet="ACGTacgtNR", max_size=60), min_size=1, max_size=6)


@cache
def tokenizer(name):
    if name not in OTHERS:
        return named(name)
    trained = train_byte_pairs([oracles.yeast()[:50_000]], 300)
    if name == "byte pairs":
        return trained
    return BytePairs(trained.words, trained.merges, trained.special, None, trained.head, trained.tail)


def pairs(name, sequences, special):
    """(sequence, ids, spans) without special tokens and padding."""
    encoding = tokenizer(name).encode(sequences, special)
    for row, sequence in enumerate(sequences):
        covering = encoding.spans[row, :, 1] > 0
        yield sequence.upper(), encoding.input_ids[row, covering], encoding.spans[row, covering].tolist()


@pytest.mark.parametrize("name", ALL)
@given(sequences=SEQUENCES, special=st.booleans())
@settings(max_examples=25, deadline=None)
def test_words_are_the_bases_that_they_cover(name, sequences, special):
    chosen = tokenizer(name)
    for sequence, ids, spans in pairs(name, sequences, special):
        for word, (start, end) in zip(ids, spans, strict=True):
            bases = "".join(letter if letter in "ACGT" else "N" for letter in sequence[start:end])
            text = chosen.words[word]
            if word == chosen.special.unk and text not in "ACGTN":
                assert "N" in bases
                assert not (isinstance(chosen, Ngrams) and bases[0] != "N")
            elif name == "byte pairs without unknown":
                assert text == bases.replace("N", "")
            else:
                assert text == bases


@pytest.mark.parametrize("name", ALL)
@given(sequences=SEQUENCES, special=st.booleans())
@settings(max_examples=25, deadline=None)
def test_spans_cover_the_bases(name, sequences, special):
    chosen = tokenizer(name)
    for sequence, _, spans in pairs(name, sequences, special):
        covered = np.zeros(len(sequence), dtype=int)
        for start, end in spans:
            covered[start:end] += 1
        if isinstance(chosen, OverlappingKmers):
            count = max(0, len(sequence) - chosen.k + 1)
            expected = np.convolve(np.ones(count), np.ones(chosen.k)) if count else np.zeros(len(sequence))
            assert covered.tolist() == expected.tolist()
        elif isinstance(chosen, Ngrams | SixMers):
            assert covered.tolist() == [int(at < len(sequence) // chosen.k * chosen.k) for at in range(len(sequence))]
        elif name == "byte pairs without unknown":
            assert all(times == 1 for letter, times in zip(sequence, covered, strict=True) if letter in "ACGT")
            assert covered.max(initial=0) <= 1
        else:
            assert (covered == 1).all()


@pytest.mark.parametrize("name", ALL)
@given(sequences=SEQUENCES, special=st.booleans())
@settings(max_examples=25, deadline=None)
def test_tokens_at_is_the_inverse_of_spans(name, sequences, special):
    chosen = tokenizer(name)
    encoding = chosen.encode(sequences, special)
    length = max(map(len, sequences))
    found = chosen.tokens_at(encoding, length)
    assert found.shape == (len(sequences), length, 2)
    for row in range(len(sequences)):
        for base in range(length):
            start, end = encoding.spans[row, :, 0], encoding.spans[row, :, 1]
            expected = np.flatnonzero((start <= base) & (base < end)).tolist()
            assert list(range(*found[row, base])) == expected


@pytest.mark.parametrize("name", ALL)
@given(sequences=SEQUENCES, special=st.booleans())
@settings(max_examples=15, deadline=None)
def test_padding_and_special_tokens(name, sequences, special):
    chosen = tokenizer(name)
    encoding = chosen.encode(sequences, special)
    ids, mask, spans = encoding.input_ids, encoding.attention_mask, encoding.spans
    assert (ids.dtype, mask.dtype, spans.dtype) == (np.int64, np.bool_, np.int32)
    assert spans.shape == (*ids.shape, 2)
    assert (ids[~mask] == chosen.special.pad).all()
    assert not spans[~mask].any()
    assert (np.diff(mask.astype(int), axis=1) <= 0).all()
    for row, sequence in enumerate(sequences):
        alone = chosen.encode([sequence], special)
        assert alone.input_ids[0].tolist() == ids[row][mask[row]].tolist()
        inner = chosen.encode([sequence], special=False).input_ids[0].tolist()
        around = [*chosen.head, *inner, *chosen.tail] if special else inner
        assert alone.input_ids[0].tolist() == around


@pytest.mark.parametrize("name", ALL)
def test_longest_is_the_most_that_surely_fits(name):
    chosen = tokenizer(name)
    rng = np.random.default_rng(4)
    for tokens in (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 20, 33, 100):
        longest = chosen.longest(tokens)
        assert longest >= 0
        sequences = ["".join(rng.choice(list("ACGT"), length)) for length in range(longest + 1)]
        fits = tokens >= len(chosen.head) + len(chosen.tail)
        assert chosen.encode(sequences).attention_mask.sum(axis=1).max() <= tokens or not fits
        if fits and name not in OTHERS:
            beyond = ["".join(rng.choice(list("ACGT"), longest + more)) for more in range(1, 7)]
            assert chosen.encode(beyond).attention_mask.sum(axis=1).max() > tokens


def test_longest_of_byte_pairs_is_a_bound_for_the_worst_sequence():
    """Every text of up to 9 bases, by brute force."""
    chosen = train_byte_pairs([oracles.yeast()[:50_000]], 40)
    for length in range(1, 10):
        every = np.frombuffer(b"ACGT", dtype=np.uint8)[np.indices((4,) * length).reshape(length, -1).T]
        most = int(chosen.encode(np.ascontiguousarray(every), special=False).attention_mask.sum(axis=1).max())
        assert chosen.longest(most + 2) >= length
        assert chosen.longest(most - 1 + 2) < length


def test_published_contexts():
    assert Chunks(1).longest(1000) == 5974
    assert Chunks(1).encode(["ACGTAC" * 999]).input_ids.shape == (1, 1000)
    assert OverlappingKmers(6).longest(512) == 515
    assert Ngrams(3).longest(333) == 1001


@pytest.mark.parametrize("name", ALL)
def test_nothing_to_encode(name):
    chosen = tokenizer(name)
    empty = chosen.encode([])
    assert empty.input_ids.shape == (0, len(chosen.head) + len(chosen.tail))
    assert tokens_at(empty, 5).shape == (0, 5, 2)
    blank = chosen.encode(["", ""])
    assert blank.input_ids.tolist() == [[*chosen.head, *chosen.tail]] * 2
    assert blank.attention_mask.all()
    assert tokens_at(blank, 0).shape == (2, 0, 2)


def test_strange_input_is_refused():
    chosen = Chunks(1)
    for wrong, message in (
        ("ACGT", "in brackets"),
        (b"ACGT", "in brackets"),
        (np.frombuffer(b"ACGT", dtype=np.uint8), "in brackets"),
        ([np.array([0, 1, 2, 3], dtype=np.uint8)], "base codes"),
        ([np.array([65, 67])], "uint8"),
        ([np.array([[65, 67]], dtype=np.uint8)], "one-dimensional"),
        ([bytearray(b"ACGT")], "not bytearray"),
    ):
        with pytest.raises(InputError, match=message):
            chosen.encode(wrong)
    for make in (lambda: OverlappingKmers(2), lambda: OverlappingKmers(7), lambda: Chunks(3), lambda: Ngrams(2)):
        with pytest.raises(ConfigError, match="not"):
            make()


def test_letters_beyond_ascii_are_unknown():
    assert oracles.rows(named("single").encode(["AéC€"])) == [[0, 4, 1, 4]]


def test_words_have_their_ids():
    for name in ALL:
        chosen = tokenizer(name)
        assert len(set(chosen.words)) == len(chosen.words) == len(chosen)
        assert all(chosen.words[number] == word for word, number in chosen.index.items())
        assert repr(chosen).endswith(f"{len(chosen):,} words>")


def test_pack_marks_what_lies_beyond_the_ends():
    codes, lengths = pack(["AC", "G"], letter_table("ACGT", 4))
    assert codes.tolist() == [[0, 1], [2, 255]]
    assert lengths.tolist() == [2, 1]
