"""Several processes train as one: the same curve, checkpoints for any number of them, one end for all.

The processes are forks of this one, joined by gloo, and do the work of many tests each.
"""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import dnalect
import forked
from conftest import make_model
from dnalect.core.errors import ConfigError
from dnalect.genome.fasta import open_genome
from dnalect.genome.regions import Region
from dnalect.jobs import pretrain_plan
from dnalect.jobs.pretrain import pretrain_config
from dnalect.models.catalogue import published_of
from dnalect.models.families.duplex import Duplex
from dnalect.models.recognise import FAMILIES
from dnalect.tokens.names import named
from dnalect.training import loop
from dnalect.training.causal import CausalLanguage
from dnalect.training.config import FamilyConfig, OptimConfig, read_config, told_config
from dnalect.training.corpus import Batch, Corpus, Source
from dnalect.training.course import Course
from dnalect.training.engine import engine_for
from dnalect.training.loop import fit
from dnalect.training.masked import MaskedLanguage
from dnalect.training.masking import MaskingConfig
from dnalect.training.networks import network_config
from dnalect.training.objectives import leave_one_out_loss
from dnalect.training.pretrain import parts_of
from dnalect.training.ranks import Ranks, ranks, together
from dnalect.training.reading import Reader
from tests.training.test_families import NAMED
from tests.training.toy_heads import KEPT, MARKS, REGION, make_toy, write

# What one process and two differ by: sums of float32 in another order, after eight steps of which each builds on the
# one before. Losses are in nats, of about 1.
CLOSE = 5e-6
STEPS = 8
DUPLEX = {"width": 8, "kernel": 3, "dilations": [1, 2]}
LOGO = {"family": "logo", "like": "logo-3", "tokenizer": "logo-3", "scale": 0.25, "longest": 128}
ALIGNED = {"family": "aligned", **DUPLEX, "beside": 8, "beside_dilations": [1], "hidden": 16}
HYENA = {"family": "hyenadna", "like": "hyenadna-tiny-1k", "tokenizer": "hyenadna", "scale": 0.25, "longest": 128}
# name -> network, what is told of its training alone, and how two processes share it.
RUNS = {
    "duplex": (DUPLEX, {}, {}),
    "species": (DUPLEX, {"tell_species": True, "optimizer": "muon"}, {"accumulate": 2}),
    "sharded-duplex": (DUPLEX, {"optimizer": "muon", "average": 0.9}, {"sharding": "fsdp"}),
    "encoder": (LOGO, {"optimizer": "muon"}, {"accumulate": 3}),
    "sharded-encoder": (LOGO, {}, {"sharding": "fsdp", "accumulate": 2}),
    "causal": (HYENA, {"optimizer": "muon"}, {"sharding": "fsdp"}),
    "aligned": (ALIGNED, {"frozen": True, "optimizer": "muon"}, {"sharding": "fsdp"}),
    "heads": (None, {}, {}),
    "sharded-heads": (None, {}, {"sharding": "fsdp", "accumulate": 2}),
}
# Of published networks that are too small at a thirtieth.
SCALES = {"caduceus": 0.1, "hyenadna": 0.1, "gpn_promoter": 0.1, "evo2": 0.1}
QUICK = ("duplex", "sharded-duplex", "encoder")
RESUMED = ("duplex", "sharded-duplex")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = make_toy(tmp_path_factory.mktemp("toy"))
    write(folder, REGION + MARKS + KEPT, STEPS)
    rng = np.random.default_rng(0)
    for name, often in (("one", "AT"), ("other", "CG")):
        shares = [0.4 if base in often else 0.1 for base in "ACGT"]
        contigs = {c: "".join(rng.choice(list("ACGT"), n, p=shares)) for c, n in (("t", 4000), ("v", 400))}
        (folder / f"{name}.fa").write_text("".join(f">{c}\n{s}\n" for c, s in contigs.items()))
    (folder / "laid").mkdir()
    for name in ("a", "b"):
        told = [f">{c}\n{''.join(rng.choice(list('....ACGT'), n))}\n" for c, n in (("t", 4000), ("v", 400))]
        (folder / "laid" / f"{name}.fa").write_text("".join(told))
    make_model(folder / "trunk", dilations=[1, 2])
    return folder


def config_of(name, data, more=None):
    """The config of a run. more: what the processes are told of how they share it."""
    model, told, _ = RUNS[name]
    if model is None:
        config = read_config(data / "toy.toml")
        return replace(config, optim=replace(config.optim, **(more or {})))
    told = dict(told)
    genomes = [
        {"name": each, "fasta": f"{each}.fa", "train": ["t"], "validate": ["v"], "species": f"Species {each}"}
        for each in ("one", "other")
    ]
    tables = {"window": 60, "genomes": genomes, "unknown_rate": 0.3, "soft_mask_weight": 0.5}
    if model is ALIGNED:
        tables |= {"alignment": "laid", "genomes": genomes[:1]}
    elif model is not DUPLEX:
        tables |= {"mixed_lengths": 0.5}
    tables |= {"tell_species": told.pop("tell_species", False)}
    # A batch that two processes, and three parts each, do not share evenly.
    optim = {"batch": 7, "steps": STEPS, "learning_rate": 3e-3, "warmup": 2, "check_every": 4, "save_every": 3}
    values = {"name": name, "seed": 2, "data": tables, "model": model, "optim": optim | told | (more or {})}
    values |= {"init": str(data / "trunk")} if model is ALIGNED else {}
    return told_config(values, Path("toy.toml"))


