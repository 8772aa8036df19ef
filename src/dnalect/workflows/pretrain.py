"""Genomes and a config -> a trained model folder."""

import json
from dataclasses import asdict
from pathlib import Path

import matplotlib
import numpy as np
import torch
from torch import nn

from dnalect.core.errors import OutputError
from dnalect.core.files import sha256, write_text, written_whole
from dnalect.genome.fasta import Genome, contig_numbers, open_genome
from dnalect.models.checkpoint import save_weights
from dnalect.models.duplex.network import Duplex
from dnalect.tokens.bases import UNKNOWN, encode
from dnalect.training.config import PretrainConfig, read_config
from dnalect.training.corpus import Corpus
from dnalect.training.loop import train
from dnalect.training.objectives import leave_one_out_loss

VALIDATION_WINDOWS = 192
# The network takes any length; this bounds the memory of one window.
CONTEXT_BASES = 8192


def pretrain(config_path: Path, data: Path, out: Path, device: str = "cpu", threads: int | None = None) -> Path:
    """Train the model of a config and return the folder with model.safetensors and card.json.

    data: the folder that the config's FASTA names are relative to.
    out: made if missing; holds the log, the learning curve and a checkpoint that a second
    call resumes from.
    """
    config = read_config(config_path)
    if threads:
        torch.set_num_threads(threads)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {out}: {error.strerror}") from error
    genomes = [open_genome(data / name) for name in config.data.fasta]
    split = {part: _contigs(genomes, getattr(config.data, part)) for part in ("train", "validate", "test")}
    corpus = Corpus(
        split["train"],
        config.data.window,
        config.optim.batch,
        config.seed,
        config.data.soft_mask_weight,
        config.data.unknown_rate,
    )
    torch.manual_seed(config.seed)
    target = torch.device(device)
    network = Duplex(config.model).to(target)
    windows = _validation_windows(split["validate"], config)

    def check(model: nn.Module) -> dict[str, float]:
        return {"validation_bits": bits_per_base(model, windows, target)}

    figures = train(network, corpus, leave_one_out_loss, check, config, out, target)
    save_weights(network, out / "model.safetensors", half=True)
    _write_card(config, genomes, corpus, network, figures, out)
    draw_learning_curve(out / "log.jsonl", out / "learning-curve.png", config.name)
    return out


def _contigs(genomes: list[Genome], names: tuple[str, ...]) -> list[tuple[Genome, list[int]]]:
    """Find each name in the first genome that has it."""
    found: list[tuple[Genome, list[int]]] = [(genome, []) for genome in genomes]
    for name in names:
        owner = next((pair for pair in found if name in pair[0].index), None)
        if owner is None:
            contig_numbers(genomes[0], [name])
        else:
            owner[1].append(owner[0].index[name])
    return [pair for pair in found if pair[1]]


def _validation_windows(parts: list[tuple[Genome, list[int]]], config: PretrainConfig) -> np.ndarray:
    rng = np.random.default_rng((config.seed, 2))
    rows = []
    for genome, contigs in parts:
        chosen = np.array(rng.choice(contigs, VALIDATION_WINDOWS // len(parts)), dtype=np.int64)
        room = np.maximum(genome.lengths[chosen] - config.data.window, 1)
        rows.append(genome.windows(chosen, rng.integers(room), config.data.window))
    return encode(np.concatenate(rows))


def bits_per_base(network: nn.Module, codes: np.ndarray, device: torch.device) -> float:
    """Mean of -log2 p(base | the other bases of its window) over the known bases."""
    total, count = 0.0, 0
    with torch.inference_mode():
        for part in np.array_split(codes, max(1, len(codes) // 16)):
            ids = torch.from_numpy(part.astype(np.int64)).to(device)
            logits = network(ids, torch.ones_like(ids, dtype=torch.bool)).float().flatten(0, 1)
            flat = ids.flatten()
            loss = nn.functional.cross_entropy(logits, flat, ignore_index=UNKNOWN, reduction="sum")
            total, count = total + loss.item(), count + int((flat != UNKNOWN).sum())
    return total / count / float(np.log(2))


def _write_card(
    config: PretrainConfig, genomes: list[Genome], corpus: Corpus, network: Duplex, figures: dict[str, float], out: Path
) -> None:
    weights = sha256(out / "model.safetensors")
    seconds = figures.pop("seconds")
    card = {
        "id": config.name,
        "revision": weights[:12],
        "sha256": weights,
        "family": config.family,
        "tokenizer": "single nucleotide",
        "config": asdict(config.model),
        "context_bases": CONTEXT_BASES,
        "window": 2 * (network.config.reach + 4),
        "parameters": sum(p.numel() for p in network.parameters()),
        **config.card,
        "corpus": {
            "files": [
                {"name": name, "sha256": sha256(genome.path), "reference": genome.checksum}
                for name, genome in zip(config.data.fasta, genomes, strict=True)
            ],
            "bases": corpus.bases,
            "passes": round(config.optim.steps / corpus.steps_a_pass, 2),
            "minutes": round(seconds / 60, 1),
        },
        "contigs": {
            "train": list(config.data.train),
            "validate": list(config.data.validate),
            "test": list(config.data.test),
        },
        "assembly_contigs": {
            name: int(length) for genome in genomes for name, length in zip(genome.names, genome.lengths, strict=True)
        },
        "figures": {key: round(value, 4) for key, value in figures.items()},
    }
    write_text(out / "card.json", json.dumps(card, indent=2) + "\n")


def draw_learning_curve(log: Path, picture: Path, title: str) -> None:
    """Draw training and validation bits per base against passes over the genome."""
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    entries = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    figure, axes = plt.subplots(figsize=(6.4, 4), layout="constrained")
    passes = [entry["passes"] for entry in entries]
    axes.plot(passes, [entry["train_bits"] for entry in entries], label="training", color="#8899aa")
    axes.plot(passes, [entry["validation_bits"] for entry in entries], label="validation", color="#0b6e99")
    axes.set(xlabel="passes over the training contigs", ylabel="bits per base", title=title)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    with written_whole(picture) as temporary:
        figure.savefig(temporary, format="png", dpi=130)
    plt.close(figure)
