"""Models of published families learn, resume and load; nothing but hidden or coming tokens is judged."""

import json

import numpy as np
import pytest
import torch

import dnalect
from dnalect.core.errors import ConfigError
from dnalect.genome.fasta import open_genome
from dnalect.genome.regions import Region
from dnalect.inference.likelihood import MaskedScorer
from dnalect.jobs.options import PretrainOptions
from dnalect.jobs.pretrain import pretrain
from dnalect.models.families import nucleotide_transformer
from dnalect.tokens.names import named
from dnalect.training.config import FamilyConfig
from dnalect.training.corpus import Batch, Corpus, Source
from dnalect.training.masked import MaskedLanguage
from dnalect.training.masking import MaskingConfig
from dnalect.training.networks import network_config
from dnalect.training.reading import Reader

RECIPES = {
    "dnabert": ("dnabert", "dnabert-3", "dnabert-3", 0.09),
    "nucleotide_transformer": ("nucleotide_transformer", "nt-v2-50m", "nt-v2", 0.1),
    "logo": ("logo", "logo-3", "logo-3", 0.3),
    "single bases": ("nucleotide_transformer", "nt-v2-50m", "bases", 0.1),
}
# One of each kind of network: attention and 6-mers, long convolutions, a state space; two directions; convolutions.
OTHERS = {
    "decoder": ("decoder", "generator-eukaryote-1.2b", "generator", 0.03),
    "hyenadna": ("hyenadna", "hyenadna-tiny-1k", "hyenadna", 0.25),
    "mamba": ("mamba", "", "marindna", 0.03),
    "caduceus": ("caduceus", "caduceus-ph-1k", "caduceus", 0.1),
    "gpn": ("gpn_promoter", "gpn-animal-promoter", "gpn", 0.03),
}
CONFIG = """
name = "toy"
seed = 2
[data]
window = 96
[[data.genomes]]
name = "toy"
fasta = "toy.fa"
train = ["t"]
validate = ["v"]
[model]
family = "{family}"
like = "{like}"
tokenizer = "{tokenizer}"
scale = {scale}
longest = 128
[masking]
contiguous = {contiguous}
[optim]
batch = 8
steps = 40
learning_rate = 3e-3
warmup = 5
check_every = 20
save_every = 10
"""


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("DNALECT_CACHE", str(tmp_path / "cache"))
    rng = np.random.default_rng(0)
    lines = [
        f">{name}\n{'ACGTTGCAAC' * tens}{''.join(rng.choice(list('ACGT'), 60))}\n"
        for name, tens in (("t", 700), ("v", 90))
    ]
    (tmp_path / "toy.fa").write_text("".join(lines))
    return tmp_path


def write(data, recipe, **changes):
    family, like, tokenizer, scale = (RECIPES | OTHERS)[recipe]
    contiguous = 3 if family == "dnabert" else 0
    values = {"family": family, "like": like, "tokenizer": tokenizer, "scale": scale, "contiguous": contiguous}
    (data / "toy.toml").write_text(CONFIG.format(**(values | changes)))
    return data / "toy.toml"


def test_windows_of_mixed_lengths_are_cut_as_told(monkeypatch):
    genome_codes = np.zeros((6, 50), dtype=np.uint8)
    seen = []
    objective = MaskedLanguage(Reader(named("nt-v2")), MaskingConfig(), 1, 10)
    config = network_config(FamilyConfig("nucleotide_transformer", "nt-v2", "nt-v2-50m", 0.1), named("nt-v2"), 50)
    network = nucleotide_transformer.build(config)
    lengths = np.array([50, 12, 50, 18, 24, 36])
    weight = np.ones((6, 50), dtype=np.float32)
    encode = objective.tokenizer.encode
    monkeypatch.setattr(objective.tokenizer, "encode", lambda texts: seen.extend(map(len, texts)) or encode(texts))
    objective.losses(network, Batch(genome_codes, genome_codes, weight, 0, None, lengths), torch.device("cpu"))
    assert seen == lengths.tolist()


