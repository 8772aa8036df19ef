"""The slices of real data that the repository ships: whole, small, and enough for the small suites."""

import gzip
import re
import subprocess
import sys
import tomllib
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dnalect.core.examples import Examples
from dnalect.core.figures import read_figures
from dnalect.core.files import sha256
from dnalect.examples.leaks import audit
from dnalect.genome.fasta import open_genome
from dnalect.jobs.benchmark.learners import Folders
from dnalect.jobs.benchmark.run import run_suite
from dnalect.jobs.benchmark.suite import read_suite
from dnalect.jobs.benchmark.tasks import Task, open_task
from dnalect.models.catalogue import EMBEDDED
from studies.cases.natural import COMMON, read_natural
from studies.cases.saturation import read_saturation
from studies.cases.trajectories import expression_task, read_trajectories

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "data"
SUITES = ROOT / "configs/benchmarks/small"
SHIPPED = (DATA, ROOT / "src/dnalect/demo_data", ROOT / "src/dnalect/demo_relatives", ROOT / "tests/data")
MOST, MOST_OF_SLICES, MOST_OF_MODELS = 3_000_000, 1_000_000, 30_000_000
FILES = sorted(path.relative_to(DATA).as_posix() for path in DATA.rglob("*") if path.is_file())
SPECS = {spec.name: spec for name in ("core", "labels") for spec in read_suite(SUITES / f"{name}.yaml").tasks}


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_every_slice_is_the_one_that_the_readme_tells_of():
    rows = re.findall(
        r"^\| (\S+\.gz) \| .+ \| .+ \| .+ \| `([0-9a-f]{64})` \|$", (DATA / "README.md").read_text(), re.M
    )
    assert [name for name, _ in rows] == [name for name in FILES if name != "README.md"]
    assert dict(rows) == {name: sha256(DATA / name) for name, _ in rows}


def test_what_is_made_up_says_so_and_is_what_its_script_makes(tmp_path):
    done = subprocess.run(
        [sys.executable, ROOT / "scripts/locus_slice.py", "--out", tmp_path], check=True, capture_output=True
    )
    made = sorted(path.name for path in tmp_path.iterdir())
    assert made == ["made_up_genes.gff.gz", "made_up_loops.txt.gz"], done.stdout
    for name in made:
        text = gzip.decompress((tmp_path / name).read_bytes())
        assert b"\n# made up: no " in text
        assert text == gzip.decompress((ROOT / "src/dnalect/demo_data" / name).read_bytes())


def test_all_shipped_inputs_together_are_small():
    assert 0 < size(DATA) < MOST_OF_SLICES
    assert sum(map(size, SHIPPED)) < MOST


def test_all_shipped_models_together_are_small():
    assert 0 < size(EMBEDDED) <= MOST_OF_MODELS


def test_the_slices_are_not_in_the_wheel():
    told = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert told["packages"] == ["src/dnalect"]
    assert all(each.startswith("src/dnalect/") for each in told["artifacts"])
    assert told["force-include"] == {"configs": "dnalect/configs"}


@pytest.fixture(scope="module")
def opened() -> dict[str, Task]:
    return {name: open_task(spec, DATA) for name, spec in SPECS.items()}


def parts_of(examples: Examples) -> dict[str, int]:
    return Counter(examples.parts)


@pytest.mark.parametrize("name", SPECS)
def test_every_task_has_something_to_learn_from_and_to_be_judged_on(name, opened):
    task = opened[name]
    most = SPECS[name].train_most
    for examples in task.folds(1):
        parts = parts_of(examples)
        assert parts["train"] == most if most else parts["train"] >= 200
        assert parts["validate"] >= 30
        assert parts["test"] >= 75
    assert len(task.tested) >= 250
    labels = task.examples.labels[task.target.name][task.tested, 0]
    assert len(np.unique(labels)) >= 2


@pytest.mark.parametrize("name", ["yeast promoter expression", "prom_300_tata", "tf 0"])
def test_what_leaks_is_dropped_and_reported(name, opened):
    task = opened[name]
    assert task.audit is not None
    assert task.audit.level != "FAIL"
    assert not audit(task.examples).rows


@pytest.mark.parametrize("name", ["EMP H3", "EMP H4"])
def test_whole_chromosomes_are_held_out(name, opened):
    task = opened[name]
    contigs = np.array(task.examples.contigs)
    assert set(contigs) == {f"chr{number}" for number in ("I", "III", "V", "VI", "VIII", "IX", "XI", "XIV")}
    for examples in task.folds(1):
        tested = np.array(examples.parts) == "test"
        assert not set(contigs[tested]) & set(contigs[~tested])


def test_no_window_is_met_again_on_another_chromosome(opened):
    found = audit(next(opened["EMP H3"].folds(1)))
    assert not sum(each.exact + each.reverse + each.overlapping for each in found.overlaps)


def test_the_windows_of_chromosome_one_stand_where_they_are_said_to(opened):
    genome = open_genome(str(DATA / "genomes/yeast_S288C.fa.gz"))
    assert genome.names == ("chrI",)
    examples = opened["EMP H3"].examples
    rows = [row for row, contig in enumerate(examples.contigs) if contig == "chrI"]
    assert len(rows) >= 30
    for row in rows:
        there = genome.fetch(0, int(examples.starts[row]), int(examples.ends[row]))
        # Some differ from S288C in single bases: those were placed by alignment.
        assert np.mean(there == np.frombuffer(examples.sequences[row].encode(), dtype=np.uint8)) > 0.97


def test_the_case_study_has_trajectories_and_both_common_and_rare_variants():
    steps = read_trajectories(DATA)
    assert len(set(steps.group.tolist())) == 200
    assert (steps.distance == 1).sum() >= 150
    natural = read_natural(DATA)
    assert (natural.frequency > COMMON).sum() >= 50
    assert (natural.count == 1).sum() >= 100
    parts = parts_of(expression_task(DATA, steps, natural.sequences).examples)
    assert parts["train"] >= 1_000


def test_the_bases_around_hnf4a_are_those_of_its_variants():
    genome = open_genome(str(DATA / "genomes/human_chr20_HNF4A.fa.gz"))
    (name,) = genome.names
    contig, _, span = name.partition(":")
    start, end = map(int, span.split("-"))
    assert contig == "20"
    assert genome.lengths[0] == end - start + 1
    with gzip.open(DATA / "variants/kircher2019_HNF4A.tsv.gz", "rt") as file:
        rows = [line.rstrip("\n").split("\t") for line in file]
    variants = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    own = [row for row in variants if row["Release"] == "GRCh37"]
    assert len(own) > 900
    for row in own:
        at = int(row["Pos"]) - start
        assert genome.fetch(0, at, at + 1).tobytes().decode().upper() == row["Ref"]
    assert len(read_saturation(DATA).variants) > 800


def test_the_suite_of_the_case_study_can_be_read():
    suite = read_suite(SUITES / "expression.yaml")
    assert {each.method for each in suite.models} == {"full", "probe"}


def test_a_small_suite_runs_to_its_page(tmp_path):
    suite = replace(read_suite(SUITES / "core.yaml"), models=(), rivals=("words", "composition"), seeds=1)
    places = Folders(DATA, tmp_path, tmp_path / "run")
    run_suite(suite, places, tmp_path / "out", only=["tf 0"], command="dnalect benchmark")
    kept = {(each.who, each.metric): each for each in read_figures(tmp_path / "out/figures.tsv")}
    assert kept["words of 3-6", "MCC"].value.low > 0
    assert "tf 0" in (tmp_path / "out/index.html").read_text()
