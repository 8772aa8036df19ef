"""Fine-tuning from a file to a folder: what it holds, what it says, what it refuses."""

import json
from dataclasses import replace

import numpy as np
import pytest
from safetensors.torch import load_file, save_file
from sklearn.metrics import matthews_corrcoef, roc_auc_score

import dnalect
from dnalect.core.errors import DnalectError, ModelError
from dnalect.core.figures import read_figures, signed
from dnalect.examples.read import read_examples
from dnalect.inference.predictions import predictions, raw_predictions
from dnalect.jobs.tuning.fit import fit
from dnalect.models.load import language_model
from dnalect.models.lora import LoraConfig
from dnalect.models.pooled import Pooled, Reading
from dnalect.models.predictor import Predictor, Tuned, save_predictor
from dnalect.report.finetuned import MODEL
from dnalect.tokens.bases import decode, encode, reverse_complement
from dnalect.training.tuning import TuneConfig
from jobs.labelled import columns, learnable, sequences, shuffled, write
from jobs.tuned import options_for
from jobs.tuned import run as run_finetune
from models.folders import make

QUICK = TuneConfig(
    method="full", epochs=3, batch=16, rate=5e-3, warm=False, head_rate=2e-2, lora=LoraConfig(rank=2, alpha=4.0)
)
BASES = ("duplex", "dnabert-2", "nt-v2", "grover", "dnabert", "logo")


def options(data, model, config=QUICK, rivals=("composition",), **more):
    return options_for(data, model, config, rivals, command="dnalect finetune x", **more)


def mixed(path):
    rng = np.random.default_rng(3)
    texts = sequences(120, rng)
    return write(path, columns(texts, rng), texts)


