"""Folders of tiny aligned models with random weights, and relatives to lay on a genome."""

import json
from pathlib import Path

import numpy as np
import torch

import dnalect
from conftest import CONTIGS
from dnalect.core.files import sha256
from dnalect.models.families.aligned import Aligned, AlignedConfig, config_of
from dnalect.models.weights import save_weights

RELATIVES = ("far", "near", "other")
SIZES = {"width": 6, "kernel": 3, "dilations": (1, 2, 4), "join": "product", "beside": 5}
SIZES |= {"beside_dilations": (1, 2), "hidden": 7, "relatives": RELATIVES}
ALIGNED = 4500


def network(seed=3, **sizes) -> Aligned:
    torch.manual_seed(seed)
    made = Aligned(AlignedConfig(**SIZES | sizes))
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.3)
    return made.eval()


def make_aligned(folder: Path, made: Aligned | None = None, **more) -> Path:
    made = made or network()
    folder.mkdir(parents=True, exist_ok=True)
    save_weights(made, folder / "model.safetensors")
    card = {
        "id": folder.name,
        "revision": "1",
        "sha256": sha256(folder / "model.safetensors"),
        "family": "aligned",
        "tokenizer": "single nucleotide",
        "config": config_of(made),
        "context_bases": 1024,
        "window": 96,
        "parameters": sum(p.numel() for p in made.parameters()),
        "species": "Tiny testensis",
        "genomes": [{"name": "tiny", "contigs": CONTIGS, "train": ["chrA"], "test": ["chrB"]}],
    }
    (folder / "card.json").write_text(json.dumps(card | more))
    return folder


def lay_relatives(fasta: Path, folder: Path, names=RELATIVES) -> Path:
    """On the first 4,500 bases of chrA each relative has another base at 30 of 100 places, and at 5 none."""
    length = int(dnalect.open_genome(fasta).lengths[0])
    rng = np.random.default_rng(5)
    folder.mkdir()
    for name in names:
        text = np.full(length, ".", dtype="U1")
        drawn = rng.random(length)
        text[drawn < 0.4] = rng.choice(list("ACGT"), int((drawn < 0.4).sum()))
        text[(drawn > 0.95) | (np.arange(length) >= ALIGNED)] = "-"
        (folder / f"{name}.fa").write_text(">chrA\n" + "".join(text) + "\n")
    return folder
