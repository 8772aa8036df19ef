"""Dependency maps: equal to a pass for each substitution, of every kind of likelihood; planted pairs are found."""

import re

import numpy as np
import pytest

import dnalect
from dnalect.core.errors import InputError
from dnalect.genome.fasta import genome_of, open_genome
from dnalect.genome.regions import Region
from dnalect.inference.likelihood import strategy_for
from dnalect.models.model import Model
from dnalect.tokens.bases import decode, encode, opposite
from dnalect.tokens.chunks import Chunks
from dnalect.why.dependency import dependencies, log2_odds
from dnalect.why.subject import Subject
from models.folders import make
from why.tiny import model_of


def slow(subject):
    """The definition: every sequence with one substitution, read as a whole."""
    strategy, reach, codes = strategy_for(subject.model), subject.reach, subject.codes
    low, high = max(0, subject.place.start - reach), min(6000, subject.place.end + reach)
    whole, first = encode(subject.genome.fetch(0, low, high)), subject.place.start - low

    def odds(window):
        wanted = np.zeros(len(window), dtype=bool)
        wanted[first : first + len(codes)] = True
        p = np.exp(strategy.every(window, wanted)[first : first + len(codes)].astype(float)) + 1e-10
        p /= p.sum(axis=1, keepdims=True)
        return np.log2(p / (1 - p))

    reference, out = odds(whole), np.zeros((len(codes), len(codes)))
    for i, own in enumerate(codes):
        for base in set(range(4)) - {int(own)}:
            new = whole.copy()
            new[first + i] = base
            out[i] = np.maximum(out[i], np.abs(odds(new) - reference).max(axis=1))
    np.fill_diagonal(out, 0)
    return out


def told(model, text, at):
    """ln p of A, C, G, T at a base of a text that is seen whole, one token after the other."""
    views, words = [], np.array([word if word and set(word) <= set("ACGT") else "" for word in model.tokenizer.words])
    frames = range(6) if isinstance(model.tokenizer, Chunks) else (0,)
    for strand, frame in ((strand, frame) for strand in (0, 1) for frame in frames):
        read, site = (opposite(text), len(text) - 1 - at) if strand else (text, at)
        encoding = model.encode([read[frame:]])
        logits, shares = model(encoding).logits[0].double().numpy(), []
        for token, (low, high) in enumerate(encoding.spans[0].tolist()):
            if low <= site - frame < high and words[encoding.input_ids[0, token]]:
                there = np.array([word[site - frame - low :][:1] for word in words[words != ""]])
                p = np.exp(logits[token, np.flatnonzero(words != "")])
                share = [p[there == base].sum() + p[there == ""].sum() / 4 for base in "ACGT"]
                shares.append(np.array(share) / p.sum())
        mean = np.log(np.mean(shares, axis=0))
        views.append(mean[::-1] if strand else mean)
    mean = np.mean(views, axis=0)
    return mean - np.logaddexp.reduce(mean)


@pytest.mark.parametrize("name", ["single bases", "dnabert", "dnabert-2", "specieslm", "nt-v2"])
def test_maps_of_what_masked_models_see_are_those_of_one_token_after_the_other(tmp_path, name):
    model = model_of(name, tmp_path)
    text = "ACGTTGCAAATGCCGTACCATTAGCATGAC"
    text, start, end = (text, 13, 15) if name == "nt-v2" else (text[:12], 3, 9)
    found = dependencies(Subject(model, genome_of({"one": text}), Region(0, start, end)))
    odds = lambda given: log2_odds(np.stack([told(model, given, at) for at in range(start, end)]))  # noqa: E731
    before, expected = odds(text), np.zeros((end - start, end - start))
    for i in range(start, end):
        for base in set("ACGT") - {text[i]}:
            moved = np.abs(odds(text[:i] + base + text[i + 1 :]) - before).max(axis=1)
            expected[i - start] = np.maximum(expected[i - start], moved)
    np.fill_diagonal(expected, 0)
    assert expected.max() > 1e-3
    np.testing.assert_allclose(found, expected, atol=1e-4 * expected.max())


@pytest.mark.parametrize("name", ["single bases", "dnabert", "nt-v1"])
def test_maps_of_masked_models_turn_with_the_strand(tmp_path, fasta, name):
    model, text = model_of(name, tmp_path), decode(encode(open_genome(fasta).fetch(0, 1000, 1020)))
    one, other = (
        dependencies(Subject(model, genome_of({"one": each}), Region(0, start, start + 8)))
        for each, start in ((text, 5), (opposite(text), 7))
    )
    assert not one.diagonal().any()
    assert one.max() > 1e-4
    np.testing.assert_allclose(other[::-1, ::-1], one, atol=1e-4 * one.max())


