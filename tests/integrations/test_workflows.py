"""What lies in integrations/: a workflow that its own engine runs, and files that name only what dnalect has."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
import yaml

from dnalect.cli.merge import merge
from dnalect.cli.score import score
from dnalect.core import kept
from dnalect.jobs.score import score_file
from dnalect.jobs.score_options import Options
from dnalect.jobs.shards import merge_shards, score_shard

ROOT = Path(__file__).parents[2]
HOME = ROOT / "integrations"
ENGINE = ROOT / ".venv-engines" / "bin" / "snakemake"
HEADER = "##fileformat=VCFv4.2\n##contig=<ID=chrA,length=6000>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"


@pytest.fixture
def variants(fasta, tmp_path) -> Path:
    """More than a chunk of substitutions: a few sites, again and again."""
    bases = "".join(line for line in fasta.read_text().split(">")[1].splitlines()[1:]).upper()
    lines = []
    for number in range(9000):
        place = 600 + number // 9
        ref = bases[place]
        lines.append(f"chrA\t{place + 1}\tv{number}\t{ref}\t{'ACGT'['ACGT'.index(ref) - 1 - number % 3]}\t.\t.\t.\n")
    path = tmp_path / "in.vcf"
    path.write_text(HEADER + "".join(lines))
    return path


def asked(fasta, variants, model, out, **more) -> Options:
    return Options(str(fasta), str(variants), outputs=(str(out),), model=str(model), provenance=False, **more)


@pytest.mark.slow
def test_parts_that_were_made_apart_are_put_together(fasta, variants, model_folder, tmp_path, monkeypatch):
    """As jobs of a workflow do, each in a folder of its own."""
    monkeypatch.setattr(kept, "SECONDS", 0.0)
    score_file(asked(fasta, variants, model_folder, tmp_path / "whole.vcf"))
    for number in (1, 2, 3):
        (tmp_path / f"job{number}").mkdir()
        with monkeypatch.context() as patch:
            patch.chdir(tmp_path / f"job{number}")
            assert score_shard(asked(fasta, variants, model_folder, "out.vcf", shard=f"{number}/3"))
    (tmp_path / "all").mkdir()
    for number in (1, 2, 3):
        shutil.copytree(
            tmp_path / f"job{number}" / "out.vcf.part", tmp_path / "all" / "out.vcf.part", dirs_exist_ok=True
        )
    monkeypatch.chdir(tmp_path / "all")
    merge_shards(Path("out.vcf.part"))
    assert Path("out.vcf").read_bytes() == (tmp_path / "whole.vcf").read_bytes()


@pytest.mark.slow
@pytest.mark.skipif(not ENGINE.exists(), reason="Snakemake is not installed: make test-all does that")
def test_snakemake_runs_its_workflow(fasta, variants, model_folder, tmp_path):
    score_file(asked(fasta, variants, model_folder, tmp_path / "whole.vcf"))
    told = {"reference": str(fasta), "variants": str(variants), "output": "out/scored.vcf", "report": "out/report.html"}
    told |= {"model": str(model_folder), "shards": 3, "threads": 1, "options": "--no-provenance"}
    (tmp_path / "own.yaml").write_text(yaml.safe_dump(told))
    command = [ENGINE, "--cores", "2", "-s", HOME / "snakemake" / "Snakefile", "--configfile", "own.yaml"]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command, cwd=tmp_path, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert (tmp_path / "out" / "scored.vcf").read_bytes() == (tmp_path / "whole.vcf").read_bytes()
    assert (tmp_path / "out" / "report.html").stat().st_size > 10_000
    assert not (tmp_path / "out" / "scored.vcf.part").exists()


def options_of(command: click.Command) -> set[str]:
    return {name for each in command.params for name in (*each.opts, *each.secondary_opts)}


@pytest.mark.parametrize("path", [*HOME.glob("nf-core/dnalect/*/main.nf"), HOME / "snakemake" / "Snakefile"])
def test_commands_have_only_options_that_there_are(path):
    known = options_of(score) | options_of(merge) | {"--version"}
    text = re.sub(r"^#.*$", "", path.read_text(), flags=re.MULTILINE)
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text))
    assert named
    assert named <= known
    assert set(re.findall(r"\bdnalect ([a-z]+)", text)) <= {"score", "merge"}


def test_containers_copy_what_there_is():
    docker = (HOME / "containers" / "Dockerfile").read_text()
    copied = [word for line in re.findall(r"^COPY (.*)$", docker, re.MULTILINE) for word in line.split()[:-1]]
    definition = (HOME / "containers" / "dnalect.def").read_text()
    copied += re.findall(r"^    (\S+) /src/\S+$", definition, re.MULTILINE)
    assert len(copied) == 10
    assert all((ROOT / each).exists() for each in copied)
    version = re.search(r'^version = "(.*)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version
    for path in (HOME / "containers" / "Dockerfile", *HOME.glob("nf-core/dnalect/*/main.nf")):
        assert f"dnalect:{version[1]}" in path.read_text()
    assert yaml.safe_load((HOME / "nf-core" / "dnalect" / "environment.yml").read_text())["dependencies"]
