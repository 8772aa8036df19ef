"""Tokenizer files in and out, and the faults that are named."""

import json

import numpy as np
import pytest

from dnalect.core.errors import ModelError, TokenizerError
from dnalect.tokens.bpe import BytePairs
from dnalect.tokens.chunks import Chunks
from dnalect.tokens.files import open_tokenizer, read_tokenizer, write_tokenizer
from dnalect.tokens.kmers import OverlappingKmers
from dnalect.tokens.merging import train_byte_pairs
from dnalect.tokens.names import NAMES, named
from tokens import oracles


@pytest.fixture(scope="module")
def trained():
    return train_byte_pairs([oracles.yeast()[:50_000]], 200)


@pytest.fixture
def good(tmp_path):
    """DNABERT-2's file as data."""
    return json.loads(oracles.write_dnabert2(tmp_path).read_text())


def same_ids(ours, path):
    theirs = oracles.hf_byte_pairs(path)
    sequences = [oracles.yeast()[:2000], *oracles.random_sequences(30, 200, 1, letters="ACGT", strange=0.02)]
    sequences = [sequence.upper() for sequence in sequences]
    assert oracles.rows(ours.encode(sequences)) == [theirs.encode(sequence).ids for sequence in sequences]
    inner = [theirs.encode(sequence, add_special_tokens=False).ids for sequence in sequences]
    assert oracles.rows(ours.encode(sequences, special=False)) == inner


def test_byte_pairs_come_back_and_hf_reads_them(trained, tmp_path):
    path = write_tokenizer(trained, tmp_path)
    assert path == tmp_path / "tokenizer.json"
    back = read_tokenizer(tmp_path)
    assert isinstance(back, BytePairs)
    for member in ("words", "merges", "special", "unknown", "head", "tail"):
        assert getattr(back, member) == getattr(trained, member)
    same_ids(trained, path)


@pytest.mark.parametrize("unknown", [0, None])
def test_hf_reads_tokenizers_without_special_tokens_around(trained, tmp_path, unknown):
    bare = BytePairs(trained.words, trained.merges, trained.special, unknown)
    path = write_tokenizer(bare, tmp_path / "bare.json")
    same = read_tokenizer(path)
    assert (same.unknown, same.head, same.tail) == (unknown, (), ())
    theirs = oracles.hf_byte_pairs(path)
    assert oracles.rows(bare.encode(["ACGTACGNACG"])) == [theirs.encode("ACGTACGNACG").ids]


def test_the_file_of_dnabert2(tmp_path):
    path = oracles.write_dnabert2(tmp_path)
    tokenizer = read_tokenizer(path)
    special = tokenizer.special
    assert (special.unk, special.cls, special.sep, special.pad, special.mask) == (0, 1, 2, 3, 4)
    assert (tokenizer.head, tokenizer.tail, tokenizer.unknown) == ((1,), (2,), 0)
    # The file asks for 636 tokens at most; nothing is cut off here.
    assert tokenizer.encode([oracles.yeast()[:10_000]]).input_ids.shape[1] > 1000
    same_ids(tokenizer, write_tokenizer(tokenizer, tmp_path / "again.json"))


def test_merges_as_lists(good, tmp_path):
    path = tmp_path / "lists.json"
    good["model"]["merges"] = [merge.split(" ") for merge in good["model"]["merges"]]
    path.write_text(json.dumps(good))
    assert len(read_tokenizer(path).merges) == 4087


# Caduceus has HyenaDNA's words: which of the two a list is of, the model's config tells.
@pytest.mark.parametrize("name", [name for name in NAMES if name != "caduceus"])
def test_word_lists_come_back(name, tmp_path):
    path = write_tokenizer(named(name), tmp_path)
    assert path.name == "vocab.txt"
    back = read_tokenizer(path)
    assert back.name == name
    assert (back.words, back.special) == (named(name).words, named(name).special)


def test_word_lists_of_the_hub(tmp_path):
    """Made here as the hub has them, the last with no line end after the last word."""
    path = tmp_path / "vocab.txt"
    path.write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *oracles.kmers(5)]) + "\n")
    assert isinstance(read_tokenizer(path), OverlappingKmers)
    path.write_text("\n".join(["<unk>", "<pad>", "<mask>", "<cls>", *oracles.kmers(6), *"ATCGN"]))
    tokenizer = read_tokenizer(path)
    assert isinstance(tokenizer, Chunks)
    assert tokenizer.version == 1


def damage(good, where, value):
    """Set a member deep in the data; None takes it away."""
    *path, last = where
    inner = good
    for key in path:
        inner = inner[key]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    return good


LOWER = {"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Lowercase"}]}
BERT = {"type": "BertNormalizer", "lowercase": True, "clean_text": True}
REPLACE = {"type": "Replace", "pattern": {"String": "N"}, "content": ""}


