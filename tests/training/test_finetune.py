"""Fine-tuning and probing on a task that can be learned, and what must hold of any run."""

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

import dnalect
from dnalect.core.errors import ConfigError, InputError, ModelError
from dnalect.core.examples import Examples, Target
from dnalect.inference.embed import read_states
from dnalect.jobs.tuning.fit import fit_probe
from dnalect.models.heads import Heads
from dnalect.models.pooled import Pooled, Reading
from dnalect.tokens.bases import opposite
from dnalect.training import loop
from dnalect.training.finetune import batch_rows, finetune
from dnalect.training.logs import trimmed
from dnalect.training.objectives import loss_of, mean_loss
from dnalect.training.specs import specs_of
from dnalect.training.tuning import TuneConfig
from models.folders import make

MOTIF = Target("motif", "classes", ("absent", "present"))
GC = Target("gc", "signal", ("gc",))
BOTH = Target("both", "tracks", ("a_rich", "g_rich"))
DATA = {"the table": "its checksum"}
QUICK = TuneConfig(method="full", epochs=4, batch=16, rate=3e-3, head_rate=1e-2, warm=False)


def examples(count=160, seed=0):
    """Sequences with and without runs of G; every third lacks its value, every fourth its tracks."""
    rng = np.random.default_rng(seed)
    texts, labels = [], []
    for number in range(count):
        length = int(rng.integers(40, 60))
        text = "".join(rng.choice(list("ACGT"), length))
        if number % 2:
            text = text[:10] + "GGGGGGGGGG" + text[20:]
        texts.append(text)
        labels.append(number % 2)
    share = np.array([[sum(c in "GC" for c in t) / len(t)] for t in texts], dtype=np.float32)
    tracks = np.array([[t.count("A") > 11, t.count("G") > 15] for t in texts], dtype=np.float32)
    share[::3], tracks[::4, 1] = np.nan, np.nan
    return Examples.of(texts, [MOTIF, GC, BOTH], {"motif": np.array(labels), "gc": share, "both": tracks})


def pooled_of(model, train, reading=None):
    torch.manual_seed(0)
    reading = reading or Reading()
    return Pooled(model, Heads(reading.width(model.can.width), specs_of(train)), reading)


def judge_of(tune):
    def judge(pooled):
        with torch.inference_mode():
            raw = pooled(pooled.base.encode(list(tune.sequences)))
        return float(np.mean(raw["motif"].argmax(-1).numpy() == tune.labels["motif"][:, 0]))

    return judge


@pytest.mark.parametrize("method", ["lora", "full"])
@pytest.mark.parametrize("kind", ["duplex", "dnabert-2"])
def test_a_learnable_task_is_learned(model_folder, tmp_path, kind, method):
    model = dnalect.load(model_folder if kind == "duplex" else make(kind, tmp_path / kind))
    train, tune = examples(), examples(60, 1)
    pooled = pooled_of(model, train)
    before = {n: p.detach().clone() for n, p in pooled.named_parameters()}
    config = replace(QUICK, method=method, rate=1e-2)
    facts = finetune(pooled, train, judge_of(tune), config, tmp_path, DATA)
    assert judge_of(tune)(pooled) == facts["validation"] >= 0.8
    moved = {n for n, p in pooled.named_parameters() if n in before and not torch.equal(p, before[n])}
    assert {n for n in before if n.startswith("heads.")} <= moved
    assert any(n.startswith("network.") for n in moved) == (method == "full")


def test_a_run_that_was_killed_goes_on_to_the_same_numbers(model_folder, tmp_path, monkeypatch):
    train, tune = examples(), examples(60, 1)

    def run(folder):
        folder.mkdir(exist_ok=True)
        pooled = pooled_of(dnalect.load(model_folder), train)
        facts = finetune(pooled, train, judge_of(tune), replace(QUICK, method="lora", checks=2), folder, DATA)
        log = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
        return pooled, facts, [{k: v for k, v in entry.items() if k != "seconds"} for entry in log]

    whole, facts, log = run(tmp_path / "whole")
    step, killed = loop._step, []

    def dies(*args):
        if args[0].at.step == 13 and not killed:
            killed.append(True)
            raise KeyboardInterrupt
        return step(*args)

    monkeypatch.setattr(loop, "_step", dies)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "part")
    again, told, resumed = run(tmp_path / "part")
    assert killed
    assert resumed == log
    assert {k: v for k, v in told.items() if k != "times"} == {k: v for k, v in facts.items() if k != "times"}
    for (name, p), (_, q) in zip(whole.named_parameters(), again.named_parameters(), strict=True):
        assert torch.equal(p, q), name