def trained(name, data, folder, more=None):
    return pretrain_config(config_of(name, data, more), data, folder / name)


def stopped(name, data, folder, more=None, step=5):
    """Train until a step, which is begun and never ends: the last checkpoint is that of step 3."""
    real, count = loop._step, iter(range(1000))

    def killed(*arguments):
        if next(count) == step:
            raise KeyboardInterrupt
        return real(*arguments)

    loop._step = killed
    try:
        with pytest.raises(KeyboardInterrupt):
            trained(name, data, folder, more)
    finally:
        loop._step = real


def descended(data, sharding="none"):
    """The weights after two steps along the gradient itself, whose length no optimizer evens out."""
    config = config_of("duplex", data)
    torch.manual_seed(0)
    network = Duplex(config.model)
    engine = engine_for(network, sharding)
    corpus = Corpus([Source(open_genome(data / "one.fa"), [Region(0, 0, 4000)])], 60, 7, seed=1)
    parts = [[corpus.draw(step).part(engine.ranks.rank, engine.ranks.size)] for step in range(2)]
    fit(
        network,
        lambda step: iter(parts[step:]),
        lambda part: leave_one_out_loss(network, part, torch.device("cpu")),
        Course([torch.optim.SGD(network.parameters(), 0.3)], 2, engine=engine),
    )
    return torch.cat([each.detach().flatten() for each in network.parameters()])


def in_two(names, data, folder):
    """Let one process make runs (one, begun), and two make the same (two, part, on, again)."""
    # Once for all forks.
    import torch.distributed.fsdp

    resumed = [name for name in RESUMED if name in names]
    for name in names:
        trained(name, data, folder / "one")
    for name in resumed:
        stopped(name, data, folder / "begun")
        shutil.copytree(folder / "begun" / name, folder / "on" / name)

    def work():
        with together("cpu") as now:
            assert (now.size, ranks()) == (2, now)
            weights = {each: descended(data, each) for each in ("none", "fsdp")}
            if now.first:
                torch.save(weights, folder / "descended.pt")
            for name in names:
                trained(name, data, folder / "two", RUNS[name][2])
            for name in resumed:
                stopped(name, data, folder / "part", RUNS[name][2])
                if now.first:
                    shutil.copytree(folder / "part" / name, folder / "again" / name)
                now.gathered(None)
                trained(name, data, folder / "part", RUNS[name][2])
                # Begun by one process.
                trained(name, data, folder / "on", RUNS[name][2])

    done = forked.ranks(work, timeout=300)
    assert [each.returncode for each in done] == [0, 0], "\n".join(each.stderr for each in done)
    for name in resumed:
        trained(name, data, folder / "again")
    return folder


@pytest.fixture(scope="module")
def made(data, made_once):
    """The quick runs."""

    def make(folder):
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(pretrain_plan, "VALIDATION_BASES", 1)
            in_two(QUICK, data, folder)

    return made_once("two-processes", make)


def log_of(folder):
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def weights_of(folder):
    return (folder / "model.safetensors").read_bytes()


def alike(one, other):
    """Whether two runs have one curve, up to rounding."""
    for mine, theirs in zip(log_of(one), log_of(other), strict=True):
        assert mine.keys() == theirs.keys()
        for key in mine.keys() - {"seconds"}:
            assert mine[key] == pytest.approx(theirs[key], abs=CLOSE), key


@pytest.mark.parametrize("name", QUICK)
def test_two_processes_have_the_curve_of_one(made, name):
    alike(made / "two" / name, made / "one" / name)
    assert dnalect.load(made / "two" / name).card.training["steps"] == STEPS


@pytest.mark.parametrize("sharding", ["none", "fsdp"])
def test_two_processes_have_the_gradients_of_one(made, data, sharding):
    alone = descended(data)
    torch.testing.assert_close(torch.load(made / "descended.pt")[sharding], alone, atol=1e-6, rtol=0)
    torch.manual_seed(0)
    first = torch.cat([each.flatten() for each in Duplex(config_of("duplex", data).model).parameters()])
    assert (alone - first).abs().max() > 1e-2


@pytest.mark.slow
def test_two_processes_have_the_curve_of_one_with_every_objective(data, tmp_path, monkeypatch):
    monkeypatch.setattr(pretrain_plan, "VALIDATION_BASES", 1)
    names = [name for name in RUNS if name not in QUICK]
    in_two(names, data, tmp_path)
    for name in names:
        alike(tmp_path / "two" / name, tmp_path / "one" / name)


