"""Choosing how states are pooled by the validation part."""

import json

import numpy as np
import pytest

import dnalect
from dnalect.core.errors import ConfigError
from dnalect.core.figures import read_figures
from dnalect.examples.read import read_examples
from dnalect.inference.predictions import predictions
from dnalect.jobs.tuning.fit import fit
from dnalect.report.finetuned import MODEL
from dnalect.training.tuning import TuneConfig
from jobs.tuned import options_for
from jobs.tuned import run as run_finetune

LENGTH = 80
PART = ("train",) * 8 + ("dev",) * 2 + ("test",) * 4


def placed(path, count=280):
    """GC-rich at the beginning or at the end: the same composition, another place."""
    rng = np.random.default_rng(4)
    rows = ["sequence,label,split"]
    for number in range(count):
        label = int(rng.integers(2))
        poor, rich = (
            "".join(rng.choice(list("ACGT"), LENGTH // 2, p=shares))
            for shares in ((0.4, 0.1, 0.1, 0.4), (0.1, 0.4, 0.4, 0.1))
        )
        rows.append(f"{rich + poor if label else poor + rich},{label},{PART[number % len(PART)]}")
    path.write_text("\n".join(rows) + "\n")
    return path


@pytest.fixture
def table(tmp_path):
    return placed(tmp_path / "placed.csv")


def config(method="probe", pools=("mean", "eighths")):
    return TuneConfig(method=method, pools=pools, epochs=1)


def test_the_pooling_that_reads_the_validation_part_better_is_chosen(model_folder, table, tmp_path):
    said = []
    options = options_for(table, model_folder, config(), ("composition",))
    run_finetune(options, tmp_path / "out", said.append)
    card = json.loads((tmp_path / "out" / "card.json").read_text())
    assert card["config"]["reading"]["pool"] == card["training"]["pool"] == "eighths"
    assert card["training"]["pools"]["eighths"] > card["training"]["pools"]["mean"]
    assert any(text.startswith("pooling by eighths") for text in said)
    auroc = next(
        each for each in read_figures(tmp_path / "out" / "figures.tsv") if (each.who, each.metric) == (MODEL, "AUROC")
    )
    assert auroc.value.mean > 0.95
    assert dnalect.load(tmp_path / "out").reading.pool == "eighths"


def test_a_chosen_pooling_is_the_same_as_a_given_one(model_folder, table, tmp_path):
    examples = read_examples(table)
    chosen = fit(dnalect.load(model_folder), examples, config("lora"), _made(tmp_path / "a"))
    assert chosen.facts["pool"] == "eighths"
    given = fit(dnalect.load(model_folder), examples, config("lora", ("eighths",)), _made(tmp_path / "b"))
    texts = examples.sequences[:9]
    one, other = (predictions(each.predictor, texts)["label"] for each in (chosen, given))
    assert np.array_equal(one, other)


def test_a_pooling_to_choose_must_exist():
    with pytest.raises(ConfigError, match="must be one of mean"):
        config(pools=("mean", "median"))


def _made(folder):
    folder.mkdir()
    return folder
