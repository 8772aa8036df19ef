"""Sequences that are drawn: from the right distribution, as asked, and the same whoever draws beside them."""

from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner

import dnalect
from dnalect.cli.main import dnalect as command
from dnalect.core.errors import ConfigError, InputError, ModelError, OutputError
from dnalect.design.choice import Choice, generators
from dnalect.design.gibbs import gibbs, grouped
from dnalect.design.sampling import sample
from dnalect.genome.fasta import open_genome
from dnalect.tokens.bases import encode
from models.folders import make


def test_a_choice_is_drawn_at_its_odds():
    logits = np.tile(np.log([0.1, 0.2, 0.7]), (20_000, 1))
    shares = np.bincount(Choice().of(logits, generators(0, 20_000)), minlength=3) / 20_000
    assert np.abs(shares - [0.1, 0.2, 0.7]).max() < 0.02
    # At half the temperature the odds are squared.
    cold = np.bincount(Choice(0.5).of(logits, generators(0, 20_000)), minlength=3) / 20_000
    assert np.abs(cold - np.array([0.01, 0.04, 0.49]) / 0.54).max() < 0.02


@pytest.mark.parametrize(
    ("choice", "left"),
    [(Choice(0), {2}), (Choice(top_k=2), {1, 2}), (Choice(top_p=0.6), {2}), (Choice(top_p=0.8), {1, 2})],
)
def test_what_is_too_unlikely_is_never_chosen(choice, left):
    logits = np.tile([np.log(0.1), np.log(0.2), np.log(0.7), -np.inf], (500, 1))
    assert set(choice.of(logits, generators(3, 500)).tolist()) == left


def chain(couple):
    """Likelihoods of neighbours that like to be equal, e^couple to 1: p(base | rest) is known, and so is the whole."""

    def log_probs(windows, sites):
        out = np.zeros((len(windows), 4))
        for row, (codes, site) in enumerate(zip(windows, sites, strict=True)):
            for beside in (site - 1, site + 1):
                if 0 <= beside < len(codes) and codes[beside] < 4:
                    out[row, codes[beside]] += couple
        return out - np.logaddexp.reduce(out, axis=1, keepdims=True)

    return SimpleNamespace(whole=False, log_probs=log_probs)


def test_gibbs_draws_from_the_distribution_that_the_conditionals_have():
    given = [np.full(8, 4, dtype=np.uint8) for _ in range(600)]
    found = np.stack(gibbs(chain(1.5), given, 12, 0, Choice(), 5))
    alike = (found[:, 1:] == found[:, :-1]).mean()
    # Of a chain each pair is alike with e^1.5 / (e^1.5 + 3).
    assert alike == pytest.approx(np.exp(1.5) / (np.exp(1.5) + 3), abs=0.03)


def test_what_is_given_stays_and_what_is_far_is_drawn_together():
    given = [encode("AAAANNNNCCCC"), encode("NNNNNNNNNNNN")]
    found = gibbs(chain(0.5), given, 3, 4, Choice(), 1)
    assert found[0][:4].tolist() == [0] * 4
    assert found[0][8:].tolist() == [1] * 4
    assert all((codes < 4).all() for codes in found)
    groups = grouped(np.random.default_rng(0).permutation(40), 4)
    assert sorted(place for group in groups for place in group) == [*range(40)]
    assert all(abs(a - b) >= 4 for group in groups for a in group for b in group if a != b)
    assert all(len(group) == 1 for group in grouped(np.arange(9), 0))


@pytest.mark.parametrize("name", ["llama", "hyenadna", "duplex"])
def test_a_sequence_depends_neither_on_others_nor_on_batches(name, tmp_path, model_folder):
    model = dnalect.load(model_folder if name == "duplex" else make(name, tmp_path / name))
    alone = dnalect.generate(model, count=1, length=24, sweeps=2, seed=4)
    several = dnalect.generate(model, count=5, length=24, sweeps=2, seed=4, batch=2)
    assert several.sequences[0] == alone.sequences[0]
    assert len(set(several.sequences)) == 5
    assert set("".join(several.sequences)) == set("ACGT")
    assert several["length"] == [24] * 5
    assert dnalect.generate(model, count=1, length=24, sweeps=2, seed=5).sequences != alone.sequences


def test_a_causal_model_goes_on_as_it_says_itself(tmp_path):
    model = dnalect.load(make("hyenadna", tmp_path / "hyenadna"))
    (found,) = sample(model, ["ACGT"], 12, Choice(0), 0)
    text = "ACGT"
    while len(text) < 12:
        logits = model(model.encode([text])).logits[0, len(text) - 1]
        text += max("ACGT", key=lambda base: float(logits[model.tokenizer.index[base]]))
    assert found == text
    # 6-mers: what lies over the length is cut off, and a beginning ends with a word.
    words = dnalect.load(make("llama", tmp_path / "llama"))
    assert [len(text) for text in sample(words, ["", ""], 20, Choice(), 0)] == [20, 20]
    with pytest.raises(InputError, match="give a multiple of 6 bases"):
        sample(words, ["ACGT"], 20, Choice(), 0)


def test_bits_are_those_of_the_likelihoods(model_folder):
    found = dnalect.generate(str(model_folder), count=2, length=30, sweeps=1)
    for text, bits in zip(found.sequences, found["bits"], strict=True):
        p = dnalect.base_probabilities(str(model_folder), text)[0]
        own = -np.log2(p[np.arange(30), encode(text)]).mean()
        assert bits == pytest.approx(own, abs=1e-4)


def test_files_and_templates(tmp_path, model_folder):
    (tmp_path / "t.fa").write_text(">one\nACGTNNNN\n>two\nTT\n")
    told = ["generate", "-m", str(model_folder), "--from", str(tmp_path / "t.fa"), "-n", "2", "--length", "10"]
    done = CliRunner().invoke(command, [*told, "--sweeps", "1", "-o", str(tmp_path / "out.fa")])
    assert done.exit_code == 0, done.output
    out = open_genome(str(tmp_path / "out.fa"))
    assert [*out.names] == ["one_1", "one_2", "two_1", "two_2"]
    assert str(out["one_2"])[:4] == "ACGT"
    assert str(out["two_1"])[:2] == "TT"
    shown = CliRunner().invoke(command, [*told, "--sweeps", "1"])
    assert shown.stdout == (tmp_path / "out.fa").read_text()


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"template": "ACGTACGT", "length": 4}, InputError, "8 bases, more than the 4 of --length"),
        ({"top_k": 2}, ConfigError, "take a lower --temperature"),
        ({"length": 9000}, InputError, "longer than"),
        ({"output": "out.txt"}, OutputError, "must end in one of .fa"),
    ],
)
def test_what_cannot_be_done_is_said(options, kind, message, model_folder):
    with pytest.raises(kind, match=message):
        dnalect.generate(str(model_folder), count=1, sweeps=1, **{"length": 20, **options})


def test_no_causal_model_fills_a_gap(tmp_path):
    model = dnalect.load(make("hyenadna", tmp_path / "hyenadna"))
    with pytest.raises(InputError, match="a causal model reads nothing to the right of a gap"):
        dnalect.generate(model, "ACNNGT", count=1, length=6)
    with pytest.raises(InputError, match="more than the"):
        dnalect.generate(model, count=1, length=100)


def test_a_model_without_likelihoods_says_so(tmp_path, model_folder):
    from inference.predictors import make_predictor

    with pytest.raises(ModelError):
        dnalect.generate(str(make_predictor(tmp_path / "tuned", model_folder)), count=1, length=20)
