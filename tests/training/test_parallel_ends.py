"""Several processes end together, whatever ends one of them: and one says why, as the command line does."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

import dnalect
import forked
from dnalect.jobs import pretrain_plan
from dnalect.training import loop


def command(arguments):
    """Be the command line, as torchrun starts it."""

    def work():
        from dnalect.cli.main import main

        signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.argv = ["dnalect", *map(str, arguments)]
        main()

    return work


TOML = """
name = "toy"
[data]
window = 60
[[data.genomes]]
name = "one"
fasta = "one.fa"
train = ["t"]
validate = ["v"]
[model]
width = 8
kernel = 3
dilations = [1]
[optim]
batch = 4
steps = 6
warmup = 0
check_every = 6
save_every = 2
"""


@pytest.fixture
def toml(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    contigs = {name: "".join(rng.choice(list("ACGT"), count)) for name, count in (("t", 4000), ("v", 400))}
    (tmp_path / "one.fa").write_text("".join(f">{name}\n{text}\n" for name, text in contigs.items()))
    monkeypatch.setattr(pretrain_plan, "VALIDATION_BASES", 1)
    monkeypatch.setattr("dnalect.training.ranks.SAID", 0.3)
    (tmp_path / "toy.toml").write_text(TOML)
    return ["pretrain", tmp_path / "toy.toml", "--data", tmp_path, "--device", "cpu", "-o", tmp_path / "out"]


def at_step(monkeypatch, number, what):
    """Let something happen before a step."""
    real, count = loop._step, iter(range(1000))

    def step(*arguments):
        if next(count) == number:
            what()
        return real(*arguments)

    monkeypatch.setattr(loop, "_step", step)


def test_a_killed_process_ends_all_and_the_run_goes_on(toml, monkeypatch):
    with monkeypatch.context() as patched:
        at_step(patched, 3, lambda: os.kill(os.getpid(), signal.SIGKILL) if os.environ["RANK"] == "1" else None)
        first, second = forked.ranks(command(toml), timeout=60)
    assert second.returncode == -signal.SIGKILL
    assert first.returncode == 1
    assert re.search(r"dnalect: process 0 of 2 \(from 0\) lost the others: .* goes on from the last", first.stderr)
    assert "Traceback" not in first.stderr
    first, second = forked.ranks(command(toml))
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert "going on after step 2 of 6" in first.stderr
    assert "2 processes" in first.stderr
    assert second.stderr == ""


def test_who_is_asked_to_stop_stops_all_and_one_speaks(toml, monkeypatch):
    with monkeypatch.context() as patched:
        at_step(patched, 2, lambda: os.kill(os.getpid(), signal.SIGTERM) if os.environ["RANK"] == "1" else None)
        first, second = forked.ranks(command(toml))
    assert (first.returncode, second.returncode) == (130, 130), first.stderr + second.stderr
    assert "stopped after step 3 of 6, which is saved in" in first.stderr
    assert second.stderr == ""


def test_what_is_wrong_is_said_once(toml, tmp_path):
    toml[3] = tmp_path / "nowhere"
    first, second = forked.ranks(command(toml))
    assert (first.returncode, second.returncode) == (1, 1)
    assert first.stderr.count("the genome one is not there") == 1
    assert second.stderr == ""


def test_what_is_wrong_with_another_process_is_said_by_the_first(toml, monkeypatch):
    def full(*_):
        raise dnalect.OutputError("no room")

    monkeypatch.setattr("dnalect.jobs.pretrain.check_folder", lambda out: os.environ["RANK"] == "1" and full())
    first, second = forked.ranks(command(toml))
    assert (first.returncode, second.returncode) == (1, 1)
    assert first.stderr == "dnalect: process 1: no room\n"
    assert second.stderr == ""


def test_fine_tuning_for_tracks_is_refused_to_several_processes(tmp_path):
    done = forked.ranks(command(["finetune", tmp_path / "a.bed", "--bin", 32, "--out", tmp_path / "out"]))
    assert [each.returncode for each in done] == [1, 1]
    assert all("fine-tuning for tracks is done by one process: start it without" in each.stderr for each in done)


def test_a_full_disk_of_one_process_leaves_the_checkpoint_before(toml, monkeypatch):
    from torch.distributed.checkpoint.filesystem import FileSystemWriter

    Path(toml[1]).write_text(TOML + 'sharding = "fsdp"\n')
    real = FileSystemWriter.write_data

    def full(self, *told):
        if os.environ["RANK"] == "1" and "shards-4" in str(self.path):
            raise OSError(28, "No space left on device")
        return real(self, *told)

    with monkeypatch.context() as patched:
        patched.setattr(FileSystemWriter, "write_data", full)
        first, second = forked.ranks(command(toml))
    assert (first.returncode, second.returncode) == (1, 1), first.stderr + second.stderr
    assert re.search(r"dnalect: cannot write \S+/checkpoint.shards-4: No space left on device\n$", first.stderr)
    assert second.stderr == ""
    first, second = forked.ranks(command(toml))
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert "going on after step 2 of 6" in first.stderr


@pytest.mark.slow
def test_torchrun_starts_stops_and_goes_on(toml, tmp_path):
    """As people start it: torchrun passes one Ctrl-C on, waits for the step, and the same command ends the run."""
    Path(toml[1]).write_text(TOML.replace("steps = 6", "steps = 3000").replace("save_every = 2", "save_every = 1000"))
    words = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    words += ["-m", "dnalect", *map(str, toml)]
    with (tmp_path / "told.txt").open("w") as told:
        process = subprocess.Popen(words, stderr=told, stdout=told)
        end = time.monotonic() + 120
        while "step 3 of" not in (tmp_path / "told.txt").read_text() and time.monotonic() < end:
            time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) != 0
    said = (tmp_path / "told.txt").read_text()
    stopped = re.search(r"dnalect: stopped after step (\d+) of 3,000, which is saved in", said)
    assert stopped, said
    assert said.count("dnalect: stopping as soon as this step is done") == 1
    assert int(stopped[1]) >= 3
    assert torch.load(tmp_path / "out" / "checkpoint.pt", weights_only=True)["at"]["step"] == int(stopped[1])
