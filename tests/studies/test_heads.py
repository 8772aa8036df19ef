"""Heads are judged on held-out contigs beside rivals; two models are compared as frozen readers."""

import numpy as np
import pytest
import torch
from click.testing import CliRunner

import dnalect
from dnalect.core.errors import ConfigError, InputError, ModelError
from dnalect.core.figures import read_figures
from dnalect.jobs.options import PretrainOptions
from dnalect.jobs.pretrain import pretrain
from studies.__main__ import studies as command
from studies.heads.items import open_bench, token_items, window_items
from studies.heads.job import evaluate_heads
from studies.heads.probe import embed, placed_task, probe_models, read_task
from studies.options import Heads
from tests.training.toy_heads import KEPT, MARKS, REGION, STRETCH, make_toy, write


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make_toy(tmp_path_factory.mktemp("toy"))


@pytest.fixture(scope="module")
def models(data):
    return [
        pretrain(PretrainOptions(write(data, heads, steps, name), data / name, data))
        for name, heads, steps in (("both", REGION + MARKS + KEPT, 60), ("words", "", 1))
    ]


def test_every_head_is_judged_beside_its_rivals(data, models, tmp_path):
    asked = ["heads", str(models[0]), "--data", str(data), "--sample", "300", "-o", str(tmp_path / "heads.tsv")]
    done = CliRunner().invoke(command, asked, catch_exceptions=False)
    assert done.exit_code == 0
    rows = read_figures(tmp_path / "heads.tsv")
    assert {row.part.partition("/")[0] for row in rows} == {"test"}
    value = {(row.task, row.part.partition("/")[2], row.metric, row.who): row.value.mean for row in rows}
    assert value["region", "", "balanced accuracy", "both"] > 0.9
    assert value["region", "mean", "AUROC", "both"] > 0.95
    assert value["region", "", "balanced accuracy", "most frequent"] == 0.5
    assert value["marks", "open", "AUROC", "both"] > 0.95
    assert value["marks", "strong", "AUROC", "both"] > 0.95
    assert value["marks", "weak", "AUROC", "words of 3-5"] > 0.95
    assert value["kept", "", "Spearman", "both"] > 0.7
    for number, row in enumerate(rows):
        assert bool(row.against) == (row.who == "both")
        if row.against:
            theirs = next(each for each in rows[number:] if each.who == row.against)
            assert (theirs.part, theirs.metric) == (row.part, row.metric)
            assert row.difference.mean == pytest.approx(row.value.mean - theirs.value.mean, abs=2e-4)
    assert {who for *_, metric, who in value if metric == "Spearman"} == {
        "both", "words of 1-5", "GC content", "Markov information",
    }  # fmt: skip
    assert "test/strong" in done.output


def test_items_are_those_of_the_part_and_know_their_place(data, models):
    bench = open_bench(models[0], data)
    genome, regions = bench.genome_of("toy")
    task = bench.task("region", genome, regions["train"])
    items = token_items(bench, task, genome, regions["test"], 200, ask=True)
    assert 100 < len(items.places) <= 208
    contigs, starts, ends = items.places.T
    assert set(contigs.tolist()) == {genome.index["h"]}
    assert set((ends - starts).tolist()) == {3}
    middle = (starts + ends) // 2 // STRETCH % 2
    inside = starts // STRETCH == (ends - 1) // STRETCH
    assert np.array_equal(items.truth[inside, 2] == 1, middle[inside] == 1)
    marks = bench.task("marks", genome, regions["train"])
    windows = window_items(bench, marks, genome, regions["test"], ask=True)
    assert np.array_equal(windows.places[:, 1], np.arange(60) * STRETCH)
    assert np.array_equal(windows.truth[:, 1], np.arange(60) % 2)
    text = genome.windows(np.array([3]), np.array([20 * STRETCH - 60]), 180)
    states = bench.model.states(bench.model.encode(list(text)))[0, 20:40].mean(0)
    plain = bench.heads.predict("marks", states[None]).detach().numpy()
    assert windows.said[20] == pytest.approx(plain[0], abs=1e-5)


def test_another_genome_and_a_model_without_heads_are_refused(data, models, tmp_path):
    with pytest.raises(
        ModelError, match=r"has no heads: its card lists none. Train it from a config with \[\[heads\]\]"
    ):
        evaluate_heads(Heads(models[1], data))
    (tmp_path / "toy.fa").write_text((data / "toy.fa").read_text().replace(">u\n", ">u\nA"))
    with pytest.raises(ConfigError, match="is not the genome toy that both was trained on"):
        evaluate_heads(Heads(models[0], tmp_path))


def test_a_probe_compares_two_models_on_the_same_items(data, models, tmp_path):
    task = placed_task(data / "strong.csv", models[0], data)
    sizes = [len(part.labels) for part in (task.train, task.tune, task.test)]
    assert sum(sizes) == 420
    assert sizes[2] == 120
    assert len(set(task.units.tolist())) == 2
    found = probe_models(models, task)
    rows = {(row.metric, row.who): row for row in found}
    assert rows["AUROC", "both"].value.mean > 0.99
    assert rows["MCC", "both"].value.mean > 0.95
    minus = next(row.difference for row in found if (row.metric, row.against) == ("MCC", "words"))
    assert minus.mean == pytest.approx(rows["MCC", "both"].value.mean - rows["MCC", "words"].value.mean)
    asked = ["probe", *map(str, models), "--placed", str(data / "strong.csv"), "--data", str(data)]
    done = CliRunner().invoke(command, [*asked, "-o", str(tmp_path / "p.tsv")], catch_exceptions=False)
    assert "AUROC" in done.output
    assert [each.who for each in read_figures(tmp_path / "p.tsv") if each.against] == ["both"] * 4
    assert CliRunner().invoke(command, ["probe", *map(str, models)]).exit_code == 2


def test_a_task_drops_what_was_learned_from(tmp_path):
    for part, texts in (("train", ["AAA", "CCC"]), ("dev", ["GGG"]), ("test", ["TTT", "CCC", "GGG", "ACG"])):
        (tmp_path / f"{part}.csv").write_text("sequence,label\n" + "".join(f"{text},1\n" for text in texts))
    assert read_task(tmp_path).test.sequences == ("TTT", "ACG")
    (tmp_path / "dev.csv").unlink()
    with pytest.raises(InputError, match="has no dev.csv"):
        read_task(tmp_path)


def test_embeddings_do_not_depend_on_the_company(models):
    model = dnalect.load(models[0])
    texts = ["ACGTAC" * 10, "GGT" * 7]
    both = embed(model, texts)
    assert both[1] == pytest.approx(embed(model, texts[1:])[0], abs=1e-5)
    states = model.states(model.encode(texts[1:]))[0].detach()
    assert both[1] == pytest.approx(states.mean(0).numpy(), abs=1e-5)
    assert torch.isfinite(states).all()
