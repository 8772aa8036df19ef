"""Small real things that many tests share: a random genome and a random duplex of 15 bases' reach."""

import fcntl
import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from dnalect.core import ray_pool
from dnalect.core.files import sha256
from dnalect.core.records import Row, Score
from dnalect.core.summaries import Context, Summary
from dnalect.models.families.duplex import Duplex, DuplexConfig
from dnalect.models.weights import save_weights
from fake_ray import FakeRay, pickled

CONTIGS = {"chrA": 6000, "chrB": 900}


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("DNALECT_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture(autouse=True)
def own_threads():
    """What a command says of threads ends with it: a process that had several can't be forked."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def fasta(tmp_path_factory) -> Path:
    """Two contigs; chrA has a run of N at 3000-3100, lower case at 100-200, TATATATATA at 500."""
    rng = np.random.default_rng(7)
    path = tmp_path_factory.mktemp("genome") / "tiny.fa"
    with path.open("w") as out:
        for name, length in CONTIGS.items():
            bases = "".join(rng.choice(list("ACGT"), length))
            if name == "chrA":
                bases = bases[:500] + "CTATATATATATG" + bases[513:]
                bases = bases[:3000] + "N" * 100 + bases[3100:]
                bases = bases[:100] + bases[100:200].lower() + bases[200:]
            out.write(f">{name} a description\n")
            out.writelines(bases[i : i + 60] + "\n" for i in range(0, length, 60))
    return path


def make_model(folder: Path, **sizes) -> Path:
    """Write a model folder with random weights."""
    torch.manual_seed(3)
    config = {"width": 8, "kernel": 3, "dilations": [1, 2, 4], "expansion": 2, "dropout": 0.0} | sizes
    network = Duplex(DuplexConfig(**config))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(2).add_(torch.randn_like(parameter) * 0.05)
    folder.mkdir(parents=True, exist_ok=True)
    save_weights(network, folder / "model.safetensors")
    card = {
        "id": folder.name,
        "revision": "1",
        "sha256": sha256(folder / "model.safetensors"),
        "family": "duplex",
        "tokenizer": "single nucleotide",
        "config": config,
        "context_bases": 1024,
        "window": 96,
        "parameters": sum(p.numel() for p in network.parameters()),
        "species": "Tiny testensis",
        "genomes": [{"name": "tiny", "contigs": CONTIGS, "train": ["chrA"], "test": ["chrB"]}],
    }
    (folder / "card.json").write_text(json.dumps(card))
    return folder


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory) -> Path:
    return make_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session")
def made_once(tmp_path_factory) -> Callable[[str, Callable[[Path], None]], Path]:
    """A function (name, make) -> the folder that `make` filled, once for all processes that the suite runs in."""

    def folder_of(name: str, make: Callable[[Path], None]) -> Path:
        base = tmp_path_factory.getbasetemp()
        base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
        folder = base / f"once-{name}"
        with (base / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.exists():
                filling = tmp_path_factory.mktemp(name)
                make(filling)
                filling.rename(folder)
        return folder

    return folder_of


@pytest.fixture
def workers(monkeypatch) -> FakeRay:
    """Let --engine ray have workers in this process, where every sixth piece kills the first worker that has it."""
    seen: list[int] = []
    ray = FakeRay(lambda work, turn: turn == 1 and not seen.append(1) and len(seen) % 6 == 0, through=pickled)
    monkeypatch.setattr(ray_pool, "_ray", lambda: ray)
    return ray


@pytest.fixture
def fake_summary():
    """Make a Summary with n ranked rows, as a run would leave it."""

    def make(count: int) -> Summary:
        rng = np.random.default_rng(count)
        rows = [
            Row(
                f"chr{'ABC'[n % 3]}",
                int(rng.integers(1, 10**7)),
                f"rs{n}",
                "A",
                "CGT"[n % 3],
                Score(float(n) / (count + 1) * 6 - 5, percentile=(n + 1) / (count + 1), ref_prob=0.5, kind="snv"),
                allele_count=int(rng.integers(1, 50)),
                af=float(rng.random()),
                gene=f"GENE{n % 97}",
                region="promoter",
                tss_distance=int(rng.integers(-500, 500)),
            )
            for n in range(count)
        ]
        edges = np.linspace(-6, 3, 61)
        counts = rng.integers(0, 50, 60)
        contexts = [
            Context(row, row.position - 21, "ACGTA" * 8 + "C", rng.dirichlet(np.ones(4) / 2, 41).astype(np.float32))
            for row in rows[:3]
        ]
        return Summary(
            title="variants.vcf on genome.fa",
            provenance={"version": "1", "command": "dnalect score a.fa 'b c.vcf' -o <out>"},
            records=count + 5,
            alternates=count + 7,
            outcomes={"scored": count, "ref_mismatch": 4, "contig_edge": 3},
            kinds={"snv": count},
            percentiles={"snv": rng.integers(0, 9, 20)},
            scores={"snv": (edges, counts)},
            background={"snv": (edges, counts[::-1])},
            top=rows,
            contexts=contexts,
            notes=["a note"],
            annotated=True,
        )

    return make