@pytest.fixture(scope="module")
def bases(model_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bases")
    return {name: model_folder if name == "duplex" else make(name, folder / name) for name in BASES}


@pytest.fixture(scope="module")
def examples(tmp_path_factory):
    """Four targets at once: two classes, three, tracks and a signal, all with holes."""
    path = mixed(tmp_path_factory.mktemp("mixed") / "mixed.tsv")
    found = read_examples(path, labels=["two", "three", "marks", "share"])
    assert [target.kind for target in found.targets] == ["classes", "classes", "tracks", "signal"]
    assert all(np.isnan(each).any() for each in found.labels.values())
    return found


def saved(base_folder, examples, config, folder, hub=False):
    """Fit, save and return the predictor that was in memory."""
    folder.mkdir()
    fitted = fit(language_model(str(base_folder)), examples, config, folder).predictor
    lora = config.lora if config.method == "lora" else None
    told = Tuned(folder.name, str(base_folder), config.method, fitted.network, lora, {}, {}, fitted.calibration)
    save_predictor(told, base_folder, folder, hub)
    return fitted


@pytest.mark.parametrize("method", ["probe", "lora", "full"])
@pytest.mark.parametrize("name", BASES)
def test_a_saved_predictor_predicts_what_it_did_before(bases, examples, tmp_path, name, method):
    reading = Reading("max" if name == "grover" else "mean", strands=2 if name == "nt-v2" else 1, longest=40)
    config = replace(QUICK, method=method, reading=reading, epochs=1)
    before = saved(bases[name], examples, config, tmp_path / "model")
    after = dnalect.load(tmp_path / "model")
    assert after.can.likelihood is None
    assert after.can.context_bases == min(40, after.language.can.context_bases)
    assert after.can.targets == before.can.targets
    assert set(after.calibration) == {"two", "three", "marks", "share"}
    texts = [*examples.sequences[:20], "ACGTNNNNACGTTGCA", "acgtttgacca", "G" * 200]
    for calibrated in (True, False):
        old, new = (predictions(each, texts, calibrated=calibrated) for each in (before, after))
        for target in old:
            np.testing.assert_allclose(new[target], old[target], rtol=0, atol=1e-6, err_msg=target)
    assert np.ptp(new["two"][:, 1]) > 1e-4, "a constant would pass the comparison"
    assert after.card.config["base"]["sha256"] == language_model(str(bases[name])).card.sha256


@pytest.mark.parametrize("pool", ["mean", "max", "mean-max", "eighths"])
@pytest.mark.parametrize("name", ["duplex", "nt-v2"])
def test_both_strands_are_the_mean_of_the_two(bases, examples, tmp_path, name, pool):
    config = replace(QUICK, reading=Reading(pool, strands=2), epochs=1)
    both = saved(bases[name], examples, config, tmp_path / "model")
    one = Predictor(both.card, Pooled(both.base, both.network.heads, Reading(pool)))
    texts = list(examples.sequences[:9])
    opposite = [decode(reverse_complement(encode(text))) for text in texts]
    first, second = raw_predictions(one, texts), raw_predictions(one, opposite)
    mean = {target: (first[target] + second[target]) / 2 for target in one.can.targets}
    for target, wanted in mean.items():
        np.testing.assert_allclose(raw_predictions(both, texts)[target], wanted, atol=1e-5, rtol=0)
        np.testing.assert_allclose(raw_predictions(both, opposite)[target], wanted, atol=1e-5, rtol=0)
    assert np.abs(raw_predictions(one, texts)["share"] - raw_predictions(one, opposite)["share"]).max() > 1e-4


def test_a_head_may_have_any_name(bases, tmp_path):
    texts = sequences(60, np.random.default_rng(0))
    given = [str(number % 2) for number in range(60)]
    path = write(tmp_path / "t.tsv", {"type": given, "a.b/c": given, "values": given, "%type": given}, texts)
    names = ("type", "a.b/c", "values", "%type")
    out = tmp_path / "out"
    run_finetune(options(path, bases["duplex"], replace(QUICK, epochs=1), labels=names), out, lambda _: None)
    assert set(predictions(dnalect.load(out), ["ACGT"])) == set(names)
    assert {p.name for p in out.glob("comparison-*.png")} >= {"comparison-a.b%2Fc.png", "comparison-type.png"}


@pytest.mark.parametrize("method", ["probe", "lora", "full"])
def test_the_folder_holds_what_its_figures_say(bases, tmp_path, method):
    data, out, said = learnable(tmp_path / "data.tsv"), tmp_path / "out", []
    config = replace(QUICK, method=method, epochs=6)
    run_finetune(options(data, bases["duplex"], config), out, said.append)
    files = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    wanted = {"card.json", "heads.safetensors", "figures.tsv", "report.html"}
    wanted |= {
        "comparison-label.png",
        "reliability-label.png",
        "confusion-label.png",
        "curves-label.png",
        "base/card.json",
        "base/model.safetensors",
    }
    wanted |= {"adapter_model.safetensors", "adapter_config.json"} if method == "lora" else set()
    wanted |= set() if method == "probe" else {"log.jsonl", "learning-curve.png"}
    assert files == wanted

    figures = {(each.who, each.metric): each for each in read_figures(out / "figures.tsv") if each.part == "test"}
    examples = read_examples(data)
    test = examples.take(np.array(examples.parts) == "test")
    truth = test.labels["label"][:, 0]
    mine = predictions(dnalect.load(out), test.sequences)["label"]
    assert figures[MODEL, "MCC"].n == len(test) == 40
    assert matthews_corrcoef(truth, mine.argmax(axis=1)) == pytest.approx(figures[MODEL, "MCC"].value.mean, abs=1e-4)
    assert roc_auc_score(truth, mine[:, 1]) == pytest.approx(figures[MODEL, "AUROC"].value.mean, abs=1e-4)
    assert figures[MODEL, "AUROC"].value.mean > 0.9, "the task can be learned"
    assert ("GC and length", "MCC") in figures

    told = json.loads((out / "card.json").read_text())
    assert (told["family"], told["config"]["method"]) == ("predictor", method)
    assert told["training"]["split"] == {"rule": "given", "train": 60, "validate": 20, "test": 40}
    assert set(told["training"]["data"]) == {"data.tsv"}
    assert told["figures"]["label MCC"][0] == pytest.approx(figures[MODEL, "MCC"].value.mean, abs=1e-4)
    page = (out / "report.html").read_text()
    # Of the number itself: that of the table is rounded already.
    assert f"{matthews_corrcoef(truth, mine.argmax(axis=1)):.3f}" in page
    assert any("MCC" in each for each in said)
    if method != "probe":
        assert told["training"]["best_step"] <= told["training"]["steps"]


def test_labels_that_say_nothing_give_chance_and_the_page_says_so(bases, tmp_path):
    out = tmp_path / "out"
    run_finetune(options(shuffled(tmp_path / "d.tsv", seed=2), bases["duplex"]), out, lambda _: None)
    mine = {each.metric: each for each in read_figures(out / "figures.tsv") if each.who == MODEL}
    for metric, chance in (("MCC", 0.0), ("AUROC", 0.5)):
        _, low, high = mine[metric].value
        assert low <= chance <= high, mine[metric]
    page = (out / "report.html").read_text()
    assert "not distinguishable from chance: useless as it stands" in page
    assert "not distinguishable from GC and length" in page


def test_a_model_that_is_worse_than_a_rival_is_called_useless(bases, tmp_path):
    out, said = tmp_path / "out", []
    config = replace(QUICK, epochs=1, rate=1e-9, head_rate=1e-9)
    run_finetune(options(learnable(tmp_path / "d.tsv"), bases["duplex"], config), out, said.append)
    assert any("worse than GC and length: useless here" in each for each in said)
    assert "worse than GC and length: useless here" in (out / "report.html").read_text()


def test_a_planted_leak_is_found_named_and_dropped(bases, tmp_path):
    rng = np.random.default_rng(5)
    texts = sequences(120, rng)
    parts = [("train", "validate", "test")[min(2, number // 50)] for number in range(120)]
    for row in range(100, 106):
        texts[row] = texts[row - 100]
    for row in range(106, 110):
        texts[row] = decode(reverse_complement(encode(texts[row - 100])))
    # One table a part, as sequences that are repeated in one file are merged.
    folder = tmp_path / "parts"
    folder.mkdir()
    for part in ("train", "validate", "test"):
        rows = [row for row in range(120) if parts[row] == part]
        labels = {"label": [str(row % 2) for row in rows]}
        write(folder / f"{part}.tsv", labels, [texts[row] for row in rows], [part] * len(rows))

    def run(name, **more):
        found = run_finetune(options(folder, bases["duplex"], **more), tmp_path / name, lambda _: None)
        told = json.loads((tmp_path / name / "card.json").read_text())["training"]
        return {each.n for each in found if each.metric == "MCC"}, told, (tmp_path / name / "report.html").read_text()

    counts, told, page = run("dropped")
    dropped = 10
    assert told["audit"]["leaking"] == dropped
    (met,) = [each for each in told["audit"]["overlaps"] if (each["earlier"], each["later"]) == ("train", "test")]
    assert (met["exact"], met["reverse"]) == (6, 4)
    assert counts == {20 - dropped}
    note = f"dropped {dropped} of 20 test examples that are met in train or validate"
    assert note in told["notes"]
    assert note[1:] in page
    counts, told, page = run("kept", keep_leaks=True)
    assert counts == {20}
    assert told["audit"]["leaking"] == dropped
    assert "10 of 20 test examples (50.0%) are met in train or validate" in page


def test_tracks_are_compared_by_their_own_figures(bases, tmp_path):
    out = tmp_path / "out"
    labels = ("two", "three", "marks", "share")
    run_finetune(options(mixed(tmp_path / "d.tsv"), bases["duplex"], labels=labels), out, lambda _: None)
    figures = read_figures(out / "figures.tsv")
    assert {each.task for each in figures} == set(labels)
    rows = [each for each in figures if each.task == "marks" and each.metric == "AUROC" and each.who == MODEL]
    assert [each.part for each in rows] == ["test", "test/a", "test/g"]
    page = (out / "report.html").read_text()
    cells = [f"{signed(mean)} [{signed(low)}, {signed(high)}]" for mean, low, high in (e.difference for e in rows)]
    assert len(set(cells)) == 3
    assert all(f">{cell}</td>" in page for cell in cells)


TAMPERED = {
    "heads.safetensors": "other weights than its card says",
    "adapter_model.safetensors": "other weights than its card says",
    "adapter_config.json": "other weights than its card says",
    "base/model.safetensors": "other weights than its card says",
}


@pytest.mark.parametrize("file", TAMPERED)
def test_a_folder_that_was_changed_is_refused(bases, examples, tmp_path, file):
    saved(bases["duplex"], examples, replace(QUICK, method="lora", epochs=1), tmp_path / "model")
    path = tmp_path / "model" / file
    if file.endswith(".json"):
        path.write_text(path.read_text().replace('"lora_alpha": 4.0', '"lora_alpha": 400.0'))
    else:
        tensors = load_file(path)
        first = min(tensors)
        save_file(tensors | {first: tensors[first] + 1}, path, metadata={"format": "pt"})
    with pytest.raises(ModelError, match=TAMPERED[file]):
        dnalect.load(tmp_path / "model")


def test_a_base_from_elsewhere_is_named_and_must_be_the_same(bases, examples, tmp_path):
    base = make("dnabert-2", tmp_path / "base")
    before = saved(base, examples, replace(QUICK, method="lora", epochs=1), tmp_path / "model", hub=True)
    assert not (tmp_path / "model" / "base").exists()
    after = dnalect.load(tmp_path / "model")
    np.testing.assert_allclose(predictions(after, ["ACGTTT"])["two"], predictions(before, ["ACGTTT"])["two"], atol=1e-6)
    tensors = load_file(base / "model.safetensors")
    first = min(tensors)
    save_file(tensors | {first: tensors[first] + 1}, base / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match="tuned on another version"):
        dnalect.load(tmp_path / "model")


def test_an_unfinished_run_is_not_taken_for_another(bases, tmp_path, monkeypatch):
    data, out = learnable(tmp_path / "d.tsv"), tmp_path / "out"
    config = replace(QUICK, method="lora")

    def stopped(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("dnalect.jobs.tuning.finetune._figures", stopped)
        with pytest.raises(KeyboardInterrupt):
            run_finetune(options(data, bases["duplex"], config), out, lambda _: None)
    assert (out / "checkpoint.pt").is_file()
    assert not (out / "card.json").exists()
    other = make("dnabert-2", tmp_path / "other")
    for wrong, words in (
        (options(data, bases["duplex"], replace(config, seed=2)), "another config"),
        (options(data, other, config), "other data: the model changed"),
        (options(learnable(tmp_path / "e.tsv", seed=2), bases["duplex"], config), "other data"),
        (options(data, bases["duplex"], replace(config, method="full")), "another config"),
        (options(data, bases["duplex"], replace(config, method="probe")), "another method"),
    ):
        with pytest.raises(ModelError, match=words):
            run_finetune(wrong, out, lambda _: None)
    run_finetune(options(data, bases["duplex"], config), out, lambda _: None)
    assert not (out / "checkpoint.pt").exists()
    with pytest.raises(DnalectError, match="holds a finished model"):
        run_finetune(options(data, bases["duplex"], config), out, lambda _: None)


@pytest.mark.slow
def test_a_run_of_the_other_seed_is_another(bases, tmp_path):
    data = learnable(tmp_path / "d.tsv")
    found = [
        run_finetune(options(data, bases["duplex"], replace(QUICK, seed=seed)), tmp_path / f"{n}", lambda _: None)
        for n, seed in enumerate((1, 1, 2))
    ]
    assert found[0] == found[1]
    assert found[0] != found[2]
    weights = [(tmp_path / f"{n}" / "base" / "model.safetensors").read_bytes() for n in range(3)]
    assert weights[0] == weights[1] != weights[2]


def test_the_untrained_twin_and_wrong_rivals(bases, tmp_path):
    data = learnable(tmp_path / "d.tsv")
    twin = options(data, bases["duplex"], replace(QUICK, method="probe"), rivals=("untrained",))
    found = run_finetune(twin, tmp_path / "twin", lambda _: None)
    assert {each.against for each in found if each.against} == {"the same network, untrained"}
    for wrong in ("nobody", "motifs"):
        with pytest.raises(DnalectError, match=wrong):
            run_finetune(options(data, bases["duplex"], rivals=(wrong,)), tmp_path / "wrong", lambda _: None)
    assert not (tmp_path / "wrong").exists(), "it is said before anything is trained"
