"""Dependency maps: equal to a pass for each substitution, of every kind of likelihood; planted pairs are found."""

import numpy as np
import pytest

import dnalect
from dnalect.genome.fasta import open_genome
from dnalect.genome.regions import Region
from dnalect.inference.likelihood import strategy_for
from dnalect.models.model import Model
from dnalect.tokens.bases import encode
from dnalect.why.dependency import dependencies, log2_odds
from dnalect.why.subject import Subject
from models.folders import make


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


@pytest.mark.parametrize("name", ["duplex", "dnabert", "dnabert-2", "nt-v1"])
def test_maps_are_those_of_the_definition(fasta, model_folder, tmp_path, name):
    model = dnalect.load(model_folder if name == "duplex" else make(name, tmp_path / name))
    length = 40 if name == "duplex" else 4
    for start in (0, 1500, 6000 - length):
        subject = Subject(model, open_genome(fasta), Region(0, start, start + length))
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


class Paired:
    """A likelihood that knows one thing: two bases that pair."""

    def __init__(self, one, other):
        self.one, self.other = one, other

    def substituted(self, codes, start, end):
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
