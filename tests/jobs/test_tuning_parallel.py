"""Fine-tuning by two processes: the curve of one, one folder, one that speaks."""

import json
import sys

import numpy as np
import pytest
import torch

import dnalect
import forked
from dnalect.core.errors import ConfigError
from dnalect.core.figures import read_figures
from dnalect.examples.read import read_examples
from dnalect.models.heads import Heads
from dnalect.models.load import language_model
from dnalect.models.pooled import Pooled, Reading
from dnalect.report.finetuned import MODEL
from dnalect.training.finetune import finetune
from dnalect.training.ranks import together
from dnalect.training.specs import specs_of
from dnalect.training.tuning import TuneConfig
from jobs.labelled import columns, sequences, write

# What one process and two differ by: sums of float32 in another order, of which each step builds on those before.
CLOSE = 1e-5


@pytest.fixture(scope="module")
def made(model_folder, tmp_path_factory):
    """Folders of one process and of two, and what the second of these said."""
    folder = tmp_path_factory.mktemp("tuned")
    rng = np.random.default_rng(3)
    texts = sequences(150, rng)
    write(folder / "mixed.tsv", columns(texts, rng), texts)
    (folder / "more.toml").write_text("epochs = 2\nwarm = false\naccumulate = 2\n")
    labels = [word for name in ("two", "share") for word in ("--label", name)]

    def command(out):
        words = [
            "finetune",
            folder / "mixed.tsv",
            *labels,
            "--model",
            model_folder,
            "--method",
            "full",
            "--pool",
            "best",
        ]
        words += ["--rate", "5e-3", "--batch-size", 14, "--config", folder / "more.toml", "--device", "cpu"]
        return [str(each) for each in (*words, "--rival", "composition", "--rival", "untrained", "--out", folder / out)]

    def work():
        from dnalect.cli.main import main

        sys.argv = ["dnalect", *command("two")]
        main()

    one = forked.dnalect(*command("one"), text=True)
    assert one.returncode == 0, one.stderr
    first, second = forked.ranks(work)
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert "2 processes" in first.stderr
    return folder, second.stderr


def tuned(model_folder, examples):
    """The weights after two passes, by those processes that are there."""
    base = language_model(str(model_folder))
    train = examples.take(np.array(examples.parts) == "train")
    torch.manual_seed(0)
    pooled = Pooled(base, Heads(base.can.width, specs_of(train)), Reading())
    config = TuneConfig(method="full", epochs=2, batch=14, rate=5e-3, warm=False, accumulate=2, precision="fp32")
    finetune(pooled, train, lambda _: 0.5, config, None, {})
    return torch.cat([each.detach().flatten() for each in pooled.parameters()])


def test_two_processes_have_the_weights_of_one(model_folder, tmp_path):
    rng = np.random.default_rng(3)
    texts = sequences(90, rng)
    path = write(tmp_path / "mixed.tsv", columns(texts, rng), texts)
    examples = read_examples(path, labels=["two", "three", "marks", "share"])
    alone = tuned(model_folder, examples)

    def work():
        with together("cpu"):
            torch.testing.assert_close(tuned(model_folder, examples), alone, atol=CLOSE, rtol=0)
            few = TuneConfig(batch=14, accumulate=8)
            with pytest.raises(ConfigError, match="a batch of 14 sequences is too small for 2 processes of 8 parts"):
                finetune(Pooled(base, heads, Reading()), train, lambda _: 0.5, few, None, {})

    base = language_model(str(model_folder))
    train = examples.take(np.array(examples.parts) == "train")
    heads = Heads(base.can.width, specs_of(train))
    done = forked.ranks(work)
    assert [each.returncode for each in done] == [0, 0], "\n".join(each.stderr for each in done)
    assert (tuned(model_folder, examples) - alone).abs().max() == 0


def log_of(folder):
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


@pytest.mark.slow
def test_two_processes_tune_as_one(made):
    folder, _ = made
    for mine, theirs in zip(log_of(folder / "two"), log_of(folder / "one"), strict=True):
        for key in mine.keys() - {"seconds"}:
            assert mine[key] == pytest.approx(theirs[key], abs=CLOSE), key
    one, two = (read_figures(folder / each / "figures.tsv") for each in ("one", "two"))
    assert [(each.who, each.task, each.metric) for each in one] == [(each.who, each.task, each.metric) for each in two]
    mine = {
        each.metric: each.value[0] for each in two if each.who == MODEL and each.task == "two" and each.part == "test"
    }
    assert mine["AUROC"] > 0.7
    assert dnalect.load(folder / "two").can.targets.keys() == {"two", "share"}


@pytest.mark.slow
def test_one_folder_is_left_and_one_speaks(made):
    folder, said = made
    names = [sorted(each.name for each in (folder / name).iterdir()) for name in ("one", "two")]
    assert names[0] == names[1]
    assert said == ""
