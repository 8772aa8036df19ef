"""What lies where a run wants to go on: other data, other models, broken files. Nothing is overwritten."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

import dnalect
from dnalect.core.errors import ConfigError, DnalectError, ModelError, OutputError
from dnalect.inference.predictions import predictions
from dnalect.jobs.options import PretrainOptions
from dnalect.jobs.pretrain import pretrain
from dnalect.training import loop
from dnalect.training.logs import read_log
from dnalect.training.tuning import TuneConfig
from jobs.labelled import learnable
from jobs.tuned import options_for
from jobs.tuned import run as run_finetune

CONFIG = """
seed = 2
[data]
window = 32
[[data.genomes]]
name = "toy"
fasta = "toy.fa"
train = ["t"]
validate = ["v"]
[model]
width = 4
kernel = 3
dilations = [1, 2]
[optim]
batch = 4
steps = 6
warmup = 0
check_every = 2
save_every = 2
"""


def genome(folder, seed=0):
    rng = np.random.default_rng(seed)
    records = (f">{name}\n{''.join(rng.choice(list('ACGT'), 600))}\n" for name in "tvh")
    (folder / "toy.fa").write_text("".join(records))


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setattr("dnalect.jobs.pretrain_plan.VALIDATION_BASES", 1)
    genome(tmp_path)
    (tmp_path / "toy.toml").write_text(CONFIG)
    return tmp_path


def half_done(data, monkeypatch):
    real, count = loop._step, iter(range(1000))

    def killed(*arguments):
        if next(count) == 3:
            raise KeyboardInterrupt
        return real(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(loop, "_step", killed)
        with pytest.raises(KeyboardInterrupt):
            pretrain(PretrainOptions(data / "toy.toml", data / "run", data))
    return data / "run"


def test_a_run_does_not_go_on_with_another_genome(data, monkeypatch):
    out = half_done(data, monkeypatch)
    genome(data, seed=1)
    with pytest.raises(ModelError, match="belongs to other data: the genome toy changed since"):
        pretrain(PretrainOptions(data / "toy.toml", out, data))
    assert not (out / "card.json").exists()


def test_a_checkpoint_that_does_not_say_what_it_learned_from_is_not_believed(data, monkeypatch):
    out = half_done(data, monkeypatch)
    state = torch.load(out / "checkpoint.pt", weights_only=True)
    del state["data"]
    torch.save(state, out / "checkpoint.pt")
    with pytest.raises(ModelError, match="is not a checkpoint of this version: 'data' is missing in it; remove it"):
        pretrain(PretrainOptions(data / "toy.toml", out, data))


def test_a_finished_model_is_never_overwritten(data):
    out = pretrain(PretrainOptions(data / "toy.toml", data / "run", data))
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    for change in (lambda: genome(data, 1), lambda: (data / "toy.toml").write_text(CONFIG + "clip = 0.5\n")):
        change()
        with pytest.raises(ModelError, match="finished model|other data"):
            pretrain(PretrainOptions(data / "toy.toml", out, data))
    (out / "checkpoint.pt").unlink()
    with pytest.raises(ModelError, match="finished model"):
        pretrain(PretrainOptions(data / "toy.toml", out, data))
    assert all((out / name).read_bytes() == content for name, content in before.items() if name != "checkpoint.pt")


@pytest.mark.parametrize("content", [b"", b"junk", b"PK\x03\x04", "list", "layout", "shape", "progress"])
def test_a_broken_checkpoint_is_named_and_how_to_begin_anew(data, monkeypatch, content):
    out = half_done(data, monkeypatch)
    state = torch.load(out / "checkpoint.pt", weights_only=True)
    if content == "list":
        torch.save([1], out / "checkpoint.pt")
    elif content == "layout":
        torch.save({"config": state["config"]}, out / "checkpoint.pt")
    elif content == "shape":
        torch.save({**state, "network": {name: p[:1] for name, p in state["network"].items()}}, out / "checkpoint.pt")
    elif content == "progress":
        torch.save({**state, "at": {"other": 1}}, out / "checkpoint.pt")
    else:
        (out / "checkpoint.pt").write_bytes(content)
    with pytest.raises(ModelError, match=r"run/checkpoint\.pt .*remove it to begin anew"):
        pretrain(PretrainOptions(data / "toy.toml", out, data))


@pytest.mark.parametrize("content", [b"\xff\xfe{}", b"[1]\n{}\n", b"text\n{}", b'{"a": 1}\n', b"[" * 100_000 + b"}"])
def test_a_broken_log_is_named(tmp_path, content):
    (tmp_path / "log.jsonl").write_bytes(content)
    with pytest.raises(ModelError, match=r"log\.jsonl is no log of a training run"):
        read_log(tmp_path / "log.jsonl")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            'validate = ["v"]',
            'validate = ["v:1-20"]',
            r"\[0\].validate: v:1-20 has 20 bases, fewer than a window",
        ),
        ("window = 32", "window = 700", "has 600 bases, fewer than a window of 700"),
        ("batch = 4", "batch = 400", "hold 17 windows of 32 known bases, fewer than a batch of 400"),
        ('validate = ["v"]', 'validate = ["w"]', r"genomes\[0\] \(toy\): .*no contig .?w"),
        ('validate = ["v"]', 'validate = ["v:9-3"]', r"genomes\[0\] \(toy\): the region v:9-3"),
        ("seed = 2", 'init = "runs/none"', "there is no such model folder yet. It is made by"),
    ],
)
def test_what_can_be_known_is_said_before_anything_is_made(data, old, new, message):
    (data / "toy.toml").write_text(CONFIG.replace(old, new))
    with pytest.raises(DnalectError, match=message):
        pretrain(PretrainOptions(data / "toy.toml", data / "run", data))
    assert not (data / "run").exists()


def test_an_output_that_is_a_file_is_refused_first(data):
    (data / "run").write_text("")
    with pytest.raises(OutputError, match="it is a file"):
        pretrain(PretrainOptions(data / "toy.toml", data / "run", data))


def test_rates_that_are_no_numbers_are_refused():
    for wrong in ({"rate": float("nan")}, {"seed": -1}, {"seed": 1 << 40}, {"epochs": 1.5}, {"pools": ("sum",)}):
        with pytest.raises(ConfigError, match="must be"):
            TuneConfig(**wrong)


def test_a_card_after_a_kill_differs_by_its_times_alone(model_folder, tmp_path, monkeypatch):
    table = learnable(tmp_path / "data.tsv")
    config = TuneConfig(method="lora", epochs=2, batch=16, checks=2)
    options = options_for(table, model_folder, config, ("composition",))
    real, killed = loop._step, []

    def dies(*arguments):
        if arguments[0].at.step == 4 and not killed:
            killed.append(True)
            raise KeyboardInterrupt
        return real(*arguments)

    run_finetune(options, tmp_path / "a" / "m", lambda _: None)
    monkeypatch.setattr(loop, "_step", dies)
    with pytest.raises(KeyboardInterrupt):
        run_finetune(options, tmp_path / "b" / "m", lambda _: None)
    run_finetune(options, tmp_path / "b" / "m", lambda _: None)
    cards = [json.loads((tmp_path / each / "m" / "card.json").read_text()) for each in "ab"]
    assert killed
    times = [card["training"].pop("times") for card in cards]
    assert all(set(each) == {"seconds"} for each in times)
    assert cards[0] == cards[1]


def test_the_untrained_twin_goes_on_too_and_leaves_nothing(model_folder, tmp_path, monkeypatch):
    table, out = learnable(tmp_path / "data.tsv"), tmp_path / "m"
    config = TuneConfig(method="lora", epochs=2, batch=16, warm=False)
    options = options_for(table, model_folder, config, ("untrained",))
    real, made = loop._step, []

    def dies(*arguments):
        made.append(arguments[0].at.step)
        if made[-1] == 4 and made.count(4) == 2:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(loop, "_step", dies)
    with pytest.raises(KeyboardInterrupt):
        run_finetune(options, out, lambda _: None)
    assert (out / "untrained" / "checkpoint.pt").is_file()
    run_finetune(options, out, lambda _: None)
    assert made == [0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 3, 4, 5]
    assert not (out / "untrained").exists()
    assert {"model.safetensors", "checkpoint.pt"}.isdisjoint(each.name for each in out.iterdir())


def test_training_that_did_not_help_says_that_the_probe_was_kept(model_folder, tmp_path, monkeypatch):
    table, said, out = learnable(tmp_path / "data.tsv"), [], tmp_path / "m"
    config = TuneConfig(method="lora", epochs=1, batch=16)
    options = options_for(table, model_folder, config, ("composition",))
    figures = iter([0.9, 0.1, 0.9])
    monkeypatch.setattr("dnalect.jobs.tuning.fit.validation_figure", lambda _, tune: next(figures))
    run_finetune(options, out, said.append)
    assert any(each.startswith("LoRA did not help: none of 3 steps was better") for each in said)
    card = json.loads((out / "card.json").read_text())
    assert (card["config"]["method"], card["training"]["method"]) == ("probe", "probe (LoRA tried)")
    page = (out / "report.html").read_text()
    assert "by a probe of its frozen states; LoRA was tried and did not help" in page
    assert "LoRA did not help: none of 3 steps" in page
    assert not (out / "learning-curve.png").exists()
    assert not (out / "adapter_model.safetensors").exists()
    probe = replace(options, method="probe")
    run_finetune(probe, tmp_path / "probe", lambda _: None)
    texts = ["ACGT" * 12, "GGGGGGCCCC" * 4]
    both = [predictions(dnalect.load(each), texts)["label"] for each in (out, tmp_path / "probe")]
    np.testing.assert_array_equal(*both)
