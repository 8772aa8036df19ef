"""Training learns, can be resumed to the bit, and leaves a model that loads."""

import json
import os
import re
import signal
from pathlib import Path

import numpy as np
import pytest
import torch

import dnalect
from dnalect.core.errors import ConfigError, FastaError, ModelError
from dnalect.core.interrupts import Stopped
from dnalect.core.reporter import Reporter, using
from dnalect.genome.fasta import open_genome
from dnalect.genome.regions import Region, subtract
from dnalect.jobs.options import PretrainOptions
from dnalect.jobs.pretrain import pretrain
from dnalect.training import loop
from dnalect.training.config import read_config
from dnalect.training.corpus import Corpus, Source, unknown_runs
from dnalect.training.optim import Averaged

CONFIG = """
name = "toy"
seed = 2
[data]
window = 64
unknown_rate = 0.3
[[data.genomes]]
name = "toy"
fasta = "toy.fa"
train = ["t"]
validate = ["v"]
[model]
family = "duplex"
width = 8
kernel = 3
dilations = [1, 2]
[optim]
batch = 8
steps = 60
learning_rate = 1e-2
warmup = 5
check_every = 20
save_every = 10
"""


@pytest.fixture
def data(tmp_path):
    """A genome in which the base after the next is the complement: easy to learn, two-sided."""
    rng = np.random.default_rng(0)
    motif = "ACGTTGCAAC"
    for_contig = {n: "".join(motif if rng.random() < 0.9 else "".join(rng.choice(list("ACGT"), 10)) for _ in range(s))
                  for n, s in (("t", 800), ("v", 200))}  # fmt: skip
    (tmp_path / "toy.fa").write_text("".join(f">{n}\n{s}\n" for n, s in for_contig.items()))
    (tmp_path / "toy.toml").write_text(CONFIG)
    return tmp_path


