"""Signals beside the sequence: read where the rows stand, joined, saved, asked for again, and missed."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from conftest import make_model
from dnalect.core.errors import ConfigError, InputError, ModelError
from dnalect.core.figures import read_figures
from dnalect.examples.beside import Places, Signals, columns_asked, files_asked
from dnalect.inference.predictions import predictions, raw_predictions
from dnalect.inference.run import once
from dnalect.jobs.predict.job import predict_file
from dnalect.jobs.predict.options import Options as PredictOptions
from dnalect.jobs.tuning.data import prepare
from dnalect.jobs.tuning.finetune import SEQUENCES, SIGNALS, finetune_file
from dnalect.jobs.tuning.options import FUSIONS, DataOptions, Options
from dnalect.models import fusion
from dnalect.models.fusion import Beside
from dnalect.models.load import load
from dnalect.models.model import Ask

CELLS, LENGTH, PLACES = ("one", "two"), 48, 120
WITH = ("mark={cell}.mark.bed", "other={cell}.other.bed")
PARTS = ("train", "train", "train", "validate", "test", "test")
SMALL = {"around": 64, "bins": 8, "rivals": (), "epochs": 60, "batch": 32, "patience": 15, "head_rate": 0.01}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Places, half of them rich in G and C, in two cells: open where the place is rich and the cell has a mark."""
    folder, rng = tmp_path_factory.mktemp("cells"), np.random.default_rng(0)
    rich, marked = rng.random(PLACES) < 0.5, rng.random((2, PLACES)) < 0.5
    texts = ["".join(rng.choice(list("GGCCAT" if each else "AATTGC"), LENGTH)) for each in rich]
    gap = 200
    (folder / "genome.fa").write_text(">c\n" + "".join(text + "".join(rng.choice(list("ACGT"), gap)) for text in texts))
    starts = np.arange(PLACES) * (LENGTH + gap)
    lines = ["contig\tstart\tend\tcell\tlabel\tsplit"]
    for number, cell in enumerate(CELLS):
        for place in range(PLACES):
            label = int(rich[place] and marked[number, place])
            part = PARTS[place // 2 % len(PARTS)]
            lines.append(f"c\t{starts[place]}\t{starts[place] + LENGTH}\t{cell}\t{label}\t{part}")
        peaks = [f"c\t{starts[p]}\t{starts[p] + LENGTH}\n" for p in np.flatnonzero(marked[number])]
        (folder / f"{cell}.mark.bed").write_text("".join(peaks))
        noise = [f"c\t{at}\t{at + 30}\n" for at in rng.integers(0, PLACES * gap, 60)]
        (folder / f"{cell}.other.bed").write_text("".join(noise))
    (folder / "table.tsv").write_text("\n".join(lines) + "\n")
    make_model(folder / "base")
    return folder


def options(data, out, **more):
    beside = tuple(f"{name}={data / file}" for name, file in (text.split("=") for text in WITH))
    told = {"data": str(data / "table.tsv"), "reference": str(data / "genome.fa"), "model": str(data / "base")}
    return Options(**{**told, "method": "probe", "out": out, "beside": beside, **SMALL, **more})


def asked(data, model, out, *signals, **more):
    told = {
        "given": (str(model), str(data / "table.tsv")),
        "reference": str(data / "genome.fa"),
        "outputs": (str(out),),
    }
    return PredictOptions(**{**told, "beside": signals, **more})


@pytest.fixture(scope="module")
def tuned(data, tmp_path_factory):
    """A model of each fusion, and its figures."""
    found = {}
    for kind in FUSIONS:
        out = tmp_path_factory.mktemp(kind) / "model"
        finetune_file(options(data, out, fusion=kind))
        found[kind] = out
    return found


def test_the_kinds_are_those_of_the_models():
    assert FUSIONS == fusion.FUSIONS


@pytest.mark.parametrize("kind", FUSIONS)
def test_both_together_are_better_than_either_alone(tuned, kind):
    figures = [each for each in read_figures(tuned[kind] / "figures.tsv") if each.metric == "AUROC"]
    values = {each.who: each.value.mean for each in figures}
    mine = values.pop("fine-tuned") if "fine-tuned" in values else values.pop(next(iter(values)))
    assert {SEQUENCES, SIGNALS} <= values.keys()
    assert mine > 0.95
    assert max(values[SEQUENCES], values[SIGNALS]) < 0.9


def test_one_sequence_gets_another_answer_in_another_cell(data, tuned, tmp_path):
    out = tmp_path / "out.parquet"
    signals = options(data, tmp_path / "x").beside
    predict_file(asked(data, tuned["gated"], out, *signals, labels=("label",)))
    table = pq.read_table(out)
    told = table.schema.metadata[b"dnalect_signals"].decode()
    assert [each.split()[0] for each in told.split("; ")] == [f"{c}.{n}.bed" for n in ("mark", "other") for c in CELLS]
    rows = table.to_pylist()
    test = [row for row in rows if row["part"] == "test"]
    right = [(row["label"] > 0.5) == row["given_label"] for row in test]
    pairs = {}
    for row in test:
        pairs.setdefault(row["start"], []).append(row)
    differ = [pair for pair in pairs.values() if len(pair) == 2 and pair[0]["given_label"] != pair[1]["given_label"]]
    assert np.mean(right) > 0.9
    assert len(differ) >= 5
    assert np.mean([(a["label"] > b["label"]) == (a["given_label"] > b["given_label"]) for a, b in differ]) > 0.9


def test_signals_that_are_missing_are_told_and_done_without(data, tuned, tmp_path):
    notes = []
    for number, signals in enumerate((options(data, tmp_path / "x").beside[:1], ("none",))):
        out = tmp_path / f"{number}.tsv"
        notes.append(predict_file(asked(data, tuned["gated"], out, *signals)).notes)
        assert len(out.read_text().splitlines()) == 2 * PLACES + 1
    assert "read without other, which was not given" in notes[0]
    with pytest.raises(ConfigError, match=r"reads signals beside the sequence.*--with NAME=FILE.*--with none"):
        predict_file(asked(data, tuned["gated"], tmp_path / "a.tsv"))
    with pytest.raises(ConfigError, match="knows no signal third: it reads mark, other"):
        predict_file(asked(data, tuned["gated"], tmp_path / "a.tsv", f"third={data / 'one.mark.bed'}"))
    with pytest.raises(InputError, match="cannot read the signal mark: there is no file"):
        predict_file(asked(data, tuned["gated"], tmp_path / "a.tsv", "mark=nowhere.bed"))
    fasta = asked(data, tuned["gated"], tmp_path / "a.tsv", f"mark={data / 'one.mark.bed'}", reference=None)
    with pytest.raises(ConfigError, match="signals lie on a genome"):
        predict_file(replace(fasta, given=(str(tuned["gated"]), str(data / "genome.fa"))))


def test_the_folder_holds_all_that_is_needed(data, tuned, tmp_path):
    prepared = prepare(DataOptions(**{name: getattr(options(data, tmp_path), name) for name in _fields()}))
    test = prepared.examples.take(np.array(prepared.examples.parts) == "test")
    for folder in tuned.values():
        model = load(folder)
        assert model.can.signals == ("mark", "other")
        told = predictions(model, test.sequences, signals=test.signals)["label"]
        model.save(tmp_path / folder.parent.name)
        again = load(tmp_path / folder.parent.name)
        np.testing.assert_array_equal(told, predictions(again, test.sequences, signals=test.signals)["label"])
        # The seam says the same as the loop that reads equal sequences once.
        raw = raw_predictions(model, test.sequences, signals=test.signals)["label"]
        out = once(model, model.encode(test.sequences, test.signals), Ask(targets=True)).targets["label"]
        np.testing.assert_allclose(raw, out.numpy(), atol=2e-5)


def test_a_damaged_folder_is_told(tuned, tmp_path):
    load(tuned["late"]).save(tmp_path / "copy")
    card = json.loads((tmp_path / "copy" / "card.json").read_text())
    card["config"]["fusion"]["bins"] = 7
    (tmp_path / "copy" / "card.json").write_text(json.dumps(card))
    with pytest.raises(ModelError, match="'fusion' has missing or wrong fields"):
        load(tmp_path / "copy")
    (tmp_path / "copy" / "fusion.safetensors").unlink()
    with pytest.raises(ModelError, match=r"lacks fusion\.safetensors"):
        load(tmp_path / "copy")


@pytest.mark.slow
def test_lora_begins_where_the_frozen_fusion_ends(data, tmp_path):
    figures = finetune_file(options(data, tmp_path / "out", method="lora", patience=4, rate=1e-4))
    mine = next(each for each in figures if each.metric == "AUROC" and not each.who.startswith("the "))
    assert mine.value.mean > 0.9
    assert load(tmp_path / "out").can.signals == ("mark", "other")


def test_a_reverse_strand_turns_the_signals(data):
    reader = Signals(("mark",), {"mark": str(data / "one.mark.bed")}, 64, 8)
    starts = np.array([10, 10])
    levels = reader.of(Places(["c", "c"], starts, starts + 60, ["+", "-"]))
    assert levels[0].max() > 0
    np.testing.assert_array_equal(levels[0, :, ::-1], levels[1])


def test_a_cell_without_a_file_lacks_its_signal(data):
    reader = Signals(("mark",), {"mark": f"{data}/{{cell}}.mark.bed"}, 64, 8)
    starts = np.array([10, 10])
    levels = reader.of(Places(["c", "c"], starts, starts + 60, [".", "."], {"cell": ["one", "three"]}))
    assert np.isnan(levels[:, 0, 0]).tolist() == [False, True]
    assert "three.mark.bed, which is not there" in reader.notes()[0]


def test_hidden_signals_are_as_missing_ones():
    torch.manual_seed(0)
    net = fusion.Fusion(Beside(("a", "b"), missing=0.5), 6)
    vectors, signals = torch.randn(400, 6), torch.rand(400, 2, 32)
    net.train()
    for each in net.modules():
        if isinstance(each, torch.nn.Dropout):
            each.p = 0.0
    hidden = net(vectors, signals)
    net.eval()
    holes = signals.clone()
    holes[:, 0] = torch.nan
    both = [net(vectors, each) for each in (signals, holes)]
    shares = [torch.isclose(hidden, each, atol=1e-6).all(1).float().mean().item() for each in both]
    assert all(0.15 < share < 0.35 for share in shares)


@pytest.mark.parametrize("wrong", [("a=",), ("=b",), ("a=x", "a=y"), ("a={}",), ("a={",), ("a={cell:3}",)])
def test_what_can_not_be_asked(wrong):
    with pytest.raises(ConfigError):
        files_asked(wrong)


def test_names_of_files_and_columns():
    found = files_asked(("d/K562.H3K4me1.bed.gz", "ctcf={cell}/{rep}.bw"))
    assert found == {"K562.H3K4me1": "d/K562.H3K4me1.bed.gz", "ctcf": "{cell}/{rep}.bw"}
    assert columns_asked(found) == ("cell", "rep")


def _fields():
    from dataclasses import fields

    return [each.name for each in fields(DataOptions)]


@pytest.mark.slow
def test_the_slice_that_ships(tmp_path):
    """Windows that EP300 binds in some of four cells, with the peaks of three factors: see docs/cells.md."""
    folder = Path(__file__).parents[2] / "data/tasks/cells"
    beside = tuple(f"{each}={folder}/{{cell}}.{each}.narrowPeak.gz" for each in ("MAX", "JUND", "CEBPB"))
    told = {"labels": ("bound",), "model": "duplex-human", "method": "probe", "longest": 64, "rivals": (), "seed": 1}
    out = tmp_path / "ep300"
    figures = finetune_file(Options(data=str(folder / "ep300.tsv.gz"), out=out, beside=beside, **told))
    values = {each.who: each.value.mean for each in figures if each.metric == "AUROC"}
    assert values["this model"] > 0.85
    assert values["this model"] > values[SEQUENCES] + 0.2
    card = json.loads((out / "card.json").read_text())
    assert any("GM12878.JUND.narrowPeak.gz, which is not there" in note for note in card["training"]["notes"])
    assert "K562.MAX.narrowPeak.gz" in card["training"]["data"]
