"""Byte pairs against HF: any vocabulary, any merges, and the learning of them."""

import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer as HfTokenizer
from tokenizers import models, trainers

from dnalect.core.errors import ConfigError, InputError, TokenizerError
from dnalect.tokens.bases import decode, encode, reverse_complement
from dnalect.tokens.bpe import SPECIAL, BytePairs
from dnalect.tokens.merging import train_byte_pairs
from tokens import oracles


@st.composite
def vocabularies(draw):
    """Words and merges that no training would give: odd orders, words made twice, words never reached."""
    letters = draw(st.sampled_from(["AC", "ACGT", "A"]))
    words, merges = list(letters), []
    for left, right in draw(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=40)):
        pair = words[left % len(words)], words[right % len(words)]
        if pair in merges or len(pair[0] + pair[1]) > 12:
            continue
        merges.append(pair)
        if pair[0] + pair[1] not in words:
            words.append(pair[0] + pair[1])
    return letters, words, merges


@given(vocabulary=vocabularies(), unknown=st.booleans(), data=st.data())
@settings(max_examples=150, deadline=None)
def test_any_merges(vocabulary, unknown, data):
    letters, words, merges = vocabulary
    words = ["[UNK]", *words] if unknown else words
    theirs = HfTokenizer(
        models.BPE(
            vocab={word: number for number, word in enumerate(words)},
            merges=merges,
            unk_token="[UNK]" if unknown else None,
        )
    )
    ours = BytePairs(words, merges, unknown=0 if unknown else None)
    sequences = data.draw(st.lists(st.text(alphabet=letters + "N", max_size=50), min_size=1, max_size=8))
    try:
        found = oracles.rows(ours.encode(sequences))
    except TokenizerError:
        # A word whose first merge never happens, used before the one that does: refused.
        assert len({left + right for left, right in merges}) < len(merges)
        return
    assert found == [theirs.encode(sequence).ids for sequence in sequences]


def hf_merges(sequences, size, fewest=0):
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=list(SPECIAL),
        initial_alphabet=list("ACGT"),
        min_frequency=fewest,
        show_progress=False,
    )
    tokenizer = HfTokenizer(models.BPE(unk_token="[UNK]"))
    tokenizer.train_from_iterator(sequences, trainer)
    return json.loads(tokenizer.to_str())["model"]


@given(
    sequences=st.lists(st.text(alphabet="ACGT", min_size=1, max_size=40), min_size=1, max_size=8),
    stretch=st.integers(1, 6),
    size=st.integers(9, 120),
    fewest=st.integers(1, 3),
)
@settings(max_examples=100, deadline=None)
def test_learning_gives_the_merges_of_hf(sequences, stretch, size, fewest):
    sequences = ["".join(letter * (1 + (at * 7) % stretch) for at, letter in enumerate(s)) for s in sequences]
    ours = train_byte_pairs(sequences, size, fewest=fewest)
    theirs = hf_merges(sequences, size, fewest)
    assert list(ours.merges) == [tuple(pair) for pair in theirs["merges"]]
    assert ours.index == theirs["vocab"]


def test_learning_from_real_bases_gives_the_merges_of_hf():
    pieces = [oracles.yeast()[at : at + 1000] for at in range(0, 100_000, 1000)]
    theirs = hf_merges(pieces, 1500)
    ours = train_byte_pairs(pieces, 1500)
    assert list(ours.merges) == [tuple(pair) for pair in theirs["merges"]]
    assert ours.index == theirs["vocab"]


def test_a_whole_contig_is_learned_from_uncut():
    """Naively: merge by merge over the whole text, the pairs of a run counted as they overlap."""
    text = oracles.yeast()[:20_000]
    tokens = list(text)
    ids = {word: number for number, word in enumerate("ACGT")}
    for left, right in train_byte_pairs([text], 5 + 4 + 60).merges:
        counts: dict[tuple[str, str], int] = {}
        for pair in itertools.pairwise(tokens):
            counts[pair] = counts.get(pair, 0) + 1
        best = min(counts, key=lambda pair: (-counts[pair], ids[pair[0]], ids[pair[1]]))
        assert (left, right) == best
        ids[left + right] = len(ids)
        merged, at = [], 0
        while at < len(tokens):
            both = tokens[at] == left and tokens[at + 1 : at + 2] == [right]
            merged.append(left + right if both else tokens[at])
            at += 2 if both else 1
        tokens = merged


def test_nothing_is_merged_across_n_or_between_sequences():
    pairs = train_byte_pairs(["ACNACRAC", "ac"], 40).merges
    assert pairs == (("A", "C"),)


def test_both_strands():
    text = oracles.yeast()[:5000]
    opposite = decode(reverse_complement(encode(text)))
    assert train_byte_pairs([text], 200, both_strands=True).merges == train_byte_pairs([text, opposite], 200).merges
    assert train_byte_pairs([text], 200, both_strands=True).merges != train_byte_pairs([text], 200).merges


def test_bad_requests_are_refused():
    with pytest.raises(ConfigError, match="from 9 to"):
        train_byte_pairs(["ACGT"], 8)
    with pytest.raises(ConfigError, match="from 9 to"):
        train_byte_pairs(["ACGT"], 1 << 21)
    with pytest.raises(InputError, match="no known base"):
        train_byte_pairs(["NNN", ""], 20)


def test_first_is_the_same_training_stopped_earlier():
    text = oracles.yeast()[:30_000]
    largest = train_byte_pairs([text], 300)
    assert largest.first(100).merges == train_byte_pairs([text], 100).merges
    assert largest.first(100).words == largest.words[:100]
    with pytest.raises(TokenizerError, match="make no vocabulary"):
        largest.first(301)
    with pytest.raises(TokenizerError, match="none of the words A"):
        largest.first(3)


def test_impossible_vocabularies_are_refused():
    for words, merges, message in (
        (["A", "C", "AC", "ACA"], [("AC", "A"), ("A", "C")], "nothing before it makes"),
        (["A", "C"], [("A", "C")], "has no id"),
        (["A", "C", "AC"], [("A", "C"), ("A", "C")], "twice"),
        (["A", "C", "AC", "CA"], [("A", "C")], "missing or cut short"),
        (["a", "c", "ac"], [("a", "c")], "none of the words A"),
        (["A", "c"], [], "upper-case"),
        (["[UNK]"], [], "none of the words A"),
    ):
        with pytest.raises(TokenizerError, match=message):
            BytePairs(words, merges)


def test_the_empty_word_of_grover_gets_no_id():
    """Its file lists 610 ids, its model has 609 rows."""
    trained = train_byte_pairs([oracles.yeast()], 609)
    words = [*trained.words, ""]
    assert len(words) == 610
    grover = BytePairs(words, [*trained.merges, ("", "")], trained.special, trained.unknown)
    assert len(grover) == 609
    assert "" not in grover.index
    assert grover.encode([oracles.yeast()]).input_ids.max() < 609
    assert len(BytePairs(["A", "", "C"], [])) == 3


def test_threads_share_a_tokenizer():
    from concurrent.futures import ThreadPoolExecutor

    chosen = train_byte_pairs([oracles.yeast()[:50_000]], 500)
    parts = [[oracles.yeast()[at : at + 20_000]] for at in range(0, 200_000, 20_000)]
    expected = [chosen.encode(part).input_ids for part in parts]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda part: chosen.encode(part).input_ids, parts))
    assert all(np.array_equal(one, other) for one, other in zip(found, expected, strict=True))
