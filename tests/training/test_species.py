"""A duplex that is told the species: it learns what differs, and leaves a plain duplex of the first one."""

import json

import numpy as np
import pytest
import torch

import dnalect
from dnalect.core.errors import ConfigError
from dnalect.jobs.options import PretrainOptions
from dnalect.jobs.pretrain import pretrain
from dnalect.models.families.duplex import Duplex, DuplexConfig
from dnalect.training.species import SpeciesTold

CONFIG = """
name = "two"
[data]
window = 32
unknown_rate = 0
tell_species = true
[[data.genomes]]
name = "one"
species = "Species one"
fasta = "one.fa"
train = ["t"]
validate = ["v"]
[[data.genomes]]
name = "other"
species = "Species other"
fasta = "other.fa"
train = ["t"]
validate = ["v"]
[model]
family = "duplex"
width = 8
kernel = 2
dilations = [1]
[optim]
batch = 8
steps = 80
optimizer = "muon"
learning_rate = 3e-2
warmup = 5
check_every = 80
"""


@pytest.fixture
def data(tmp_path):
    """In one species nine bases of ten are A or T, in the other C or G, each drawn apart from its neighbours."""
    rng = np.random.default_rng(0)
    for name, often in (("one", "AT"), ("other", "CG")):
        shares = [0.45 if base in often else 0.05 for base in "ACGT"]
        contigs = {c: "".join(rng.choice(list("ACGT"), n, p=shares)) for c, n in (("t", 8000), ("v", 2000))}
        (tmp_path / f"{name}.fa").write_text("".join(f">{c}\n{s}\n" for c, s in contigs.items()))
    (tmp_path / "two.toml").write_text(CONFIG)
    return tmp_path


def ends(out):
    return json.loads((out / "log.jsonl").read_text().splitlines()[-1])


def test_what_differs_between_species_is_learned_from_the_told_one(data):
    told = ends(pretrain(PretrainOptions(data / "two.toml", data / "told", data)))
    (data / "two.toml").write_text(CONFIG.replace("tell_species = true", ""))
    none = ends(pretrain(PretrainOptions(data / "two.toml", data / "none", data)))
    for name in ("one", "other"):
        # 1.469 bits are in the shares; who sees two neighbours each way knows the species but now and then.
        assert told[f"validation_bits_{name}"] < none[f"validation_bits_{name}"] - 0.01


def test_the_folder_is_a_plain_duplex_of_the_first_species(data):
    out = pretrain(PretrainOptions(data / "two.toml", data / "run", data))
    model = dnalect.load(out)
    assert model.card.parameters == DuplexConfig(width=8, kernel=2, dilations=(1,)).parameters
    log_p = np.log2(dnalect.base_probabilities(model, ["ACGT" * 8])[0])
    assert log_p[4:-4, [0, 3]].mean() > log_p[4:-4, [1, 2]].mean() + 2


def test_folding_changes_no_logit():
    torch.manual_seed(0)
    told = SpeciesTold(Duplex(DuplexConfig(width=8, dilations=(1, 2))), ["a", "b", "a"])
    torch.nn.init.normal_(told.species_embedding.weight)
    codes, inside = torch.randint(0, 5, (3, 20)), torch.ones(3, 20, dtype=torch.bool)
    genomes = np.array([0, 1, 2])
    each = told(codes, inside, genomes)
    assert torch.equal(each[0], told(codes, inside)[0])
    assert torch.allclose(each[1], told(codes[1:2], inside[1:2], genomes[1:2])[0], atol=1e-5)
    assert not torch.allclose(each[1], told(codes[1:2], inside[1:2])[0], atol=1e-2)
    told.fold()
    assert torch.allclose(told(codes, inside, genomes), each, atol=1e-5)
    assert torch.allclose(told.duplex(codes, inside)[0], each[0], atol=1e-5)


def test_every_genome_needs_its_species(data):
    (data / "two.toml").write_text(CONFIG.replace('species = "Species other"\n', ""))
    with pytest.raises(ConfigError, match="tell_species: give every genome its species"):
        pretrain(PretrainOptions(data / "two.toml", data / "run", data))