def test_a_checkpoint_of_other_data_is_refused(model_folder, tmp_path):
    train = examples(40)
    config = replace(QUICK, epochs=1)

    def run(config, data):
        finetune(pooled_of(dnalect.load(model_folder), train), train, lambda _: 0.0, config, tmp_path, data)

    run(config, DATA)
    with pytest.raises(ModelError, match="other data: the table changed since"):
        run(config, {"the table": "another"})
    with pytest.raises(ModelError, match="another config"):
        run(replace(config, seed=2), DATA)


def test_it_stops_early_and_keeps_the_best_weights(model_folder, tmp_path):
    train = examples(64)
    figures = iter([0.1, 0.5, 0.4, 0.3, 0.2, 0.1])
    kept = []

    def judge(pooled):
        kept.append({n: p.detach().clone() for n, p in pooled.named_parameters()})
        return next(figures)

    pooled = pooled_of(dnalect.load(model_folder), train)
    facts = finetune(pooled, train, judge, replace(QUICK, epochs=50, patience=2), tmp_path, DATA)
    assert (facts["steps"], facts["best_step"], facts["validation"]) == (16, 8, 0.5)
    assert all(torch.equal(p, kept[1][n]) for n, p in pooled.named_parameters())


def test_a_warm_start_is_judged_before_the_first_step_and_kept_if_nothing_is_better(model_folder, tmp_path):
    train = examples(64)
    pooled = pooled_of(dnalect.load(model_folder), train)
    before = {n: p.detach().clone() for n, p in pooled.named_parameters()}
    figures = iter([0.9, 0.5, 0.4])
    facts = finetune(pooled, train, lambda _: next(figures), replace(QUICK, warm=True, patience=2), tmp_path, DATA)
    assert (facts["best_step"], facts["validation"]) == (0, 0.9)
    assert all(torch.equal(p, before[n]) for n, p in pooled.named_parameters())
    assert QUICK.head_peak == 1e-2
    assert TuneConfig().head_peak < TuneConfig(warm=False).head_peak


def test_gradients_of_parts_add_up_to_those_of_the_batch(model_folder, tmp_path):
    train = examples(32).take(np.arange(1, 32, 3))
    train = replace(train, targets=(MOTIF,), labels={"motif": train.labels["motif"]})
    found = []
    for accumulate in (1, 5):
        pooled = pooled_of(dnalect.load(model_folder), train)
        config = replace(QUICK, epochs=1, batch=10, accumulate=accumulate)
        folder = tmp_path / str(accumulate)
        folder.mkdir()
        finetune(pooled, train, lambda _: 0.0, config, folder, DATA)
        found.append(dict(pooled.named_parameters()))
    # AdamW's first step is the sign of the gradient times the rate: compare where it is clear.
    for name, p in found[0].items():
        assert torch.allclose(p, found[1][name], atol=1e-4), name


def test_the_losses_of_parts_add_up_to_that_of_the_batch_wherever_its_holes_are(model_folder):
    some = examples(20)
    pooled = pooled_of(dnalect.load(model_folder), some).eval()
    labels = {name: torch.from_numpy(each) for name, each in some.labels.items()}
    counts = {name: int((~each.isnan()).sum()) for name, each in labels.items()}

    def loss(rows):
        with torch.inference_mode():
            raw = pooled(pooled.base.encode([some.sequences[row] for row in rows]))
        return float(mean_loss(pooled.heads.specs, raw, {n: each[rows] for n, each in labels.items()}, counts))

    whole = loss(list(range(20)))
    assert loss([0, 3, 6]) + loss([1, 2, 4, 5]) + loss(list(range(7, 20))) == pytest.approx(whole, rel=1e-5)
    by_head = [
        loss_of(spec, torch.zeros(20, len(spec.outputs)), labels[name])[1] for name, spec in pooled.heads.specs.items()
    ]
    assert by_head == list(counts.values())


def test_every_pass_reads_every_row_once_in_another_order():
    passes = [np.concatenate([batch_rows(20, 5, step, 4, 1) for step in range(first, first + 4)]) for first in (0, 4)]
    assert [sorted(rows) for rows in passes] == [list(range(20))] * 2
    assert not np.array_equal(*passes)