@pytest.mark.parametrize(
    ("where", "value", "message"),
    [
        (("model", "merges"), None, "no 'merges'"),
        (("model", "merges"), [], "missing or cut short"),
        (("model", "merges", 100), "AAA", "merge 101 of .* is no pair"),
        (("model", "merges", 100), ["A", "A", "A"], "merge 101 of .* is no pair"),
        (("model", "merges", 0), "TTTTTT TTTTTT", "merge 1 of .* nothing before it makes"),
        (("model", "merges", 4086), "A A", "lists a merge twice"),
        (("model", "merges"), 5, "no tokenizer.json"),
        (("model", "vocab"), None, "no 'vocab'"),
        (("model", "vocab"), [["A", -1.5]], "table of words and ids"),
        (("model", "vocab", "AA"), 5, "both 'A' and 'AA' the id 5"),
        (("model", "vocab", "AA"), -1, "'AA' the id -1"),
        (("model", "vocab", "AA"), 10**12, "the id 1000000000000"),
        (("model", "vocab", "AA"), 900_000, "ids up to 900,000"),
        (("model", "vocab", "AA"), "9", "the id 9"),
        (("model", "vocab", "AA"), True, "the id True"),
        (("model", "unk_token"), "[NONE]", "unknown token '\\[NONE\\]'"),
        (("model", "type"), "Unigram", "Unigram"),
        (("model", "dropout"), 0.1, "dropout"),
        (("model", "fuse_unk"), True, "fuse_unk"),
        (("model", "byte_fallback"), True, "byte_fallback"),
        (("model", "ignore_merges"), True, "ignore_merges"),
        (("model", "continuing_subword_prefix"), "##", "continuing_subword_prefix"),
        (("model",), None, "no 'model'"),
        (("model",), "BPE", "no tokenizer.json"),
        (("normalizer",), LOWER, "lower case \\(Lowercase\\)"),
        (("normalizer",), BERT, "lower case \\(BertNormalizer\\)"),
        (("normalizer",), REPLACE, "with Replace"),
        (("pre_tokenizer",), {"type": "Metaspace"}, "with Metaspace"),
        (("pre_tokenizer",), {"type": "Sequence", "pretokenizers": [{"type": "Split"}]}, "with Split"),
        (("post_processor",), {"type": "ByteLevel"}, "ends with ByteLevel"),
        (("post_processor", "single"), [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}], "0 times"),
        (("post_processor", "special_tokens", "[CLS]", "ids"), [9], "'\\[CLS\\]' around"),
        (("added_tokens", 1, "id"), 7, "two ids"),
        (("added_tokens", 1, "content"), "ACGT", "added token|two ids"),
    ],
)
def test_faults_of_tokenizer_json_are_named(good, tmp_path, where, value, message):
    path = tmp_path / "bad.json"
    path.write_text(json.dumps(damage(good, where, value)))
    with pytest.raises(TokenizerError, match=message) as found:
        read_tokenizer(path)
    assert "bad.json" in str(found.value)


def test_harmless_settings_are_accepted(good, tmp_path):
    good["normalizer"] = {"type": "Sequence", "normalizers": [{"type": "NFC"}, {**BERT, "lowercase": False}]}
    good["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": [{"type": "Whitespace"}]}
    good["post_processor"] = {"type": "BertProcessing", "sep": ["[SEP]", 2], "cls": ["[CLS]", 1]}
    path = tmp_path / "fine.json"
    path.write_text(json.dumps(good))
    tokenizer = read_tokenizer(path)
    assert (tokenizer.head, tokenizer.tail) == ((1,), (2,))


@pytest.mark.parametrize("keep", [0.3, 0.999])
def test_a_file_cut_short(tmp_path, keep):
    path = oracles.write_dnabert2(tmp_path)
    text = path.read_text()
    path.write_text(text[: int(len(text) * keep)])
    with pytest.raises(TokenizerError, match="cut short"):
        read_tokenizer(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"model": {"type": "BPE", "vocab": {"A": 1, "A": 2}, "merges": []}}', "'A' stands in it twice"),
        ('{"model": ' + '{"a":' * 5000 + "1" + "}" * 5001, "deeply"),
        ('{"model": {"vocab": {}, "merges": []}}', "no words"),
        ("", "0 words"),
        ("A\nC\nG\n", "3 words.*cut short"),
        ("A\nC\nG\nT\nA\n", "line 5: 'A' stands in line 1"),
        ("A\nC\nT\nG\nN\n", "line 3: 'T', where single has 'G'"),
    ],
)
def test_other_faults(tmp_path, content, message):
    path = tmp_path / "bad"
    path.write_text(content)
    with pytest.raises(TokenizerError, match=message):
        read_tokenizer(path)


def test_a_word_list_in_another_order_is_refused(tmp_path):
    """A, C, G, T order, as one would guess, is not the order of the published models."""
    path = tmp_path / "vocab.txt"
    path.write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *oracles.kmers(3, "ACGT")]))
    with pytest.raises(TokenizerError, match="line 7: 'AAC', where dnabert-3 has 'AAT'"):
        read_tokenizer(path)


def test_what_is_no_file(tmp_path, monkeypatch):
    with pytest.raises(TokenizerError, match="holds neither"):
        read_tokenizer(tmp_path)
    with pytest.raises(TokenizerError, match="No such file"):
        read_tokenizer(tmp_path / "none.json")
    (tmp_path / "binary").write_bytes(bytes(range(128, 256)))
    with pytest.raises(TokenizerError, match="UTF-8"):
        read_tokenizer(tmp_path / "binary")
    monkeypatch.setattr("dnalect.tokens.files._LARGEST_FILE", 10)
    with pytest.raises(TokenizerError, match="that is no vocabulary"):
        read_tokenizer(tmp_path / "binary")
    assert issubclass(TokenizerError, ModelError)


def test_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_tokenizer(named("nt-v2"), tmp_path / "single")
    assert open_tokenizer("single").name == "single"
    assert open_tokenizer("./single").name == "nt-v2"
    with pytest.raises(TokenizerError, match="no tokenizer 'dnabert-7'. Did you mean dnabert-6, "):
        open_tokenizer("dnabert-7")


def test_ids_stay_those_of_the_file_where_words_are_missing(tmp_path, good):
    """An id without a word is never given."""
    good["model"]["vocab"]["CGGCAA"] = 4200
    path = tmp_path / "gap.json"
    path.write_text(json.dumps(good))
    tokenizer = read_tokenizer(path)
    assert tokenizer.words[4200] == "CGGCAA"
    assert len(tokenizer) == 4201
    assert np.isin(tokenizer.encode([oracles.yeast()]).input_ids, list(tokenizer.index.values())).all()
