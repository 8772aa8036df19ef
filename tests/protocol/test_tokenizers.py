"""What every tokenizer must do, asked of one of every class and layout: a new one is not there until it is in NAMES."""

import json
import re
from functools import cache
from itertools import pairwise, product

import numpy as np
import pytest

from dnalect.core.errors import ConfigError, InputError, TokenizerError
from dnalect.tokens.bpe import BytePairs
from dnalect.tokens.chunks import Chunks
from dnalect.tokens.files import open_tokenizer, read_tokenizer, write_tokenizer
from dnalect.tokens.kmers import OverlappingKmers
from dnalect.tokens.merging import train_byte_pairs
from dnalect.tokens.names import NAMES, named
from dnalect.tokens.ngrams import Ngrams
from dnalect.tokens.single import SingleBases
from dnalect.tokens.sixmers import SixMers
from dnalect.tokens.species import SpeciesKmers
from dnalect.tokens.tokenizer import Tokenizer, tokens_at
from models.folders import SPECIAL, byte_pairs, species_words
from tokens import oracles

TEXTS = [
    "ACGTTGCAATTATTAACGCATGCATGCAAAATTTTCG",
    "GGATCCTATAAAAGGC",
    "TTNACGTNNACGATCRGAGGWTTACCA",
    "A",
    "",
    "NNNNNNNN",
]
PAIRS = ("trained", "without unknown", "dnabert-2", "grover")
ALL = (*NAMES, *PAIRS, "specieslm")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    @cache
    def get(name):
        if name in NAMES:
            return named(name)
        if name == "specieslm":
            return SpeciesKmers(species_words(3), "candida_glabrata")
        if name == "dnabert-2":
            return read_tokenizer(oracles.write_dnabert2(tmp_path_factory.mktemp("dnabert-2")))
        if name == "grover":
            path = tmp_path_factory.mktemp("grover") / "tokenizer.json"
            path.write_text(json.dumps(byte_pairs(SPECIAL, empty=True)))
            return read_tokenizer(path)
        trained = train_byte_pairs([oracles.yeast()[:20_000]], 120)
        if name == "trained":
            return trained
        return BytePairs(trained.words, trained.merges, trained.special, None, trained.head, trained.tail)

    return get


@pytest.fixture(params=ALL)
def tokenizer(request, made):
    return made(request.param)


def test_every_class_is_here(made):
    classes = {each for each in Tokenizer.__subclasses__() if each.__module__.startswith("dnalect.")}
    assert {type(made(name)) for name in ALL} == classes


def spans_of(tokenizer, text):
    """The bases under each token as the class says; of byte pairs, None: that is for the merges to say."""
    if isinstance(tokenizer, Chunks):
        return [each.span() for each in re.finditer("[ACGT]{6}|.", oracles.as_read(text))]
    if isinstance(tokenizer, BytePairs):
        return None
    step = 1 if isinstance(tokenizer, OverlappingKmers | SpeciesKmers) else tokenizer.k
    return [(start, start + tokenizer.k) for start in range(0, len(text) - tokenizer.k + 1, step)]


def words_of(encoding, row):
    """(ids, spans) of the tokens of a row that cover bases."""
    held = encoding.covering[row]
    return encoding.input_ids[row, held].tolist(), [tuple(each) for each in encoding.spans[row, held].tolist()]


def test_tokens_tile_the_sequence_as_the_class_says(tokenizer):
    encoding = tokenizer.encode(TEXTS)
    assert np.array_equal(encoding.covering, encoding.spans[..., 1] > encoding.spans[..., 0])
    for row, text in enumerate(TEXTS):
        ids, spans = words_of(encoding, row)
        expected = spans_of(tokenizer, text)
        if expected is not None:
            assert spans == expected
            continue
        assert all(before[1] <= after[0] for before, after in pairwise(spans))
        under = [place for span in spans for place in range(*span)]
        bare = [place for place in range(len(text)) if place not in under]
        assert not bare or (tokenizer.unknown is None and {oracles.as_read(text)[place] for place in bare} == {"N"})
        for number, (start, end) in zip(ids, spans, strict=True):
            bases = oracles.as_read(text)[start:end]
            if number != tokenizer.unknown:
                assert tokenizer.words[number] == bases.replace("N", "")
            else:
                assert bases == "N"


