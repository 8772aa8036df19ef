"""The ids are those of the reference implementations."""

import numpy as np
import pytest

from dnalect.tokens.chunks import Chunks
from dnalect.tokens.files import read_tokenizer
from dnalect.tokens.kmers import OverlappingKmers
from dnalect.tokens.ngrams import Ngrams
from dnalect.tokens.single import SingleBases
from tokens import oracles

WINDOWS = [oracles.yeast()[at : at + 512] for at in range(0, 100_000, 512)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("vocabularies")


def mixed(seed):
    return [
        *oracles.random_sequences(60, 300, seed, strange=0.01),
        *oracles.random_sequences(20, 40, seed + 1, strange=0.3),
        *oracles.random_sequences(20, 9, seed + 2),
    ]


@pytest.mark.parametrize("k", [3, 4, 5, 6])
def test_overlapping_kmers(k, folder):
    ours, theirs = OverlappingKmers(k), oracles.bert(k, folder)
    sequences = [*mixed(k), *(WINDOWS if k == 6 else WINDOWS[:40])]
    expected = theirs([oracles.kmer_text(oracles.as_read(s), k) for s in sequences])["input_ids"]
    assert oracles.rows(ours.encode(sequences)) == expected
    assert theirs.get_vocab() == ours.index
    assert theirs.pad_token_id == ours.special.pad


@pytest.mark.parametrize("version", [1, 2])
def test_chunks(version, folder):
    ours, theirs = Chunks(version), oracles.esm(version, folder)
    sequences = [*mixed(version), *WINDOWS, oracles.yeast()[:20_000]]
    assert oracles.rows(ours.encode(sequences)) == theirs([oracles.as_read(s) for s in sequences])["input_ids"]
    assert theirs.get_vocab() == ours.index
    special = [theirs.unk_token_id, theirs.pad_token_id, theirs.mask_token_id, theirs.cls_token_id]
    assert special == [ours.special.unk, ours.special.pad, ours.special.mask, ours.special.cls]


def test_chunks_take_another_path_for_even_sequences_without_n():
    even = [oracles.yeast()[at : at + 100] for at in range(0, 5000, 100)]
    alone = Chunks(1).encode(even)
    among = Chunks(1).encode([*even, "N" * 100])
    width = alone.input_ids.shape[1]
    assert (among.input_ids[:-1, :width] == alone.input_ids).all()
    assert (among.spans[:-1, :width] == alone.spans).all()


def test_byte_pairs(tmp_path):
    path = oracles.write_dnabert2(tmp_path)
    ours, theirs = read_tokenizer(path), oracles.hf_byte_pairs(path)
    low = oracles.random_sequences(40, 1000, 5, letters="AAAAAC")
    repeats = [unit * 300 for unit in ("A", "AC", "CAG", "ACACAT", "AAAAAAG")]
    sequences = [*mixed(3), *WINDOWS, *low, *repeats]
    encoding = ours.encode(sequences)
    for row, sequence in enumerate(sequences):
        expected = theirs.encode(sequence.upper())
        known = encoding.attention_mask[row]
        assert encoding.input_ids[row, known].tolist() == expected.ids
        assert [tuple(span) for span in encoding.spans[row, known].tolist()] == expected.offsets
    assert theirs.get_vocab() == ours.index
    assert len(ours) == 4096


def test_byte_pairs_on_a_whole_chromosome(tmp_path):
    path = oracles.write_dnabert2(tmp_path)
    expected = oracles.hf_byte_pairs(path).encode(oracles.yeast()).ids
    assert oracles.rows(read_tokenizer(path).encode([oracles.yeast()])) == [expected]


@pytest.mark.parametrize("n", [3, 4, 5, 6])
def test_ngrams(n):
    ours, table = Ngrams(n), oracles.logo(n)
    assert len(table) == 5**n
    assert {word: ours.index[word] for word in table} == table
    assert len(ours) == 10 + 5**n
    sequences = mixed(n)
    expected = []
    for sequence in map(oracles.as_read, sequences):
        words = (sequence[at : at + n] for at in range(0, len(sequence) - n + 1, n))
        expected.append([table.get(word, 0) for word in words])
    assert oracles.rows(ours.encode(sequences)) == expected


def test_single_bases():
    assert oracles.rows(SingleBases().encode(["ACGTN", "rtA"])) == [[0, 1, 2, 3, 4], [4, 3, 0]]
    encoding = SingleBases("hyenadna").encode(["ACGTN", "rA"])
    assert encoding.input_ids.tolist() == [[7, 8, 9, 10, 11, 1], [11, 7, 1, 4, 4, 4]]


def test_known_ids():
    v1, v2, k3 = Chunks(1).index, Chunks(2).index, OverlappingKmers(3).index
    assert [v1[word] for word in ("AAAAAA", "AAAAAT", "TTTTTT", "GGGGGG", "A", "N")] == [4, 5, 1369, 4099, 4100, 4104]
    assert [v2[word] for word in ("<eos>", "<bos>", "AAAAAA", "GGGGGG", "A", "N")] == [4, 5, 6, 4101, 4102, 4106]
    assert (len(v1), len(v2)) == (4105, 4107)
    assert [k3[word] for word in ("[PAD]", "[MASK]", "AAA", "AAT", "AAC", "AAG", "ATA", "GGG")] == [
        0,
        4,
        5,
        6,
        7,
        8,
        9,
        68,
    ]
    assert [len(OverlappingKmers(k)) for k in (3, 4, 5, 6)] == [69, 261, 1029, 4101]
    logo = Ngrams(3).index
    assert [logo[word] for word in ("<unk>", "<cls>", "<mask>", "N", "A", "G", "C", "T", "AN", "GN", "AA")] == [
        *(0, 1, 2, 10, 11, 12, 13, 14, 15, 16, 19)
    ]


def test_forms_of_a_sequence_give_the_same():
    text = "ACGTNacgtRYACGTACGTAC"
    array = np.frombuffer(text.encode(), dtype=np.uint8)
    for tokenizer in (SingleBases(), OverlappingKmers(4), Chunks(2), Ngrams(3)):
        expected = oracles.rows(tokenizer.encode([text, text]))
        assert oracles.rows(tokenizer.encode([array, text.encode()])) == expected
        assert oracles.rows(tokenizer.encode(np.stack([array, array]))) == expected
        assert oracles.rows(tokenizer.encode([text.lower(), text.upper()])) == expected


@pytest.mark.slow
def test_millions_of_bases(folder, tmp_path):
    """About 4 Mb a tokenizer, random and real; the contig by itself, as all of a call are padded to the longest."""
    chromosome = oracles.yeast()
    pieces = [chromosome[at : at + 1000] for at in range(0, 200_000, 100)]
    calls = [oracles.random_sequences(6000, 600, 9, strange=0.002), [chromosome], pieces]
    sequences = [sequence for call in calls for sequence in call]
    read = [oracles.as_read(sequence) for sequence in sequences]

    def rows(tokenizer):
        return [row for call in calls for row in oracles.rows(tokenizer.encode(call))]

    assert rows(OverlappingKmers(6)) == oracles.bert(6, folder)([oracles.kmer_text(s, 6) for s in read])["input_ids"]
    assert rows(Chunks(2)) == oracles.esm(2, folder)(read)["input_ids"]
    path = oracles.write_dnabert2(tmp_path)
    expected = [each.ids for each in oracles.hf_byte_pairs(path).encode_batch([s.upper() for s in sequences])]
    assert rows(read_tokenizer(path)) == expected
