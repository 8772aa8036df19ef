"""Pretraining with relatives beside the sequence: what they tell is learned, and who would tell too much is refused."""

import json

import numpy as np
import pytest
import torch

import dnalect
from conftest import make_model
from dnalect.core.errors import ConfigError, InputError
from dnalect.core.reporter import Reporter, using
from dnalect.jobs.options import PretrainOptions
from dnalect.jobs.pretrain import pretrain
from dnalect.relatives.laid import Laying, read_by, relatives_of
from dnalect.tokens.bases import encode
from dnalect.tokens.laid import base_of, relative_of

CONFIG = """
name = "beside"
init = "trunk"
[data]
window = 32
unknown_rate = 0
alignment = "laid"
[[data.genomes]]
name = "one"
fasta = "one.fa"
train = ["t"]
validate = ["v"]
[model]
family = "aligned"
width = 8
kernel = 3
dilations = [1, 2]
beside = 8
beside_dilations = [1]
hidden = 16
[optim]
batch = 8
steps = 120
optimizer = "muon"
learning_rate = 3e-2
warmup = 5
check_every = 120
frozen = true
"""
LENGTHS = {"t": 8000, "v": 2000}


def spread(rng, text, share):
    """A relative: another base drawn at a share of the places."""
    drawn = np.array(list(text.replace(text, "." * len(text))))
    at = rng.random(len(drawn)) < share
    drawn[at] = rng.choice(list("ACGT"), int(at.sum()))
    return "".join(drawn)


@pytest.fixture
def data(tmp_path):
    """A random genome, two relatives that have its base three times in four, and a strain that nearly always does."""
    rng = np.random.default_rng(0)
    contigs = {name: "".join(rng.choice(list("ACGT"), count)) for name, count in LENGTHS.items()}
    (tmp_path / "one.fa").write_text("".join(f">{c}\n{s}\n" for c, s in contigs.items()))
    (tmp_path / "laid").mkdir()
    for name, share in (("a", 0.33), ("b", 0.33), ("strain", 0.01)):
        told = "".join(f">{c}\n{spread(rng, s, share)}\n" for c, s in contigs.items())
        (tmp_path / "laid" / f"{name}.fa").write_text(told)
    (tmp_path / "laid" / "short.fa").write_text(">v\n" + spread(rng, contigs["v"][:300], 0.5) + "-" * 1700 + "\n")
    make_model(tmp_path / "trunk", dilations=[1, 2])
    (tmp_path / "beside.toml").write_text(CONFIG.replace('"trunk"', f'"{tmp_path / "trunk"}"'))
    return tmp_path


def learned(data, name="out", **changes):
    text = (data / "beside.toml").read_text()
    for old, new in changes.values():
        assert old in text
        text = text.replace(old, new)
    (data / f"{name}.toml").write_text(text)
    return pretrain(PretrainOptions(data / f"{name}.toml", data / name, data))


def test_what_relatives_tell_is_learned_on_a_frozen_duplex(data):
    with using(Reporter(state=False, say=(heard := []).append)):
        out = learned(data)
    told = json.loads((out / "log.jsonl").read_text().splitlines()[-1])
    # Of a random base are 0.766 bits left where two relatives have it with a chance of 0.7525 each.
    assert 0.72 < told["validation_bits"] < 0.85
    model, trunk = dnalect.load(out), dnalect.load(data / "trunk")
    assert model.can.relatives == ("a", "b")
    assert model.card.family == "aligned"
    assert model.card.training["init"].startswith("trunk ")
    for (name, mine), theirs in zip(model.network.trunk.named_parameters(), trunk.network.parameters(), strict=True):
        assert torch.allclose(mine, theirs, atol=2e-3), name
    assert any("left out: short, strain" in each for each in heard)


def test_a_run_goes_on_with_the_same_relatives_alone(data):
    out = learned(data, steps=("steps = 120", "steps = 6"))
    assert learned(data, steps=("steps = 120", "steps = 6")) == out
    (out / "card.json").unlink()
    text = (data / "laid" / "a.fa").read_text()
    (data / "laid" / "a.fa").write_text(text.replace("....", "AAAA", 5))
    with pytest.raises(dnalect.DnalectError, match="the alignment"):
        learned(data, steps=("steps = 120", "steps = 6"))


@pytest.mark.parametrize(
    ("change", "error", "told"),
    [
        (("hidden = 16", 'hidden = 16\nrelatives = ["a", "strain"]'), ConfigError, "strain differs .* would tell"),
        (("hidden = 16", 'hidden = 16\nrelatives = ["a", "c"]'), InputError, "no relative 'c'"),
        (('alignment = "laid"', ""), ConfigError, "belong together"),
        (('alignment = "laid"', 'alignment = "nowhere"'), InputError, "does not exist"),
        (("dilations = [1, 2]\n", "dilations = [1, 2, 4]\n"), ConfigError, "other sizes"),
        (('family = "aligned"', 'family = "duplex"'), ConfigError, "beside"),
        (("init = ", "# "), ConfigError, "name one there"),
        (("unknown_rate = 0", "tell_species = true"), ConfigError, "species"),
    ],
)
def test_what_does_not_go_together_is_refused_before_the_first_step(data, change, error, told):
    with pytest.raises(error, match=told):
        learned(data, change=change)
    assert not (data / "out").exists()


def test_relatives_of_windows_are_those_of_their_places(data):
    genome = dnalect.open_genome(data / "one.fa")
    found = relatives_of(data / "laid", genome, ("b", "a"))
    assert found.names == ("b", "a")
    contigs, starts = np.array([0, 1]), np.array([-3, LENGTHS["v"] - 5])
    windows = found.windows(contigs, starts, 8)
    assert np.array_equal(base_of(windows), encode(genome.windows(contigs, starts, 8)))
    rows = [found.alignment.names.index(name) for name in found.names]
    for number, row in enumerate(rows):
        told = relative_of(windows, number)
        assert not told[0, :3].any()
        assert not told[1, 5:].any()
        assert np.array_equal(told[0, 3:], found.alignment.bases(0)[row, :5] + 1)
    places = np.array([[0, 0, 10], [1, 0, 10]])
    codes = encode(genome.windows(np.array([0, 0]), np.array([10, 10]), 8))
    laid = Laying(found, 1.0)(codes, places, None)
    assert np.array_equal(laid[0], found.codes(0, 10, 18))
    assert np.array_equal(laid[1], codes[1])
    rng = np.random.default_rng(0)
    hidden = [Laying(found, 1.0)(codes[:1], places[:1], rng)[0] for _ in range(40)]
    counts = [sum(bool(relative_of(each, number).any()) for number in range(2)) for each in hidden]
    assert {*counts} == {0, 1}
    assert all(np.array_equal(Laying(found, 0.0)(codes[:1], places[:1], rng)[0], laid[0]) for _ in range(5))


def test_a_model_says_what_is_not_there_of_its_relatives(data):
    genome = dnalect.open_genome(data / "one.fa")
    with using(Reporter(state=False, say=(heard := []).append)):
        found = read_by(data / "laid", genome, ("z", "short"))
    assert any("the alignment has no z" in each for each in heard)
    assert not relative_of(found.codes(1, 0, 300), 0).any()
    assert relative_of(found.codes(1, 0, 300), 1).all()
    with pytest.raises(InputError, match="the model reads y, z"):
        read_by(data / "laid", genome, ("y", "z"))
