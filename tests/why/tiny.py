"""A tiny model with attention over single bases, and a model of every kind by name."""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file

import dnalect
from dnalect.models.families.family import HubConfig
from dnalect.models.recognise import FAMILIES
from dnalect.tokens.single import SingleBases
from models.folders import ESM
from protocol.test_models import MAKERS


def bases_with_attention(folder: Path) -> Path:
    """Write a Nucleotide Transformer 2 of single bases, its weights drawn large."""
    words = SingleBases("masked").words
    hub = ESM | {"vocab_size": len(words), "position_embedding_type": "rotary", "token_dropout": False}
    hub |= {"add_bias_fnn": False}
    torch.manual_seed(5)
    made = FAMILIES["nucleotide_transformer"]
    network = made.build(made.read_config(HubConfig(hub, "tiny")))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.2)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(hub))
    (folder / "vocab.txt").write_text("\n".join(words) + "\n")
    save_file(made.table.export(network), folder / "model.safetensors")
    return folder


KINDS = {**MAKERS, "single bases": lambda folder: bases_with_attention(folder / "it")}


def model_of(name: str, folder: Path):
    return dnalect.load(KINDS[name](folder))
