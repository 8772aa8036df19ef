"""A duplex that learns from others: the loss is what it says it is, and what they know gets across."""

import json

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from dnalect.core.errors import ConfigError, ModelError
from dnalect.jobs.options import PretrainOptions
from dnalect.jobs.pretrain import pretrain
from dnalect.training.corpus import Batch
from dnalect.training.objectives import Distillation, leave_one_out_loss

CONFIG = """
name = "pupil"
[data]
window = 32
unknown_rate = 0
[[data.genomes]]
name = "one"
fasta = "one.fa"
train = ["t"]
validate = ["v"]
[model]
family = "duplex"
width = 8
kernel = 2
dilations = [1]
[optim]
batch = 8
steps = 60
optimizer = "muon"
learning_rate = 3e-2
warmup = 5
check_every = 60
"""
TAUGHT = '[distil]\nteachers = ["{0}/teacher"]\nshare = 1.0\n'


def batch():
    rng = np.random.default_rng(1)
    target = rng.integers(0, 5, (2, 12)).astype(np.uint8)
    weight = (target < 4).astype(np.float32) * rng.choice([0.3, 1.0], target.shape).astype(np.float32)
    return Batch(target, target, weight, 0)


def says(logits):
    return lambda codes, inside: logits


def test_the_loss_mixes_the_bases_with_the_geometric_mean_of_the_teachers():
    torch.manual_seed(0)
    mine, *theirs = torch.randn(4, 2, 12, 4)
    drawn = batch()
    product = torch.stack([each.softmax(-1) for each in theirs]).prod(0) ** (1 / 3)
    told = product / product.sum(-1, keepdim=True)
    weight = torch.from_numpy(drawn.weight)
    theirs_loss = (-(told * mine.log_softmax(-1)).sum(-1) * weight).sum() / weight.sum()
    plain = leave_one_out_loss(says(mine), drawn, torch.device("cpu"))
    losses = Distillation([says(each) for each in theirs], 0.7)(says(mine), drawn, torch.device("cpu"))
    assert torch.allclose(losses.main, plain)
    assert torch.allclose(losses.total, 0.3 * plain + 0.7 * theirs_loss)
    assert losses.others["teachers"][1] == int((drawn.target < 4).sum())


def test_nothing_is_lower_than_what_one_teacher_says():
    torch.manual_seed(0)
    teacher = torch.randn(2, 12, 4)
    told = F.cross_entropy(teacher.flatten(0, 1), teacher.softmax(-1).flatten(0, 1), reduction="none")
    drawn = batch()
    weight = torch.from_numpy(drawn.weight).flatten()
    alike = Distillation([says(teacher)], 1.0)(says(teacher), drawn, torch.device("cpu"))
    assert torch.allclose(alike.total, (told * weight).sum() / weight.sum())
    other = Distillation([says(teacher)], 1.0)(says(torch.randn(2, 12, 4)), drawn, torch.device("cpu"))
    assert other.total > alike.total


@pytest.fixture
def data(tmp_path):
    """Nine bases of ten are A or T. The teacher has learned that; the pupil learns of sequence without it."""
    rng = np.random.default_rng(0)
    shares = [0.45, 0.05, 0.05, 0.45]
    for name, p in (("one", shares), ("flat", None)):
        contigs = {c: "".join(rng.choice(list("ACGT"), n, p=p)) for c, n in (("t", 8000), ("v", 2000))}
        (tmp_path / f"{name}.fa").write_text("".join(f">{c}\n{s}\n" for c, s in contigs.items()))
    (tmp_path / "teacher.toml").write_text(CONFIG)
    pretrain(PretrainOptions(tmp_path / "teacher.toml", tmp_path / "teacher", tmp_path))
    pupil = CONFIG.replace("one.fa", "flat.fa") + TAUGHT.format(tmp_path)
    (tmp_path / "pupil.toml").write_text(pupil)
    return tmp_path


def test_a_pupil_learns_what_is_in_its_teacher_alone(data):
    out = pretrain(PretrainOptions(data / "pupil.toml", data / "pupil", data))
    end = json.loads((out / "log.jsonl").read_text().splitlines()[-1])
    # In its own sequence every base is 2 bits; that of its teacher has 1.469, and it says so of any sequence.
    assert end["train_loss_teachers"] / np.log(2) < 1.6
    assert end["train_bits"] > 2.2
    card, teacher = (json.loads((data / name / "card.json").read_text()) for name in ("pupil", "teacher"))
    assert card["training"]["teachers"] == f"{teacher['id']} {teacher['sha256']}"


def test_a_run_goes_on_with_the_same_teachers_only(data):
    text = (data / "pupil.toml").read_text()
    out = data / "run"
    pretrain(PretrainOptions(data / "pupil.toml", out, data))
    (data / "teacher").rename(data / "old")
    (data / "teacher.toml").write_text(CONFIG.replace('name = "pupil"', 'name = "pupil"\nseed = 3'))
    pretrain(PretrainOptions(data / "teacher.toml", data / "teacher", data))
    (data / "pupil.toml").write_text(text)
    with pytest.raises(ModelError, match="the teachers"):
        pretrain(PretrainOptions(data / "pupil.toml", out, data))


def test_what_can_teach_nothing_is_refused(data):
    text = (data / "pupil.toml").read_text()
    (data / "pupil.toml").write_text(text.replace("/teacher", "/missing"))
    with pytest.raises(ConfigError, match=r"distil\.teachers = .*there is no such model folder yet"):
        pretrain(PretrainOptions(data / "pupil.toml", data / "x", data))
    (data / "pupil.toml").write_text(text.replace(f"{data}/teacher", "attention-small"))
    with pytest.raises(ConfigError, match="a teacher must be a duplex"):
        pretrain(PretrainOptions(data / "pupil.toml", data / "x", data))
    family = '[model]\nfamily = "dnabert"\ntokenizer = "dnabert-3"\nlike = "dnabert-3"\n[optim]'
    (data / "pupil.toml").write_text(text[: text.index("[model]")] + family + text.split("[optim]")[1])
    with pytest.raises(ConfigError, match=r"\[distil\] is for duplex"):
        pretrain(PretrainOptions(data / "pupil.toml", data / "x", data))
