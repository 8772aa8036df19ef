"""`dnalect finetune` as people call it: killed runs that go on, messages and statuses."""

import json
import signal
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
import torch

import dnalect
from conftest import make_model
from dnalect.cli.main import main
from dnalect.core.figures import read_figures
from dnalect.inference.predictions import predictions
from dnalect.jobs.tuning.data import prepare
from dnalect.jobs.tuning.options import DataOptions
from forked import MAIN, Child
from jobs.labelled import learnable, sequences, write


@pytest.fixture
def call(monkeypatch, capsys, tmp_path):
    threads = torch.get_num_threads()

    def run(*arguments, **file):
        """Call it; what has no flag is said in a file."""
        if file:
            path = tmp_path / "options.toml"
            path.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in file.items()))
            arguments = (*arguments, "--config", path)
        monkeypatch.setattr(sys, "argv", ["dnalect", "finetune", *map(str, arguments)])
        status = 0
        try:
            main()
        except SystemExit as stop:
            status = stop.code or 0
        return status, capsys.readouterr().err

    yield run
    torch.set_num_threads(threads)


def test_every_option_reaches_the_card(call, model_folder, tmp_path):
    data, out = learnable(tmp_path / "d.tsv"), tmp_path / "out"
    more = ("--method", "lora", "--pool", "max", "--strands", "both", "--epochs", 1, "--batch-size", 16, "--rate", 0.01)
    more += ("--longest", 44)
    file = {"rank": 3, "layer": 2, "accumulate": 2, "patience": 2, "class_weights": True, "rate": 5.0}
    more += ("--rival", "composition", "--seed", 4, "--precision", "bf16", "--threads", 1, "--split", "given")
    status, said = call(data, "-m", model_folder, "--out", out, *more, **file)
    assert status == 0, said
    assert f"the model is in {out}; open {out / 'report.html'}" in said
    card = json.loads((out / "card.json").read_text())
    told = card["config"]["reading"]
    assert told == {"pool": "max", "layer": 2, "strands": 2, "longest": 44}
    assert card["training"]["seed"] == 4
    assert card["training"]["steps"] == 3
    assert card["training"]["command"].startswith("dnalect finetune ")
    # These labels are easy: no step of LoRA is better than the probe that it begins with, and none is written.
    assert card["training"]["method"] == "probe (LoRA tried)"
    assert "LoRA did not help" in said
    assert not (out / "adapter_config.json").exists()
    assert {each.who for each in read_figures(out / "figures.tsv")} == {"this model", "GC and length"}


def test_a_run_that_was_killed_goes_on_to_the_same_files(call, model_folder, tmp_path, monkeypatch):
    data = learnable(tmp_path / "d.tsv")
    command = (data, "-m", model_folder, "--out", "model", "--method", "full", "--rate", 0.003, "--epochs", 60)
    (tmp_path / "patient.toml").write_text("patience = 60\n")
    command += ("--config", tmp_path / "patient.toml", "--rival", "composition", "--threads", 1)

    def logged(folder):
        path = folder / "model" / "log.jsonl"
        return path.read_text().splitlines() if path.exists() else []

    killed = tmp_path / "killed"
    killed.mkdir()
    run = Child(MAIN, "finetune", *command, cwd=killed)
    until = time.monotonic() + 120
    while len(logged(killed)) < 8 and time.monotonic() < until:
        time.sleep(0.01)
    run.kill()
    assert run.returncode == -signal.SIGKILL
    before = logged(killed)
    assert 8 <= len(before) < 55
    files = {path.name for path in (killed / "model").iterdir()} - {"checkpoint.pt.part"}
    assert files == {"log.jsonl", "checkpoint.pt"}

    whole = tmp_path / "whole"
    whole.mkdir()
    for folder in (whole, killed):
        monkeypatch.chdir(folder)
        status, said = call(*command)
        assert status == 0, said
    after = logged(killed)
    assert len(after) == len(logged(whole)) == 60
    assert after[:7] == before[:7], "the run began anew"
    for name in ("figures.tsv", "heads.safetensors", "base/model.safetensors", "base/card.json"):
        assert (killed / "model" / name).read_bytes() == (whole / "model" / name).read_bytes(), name
    texts = sequences(6, np.random.default_rng(9))
    one, two = (predictions(dnalect.load(folder / "model"), texts)["label"] for folder in (whole, killed))
    assert np.array_equal(one, two)