@pytest.mark.parametrize("strands", [1, 2])
def test_a_probe_learns_every_kind_of_target_and_leaves_the_network(model_folder, strands):
    train, tune, test = examples(200), examples(60, 1), examples(80, 2)
    model = dnalect.load(model_folder)
    before = {n: p.detach().clone() for n, p in model.network.named_parameters()}
    pooled = pooled_of(model, train, Reading(pool="mean-max", strands=strands))
    fit_probe(pooled, train, tune)
    assert all(torch.equal(p, before[n]) for n, p in model.network.named_parameters())
    states = torch.from_numpy(read_states(pooled.base, pooled.reading, test.sequences))
    raw = {name: pooled.heads(name, states).detach().numpy() for name in pooled.heads.specs}
    assert np.mean(raw["motif"].argmax(1) == test.labels["motif"][:, 0]) > 0.85
    known = np.isfinite(test.labels["gc"][:, 0])
    assert np.corrcoef(raw["gc"][known, 0], test.labels["gc"][known, 0])[0, 1] > 0.6
    told = np.isfinite(test.labels["both"][:, 1])
    assert np.mean((raw["both"][told, 1] > 0) == test.labels["both"][told, 1]) > 0.8


def test_both_strands_of_a_duplex_cost_one_pass_and_are_the_mean_of_two(model_folder):
    train = examples(12)
    model = dnalect.load(model_folder)
    for pool in ("mean", "mean-max", "eighths"):
        both = read_states(model, Reading(pool=pool, strands=2), train.sequences)
        turned = [opposite(text) for text in train.sequences]
        one = Reading(pool=pool)
        wanted = (read_states(model, one, train.sequences) + read_states(model, one, turned)) / 2
        assert np.allclose(both, wanted, atol=1e-5)


@pytest.mark.parametrize("length", [80, 83, 5])
def test_eighths_are_means_over_stretches_of_the_sequence(model_folder, length):
    model = dnalect.load(model_folder)
    texts = ["ACGGT" * 20, ("GATTACA" * 12)[:length]]
    found = read_states(model, Reading(pool="eighths"), texts)
    states = model.states(model.encode(texts))[1, :length].detach().numpy()
    ends = np.linspace(0, length, 9)
    for number, (low, high) in enumerate(pairwise(ends)):
        at = np.arange(length)
        share = (np.minimum(at + 1, high) - np.maximum(at, low)).clip(min=0)
        wanted = (share[:, None] * states).sum(0) / share.sum()
        width = states.shape[1]
        assert np.allclose(found[1, number * width : (number + 1) * width], wanted, atol=1e-5)


def test_holes_train_nothing_and_weights_balance_the_classes():
    train = examples(40)
    spec = {each.name: each for each in specs_of(train)}
    raw, labels = torch.zeros(3, 2), torch.tensor([[1.0, np.nan], [np.nan, np.nan], [0.0, 1.0]])
    loss, count = loss_of(spec["both"], raw, labels)
    assert count == 3
    assert float(loss) == pytest.approx(3 * np.log(2), rel=1e-5)
    assert loss_of(spec["both"], raw, torch.full((3, 2), float("nan")))[1] == 0
    rare = replace(spec["motif"], shares=(0.9, 0.1))
    one, two = (loss_of(rare, torch.zeros(1, 2), torch.tensor([[label]]), True)[0] for label in (0.0, 1.0))
    assert float(two / one) == pytest.approx(9, rel=1e-4)


def test_what_can_not_be_learned_is_an_error():
    constant = Examples.of(["ACGT"] * 4, [GC], {"gc": np.ones(4)})
    with pytest.raises(InputError, match="same value"):
        specs_of(constant)
    single = Examples.of(["ACGT"] * 4, [MOTIF], {"motif": np.ones(4)})
    with pytest.raises(InputError, match="one class"):
        specs_of(single)
    nothing = Examples.of(["ACGT"] * 4, [GC], {"gc": np.full(4, np.nan)})
    with pytest.raises(InputError, match="no sequence"):
        specs_of(nothing)


@pytest.mark.parametrize(
    "wrong",
    [{"method": "magic"}, {"precision": "int8"}, {"epochs": 0}, {"rate": 0.0}, {"accumulate": 64}, {"warmup": 1.0}],
)
def test_a_config_that_contradicts_itself_is_refused(wrong):
    with pytest.raises(ConfigError):
        TuneConfig(**wrong)


def test_a_line_of_the_log_that_was_cut_off_is_dropped(tmp_path):
    log = tmp_path / "log.jsonl"
    log.write_text('{"step": 4, "loss": 1.0}\n{"step": 8, "loss": 0.5}\n{"step": 12, "lo')
    assert trimmed(log, 8).read_text() == '{"step": 4, "loss": 1.0}\n{"step": 8, "loss": 0.5}\n'
