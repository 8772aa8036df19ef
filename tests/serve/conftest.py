"""A server on a tiny model and its genome: in this process for most tests, in one of its own where that matters."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

pytest.importorskip("fastapi")
pytest.importorskip("orjson")
from fastapi.testclient import TestClient

import dnalect
from dnalect.serve.app import app_of
from dnalect.serve.options import Options

HOST = "http://127.0.0.1:8765"


@pytest.fixture(scope="session")
def folder(tmp_path_factory, fasta):
    """A folder that the operator allows: a genome, its genes, and what must not be reached from it."""
    found = tmp_path_factory.mktemp("allowed") / "data"
    found.mkdir()
    shutil.copy(fasta, found / "tiny.fa")
    (found / "tiny.gff3").write_text("##gff-version 3\nchrA\tx\tgene\t1001\t2000\t.\t+\t.\tID=g1;Name=one\n")
    (found.parent / "secret.fa").write_text(">s\nACGT\n")
    (found / "link.fa").symlink_to(found.parent / "secret.fa")
    return found


@pytest.fixture(scope="session")
def vcf(folder):
    """The text of a VCF on the tiny genome: a function of how many records."""
    chromosome = dnalect.open_genome(str(folder / "tiny.fa"))["chrA"]

    def of(count, start=3_500):
        lines = ["##fileformat=VCFv4.2", "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"]
        for n in range(count):
            at = start + 2 * n
            ref = chromosome[at].upper()
            alt = "ACGT"["ACGT".index(ref) - 1]
            lines.append(f"chrA\t{at + 1}\tv{n}\t{ref}\t{alt}\t.\t.\t.")
        return "\n".join(lines) + "\n"

    return of


@pytest.fixture(scope="module")
def options(tmp_path_factory, folder, model_folder):
    return Options((str(folder),), (str(model_folder),), work=tmp_path_factory.mktemp("work"), upload_mb=1, threads=1)


@pytest.fixture(scope="module")
def client(options):
    with TestClient(app_of(options), base_url=HOST) as found:
        yield found


def settled(client, job, seconds=400):
    """The record of a job when it has ended."""
    end = time.monotonic() + seconds
    while (record := client.get(f"/api/jobs/{job}").json())["state"] in ("queued", "running", "stopping"):
        assert time.monotonic() < end, record
        time.sleep(0.05)
    return record


class Served:
    """`dnalect serve` in a process of its own. address: of it."""

    def __init__(self, work, *more):
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "dnalect", "serve", "--port", "0", "--work", str(work), "--threads", "1", *more],
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        line = self.process.stderr.readline()
        found = re.search(r"open (http://\S+)", line)
        assert found, line + self.process.stderr.read()
        self.address = found[1].rstrip("/")

    def end(self, number=signal.SIGINT):
        """Send a signal; return the status and the seconds that it took."""
        begun = time.monotonic()
        self.process.send_signal(number)
        return self.process.wait(60), time.monotonic() - begun


@pytest.fixture
def served(folder, model_folder):
    """A function (work) -> `Served`; all are ended."""
    with contextlib.ExitStack() as stack:

        def start(work, *more):
            found = Served(work, str(folder), "--model", str(model_folder), *more)
            stack.callback(lambda: (found.process.kill(), found.process.wait(), found.process.stderr.close()))
            return found

        yield start


@pytest.fixture(scope="session")
def sequence():
    return "".join(np.random.default_rng(3).choice(list("ACGT"), 200))