@pytest.mark.parametrize("name", NAMES)
def test_a_word_is_the_bases_that_it_covers_and_n_is_as_documented(made, name):
    tokenizer = made(name)
    encoding = tokenizer.encode(TEXTS)
    for row, text in enumerate(TEXTS):
        for number, (start, end) in zip(*words_of(encoding, row), strict=True):
            bases = oracles.as_read(text)[start:end]
            unknown = (
                (isinstance(tokenizer, OverlappingKmers | SixMers) or tokenizer.name in ("marindna", "gpn", "caduceus"))
                and "N" in bases
            ) or (isinstance(tokenizer, Ngrams) and bases[0] == "N")
            assert number == (tokenizer.special.unk if unknown else tokenizer.index[bases])


def test_every_base_lies_under_tokens(tokenizer):
    """But those that the class leaves out: the rest of n-grams, what is shorter than k, N without an id."""
    ranges = tokens_at(tokenizer.encode(TEXTS), max(map(len, TEXTS)))
    for row, text in enumerate(TEXTS):
        covered = (ranges[row, :, 1] > ranges[row, :, 0]).tolist()
        expected = [True] * len(text)
        if isinstance(tokenizer, Ngrams | SixMers):
            expected = [place < len(text) // tokenizer.k * tokenizer.k for place in range(len(text))]
        elif isinstance(tokenizer, OverlappingKmers | SpeciesKmers):
            expected = [len(text) >= tokenizer.k] * len(text)
        elif isinstance(tokenizer, BytePairs) and tokenizer.unknown is None:
            # An N between the bases of one word lies under it, any other under none.
            expected = [letter in "ACGT" or under for letter, under in zip(text, covered, strict=False)]
        assert covered == expected + [False] * (len(covered) - len(text))


def test_special_tokens_and_padding_stand_where_they_say(tokenizer):
    encoding, bare = tokenizer.encode(TEXTS), tokenizer.encode(TEXTS, special=False)
    assert encoding.input_ids.dtype == np.int64
    assert encoding.attention_mask.dtype == bool
    width = encoding.input_ids.shape[1]
    for row, inner in enumerate(oracles.rows(bare)):
        ids = [*tokenizer.head, *inner, *tokenizer.tail]
        assert encoding.input_ids[row].tolist() == ids + [tokenizer.special.pad or 0] * (width - len(ids))
        assert encoding.attention_mask[row].tolist() == [True] * len(ids) + [False] * (width - len(ids))
        held = np.arange(width)
        content = (held >= len(tokenizer.head)) & (held < len(tokenizer.head) + len(inner))
        assert np.array_equal(encoding.covering[row], content)
        assert not encoding.spans[row, ~content].any()
    assert 0 <= encoding.input_ids.min() <= encoding.input_ids.max() < len(tokenizer)
    assert len({len(each) for each in oracles.rows(encoding)}) > 2, "rows of one length pad nothing"


def same(first, second):
    for member in ("input_ids", "attention_mask", "spans"):
        assert np.array_equal(getattr(first, member), getattr(second, member))


def test_nothing_depends_on_the_company_or_the_time(tokenizer):
    encoding = tokenizer.encode(TEXTS)
    same(tokenizer.encode(TEXTS), encoding)
    for row, text in enumerate(TEXTS):
        alone = tokenizer.encode([text])
        assert alone.attention_mask.all()
        tokens = alone.input_ids.shape[1]
        same(alone, encoding.part([row], tokens))
        assert not encoding.attention_mask[row, tokens:].any()
        twice = tokenizer.encode([text, text])
        same(twice.part([0]), alone)
        same(twice.part([1]), alone)


def test_case_and_kind_do_not_matter_and_what_is_no_base_is_n(tokenizer):
    encoding = tokenizer.encode(TEXTS)
    arrays = [np.frombuffer(text.encode(), dtype=np.uint8) for text in TEXTS]
    lower = [text.lower() for text in TEXTS]
    read = [oracles.as_read(text) for text in TEXTS]
    strange = [text.replace("N", "-").replace("R", "*").replace("W", "é") for text in TEXTS]
    for texts in (lower, read, strange, arrays, [text.encode() for text in TEXTS]):
        same(tokenizer.encode(texts), encoding)
    same(tokenizer.encode(np.stack([arrays[1]] * 2)), tokenizer.encode([TEXTS[1]] * 2))
    known, one_n = (oracles.rows(tokenizer.encode([text]))[0] for text in ("ACGTACGTACGT", "ACGTANGTACGT"))
    assert known != one_n


def test_no_sequences_and_empty_ones(tokenizer):
    assert tokenizer.encode([]).input_ids.shape[0] == 0
    assert oracles.rows(tokenizer.encode(["", ""])) == [[*tokenizer.head, *tokenizer.tail]] * 2
    assert tokenizer.encode([""], special=False).input_ids.shape == (1, 0)


def test_written_and_read_again_it_gives_the_same_ids(tokenizer, tmp_path):
    back = open_tokenizer(str(write_tokenizer(tokenizer, tmp_path)))
    assert type(back) is type(tokenizer)
    if isinstance(back, SpeciesKmers):  # of which no file says the species
        back = back.of(tokenizer.species)
    if tokenizer.name == "caduceus":  # whose words are HyenaDNA's: a model's type tells them apart
        assert back.words == tokenizer.words
        return
    assert (len(back), back.special) == (len(tokenizer), tokenizer.special)
    same(back.encode(TEXTS), tokenizer.encode(TEXTS))
    same(back.encode(TEXTS, special=False), tokenizer.encode(TEXTS, special=False))


def test_what_is_said_to_fit_fits_and_one_base_more_may_not(tokenizer):
    """Of few tokens all texts are tried, of more some."""
    around = len(tokenizer.head) + len(tokenizer.tail)
    for words in (0, 1, 2, 3, 4, 5, 7, 20):
        longest = tokenizer.longest(words + around)
        for length in range(longest + 2):
            if length <= 5:
                texts = list(map("".join, product("ACGT", repeat=length)))
            else:
                texts = [*oracles.random_sequences(30, length, length, "ACGT", shortest=length), "A" * length]
            most = int(tokenizer.encode(texts).attention_mask.sum(axis=1).max())
            if length <= longest:
                assert most <= words + around, length
            elif length <= 5 or not isinstance(tokenizer, BytePairs):
                assert most > words + around, length
    assert tokenizer.longest(0) == (tokenizer.k - 1 if isinstance(tokenizer, Ngrams) else 0)


@pytest.mark.parametrize(
    "wrong",
    [
        "ACGT",
        b"ACGT",
        np.frombuffer(b"ACGT", dtype=np.uint8),
        [["A", "C"]],
        [np.zeros(4, dtype=np.int64)],
        [np.arange(4, dtype=np.uint8)],
        np.zeros((2, 4), dtype=np.float32),
        np.ones((2, 4), dtype=np.uint8),
        [np.full((2, 2), 65, dtype=np.uint8)],
        [1],
        [None],
        None,
        {"a": 1},
    ],
    ids=repr,
)
def test_what_is_no_sequence_is_refused(tokenizer, wrong):
    with pytest.raises(InputError, match="sequence|base codes"):
        tokenizer.encode(wrong)


@pytest.mark.parametrize(
    "make", [lambda: OverlappingKmers(2), lambda: Ngrams(7), lambda: Chunks(3), lambda: SingleBases("x")]
)
def test_a_layout_that_is_none_is_refused(make):
    with pytest.raises(ConfigError, match="from 3 to 6|version 1 or 2|duplex, masked models, begun"):
        make()


def test_a_name_or_a_word_list_that_is_none_is_refused(tokenizer, tmp_path):
    with pytest.raises(TokenizerError, match="no tokenizer"):
        named("dnabert-7")
    path = tmp_path / "vocab.txt"
    # Of SpeciesLM, whose species may be of any number, the last k-mer.
    last = 68 if isinstance(tokenizer, SpeciesKmers) else -1
    path.write_text("\n".join(word for word in tokenizer.words if word != tokenizer.words[last]) + "\n")
    with pytest.raises(TokenizerError, match="words, as no tokenizer that dnalect knows|stands in line|where .* has"):
        read_tokenizer(path)