def test_it_learns_and_the_folder_loads(data):
    out = pretrain(PretrainOptions(data / "toy.toml", data / "run", data))
    log = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    assert [entry["step"] for entry in log] == [20, 40, 60]
    assert log[-1]["validation_bits"] < min(0.9, log[0]["train_bits"] - 0.2)
    assert (out / "learning-curve.png").read_bytes().startswith(b"\x89PNG")
    model = dnalect.load(out)
    (genome,) = model.card.genomes
    assert (genome.train, genome.contigs, genome.bases) == (["t"], {"t": 8000, "v": 2000}, 8000)
    assert genome.passes == pytest.approx(60 / (8000 // 64 // 8), rel=0.1)
    assert model.card.saw(8000, 7999, 8000)
    assert not model.card.saw(2000, 0, 2000)
    assert model.card.figures["validation_bits"] == round(log[-1]["validation_bits"], 4)


@pytest.mark.parametrize("optimizer", [pytest.param('"adamw"', marks=pytest.mark.slow), '"muon"\naverage = 0.9'])
def test_a_killed_run_resumes_to_the_same_bytes(data, monkeypatch, optimizer):
    (data / "toy.toml").write_text(CONFIG + f"optimizer = {optimizer}\n")
    whole = pretrain(PretrainOptions(data / "toy.toml", data / "whole", data))
    real, count = loop._step, iter(range(1000))

    def killed(*arguments):
        if next(count) == 37:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(loop, "_step", killed)
    with pytest.raises(KeyboardInterrupt):
        pretrain(PretrainOptions(data / "toy.toml", data / "part", data))
    monkeypatch.setattr(loop, "_step", real)
    assert torch.load(data / "part" / "checkpoint.pt", weights_only=True)["at"]["step"] == 30
    part = pretrain(PretrainOptions(data / "toy.toml", data / "part", data))
    assert (part / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()
    steps = [json.loads(line)["step"] for line in (part / "log.jsonl").read_text().splitlines()]
    assert steps == [20, 40, 60]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_asked_to_stop_saves_its_step_and_goes_on_to_the_same_bytes(data, monkeypatch, number):
    monkeypatch.setattr("dnalect.jobs.pretrain_plan.VALIDATION_BASES", 1)
    whole = pretrain(PretrainOptions(data / "toy.toml", data / "whole", data, steps=30))
    real, count = loop._step, iter(range(1000))

    def asked(*arguments):
        if next(count) == 17:
            os.kill(os.getpid(), number)
        return real(*arguments)

    monkeypatch.setattr(loop, "_step", asked)
    with pytest.raises(Stopped, match="stopped after step 18 of 30, which is saved in .*; the same command goes on"):
        pretrain(PretrainOptions(data / "toy.toml", data / "part", data, steps=30))
    said = []
    with using(Reporter(say=said.append)):
        part = pretrain(PretrainOptions(data / "toy.toml", data / "part", data, steps=30))
    assert "going on after step 18 of 30" in said
    assert any(
        re.match(r"step 20 of 30: 1.* bits in training, .* bases a second, about .* left", each) for each in said
    )
    assert (part / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()
    logs = [
        [json.loads(x) | {"seconds": 0} for x in (each / "log.jsonl").read_text().splitlines()]
        for each in (part, whole)
    ]
    assert logs[0] == logs[1]


def test_a_checkpoint_is_written_by_time_too(data, monkeypatch):
    monkeypatch.setattr("dnalect.jobs.pretrain_plan.VALIDATION_BASES", 1)
    monkeypatch.setattr(loop, "SAVE_SECONDS", -1.0)
    real, count = loop._step, iter(range(1000))

    def killed(*arguments):
        if next(count) == 5:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(loop, "_step", killed)
    with pytest.raises(KeyboardInterrupt):
        pretrain(PretrainOptions(data / "toy.toml", data / "part", data))
    assert torch.load(data / "part" / "checkpoint.pt", weights_only=True)["at"]["step"] == 5


def test_a_checkpoint_of_another_config_is_refused(data):
    pretrain(PretrainOptions(data / "toy.toml", data / "run", data))
    (data / "toy.toml").write_text(CONFIG.replace("width = 8", "width = 12"))
    with pytest.raises(ModelError, match="another config"):
        pretrain(PretrainOptions(data / "toy.toml", data / "run", data))
    (data / "run" / "checkpoint.pt").write_bytes(b"junk")
    with pytest.raises(ModelError, match="cannot be read"):
        pretrain(PretrainOptions(data / "toy.toml", data / "run", data))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("width = 8", "wide = 8", r"toy.toml: model.wide is unknown. Did you mean width\?"),
        ('validate = ["v"]', "", "data: no genome names a region to validate on"),
        ('train = ["t"]', 'train = "t"', r'toy.toml: data.genomes\[0\].train = "t": must be a list of texts'),
        ('name = "toy"\nfasta', "fasta", r"data.genomes\[0\].name is missing"),
        (
            'fasta = "toy.fa"',
            'fasta = "toy.fa"\ntest_on = ["v"]',
            r"genomes\[0\].test_on is unknown. Did you mean test",
        ),
        ("batch = 8", "batch = 0", "optim.batch = 0: must be a whole number, 1 to"),
        ("batch = 8", "batch = 8.0", "optim.batch = 8.0: must be a whole number"),
        ('family = "duplex"', 'family = "bert"', 'model.family = "bert": must be one of duplex, dnabert'),
        ("batch = 8", 'optimizer = "sgd"', 'optim.optimizer = "sgd": must be one of adamw, muon'),
        ("[optim]", "[optimiser]", r"optimiser is unknown. Did you mean optim\?"),
        ("seed = 2", "seed = -1", "seed = -1: must be a whole number, 0 to 4,294,967,295"),
        pytest.param("seed = 2", "seed = 1" + 5000 * "0", "thousands of digits", id="digits"),
        ("seed = 2", "seed = 2001-01-01", "seed = .*: is a date"),
        ("seed = 2", 'seed = "2"', 'seed = "2": must be a whole number'),
        ("learning_rate = 1e-2", "learning_rate = nan", "optim.learning_rate = nan: must be a finite number"),
        ("learning_rate = 1e-2", "learning_rate = -1.0", "must be a number, 0 to 10"),
        ("warmup = 5", "warmup = 61", r"optim: warmup \(61\) is longer than the run of 60 steps"),
        ("warmup = 5", "warmup = 5\nbetas = [0.9]", r"betas\[1\] is missing"),
        ("warmup = 5", "warmup = 5\nbetas = [0.9, 1.0]", r"betas\[1\] = 1.0: must be a number, 0 or more and below 1"),
        ("[optim]", '[card]\nspecie = "x"\n[optim]', r"card.specie is unknown. Did you mean species\?"),
        ("seed = 2", "seed = ", "no TOML"),
    ],
)
def test_wrong_configs_name_the_field(data, old, new, message):
    (data / "toy.toml").write_text(CONFIG.replace(old, new))
    with pytest.raises(ConfigError, match=message):
        read_config(data / "toy.toml")


@pytest.mark.parametrize("told", ['["t:7000-8000"]', '["v", "t:1-1"]'])
def test_parts_that_share_a_base_are_refused(data, told):
    (data / "toy.toml").write_text(CONFIG.replace('validate = ["v"]', f"validate = {told}"))
    with pytest.raises(ConfigError, match="both 'train' and 'validate'"):
        pretrain(PretrainOptions(data / "toy.toml", data / "run", data))


def test_missing_contig_is_named(data):
    (data / "toy.toml").write_text(CONFIG.replace('train = ["t"]', 'train = ["u"]'))
    with pytest.raises(FastaError, match="no contig 'u'"):
        pretrain(PretrainOptions(data / "toy.toml", data / "run", data))


def corpus_of(data, *weights, unknown_rate=0.0, holes=()):
    genome = open_genome(data / "toy.fa")
    sources = [
        Source(genome, subtract([Region(n, 0, int(genome.lengths[n]))], holes), weight)
        for n, weight in enumerate(weights)
    ]
    return Corpus(sources, 64, 8, seed=5, unknown_rate=unknown_rate)


def test_a_pass_covers_every_window_once_and_depends_on_seed_and_step_alone(data):
    corpus = corpus_of(data, 0, unknown_rate=0.5)
    first = [corpus.draw(step) for step in range(corpus.steps_a_pass)]
    starts = corpus.streams[0].rows(np.arange(corpus.steps_a_pass * 8), 64)[:, 1]
    assert len(set(starts.tolist())) == len(starts)
    assert len(np.unique(starts % 64)) == 1
    again = corpus_of(data, 0, unknown_rate=0.5)
    for step in (11, 3, corpus.steps_a_pass + 2, 3):
        drawn = again.draw(step)
        if step < corpus.steps_a_pass:
            assert np.array_equal(drawn.codes, first[step].codes)
    hidden = np.concatenate([(b.codes == 4) & (b.target != 4) for b in first])
    assert 0.3 < hidden.any(axis=1).mean() < 0.7


@pytest.mark.parametrize(
    ("weights", "shares"), [((0, 0), (5 / 6, 1 / 6)), ((1, 1), (0.5, 0.5)), ((1, 3), (0.25, 0.75))]
)
def test_genomes_share_every_batch_by_their_weights(data, weights, shares):
    corpus = corpus_of(data, *weights)
    assert np.allclose(np.array(corpus.quotas) / sum(corpus.quotas), shares, atol=0.02)
    for low in range(0, 8 * corpus.steps_a_pass, 8):
        assert abs((corpus._order[low : low + 8] == 0).sum() - 8 * shares[0]) < 2
    used = np.concatenate([corpus._rank[corpus._order == 1] + corpus.quotas[1] * p for p in range(3)])
    assert np.array_equal(np.sort(used), np.arange(3 * corpus.quotas[1]))
    assert corpus.passes(corpus.steps_a_pass)[1] == pytest.approx(corpus.quotas[1] / corpus.streams[1].a_pass)


def test_no_window_touches_what_is_excluded_or_unknown(tmp_path):
    rng = np.random.default_rng(1)
    text = "".join(rng.choice(list("ACGT"), 9000))
    text = text[:3000] + "N" * 500 + text[3500:4000] + "N" * 20 + text[4020:]
    (tmp_path / "n.fa").write_text(f">a\n{text}\n")
    genome = open_genome(tmp_path / "n.fa")
    regions = subtract([Region(0, 0, 9000)], [Region(0, 6000, 7000)])
    assert unknown_runs(genome, regions, 10) == [Region(0, 3000, 3500), Region(0, 4000, 4020)]
    corpus = Corpus([Source(genome, regions)], 64, 8, seed=5)
    starts = corpus.streams[0].rows(np.arange(4 * corpus.streams[0].a_pass), 64)[:, 1]
    for low, high in ((3000, 3500), (6000, 7000)):
        assert not ((starts < high) & (starts + 64 > low)).any()
    assert ((starts < 4020) & (starts + 64 > 4000)).any()


def test_the_mean_of_the_weights_is_what_is_kept():
    network = torch.nn.Linear(2, 1)
    mean, seen = Averaged(network, 0.5), []
    for step in range(1, 6):
        with torch.no_grad():
            network.weight.fill_(step)
        mean.update(network, step)
        share = 1 - min(0.5, step / (step + 10))
        seen.append(step * share + (seen[-1] if seen else float("nan")) * (1 - share))
        if step == 1:
            seen[0] = float(mean.weights["weight"][0, 0])
    with mean.in_place_of(network):
        assert network.weight[0, 0].item() == pytest.approx(seen[-1], rel=1e-5)
    assert network.weight[0, 0].item() == 5
    mean.copy_to(network)
    assert network.weight[0, 0].item() == pytest.approx(seen[-1], rel=1e-5)


def test_every_config_of_the_repository_is_read():
    configs = sorted((Path(__file__).parents[2] / "configs").rglob("*.toml"))
    assert {path.stem for path in configs} >= {"duplex-yeast", "duplex-human", "duplex-fungi", "fold-1", "fold-2"}
    for path in configs:
        assert read_config(path).name


def test_a_second_stage_begins_from_the_first(data):
    first = pretrain(PretrainOptions(data / "toy.toml", data / "first", data))
    again = CONFIG.replace("seed = 2", f'seed = 3\ninit = "{first}"').replace("steps = 60", "steps = 1")
    again = again.replace("warmup = 5", "warmup = 0")
    (data / "second.toml").write_text(again.replace("learning_rate = 1e-2", "learning_rate = 0.0"))
    second = dnalect.load(pretrain(PretrainOptions(data / "second.toml", data / "second", data)))
    weights = dict(dnalect.load(first).network.named_parameters())
    assert all(torch.equal(p, weights[name]) for name, p in second.network.named_parameters())
    assert second.card.training["init"] == f"toy {dnalect.load(first).card.sha256}"
    (data / "second.toml").write_text(again.replace("width = 8", "width = 16"))
    with pytest.raises(ConfigError, match="has other sizes"):
        pretrain(PretrainOptions(data / "second.toml", data / "third", data))