def test_half_of_the_windows_are_cut_and_the_choice_depends_on_the_step_alone(data):
    genome = open_genome(data / "toy.fa")
    source = Source(genome, [Region(0, 0, 7000)])
    corpus = Corpus([source], window=96, batch=8, seed=1, mixed_lengths=(0.5, 20))
    drawn = np.concatenate([corpus.draw(step).lengths for step in range(8)])
    assert 20 < (drawn < 96).sum() < 44
    assert drawn.min() >= 20
    np.testing.assert_array_equal(corpus.draw(3).lengths, drawn[24:32])


@pytest.mark.parametrize(
    "recipe", [pytest.param(name, marks=[pytest.mark.slow] if name == "dnabert" else []) for name in RECIPES]
)
def test_a_recipe_learns_and_its_folder_is_a_model_that_scores(data, recipe):
    family, _, words, _ = RECIPES[recipe]
    out = pretrain(PretrainOptions(write(data, recipe), data / "run", data))
    log = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    assert log[-1]["validation_bits"] < 0.85 * 2 * named(words).k
    model = dnalect.load(out)
    assert (model.can.likelihood, model.card.family) == ("masked", family)
    assert model.card.genomes[0].train == ["t"]
    genome = open_genome(data / "toy.fa")
    log_probs = MaskedScorer(model, genome, flank=40).at_sites(np.array([0, 0]), np.array([100, 205]))
    assert np.exp(log_probs).sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_an_interrupted_recipe_resumes_to_the_same_weights(data, monkeypatch):
    from dnalect.training import loop

    config = write(data, "logo")
    whole = pretrain(PretrainOptions(config, data / "whole", data))
    real, count = loop._step, iter(range(1000))

    def killed(*arguments):
        if next(count) == 27:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(loop, "_step", killed)
    with pytest.raises(KeyboardInterrupt):
        pretrain(PretrainOptions(config, data / "broken", data))
    monkeypatch.setattr(loop, "_step", real)
    broken = pretrain(PretrainOptions(config, data / "broken", data))
    assert (broken / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()


def test_only_hidden_tokens_are_judged_and_every_base_weighs_what_it_should():
    tokenizer = named("nt-v1")
    config = FamilyConfig("nucleotide_transformer", "nt-v1", "nt-500m-human-ref", scale=0.05)
    torch.manual_seed(0)
    network = nucleotide_transformer.build(network_config(config, tokenizer, 96))
    objective = MaskedLanguage(Reader(tokenizer), MaskingConfig(masked=1.0, random=0.0), seed=1, steps=10)
    codes = np.random.default_rng(0).integers(0, 4, (4, 96)).astype(np.uint8)
    weight = np.ones((4, 96), dtype=np.float32)
    each, weights = objective.losses(network, Batch(codes, codes, weight, 3), torch.device("cpu"))
    assert torch.all(weights == 1)
    assert 0 < len(each) < 4 * 16
    again, _ = objective.losses(network, Batch(codes, codes, weight, 3), torch.device("cpu"))
    other, _ = objective.losses(network, Batch(codes, codes, weight, 4), torch.device("cpu"))
    assert torch.equal(each, again)
    assert len(each) != len(other) or not torch.equal(each, other)
    weight[:, :48] = 0.5
    _, halves = objective.losses(network, Batch(codes, codes, weight, 3), torch.device("cpu"))
    assert set(halves.tolist()) == {0.5, 1.0}


def test_sizes_are_scaled_by_one_number():
    tokenizer = named("dnabert-6")
    whole = network_config(FamilyConfig("dnabert", "dnabert-6", "dnabert-6"), tokenizer, 96)
    assert (whole.width, whole.layers, whole.heads, whole.hidden, whole.vocabulary) == (768, 12, 12, 3072, 4101)
    small = network_config(FamilyConfig("dnabert", "dnabert-6", "dnabert-6", scale=0.25), tokenizer, 96)
    assert (small.width, small.layers, small.heads, small.hidden) == (192, 3, 3, 768)
    with pytest.raises(ConfigError, match="like must be one of dnabert-3"):
        FamilyConfig("dnabert", "dnabert-6", "grover")
