"""A run above a minute says first what will take how long, and which flag shortens it; others say nothing."""

import re
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest

from dnalect.core.reporter import using
from dnalect.inference.background.draws import Draws
from dnalect.jobs import estimate
from dnalect.jobs.estimate import Part, announce, seconds_each
from dnalect.jobs.score import run, score_file
from dnalect.jobs.score_options import Options
from dnalect.jobs.scoring import Scoring


@pytest.fixture
def said(monkeypatch):
    lines = []
    monkeypatch.setattr(estimate, "say", lines.append)
    return lines


def test_a_short_run_says_nothing(said):
    announce([Part("5 records", 59.0, ("--score llr",))])
    assert said == []


def test_a_long_run_says_what_takes_how_long_and_what_shortens_it(said):
    parts = [
        Part("40 insertions and deletions", 200.0, ("--indels fast",)),
        Part("9 single-base changes", 9.0, ("-x",)),
    ]
    announce(parts, ["--dtype bfloat16"])
    assert said == [
        "this will take about 3 min: 40 insertions and deletions 3 min, 9 single-base changes 9 s. "
        "Shorter: --indels fast; --dtype bfloat16"
    ]


def test_a_timing_does_a_small_share_of_the_work():
    done = []

    def run(count):
        done.append(count)
        time.sleep(0.001 * count)

    assert seconds_each(run, 2_000) == pytest.approx(0.001, rel=0.9)
    assert sum(done) <= 2_000 / 10
    done.clear()
    seconds_each(run, 5)
    # What is short is timed twice, as the first time is slower.
    assert done == [1, 1]


def test_what_a_process_does_first_is_not_taken_for_every_item(monkeypatch):
    clock, first = [0.0], [2.0]
    monkeypatch.setattr(estimate, "time", SimpleNamespace(perf_counter=lambda: clock[0]))

    def run(count):
        clock[0] += 0.01 * count + (first.pop() if first else 0)

    assert seconds_each(run, 2_000) == pytest.approx(0.01)


def test_a_scoring_run_is_announced_by_class_of_variant(said, monkeypatch, fasta, model_folder, tmp_path):
    monkeypatch.setattr(estimate, "WORTH_SAYING", 0.0)
    lines = [f"chrA\t{at}\t.\t{ref}\t{alt}\t.\t.\t.\n" for at, ref, alt in _alleles(fasta)]
    vcf = tmp_path / "v.vcf"
    vcf.write_text("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n" + "".join(lines))
    # A first forward in a process is far slower than the next one; here each class is as slow.
    monkeypatch.setattr(estimate, "seconds_each", lambda run, most: float(bool(run(1))))
    options = Options(str(fasta), str(vcf), [str(tmp_path / "o.tsv")], model=str(model_folder), background=0)
    score_file(options)
    (line,) = said
    assert "6 single-base changes" in line
    assert "2 insertions and deletions" in line
    said.clear()
    with using(False):
        score_file(options)
    assert said == []


def _alleles(fasta):
    bases = "".join(fasta.read_text().split(">")[1].split("\n")[1:]).upper()
    for at in range(1_000, 1_600, 100):
        yield at, bases[at - 1], "C" if bases[at - 1] != "C" else "G"
    for at in (1_700, 1_800):
        yield at, bases[at - 1 : at + 3], bases[at - 1]


def test_the_background_that_will_be_drawn_is_announced(said, monkeypatch, fasta, model_folder, tmp_path):
    monkeypatch.setattr(estimate, "WORTH_SAYING", 0.0)
    monkeypatch.setenv("DNALECT_CACHE", str(tmp_path / "cache"))
    scored = []
    monkeypatch.setattr(Draws, "_keep", lambda draws: scored.append((draws.group, draws.blocks, len(draws.cached))))
    table = tmp_path / "v.tsv"
    table.write_text("chrom\tpos\tref\talt\n" + "".join(f"chrA\t{at}\t{r}\t{a}\n" for at, r, a in _alleles(fasta)))
    drawn = {"background": 200, "background_others": 16}
    options = Options(str(fasta), str(table), [str(tmp_path / "o.tsv")], model=str(model_folder), **drawn)
    score_file(options)
    count = int(re.search(r"([\d,]+) random variants for the percentiles", said[0])[1].replace(",", ""))
    assert count == sum(count for _, _, count in scored) > 200
    assert "--background 0" in said[0]
    # Nothing is announced that will not be drawn.
    said.clear()
    score_file(replace(options, background=0))
    assert "random" not in said[0]


def test_junctions_and_what_they_are_compared_with_are_announced(said, monkeypatch, fasta, model_folder, tmp_path):
    monkeypatch.setattr(estimate, "WORTH_SAYING", 0.0)
    monkeypatch.setenv("DNALECT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(estimate, "seconds_each", lambda run, most: float(bool(run(1))))
    bases = "".join(fasta.read_text().split(">")[1].split("\n")[1:]).upper()
    lines = [f"chrA\t{at}\t.\t{bases[at - 1]}\t<DEL>\t.\t.\tEND={at + 60}\n" for at in range(1_000, 1_600, 100)]
    vcf = tmp_path / "v.vcf"
    vcf.write_text("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n" + "".join(lines))
    options = Options(str(fasta), str(vcf), [str(tmp_path / "o.tsv")], model=str(model_folder), scores="junction")
    score_file(replace(options, background_others=16))
    (line,) = said
    assert re.search(r"about .*: 6 structural variants .*, [\d,]+ random ones of their size", line), line
    assert "--background 0" in line
    said.clear()
    score_file(replace(options, background=0))
    assert "6 structural variants" in said[0]
    assert "random" not in said[0]


def test_a_few_variants_and_a_large_background_take_what_was_announced(monkeypatch, fasta, model_folder, tmp_path):
    """The clock counts the bases that the network reads, so that nothing else on this machine moves it."""
    monkeypatch.setenv("DNALECT_CACHE", str(tmp_path / "cache"))
    table = tmp_path / "v.tsv"
    alleles = list(_alleles(fasta))[2:]
    table.write_text("chrom\tpos\tref\talt\n" + "".join(f"chrA\t{at}\t{r}\t{a}\n" for at, r, a in alleles))
    options = Options(str(fasta), str(table), model=str(model_folder), background=1_200, background_others=160)
    job, read, announced = Scoring(options), [0], []
    network = job.models[0].network
    beside = network.beside

    def counted(windows, others, common):
        read[0] += windows.codes.numel() + others.codes.numel()
        return beside(windows, others, common)

    network.register_forward_pre_hook(lambda _, given: read.append(read.pop() + given[0].numel()))
    monkeypatch.setattr(network, "beside", counted)
    monkeypatch.setattr(estimate, "time", SimpleNamespace(perf_counter=lambda: read[0] / 20_000))
    monkeypatch.setattr(estimate, "announce", lambda parts, _: announced.extend([*parts, read[0]]))
    run(job, [str(tmp_path / "o.tsv")])
    *parts, spent = announced
    assert sum(part.seconds for part in parts) * 20_000 == pytest.approx(read[0] - spent, rel=0.25)
    assert spent < 0.2 * read[0]