def bad_tables(folder):
    """Name -> table, options (a dict of those in a file), and words of the message."""
    texts = sequences(24, np.random.default_rng(2))
    labels = [str(number % 2) for number in range(24)]
    short = {"label": labels[:3]}
    return {
        "columns": (write(folder / "columns.tsv", {"colour": labels}, texts), (), "no column named label: it has"),
        "label": (learnable(folder / "l.tsv", 24), ("--label", "colour"), "no column 'colour': it has"),
        "sequence": (learnable(folder / "s.tsv", 24), {"sequence": "dna"}, "no column 'dna': it has"),
        "one class": (write(folder / "one.tsv", {"label": ["1"] * 24}, texts), (), "every label of 'label' is '1'"),
        "no validation": (
            write(folder / "none.tsv", short, texts[:3], ["train", "train", "test"]),
            (),
            "the validate part is empty",
        ),
        "no test": (write(folder / "t.tsv", {"label": labels}, texts, ["train"] * 24), ("--split", "given"), "test"),
        "one class to train": (
            write(folder / "o.tsv", {"label": ["0"] * 12 + ["1"] * 12}, texts, ["train"] * 12 + ["test"] * 12),
            (),
            "holds one class of label only",
        ),
        "no reference": (learnable(folder / "p.tsv", 24), ("--place",), "name it with --reference"),
        "missing": (folder / "missing.tsv", (), "No such file"),
        "shares": (learnable(folder / "h.tsv", 24), {"split": "cluster", "test": 2}, "leave nothing to train on"),
        "rate": (learnable(folder / "r.tsv", 24), {"rate": -1}, "rate = -1: must be a number, above 0"),
        "layer": (learnable(folder / "y.tsv", 24), {"layer": 77}, "has the layers 0"),
        "pool": (learnable(folder / "q.tsv", 24), ("--pool", "summary"), "no summary token"),
        "rival": (learnable(folder / "v.tsv", 24), ("--rival", "nobody"), "no rival 'nobody'"),
        "device": (learnable(folder / "d.tsv", 24), ("--device", "cuda:99"), "the device 'cuda:99'"),
    }


CASES = (
    *("columns", "label", "sequence", "one class", "no validation", "no test", "one class to train"),
    *("no reference", "missing", "shares", "rate", "layer", "pool", "rival", "device"),
)


@pytest.mark.parametrize("case", CASES)
def test_what_cannot_be_used_is_a_message(call, model_folder, tmp_path, case):
    cases = bad_tables(tmp_path)
    assert cases.keys() == set(CASES)
    data, more, words = cases[case]
    typed, file = ((), more) if isinstance(more, dict) else (more, {})
    status, said = call(data, "-m", model_folder, "--out", tmp_path / "out", "--rival", "composition", *typed, **file)
    assert (status, words in said) == (1, True), said
    assert "Traceback" not in said
    assert not (tmp_path / "out" / "card.json").exists()


def test_folders_and_models_that_cannot_be_used(call, model_folder, tmp_path):
    data = learnable(tmp_path / "d.tsv")
    quick = ("--method", "probe", "--rival", "composition")
    assert call(data, "-m", model_folder, "--out", tmp_path / "done", *quick)[0] == 0
    file = tmp_path / "file"
    file.write_text("x")
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    torch.save({"step": 1}, foreign / "checkpoint.pt")
    for arguments, words in (
        (("-m", model_folder, "--out", tmp_path / "done", *quick), "holds a finished model"),
        (("-m", model_folder, "--out", file, *quick), "cannot make the folder"),
        (
            ("-m", model_folder, "--out", foreign, "--method", "full", "--rival", "composition"),
            "is not a checkpoint of",
        ),
        (("-m", tmp_path / "done", "--out", tmp_path / "out", *quick), "is a fine-tuned predictor"),
        (("-m", tmp_path / "nothing", "--out", tmp_path / "out", *quick), "nothing"),
        (("--out", tmp_path / "out", *quick), "name the model to begin with"),
    ):
        status, said = call(data, *arguments)
        assert (status, words in said, "Traceback" in said) == (1, True, False), said
    assert not (tmp_path / "out").exists()
    assert call(data, "-m", model_folder)[0] == 2
    assert call(data, "-m", model_folder, "--out", tmp_path / "out", "--method", "magic")[0] == 2


