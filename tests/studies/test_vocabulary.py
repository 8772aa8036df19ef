"""Choosing a vocabulary: the windows, the model, the rivals and the verdict."""

import csv
from functools import partial

import numpy as np
import pytest
import torch

from dnalect.core.errors import ConfigError
from dnalect.core.reporter import Reporter, using
from dnalect.genome.fasta import open_genome
from dnalect.genome.regions import Region
from dnalect.tokens.bases import decode, encode, reverse_complement
from dnalect.tokens.files import read_tokenizer
from dnalect.tokens.merging import train_byte_pairs
from studies.options import Vocabulary
from studies.vocabulary import judge
from studies.vocabulary.choose import COLUMNS, choose, split, table, verdict


@pytest.fixture(scope="module")
def codes():
    return np.random.default_rng(1).integers(0, 4, 3000).astype(np.uint8)


@pytest.fixture(scope="module")
def patterned(tmp_path_factory):
    """Five contigs of one repeated word with random spacers: what follows can be learned."""
    rng = np.random.default_rng(2)
    path = tmp_path_factory.mktemp("choose") / "patterned.fa"
    with path.open("w") as out:
        for number in range(5):
            bases = "".join("ACGGTCATTG" + "".join(rng.choice(list("ACGT"), 3)) for _ in range(900))
            out.write(f">c{number}\n{bases}\n")
    return path


def test_windows_are_places_of_the_genome_without_n(codes):
    strange = codes.copy()
    strange[1000] = 4
    windows = judge.draw_windows([strange, codes[:20], codes[:500]], 400, np.random.default_rng(0), "it")
    text = [decode(strange), decode(reverse_complement(strange))]
    assert windows.codes.shape == (400, 56)
    assert windows.codes.max() == 3
    assert all(any(decode(row) in each for each in text) for row in windows.codes[:50])
    assert sum(decode(row) in text[0] for row in windows.codes) in range(150, 250)
    assert len(np.unique(windows.blocks)) == 2
    assert (np.diff(windows.blocks) < 0).any()
    with pytest.raises(ConfigError, match="56 bases without N stand together in it"):
        judge.draw_windows([codes[:55]], 10, np.random.default_rng(0), "it")


def test_targets_and_marginals_agree(codes):
    windows = judge.draw_windows([codes], 50, np.random.default_rng(0), "it")
    log_probs = torch.log_softmax(torch.randn(50, 4096, dtype=torch.float64), -1)
    for k, shorter in zip(judge.KS, judge.shorter(log_probs), strict=True):
        assert shorter.shape == (50, 4**k)
        assert torch.allclose(shorter.exp().sum(1), torch.ones(50, dtype=torch.float64))
        own = log_probs.exp().reshape(50, 4**k, -1).sum(-1).log()
        assert torch.allclose(shorter, own)
        words = [decode(row[50 : 50 + k]) for row in windows.codes]
        numbers = [sum("ACGT".index(b) * 4 ** (k - 1 - n) for n, b in enumerate(word)) for word in words]
        assert windows.target(k).tolist() == numbers


def test_tokens_stand_at_the_right_and_know_nothing_of_what_follows(codes):
    tokenizer = train_byte_pairs(["".join(map("ACGT".__getitem__, codes))], 40)
    windows = judge.draw_windows([codes], 30, np.random.default_rng(0), "it")
    ids, known = judge.tokens_of(tokenizer, windows)
    assert known[:, -1].all()
    for row in range(30):
        text = decode(windows.codes[row, :50])
        assert "".join(tokenizer.words[word] for word in ids[row, known[row]]) == text
    changed = windows.codes.copy()
    changed[:, 50:] = (changed[:, 50:] + 1) % 4
    assert (judge.tokens_of(tokenizer, judge.Windows(changed, windows.blocks))[0] == ids).all()


def test_the_model_does_not_depend_on_padding(codes):
    torch.manual_seed(0)
    model = judge.NextBases(10).eval()
    ids = torch.randint(0, 10, (3, 12))
    known = torch.ones(3, 12, dtype=torch.bool)
    padded = torch.cat([torch.randint(0, 10, (3, 7)), ids], 1)
    mask = torch.cat([torch.zeros(3, 7, dtype=torch.bool), known], 1)
    with torch.inference_mode():
        assert torch.allclose(model(ids, known), model(padded, mask), atol=1e-5)
        assert torch.allclose(model(ids, known).exp().sum(1), torch.ones(3), atol=1e-5)


