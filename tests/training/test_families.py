"""Networks of all kinds learn from random weights: causal ones never see what comes, species are told, folders load."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

import dnalect
from dnalect.core.errors import ConfigError, TokenizerError
from dnalect.genome.fasta import open_genome
from dnalect.inference import scorer_for
from dnalect.inference.likelihood.causal import Causal
from dnalect.jobs.pretrain import pretrain_config
from dnalect.jobs.pretrain_plan import find_tokenizer
from dnalect.models.catalogue import published_of
from dnalect.models.layers.convolutions import exact_names
from dnalect.models.recognise import FAMILIES
from dnalect.tokens.names import named
from dnalect.training import loop
from dnalect.training.causal import CausalLanguage
from dnalect.training.config import FamilyConfig, GenomeConfig, OptimConfig, told_config
from dnalect.training.corpus import Batch
from dnalect.training.networks import network_config
from dnalect.training.optim import Muon, build
from dnalect.training.reading import Reader

CPU = torch.device("cpu")
# One of each kind of network, and the bits that it comes to: attention over 6-mers, long convolutions, a state space;
# two directions, convolutions.
KINDS = {
    "decoder": ("generator", "generator-eukaryote-1.2b", 0.03, 1.0),
    "hyenadna": ("hyenadna", "hyenadna-tiny-1k", 0.25, 0.8),
    "mamba": ("marindna", "", 0.05, 0.8),
    "caduceus": ("caduceus", "caduceus-ph-1k", 0.15, 1.7),
    "gpn_promoter": ("gpn", "gpn-animal-promoter", 0.03, 1.0),
}
# Of the families whose tokenizer needs no file.
NAMED = {
    **{"dnabert": "dnabert-3", "nucleotide_transformer": "nt-v1", "ntv3": "ntv3", "logo": "logo-3", "gpn": "gpn"},
    **{"gpn_promoter": "gpn", "specieslm": "specieslm-1", "caduceus": "caduceus", "decoder": "marindna"},
    **{"hyenadna": "hyenadna", "evo": "evo", "evo2": "evo2", "mamba": "marindna"},
}
HEAD = {"name": "a", "kind": "classes", "genome": "toy", "annotation": "a.gff"}
HUMAN = GenomeConfig("one", "toy.fa", ("t",), species="Homo sapiens")
MOUSE = GenomeConfig("two", "toy.fa", ("v",), species="Mus  musculus")


def told(family, tokenizer, like="", scale=0.1, **model):
    genome = {"name": "toy", "fasta": "toy.fa", "train": ["t"], "validate": ["v"], "species": "Homo sapiens"}
    sizes = {"family": family, "tokenizer": tokenizer, "scale": scale, "longest": 128} | model
    steps = {"batch": 8, "steps": 30, "learning_rate": 1e-2, "warmup": 3, "check_every": 30, "save_every": 10}
    sizes |= {"like": like} if like else {}
    return {"name": "toy", "seed": 2, "data": {"window": 96, "genomes": [genome]}, "model": sizes, "optim": steps}


@pytest.fixture
def data(tmp_path, monkeypatch):
    """Repeats of ten bases: what comes is easy to guess from either side."""
    monkeypatch.setattr("dnalect.jobs.pretrain_plan.VALIDATION_BASES", 1)
    rng = np.random.default_rng(0)
    noise = ["".join(rng.choice(list("ACGT"), 60)) for _ in range(2)]
    texts = {"t": "ACGTTGCAAC" * 300 + noise[0], "v": "ACGTTGCAAC" * 90 + noise[1]}
    (tmp_path / "toy.fa").write_text("".join(f">{name}\n{text}\n" for name, text in texts.items()))
    return tmp_path


def trained(values, data, name="run"):
    return pretrain_config(told_config(values, Path("toy.toml")), data, data / name)


def log_of(folder):
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("family", KINDS)
def test_a_network_of_each_kind_learns_and_its_folder_scores(data, family):
    tokenizer, like, scale, bits = KINDS[family]
    folder = trained(told(family, tokenizer, like, scale), data)
    assert log_of(folder)[-1]["validation_bits"] < bits
    model = dnalect.load(folder)
    assert (model.card.family, model.can.likelihood) == (family, FAMILIES[family].likelihood)
    genome = open_genome(data / "toy.fa")
    logs = scorer_for(model, genome, flank=20).at_sites(np.array([0, 0]), np.array([100, 205]))
    assert np.exp(logs).sum(axis=1) == pytest.approx(1, abs=1e-5)
    if family == "decoder":
        losses_are_those_of_its_scores(model)


def test_an_interrupted_state_space_goes_on_to_the_same_weights(data, monkeypatch):
    values = told("mamba", "marindna", scale=0.03)
    values["optim"] |= {"steps": 12, "save_every": 5, "optimizer": "muon"}
    whole = trained(values, data, "whole")
    real, count = loop._step, iter(range(1000))

    def killed(*arguments):
        if next(count) == 8:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(loop, "_step", killed)
    with pytest.raises(KeyboardInterrupt):
        trained(values, data, "part")
    monkeypatch.setattr(loop, "_step", real)
    part = trained(values, data, "part")
    assert (part / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()


def causal(family, tokenizer, like="", scale=0.03):
    tokens = named(tokenizer)
    torch.manual_seed(0)
    config = network_config(FamilyConfig(family, tokenizer, like, scale, 128), tokens, 48)
    network = FAMILIES[family].build(config)
    # Random weights as drawn say nearly the same of every word.
    with torch.no_grad():
        for each in network.parameters():
            each.mul_(3)
    return network.eval(), CausalLanguage(Reader(tokens))


LEFT = [("mamba", "marindna", ""), ("hyenadna", "hyenadna", "hyenadna-tiny-1k")]


def batch_of(codes, weight=None):
    return Batch(codes, codes, np.ones(codes.shape, np.float32) if weight is None else weight)


@pytest.mark.parametrize(("family", "tokenizer", "like"), LEFT)
def test_what_comes_after_a_base_changes_nothing_of_its_loss(family, tokenizer, like):
    network, objective = causal(family, tokenizer, like, 0.1)
    codes = np.random.default_rng(0).integers(0, 4, (1, 48)).astype(np.uint8)
    other = codes.copy()
    other[0, 30] = (other[0, 30] + 1) % 4
    losses = [objective.losses(network, batch_of(each), CPU)[0] for each in (codes, other)]
    at = 30 - (48 - len(losses[0]))
    torch.testing.assert_close(losses[0][:at], losses[1][:at], rtol=0, atol=1e-5)
    assert ((losses[0][at:] - losses[1][at:]).abs()[:2] > 1e-3).all()


def losses_are_those_of_its_scores(model):
    """The objective and the scorer come to the same ln p of a window by ways of their own."""
    objective = CausalLanguage(Reader(model.tokenizer))
    codes = np.random.default_rng(0).integers(0, 4, (3, 48)).astype(np.uint8)
    codes[1, 13] = 4
    with torch.no_grad():
        each, bases, weight, _ = objective.losses(model.network, batch_of(codes), CPU)
    assert (len(each), bases.unique().tolist(), weight.unique().tolist()) == (23, [6], [6.0])
    assert -float(each.sum()) == pytest.approx(Causal(model).totals(list(codes)).sum(), rel=1e-5)
    bits = objective.bits(model.network, codes, np.zeros((3, 3), np.int64), CPU)
    assert bits == pytest.approx(float(each.sum()) / (23 * 6) / np.log(2), rel=1e-5)


def test_a_words_loss_counts_by_the_mean_weight_of_its_bases():
    network, objective = causal("decoder", "generator", "generator-eukaryote-1.2b")
    codes = np.random.default_rng(0).integers(0, 4, (2, 48)).astype(np.uint8)
    weight = np.ones(codes.shape, np.float32)
    weight[0], weight[1, :6] = 0, 0.5
    network.requires_grad_(False)
    each = objective.losses(network, batch_of(codes), CPU)[0]
    wanted = (each[8] * 0.5 + each[9:].sum()) / (3 + 42)
    assert float(objective(network, batch_of(codes, weight), CPU)) == pytest.approx(float(wanted), rel=1e-5)


def test_windows_begin_with_the_species_of_their_genome(data):
    tokenizer = find_tokenizer("specieslm-3", data, [HUMAN, MOUSE])
    assert tokenizer.species == "homo_sapiens"
    reader = Reader(tokenizer, [HUMAN.token, MOUSE.token])
    codes = np.zeros((3, 12), np.uint8)
    ids = reader(
        Batch(codes, codes, np.ones((3, 12), np.float32), 0, np.array([[0, 0, 0], [1, 0, 0], [0, 0, 5]]))
    ).input_ids
    assert [tokenizer.words[each] for each in ids[:, 1]] == ["homo_sapiens", "mus_musculus", "homo_sapiens"]
    assert ids[0].tolist() == tokenizer.encode(["A" * 12]).input_ids[0].tolist()


def test_a_model_with_species_learns_what_they_mean_and_is_asked_by_their_names(data):
    values = told("specieslm", "specieslm-1", "specieslm-fungi-k1", 0.09)
    (first,) = values["data"]["genomes"]
    rng = np.random.default_rng(1)
    for name, shares in (("toy", [0.85, 0.05, 0.05, 0.05]), ("two", [0.05, 0.05, 0.85, 0.05])):
        texts = ["".join(rng.choice(list("ACGT"), size, p=shares)) for size in (3000, 900)]
        (data / f"{name}.fa").write_text(">t\n{}\n>v\n{}\n".format(*texts))
    values["data"]["genomes"].append(first | {"name": "two", "fasta": "two.fa", "species": "Mus musculus"})
    values["masking"] = {"rate": 0.95, "masked": 1.0, "random": 0.0}
    folder = trained(values, data)
    assert dnalect.load(folder).tokenizer.species == "homo_sapiens"
    models = [dnalect.load(folder, species=species) for species in ("homo_sapiens", "mus_musculus")]
    said = [dnalect.base_probabilities(model, ["ACGT" * 10])[0].mean(axis=0) for model in models]
    # Both strands are averaged: A and T against C and G.
    assert said[0][0] > 0.3
    assert said[1][0] < 0.2


def test_every_family_that_needs_no_file_can_be_begun_small():
    for family, tokenizer in NAMED.items():
        like = next((card.name for card in published_of(family)), "")
        scale = 0.11 if family == "evo2" else 0.03
        tokens = find_tokenizer(tokenizer, Path(), [HUMAN])
        config = network_config(FamilyConfig(family, tokenizer, like, scale, 1026), tokens, 96)
        network = FAMILIES[family].outline(config)
        assert sum(each.numel() for each in network.parameters()) < 14_000_000, family
        assert (config.dropout, config.longest) == (0, 1026 if family != "logo" else config.longest)


def test_heads_groups_and_ranks_follow_the_scale():
    tokens = named("generator")
    small = network_config(FamilyConfig("decoder", "generator", "generator-eukaryote-1.2b", 0.25), tokens, 96)
    assert (small.width, small.heads, small.groups, small.head, small.layers, small.hidden) == (512, 8, 1, 64, 7, 1408)
    state = network_config(FamilyConfig("mamba", "marindna", scale=0.25), named("marindna"), 96)
    assert (state.width, state.hidden, state.rank, state.layers, state.heads) == (192, 384, 12, 6, 1)
    second = network_config(FamilyConfig("caduceus", "gpn", "plantcad2-small", 0.25), named("gpn"), 96)
    assert (second.width, second.hidden, second.heads, second.vocabulary) == (192, 384, 6, 8)


def test_what_is_no_map_between_features_is_left_to_adamw():
    config = OptimConfig(optimizer="muon")
    for family, tokenizer, like in LEFT:
        network, _ = causal(family, tokenizer, like, 0.1)
        names = {id(each): name for name, each in network.named_parameters()}
        muon, adamw = build(network, config)
        assert isinstance(muon, Muon)
        orthogonal = {names[id(each)] for group in muon.param_groups for each in group["params"]}
        rest = {names[id(each)] for group in adamw.param_groups for each in group["params"]}
        assert not orthogonal & exact_names(network)
        assert all("short" not in name and "words" not in name and name != "head.weight" for name in orthogonal)
        assert orthogonal | rest == {name for name, each in network.named_parameters() if each.requires_grad}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": {"family": "mamba", "like": "mamba-130m"}}, "the sizes of no published mamba are known"),
        (
            {"model": {"family": "hyenadna", "like": "hyenadna-tiny"}},
            "like must be one of hyenadna-tiny-1k.*Did you mean",
        ),
        ({"model": {"family": "mamba"}, "masking": {"rate": 0.2}}, r"\[masking\] is for masked models; of a mamba"),
        (
            {"model": {"family": "mamba"}, "heads": [HEAD]},
            "heads are for masked models; a mamba learns every base",
        ),
    ],
)
def test_what_a_causal_model_has_no_use_for_is_refused(changes, message):
    values = told("mamba", "marindna") | changes
    values["model"] = {"tokenizer": "marindna"} | values["model"]
    with pytest.raises(ConfigError, match=message):
        told_config(values, Path("toy.toml"))


def test_networks_that_no_folder_could_hold_are_refused_before_the_first_step(data):
    for values, message in (
        (told("caduceus", "bases", "caduceus-ps-1k", 0.1), "words are neither Caduceus"),
        (told("gpn", "bases", "gpn-brassicales", 0.03), "it has no tokenizer.json of .PAD., .MASK., .UNK."),
        (
            told("hyenadna", "hyenadna", "hyenadna-tiny-1k", longest=64),
            "96 bases has 97 tokens, more than the 64.*longest = 97",
        ),
        (told("caduceus", "marindna", "caduceus-ph-1k"), "the tokenizer marindna has no mask token"),
        (told("decoder", "specieslm-1", "marindna-1b"), "reads the name of a species before"),
        (told("decoder", "dnabert-6", "marindna-1b"), "the words of dnabert-6 overlap"),
    ):
        with pytest.raises(ConfigError, match=message):
            trained(values, data)
        assert not (data / "run").exists()


def test_a_species_that_is_missing_or_unknown_is_told(data):
    nameless = GenomeConfig("one", "toy.fa", ("t",))
    with pytest.raises(ConfigError, match=r"data.genomes\[1\] \(one\): the model reads .* and none is named"):
        find_tokenizer("specieslm-6", data, [HUMAN, nameless])
    with pytest.raises(ConfigError, match="'yeast' is none"):
        find_tokenizer("specieslm-6", data, [GenomeConfig("one", "toy.fa", ("t",), species="yeast")])
    with pytest.raises(TokenizerError, match="k-mers of 1, 3, 4, 5 or 6 bases, not of 2"):
        find_tokenizer("specieslm-2", data, [HUMAN])
    (data / "vocab.txt").write_text("\n".join(find_tokenizer("specieslm-1", data, [HUMAN]).words) + "\n")
    with pytest.raises(TokenizerError, match="knows no species 'mus_musculus'"):
        find_tokenizer("vocab.txt", data, [HUMAN, MOUSE])