def test_intervals_background_and_chromosomes(call, tmp_path):
    """A BED of positives on three contigs, with windows drawn beside them."""
    rng = np.random.default_rng(4)
    genome, bed = tmp_path / "g.fa", tmp_path / "p.bed"
    lines = []
    with genome.open("w") as out:
        for contig in ("one", "two", "three"):
            bases = rng.choice(list("ACGT"), 12_000)
            for start in range(200, 11_000, 600):
                bases[start + 20 : start + 40] = list("ACGT" * 5)
                lines.append(f"{contig}\t{start}\t{start + 60}\tpeak\n")
            out.write(f">{contig}\n{''.join(bases)}\n")
    bed.write_text("".join(lines))
    model = make_model(tmp_path / "tiny")
    more = ("--background", 1, "--test-contig", "three", "--validate-contig", "two", "--method", "probe")
    status, said = call(bed, "-r", genome, "-m", model, "--out", tmp_path / "out", "--rival", "composition", *more)
    assert status == 0, said
    told = json.loads((tmp_path / "out" / "card.json").read_text())["training"]
    assert told["split"] == {"rule": "chromosome", "train": 36, "validate": 36, "test": told["split"]["test"]}
    assert told["split"]["test"] + told["audit"]["leaking"] == 36


def on_contigs(folder, contigs, size, step=150):
    """A FASTA of random contigs and a BED of windows of 60 bases on them, in two classes."""
    rng = np.random.default_rng(5)
    genome, bed = folder / "g.fa", folder / "w.bed"
    names = [f"chr{number}" for number in range(contigs)]
    genome.write_text("".join(f">{name}\n{''.join(rng.choice(list('ACGT'), size))}\n" for name in names))
    places = [(name, start) for name in names for start in range(0, size - 60, step)]
    lines = [f"{name}\t{start}\t{start + 60}\t{'ab'[int(rng.integers(2))]}\n" for name, start in places]
    bed.write_text("".join(lines))
    return DataOptions(data=str(bed), reference=str(genome))


@pytest.mark.parametrize(
    ("contigs", "size", "more", "rule", "block"),
    [
        (1, 30_000, {}, "blocks", "997 bases"),
        (2, 15_000, {}, "blocks", "994 bases"),
        (3, 9_000, {}, "chromosome", None),
        (1, 2_050, {}, "cluster", None),
        (3, 9_000, {"block": 500}, "blocks", "500 bases"),
        (1, 30_000, {"split": "cluster"}, "cluster", None),
    ],
)
def test_the_rule_follows_from_the_places(tmp_path, contigs, size, more, rule, block):
    found = prepare(replace(on_contigs(tmp_path, contigs, size, step=60 if size < 3000 else 150), **more))
    assert found.rule == rule
    note = " ".join(found.examples.notes)
    assert (block or "split by") in note
    assert set(found.examples.parts) == {"train", "validate", "test"}


def test_blocks_can_be_asked_for(call, model_folder, tmp_path):
    data = on_contigs(tmp_path, 1, 30_000)
    quick = ("-r", data.reference, "-m", model_folder, "--method", "probe", "--rival", "composition")
    status, said = call(data.data, *quick, "--split", "blocks", "--out", tmp_path / "none", block=100)
    assert (status, "blocks of 100 bases are too small" in said, "Traceback" in said) == (1, True, False), said
    status, said = call(data.data, *quick, "--out", tmp_path / "out", block=1500)
    assert status == 0, said
    assert json.loads((tmp_path / "out" / "card.json").read_text())["training"]["split"]["rule"] == "blocks"
    assert "20 blocks of 1,500 bases" in (tmp_path / "out" / "report.html").read_text()
