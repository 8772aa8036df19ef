"""On a Ray cluster of several nodes a worker and a node are killed in mid-run: the outputs are those of one process."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from conftest import make_model
from dnalect.core import kept
from dnalect.core.reporter import Reporter, using
from dnalect.genome.fasta import open_genome
from dnalect.jobs import scoring
from dnalect.jobs.embed.job import embed_file
from dnalect.jobs.embed.options import Options as EmbedOptions
from dnalect.jobs.scan.job import scan_genome
from dnalect.jobs.scan.options import Options as ScanOptions
from dnalect.jobs.score import score_file
from dnalect.jobs.score_options import Options

# Minutes: clusters start, and each worker loads torch.
pytestmark = pytest.mark.slow
HEADER = "##fileformat=VCFv4.2\n##contig=<ID=chrA,length=6000>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
RECORDS = 800


@pytest.fixture(scope="module")
def large(tmp_path_factory) -> Path:
    """A model that takes some milliseconds a variant."""
    return make_model(tmp_path_factory.mktemp("large") / "large", width=96, dilations=[1, 2, 4, 8, 16, 32])


@pytest.fixture(scope="module")
def vcf(fasta, tmp_path_factory) -> Path:
    genome, lines = open_genome(fasta), []
    for number, place in enumerate(np.linspace(400, 2800, RECORDS).astype(int).tolist()):
        ref = genome.fetch(0, place, place + 1).tobytes().decode().upper()
        alt = ref + "GATC" if number % 40 == 7 else "ACGT"["ACGT".index(ref) - 1 - number % 3]
        lines.append(f"chrA\t{place + 1}\tv{number}\t{ref}\t{alt}\t.\t.\t.\n")
    path = tmp_path_factory.mktemp("variants") / "in.vcf"
    path.write_text(HEADER + "".join(lines))
    return path


@pytest.fixture(autouse=True)
def small_parts(monkeypatch, tmp_path):
    monkeypatch.setattr(scoring, "CHUNK", 16)
    monkeypatch.setattr(kept, "SECONDS", 0.0)
    monkeypatch.setenv("DNALECT_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")


@pytest.fixture
def cluster():
    """A head without processors and two nodes with one each."""
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    made.hands = [made.add_node(num_cpus=1) for _ in range(2)]
    yield made
    made.shutdown()


def workers_on(node) -> list[int]:
    """The processes of a node's actors."""
    raylet, found = node.all_processes["raylet"][0].process.pid, []
    for each in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((each / "stat").read_text().rpartition(")")[2].split()[1])
            name = (each / "cmdline").read_bytes()
        except OSError:
            continue
        if parent == raylet and name.startswith(b"ray::Actor"):
            found.append(int(each.name))
    return found


def asked(fasta, vcf, model, out: Path, **more) -> Options:
    told = {"scores": "llr,influence", "background": 40, "provenance": False} | more
    return Options(str(fasta), str(vcf), outputs=(str(out),), model=str(model), **told)


def test_a_worker_and_a_node_are_killed(fasta, vcf, large, tmp_path, cluster, capfd):
    score_file(asked(fasta, vcf, large, tmp_path / "whole.vcf"))
    out, told, killed = tmp_path / "out.vcf", [], []
    first, second = cluster.hands

    def kill():
        for pieces, victim in ((8, "worker"), (24, "node")):
            while len(list((tmp_path / "out.vcf.part").glob("*.kept"))) < pieces:
                time.sleep(0.05)
            if victim == "worker":
                (process,) = workers_on(first)
                os.kill(process, signal.SIGKILL)
            else:
                cluster.remove_node(second, allow_graceful=False)
            killed.append((victim, out.exists()))

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    with using(Reporter(False, told.append)):
        score_file(asked(fasta, vcf, large, out, engine="ray", workers=2, ray_address=cluster.address))
    killer.join()
    assert killed == [("worker", False), ("node", False)]
    assert told.count("a worker is gone; another one computes what it had in hand") >= 2
    assert capfd.readouterr().out == ""
    assert out.read_bytes() == (tmp_path / "whole.vcf").read_bytes()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["cache", "out.vcf", "whole.vcf"]


def test_windows_and_genomes_on_a_cluster(fasta, model_folder, tmp_path, cluster, monkeypatch):
    monkeypatch.setattr("dnalect.jobs.embed.job.ROWS", 10)
    monkeypatch.setenv("RAY_ADDRESS", cluster.address)
    for name, more in (("a", {}), ("b", {"engine": "ray"})):
        told = {"source": str(fasta), "model": str(model_folder), "window": 60, "pool": "base"}
        embed_file(EmbedOptions(outputs=[str(tmp_path / f"{name}.npz")], **told, **more))
        scan = ScanOptions(str(fasta), (str(tmp_path / f"{name}.bw"),), model=str(model_folder), batch=2, **more)
        scan_genome(scan, chunk=2048, tile=256)
    for name in ("npz", "information.bw", "reference.bw", "minimum.bw"):
        assert (tmp_path / f"a.{name}").read_bytes() == (tmp_path / f"b.{name}").read_bytes()


def test_a_stopped_command_goes_on(fasta, vcf, large, tmp_path):
    """On this machine alone, by SIGTERM; nothing of Ray stays."""
    score_file(asked(fasta, vcf, large, tmp_path / "whole.vcf"))
    code = (
        "from dnalect.jobs import scoring; from dnalect.core import kept; from dnalect.cli.main import main; "
        "scoring.CHUNK, kept.SECONDS = 16, 0.0; main()"
    )
    words = ["score", fasta, vcf, "-m", large, "-o", tmp_path / "out.vcf", "--score", "llr,influence"]
    words += ["--background", 40, "--no-provenance", "--engine", "ray", "--workers", 2]
    command = [sys.executable, "-c", code, *map(str, words)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while len(list((tmp_path / "out.vcf.part").glob("*.kept"))) < 5 and process.poll() is None:
        time.sleep(0.05)
    process.terminate()
    begun = time.monotonic()
    _, heard = process.communicate(timeout=60)
    assert process.returncode == 130, heard
    assert "the same command goes on from there" in heard
    assert time.monotonic() - begun < 10
    done = subprocess.run(command, check=True, stderr=subprocess.PIPE, text=True)
    assert "2 workers of Ray, each with 1 thread" in done.stderr
    assert "what was done before is taken" in done.stderr
    assert (tmp_path / "out.vcf").read_bytes() == (tmp_path / "whole.vcf").read_bytes()
    assert not (tmp_path / "out.vcf.part").exists()
