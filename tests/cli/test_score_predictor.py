"""`dnalect score --model FINETUNED` as people call it, and the commands that refuse such a model."""

import pytest

import forked
from dnalect.genome.fasta import open_genome
from inference.predictors import make_predictor


def run(*arguments):
    return forked.dnalect(*arguments, text=True)


@pytest.fixture
def variants(tmp_path, fasta):
    ref = chr(open_genome(fasta).contig("chrA")[999])
    path = tmp_path / "in.tsv"
    path.write_text(f"chrom\tpos\tref\talt\nchrA\t1000\t{ref}\t{'A' if ref != 'A' else 'C'}\n")
    return path


def test_a_finetuned_model_scores(fasta, variants, model_folder, tmp_path):
    folder = make_predictor(tmp_path / "tuned", model_folder)
    more = ("--background", 0, "--shifts", 3, "--strands", "both", "--window", 60, "--score", "change")
    done = run("score", fasta, variants, "--model", folder, "-o", tmp_path / "out.tsv", *more)
    assert done.returncode == 0, done.stderr
    lines = (tmp_path / "out.tsv").read_text().splitlines()
    told = dict(line.removeprefix("# dnalect ").split(": ", 1) for line in lines if line.startswith("# "))
    assert told["change_window"] == "60 bases"
    assert told["change_shifts"].startswith("the mean over 3 windows")
    assert told["change_strands"] == "the mean over both"
    assert "change_background" not in told
    row = dict(zip(*(line.split("\t") for line in lines[-2:]), strict=True))
    assert float(row["change_activity"])
    assert row["llr"] == row["change_activity_percentile"] == ""


def test_what_cannot_be_done_is_said_with_the_right_status(fasta, variants, model_folder, tmp_path):
    folder = make_predictor(tmp_path / "tuned", model_folder)
    for words, status, message in [
        (("score", fasta, variants, "--model", folder, "--shifts", 4), 1, "--shifts must be an odd number"),
        (("score", fasta, variants, "--model", model_folder, "--score", "change"), 1, "dnalect finetune"),
        (("score", fasta, variants, "--model", folder, "--strands", "+"), 2, "--strands"),
        (("scan", fasta, "--model", folder, "-o", tmp_path / "o.parquet"), 1, "fine-tuned predictor"),
        (("evaluate", "likelihood", "--model", folder, "--reference", fasta), 1, "fine-tuned predictor"),
    ]:
        done = run(*words)
        assert done.returncode == status, done.stderr
        assert message in done.stderr
        assert "Traceback" not in done.stderr
        assert not done.stdout