def test_markov_is_what_its_counts_say():
    codes = encode("ACACACACACGT" * 200)
    model = judge.Markov([codes], 3)
    windows = judge.draw_windows([codes], 60, np.random.default_rng(0), "it")
    for order in range(4):
        log_probs = model.log_probs(order, windows)
        assert np.allclose(np.exp(log_probs.astype(np.float64)).sum(1), 1, atol=1e-5)
    row = windows.codes[0].astype(int)
    counts = np.zeros((4, 4))
    for strand in (codes, reverse_complement(codes)):
        np.add.at(counts, (strand[:-1], strand[1:]), 1)
    singles = (counts.sum(0) + np.bincount([codes[0], 3 - codes[-1]], minlength=4)) + 16 * 0.25
    blend = (counts + 16 * singles / singles.sum()) / (counts.sum(1, keepdims=True) + 16)
    expected = sum(np.log(blend[row[50 + n - 1], row[50 + n]]) for n in range(6))
    assert model.log_probs(1, windows)[0, windows.target(6)[0]] == pytest.approx(expected, abs=1e-4)
    long, short = (judge.mark(lambda part, n=n: model.log_probs(n, part), windows).bits.mean() for n in (3, 0))
    assert long < short


def test_marks():
    codes = encode("ACGGT" * 100)
    windows = judge.draw_windows([codes], 40, np.random.default_rng(0), "it")
    flat = judge.mark(lambda part: np.full((len(part.codes), 4096), -np.log(4096), dtype=np.float32), windows)
    assert np.allclose(flat.bits, 2, atol=1e-5)

    def right(part):
        out = np.full((len(part.codes), 4096), -50, dtype=np.float32)
        out[np.arange(len(out)), part.target(6)] = 0
        return out

    perfect = judge.mark(right, windows)
    assert np.allclose(perfect.bits, 0, atol=1e-5)
    assert (perfect.hits == 1).all()
    common = judge.mark(judge.MostFrequent([codes]).log_probs, windows)
    assert 0.05 < common.hits.mean() < 0.6


def test_the_model_learns(patterned):
    genome = open_genome(patterned)
    contigs = [encode(genome.contig(name)) for name in genome.names]
    tokenizer = train_byte_pairs([genome.contig("c0")], 60)
    windows = judge.draw_windows(contigs[:4], 30 * judge.BATCH, np.random.default_rng(0), "it")
    test = judge.draw_windows(contigs[4:], 300, np.random.default_rng(1), "it")
    before, after = (judge.train_model(tokenizer, windows, steps, 0) for steps in (1, 30))
    first, last = (judge.mark(partial(judge.model_log_probs, each, tokenizer), test) for each in (before, after))
    assert last.bits.mean() < judge.mark(judge.MostFrequent(contigs[:4]).log_probs, test).bits.mean()
    assert last.bits.mean() < 0.95 * first.bits.mean()
    assert last.hits.mean() > first.hits.mean()


def test_a_split_holds_out_the_last_contigs(patterned):
    genome = open_genome(patterned)
    learned, tuned, tested = split(genome)
    assert (tested, tuned) == ([Region(4, 0, 11_700)], [Region(3, 0, 11_700)])
    assert learned == [Region(number, 0, 11_700) for number in range(3)]
    learned, tuned, tested = split(genome, ["c0:1-2000"], ["c0:2001-3000"])
    assert learned[0] == Region(0, 3000, 11_700)
    with pytest.raises(ConfigError, match="c0:51-100 stands in both"):
        split(genome, ["c0:1-200"], ["c0:51-100"])
    with pytest.raises(ConfigError, match="give --test and --validate"):
        split(genome, ["c0", "c1", "c2"], ["c3", "c4"])


@pytest.mark.slow
def test_choose(patterned, tmp_path):
    said = []
    with using(Reporter(False, said.append)):
        result = choose(Vocabulary(str(patterned), tmp_path / "out", (24, 60), steps=12, seeds=2, windows=300))
    assert {row.predictor for row in result.rows} >= {"BPE 24", "BPE 60", "most frequent k-mer"}
    assert sum(row.predictor.startswith("Markov order") for row in result.rows) == 6
    for row in result.rows:
        assert 0 <= row.accuracy.low <= row.accuracy.mean <= row.accuracy.high <= 1
        assert row.bits.low <= row.bits.mean <= row.bits.high
    means = {row.predictor: row.bits.mean for row in result.rows if not row.k}
    assert max(means.values()) < 2.2
    assert result.chosen == min(("BPE 24", "BPE 60"), key=means.__getitem__)
    assert len(said) == 5
    with (tmp_path / "out" / "choice.tsv").open() as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == 4 * 6
    assert read_tokenizer(tmp_path / "out").merges == result.tokenizer.merges
    assert (tmp_path / "out" / "choice.png").stat().st_size > 10_000
    assert len(table(result)) == 5
    assert verdict(result).startswith(f"{result.chosen} predicts the next bases best by bits")


def test_sizes_that_cannot_be_had(fasta, tmp_path):
    regions = {"test": ["chrB"], "validate": ["chrA:5001-6000"]}
    with pytest.raises(ConfigError, match="words at most, not 9,000"):
        choose(Vocabulary(str(fasta), tmp_path / "out", (9000,), **regions))
    with pytest.raises(ConfigError, match="at least one size"):
        choose(Vocabulary(str(fasta), tmp_path / "out", (), **regions))