@pytest.mark.filterwarnings("ignore:it was trained on another genome")
def test_the_picture_and_the_provenance_say_how_a_masked_model_is_read(fasta, tmp_path):
    model = model_of("dnabert", tmp_path / "model")
    for hidden, told in ((False, "nothing hidden, 64 bases on each side"), (True, "each base hidden in its turn")):
        options = {"show": "dependency", "hidden": hidden, "nulls": False, "progress": False}
        found = dnalect.explain(open_genome(fasta), "chrA:1001-1004", model, **options)
        (view,) = found.places[0].views
        assert f"asked with {told}." in view.text
        assert f", {told.partition(',')[0]}" in view.tracks[1].title
        found.write(tmp_path / "why.html")
        assert re.search(rf"dependency</th><td[^>]*>{told}", (tmp_path / "why.html").read_text())


def test_a_masked_model_refuses_what_it_cannot_read_at_once(fasta, tmp_path):
    model = model_of("dnabert", tmp_path)
    subject = Subject(model, open_genome(fasta), Region(0, 0, model.can.context_bases + 1))
    with pytest.raises(InputError, match="bases at once, and the place has"):
        dependencies(subject)


@pytest.mark.parametrize("name", ["duplex", "dnabert", "dnabert-2", "nt-v1"])
def test_maps_are_those_of_the_definition(fasta, model_folder, tmp_path, name):
    model = dnalect.load(model_folder if name == "duplex" else make(name, tmp_path / name))
    length = 40 if name == "duplex" else 4
    for start in (0, 1500, 6000 - length):
        subject = Subject(model, open_genome(fasta), Region(0, start, start + length), hidden=True)
        found = dependencies(subject)
        assert found.max() > 1e-4
        assert found == pytest.approx(slow(subject), abs=2e-3 * float(found.max()))
        if name != "duplex":
            break


def test_the_short_way_is_that_of_a_pass_for_each(fasta, model_folder, monkeypatch):
    genome, model = open_genome(fasta), dnalect.load(model_folder)
    strategy = strategy_for(model)
    codes = encode(genome.fetch(0, 2950, 3040))  # runs into unknown bases
    short = strategy.substituted(codes, 20, 65)
    assert short.shape == (45, 4, 45, 4)
    monkeypatch.setattr(type(model), "substituted", Model.substituted)
    assert short == pytest.approx(strategy.substituted(codes, 20, 65), abs=1e-4)
    assert np.ptp(short[40:, :, 5], axis=1).max() > 1e-3 or model.can.reach < 35


def test_unknown_bases_have_none(fasta, model_folder):
    subject = Subject(dnalect.load(model_folder), open_genome(fasta), Region(0, 2990, 3010))
    found = dependencies(subject)
    assert np.isnan(found[10:]).all()
    assert np.isnan(found[:, 10:]).all()
    assert np.isfinite(found[:10, :10]).all()


def test_of_masked_models_too(fasta, tmp_path):
    found = dependencies(Subject(model_of("dnabert", tmp_path), open_genome(fasta), Region(0, 2990, 3010)))
    assert np.isnan(found[10:]).all()
    assert np.isfinite(found[:10, :10]).all()


class Paired:
    """A likelihood that knows one thing: two bases that pair."""

    def __init__(self, one, other):
        self.one, self.other = one, other

    def substituted(self, codes, start, end, hidden):
        out = np.full((end - start, 4, end - start, 4), np.log(0.25), dtype=np.float32)
        for i, j in ((self.one, self.other), (self.other, self.one)):
            for k in range(end - start):
                for base in range(4):
                    there = base if k == i else codes[start + i]
                    out[k, base, j] = np.log(np.where(np.arange(4) == 3 - there, 0.91, 0.03))
        return out


def test_a_planted_pair_is_found(fasta, model_folder, monkeypatch):
    monkeypatch.setattr("dnalect.why.dependency.strategy_for", lambda *_: Paired(7, 31))
    subject = Subject(dnalect.load(model_folder), open_genome(fasta), Region(0, 1500, 1540))
    found = dependencies(subject)
    assert set(map(tuple, np.argwhere(found > 1e-6).tolist())) == {(7, 31), (31, 7)}
    expected = abs(np.log2(0.91 / 0.09) - np.log2(0.03 / 0.97))
    assert found[7, 31] == pytest.approx(expected, rel=1e-5)


def test_odds_are_never_infinite():
    logs = np.log(np.array([1.0, 1e-30, 1e-30, 1e-30]))
    assert np.isfinite(log2_odds(logs)).all()