def descended_family(name, sharding="none"):
    """The weights of a network of a published family, after two steps along the gradient of its own objective."""
    family, tokens = FAMILIES[name], named(NAMED[name])
    like = next((card.name for card in published_of(name)), "")
    torch.manual_seed(0)
    network = family.build(
        network_config(FamilyConfig(name, NAMED[name], like, SCALES.get(name, 0.03), 128), tokens, 96)
    )
    causal = family.likelihood == "causal"
    reader = Reader(tokens)
    objective = CausalLanguage(reader) if causal else MaskedLanguage(reader, MaskingConfig(), 1, 10)
    engine = engine_for(network, sharding)
    codes = np.random.default_rng(0).integers(0, 4, (4, 96)).astype(np.uint8)
    batch = Batch(codes, codes, np.ones(codes.shape, np.float32), 0, np.zeros((4, 3), np.int64))
    fit(
        network,
        lambda step: iter([[batch.part(engine.ranks.rank, engine.ranks.size)]] * (2 - step)),
        lambda part: objective(network, part, torch.device("cpu")),
        Course([torch.optim.SGD(network.parameters(), 0.1)], 2, engine=engine),
    )
    return torch.cat([each.detach().flatten() for each in network.parameters()])


@pytest.mark.slow
def test_networks_of_every_family_are_shared_out(tmp_path):
    import torch.distributed.fsdp

    names = [name for name in NAMED if name != "specieslm"]
    alone = {name: descended_family(name) for name in names}

    def work():
        with together("cpu"):
            for name in names:
                for sharding in ("none", "fsdp"):
                    torch.testing.assert_close(descended_family(name, sharding), alone[name], atol=2e-6, rtol=0)

    done = forked.ranks(work, timeout=300)
    assert [each.returncode for each in done] == [0, 0], "\n".join(each.stderr for each in done)


def test_a_part_of_the_windows_has_another_curve(data, made, tmp_path, monkeypatch):
    """The comparison above can fail: with half of each batch the losses are far apart."""
    monkeypatch.setattr(pretrain_plan, "VALIDATION_BASES", 1)
    config = config_of("duplex", data)
    half = pretrain_config(replace(config, optim=replace(config.optim, batch=4)), data, tmp_path / "half")
    mine, theirs = (log_of(each)[-1]["train_bits"] for each in (half, made / "one" / "duplex"))
    assert abs(mine - theirs) > 100 * CLOSE


@pytest.mark.parametrize("name", RESUMED)
def test_two_processes_go_on_to_the_same_bytes(made, name):
    assert weights_of(made / "part" / name) == weights_of(made / "two" / name)
    assert [entry["step"] for entry in log_of(made / "part" / name)] == [4, 8]


@pytest.mark.parametrize("name", RESUMED)
@pytest.mark.parametrize("how", ["on", "again"])
def test_a_run_goes_on_with_another_number_of_processes(made, name, how):
    """on: begun by one, ended by two. again: begun by two, ended by one."""
    alike(made / how / name, made / "one" / name)


def test_a_sharded_run_keeps_its_last_shards_alone(made):
    assert sorted(each.name for each in (made / "two" / "sharded-duplex").glob("checkpoint*")) == [
        "checkpoint.pt",
        f"checkpoint.shards-{STEPS}",
    ]
    assert len(list((made / "two" / "sharded-duplex" / f"checkpoint.shards-{STEPS}").glob("*.distcp"))) == 2
    # Ended by one process, there are none.
    assert [each.name for each in (made / "again" / "sharded-duplex").glob("checkpoint*")] == ["checkpoint.pt"]
    state = torch.load(made / "two" / "sharded-duplex" / "checkpoint.pt", weights_only=True)
    assert all(each.is_meta for name, each in state["network"].items() if name.endswith("weight"))


def test_shards_that_are_gone_are_missed(made, data, tmp_path, monkeypatch):
    monkeypatch.setattr(pretrain_plan, "VALIDATION_BASES", 1)
    shutil.copytree(made / "two" / "sharded-duplex", tmp_path / "sharded-duplex")
    (tmp_path / "sharded-duplex" / "card.json").unlink()
    shutil.rmtree(tmp_path / "sharded-duplex" / f"checkpoint.shards-{STEPS}")
    with pytest.raises(dnalect.ModelError, match="checkpoint.shards-8 beside it is missing"):
        trained("sharded-duplex", data, tmp_path)


def test_the_parts_of_a_batch_are_its_windows(data):
    genome = open_genome(data / "one.fa")
    batch = Corpus([Source(genome, [Region(0, 0, 4000)])], 60, 7, seed=1).draw(0)
    parts = [batch.part(number, 3) for number in range(3)]
    rows = np.arange(7)
    assert np.stack([part.within(rows) for part in parts]).sum(axis=0).tolist() == [1] * 7
    assert [part.first for part in parts] == [0, 2, 4]
    with pytest.raises(ConfigError, match=r"optim.batch \(4\) is the batch of all 3 processes .* make it 6 at least"):
        parts_of(OptimConfig(batch=4, accumulate=2), Ranks(0, 3))
