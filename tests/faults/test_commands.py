"""The command line: what no run may do to its inputs, and how it ends when it cannot write."""

import os
import subprocess
import sys

import pytest

from dnalect.cli.main import main, run
from studies.__main__ import studies

HEADER = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
SUITE = """
name: s
models: [{name: x, model: x}]
rivals: [words]
tasks: [{name: one, data: results/one.png}]
"""


def dnalect(monkeypatch, capsys, *words):
    """Run a command, or a study, here; return its status and what it says."""
    study = words[0] == "studies"
    monkeypatch.setattr(sys, "argv", [*([] if study else ["dnalect"]), *map(str, words)])
    with pytest.raises(SystemExit) as stop:
        run(studies) if study else main()
    return stop.value.code, capsys.readouterr().err


@pytest.fixture
def given(tmp_path, fasta):
    """Inputs of every kind, in a folder of their own."""
    (tmp_path / "v.vcf").write_text(HEADER + "chrA\t700\t.\tA\tC\t.\t.\t.\n")
    (tmp_path / "g.gff").write_text("chrA\tx\tgene\t10\t900\t.\t+\t.\tID=a\n")
    (tmp_path / "names").write_text("a\tchrA\n")
    (tmp_path / "w.toml").write_text("[weights]\n")
    (tmp_path / "s.tsv").write_text("chrom\tpos\tref\talt\tllr\nchrA\t700\tA\tC\t-1\n")
    (tmp_path / "g.fa").write_bytes(fasta.read_bytes())
    # Inputs in the folders of results, under the names that results have.
    for folder in ("genomes", "results"):
        (tmp_path / folder).mkdir()
    (tmp_path / "genomes" / "g.fa").write_bytes(fasta.read_bytes())
    for name in ("vocabulary.tsv", "choice.tsv"):
        (tmp_path / "results" / name).write_text("chrA\t10\t90\n")
    (tmp_path / "results" / "one.png").write_text("sequence,label\nACGT,1\n")
    (tmp_path / "suite.yaml").write_text(SUITE)
    return tmp_path


@pytest.mark.parametrize(
    "words",
    [
        "score g.fa v.vcf -o new.vcf --annotate g.gff --report g.gff",
        "score g.fa v.vcf -o new.vcf --rename-contigs names --report names",
        "score g.fa v.vcf -o new.vcf --multiqc link",
        "score g.fa v.vcf -o v.vcf",
        "rank s.tsv -o new.tsv --config w.toml --report w.toml",
        "rank s.tsv -o new.tsv --annotate g.gff --report hard",
        "rank s.tsv -o s.tsv",
        "tokenize g.fa -o g.fa",
        "embed g.fa -o new.npz -o g.fa.npz -o g.fa.npz",
        "vocabulary train g.fa -o g.fa",
        "scan g.fa -o new.parquet -o new.parquet",
        "benchmark suite.yaml --data . --out results --run runs",
        "studies worth --data . --out results --page genomes/g.fa",
        "vocabulary compare g.fa --regions results/vocabulary.tsv --out results",
        "studies vocabulary g.fa --test results/choice.tsv --out results",
    ],
)
def test_no_output_is_an_input(given, words, monkeypatch, capsys):
    monkeypatch.chdir(given)
    (given / "link").symlink_to("v.vcf")
    os.link("g.gff", "hard")
    before = {each: each.read_bytes() for each in given.rglob("*") if each.is_file()}
    status, told = dnalect(monkeypatch, capsys, *words.split())
    assert status == 1
    assert "is an input; write to another name" in told or "is named twice" in told
    assert {each: each.read_bytes() for each in given.rglob("*") if each.is_file()} == before


def test_a_run_that_fails_leaves_no_report(given, model_folder, monkeypatch, capsys):
    monkeypatch.chdir(given)
    with (given / "v.vcf").open("a") as file:
        file.write("chrA\tmany\t.\tA\tC\t.\t.\t.\n")
    before = {each.name for each in given.iterdir()}
    words = "score g.fa v.vcf -o new.vcf.gz -o new.tsv --report r.html --multiqc m_mqc.json --background 0 --model"
    status, told = dnalect(monkeypatch, capsys, *words.split(), model_folder)
    assert (status, "line 4 is no VCF record" in told) == (1, True)
    assert {each.name for each in given.iterdir()} == before


@pytest.mark.parametrize("words", ["rank s.tsv -o new.tsv --report r.html", "finetune s.tsv -o new"])
def test_a_config_that_is_not_there_is_named(given, words, monkeypatch, capsys):
    monkeypatch.chdir(given)
    before = {each: each.read_bytes() for each in given.rglob("*") if each.is_file()}
    status, told = dnalect(monkeypatch, capsys, *words.split(), "--config", "gone.toml")
    assert (status, told) == (1, "dnalect: cannot read the config gone.toml: No such file or directory\n")
    assert {each: each.read_bytes() for each in given.rglob("*") if each.is_file()} == before


@pytest.mark.parametrize("cost", ["nan", "inf", "-inf"])
def test_a_cost_is_a_finite_number(given, cost, monkeypatch, capsys):
    status, told = dnalect(monkeypatch, capsys, "rank", given / "s.tsv", "--budget", "1", "--cost", cost)
    assert (status, "--cost" in told) == (2, True)


def test_a_name_that_is_no_utf8_is_named(monkeypatch, capsys):
    status, told = dnalect(monkeypatch, capsys, "tokenize", os.fsdecode(b"g\xff.fa"))
    assert (status, r"the name g\xff.fa is not UTF-8" in told) == (2, True)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_a_full_standard_output_is_an_error():
    with open("/dev/full", "w") as full:
        words = [sys.executable, "-m", "dnalect", "tokenize", "ACGT" * 2000]
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, timeout=120)
    assert done.returncode == 1
    assert done.stderr == "dnalect: standard input or output: No space left on device\n"
