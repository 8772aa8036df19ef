"""Nobody waits for percentiles or pictures that were not asked for, and no rank is one by size alone."""

import json
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest

from conftest import make_model
from dnalect.core.records import Score, Variant
from dnalect.core.reporter import using
from dnalect.genome.fasta import open_genome
from dnalect.inference import scorer_for
from dnalect.inference.background.tables import tables_in
from dnalect.jobs import summary as made_summary
from dnalect.jobs.backgrounds import drawn_of, make_table, pool_of
from dnalect.jobs.options import BackgroundOptions
from dnalect.jobs.rank.evidence import gather
from dnalect.jobs.rank.settings import Settings
from dnalect.jobs.score import score_file
from dnalect.jobs.score_options import Options
from dnalect.jobs.scoring import Scoring
from dnalect.models import language_model
from dnalect.models.catalogue import EMBEDDED, embedded_cards
from dnalect.scored.reader import read_scored

FEW = {"snvs": 480, "others": 48, "longest": 4}


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("DNALECT_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return make_model(tmp_path_factory.mktemp("models") / "own")


@pytest.fixture
def vcf(tmp_path, fasta):
    bases = open_genome(fasta).contig("chrA").tobytes().decode().upper()
    lines = []
    for at in range(1000, 1040, 2):
        lines.append((at, bases[at - 1], "ACGT"[("ACGT".index(bases[at - 1]) + 1) % 4]))
    lines += [(1100, bases[1099:1103], bases[1099]), (1200, bases[1199:1240], bases[1199])]
    path = tmp_path / "in.vcf"
    head = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    path.write_text(head + "".join(f"chrA\t{at}\t.\t{ref}\t{alt}\t.\t.\t.\n" for at, ref, alt in lines))
    return path


def run(fasta, vcf, tmp_path, report=None, **options):
    out = tmp_path / "out.parquet"
    found = score_file(Options(str(fasta), str(vcf), [str(out)], report=report, **options))
    return found, pq.read_table(out).to_pylist()


def test_drawing_a_background_says_how_far_it_is(fasta, model, tmp_path):
    scorer, heard = Scoring(Options(str(fasta), (), model=str(model))).scorer, []
    with using(heard.append):
        drawn = drawn_of(scorer, "snv", 500, 4, 1)
    (last,) = [state for state in heard if state.what.startswith("drawing") and state.ended]
    assert (last.done, last.total, last.unit, len(drawn[0])) == (500, 500, "variants", 500)
    with using(heard.append):
        drawn_of(scorer, "snv", 400, 4, 1)
    assert (heard[-1].done, heard[-1].total) == (400, 400)  # all of them were kept


def test_a_model_that_has_its_background_draws_none(fasta, vcf, model, tmp_path, monkeypatch):
    folder = shutil.copytree(model, tmp_path / "own")
    path = make_table(BackgroundOptions(str(folder), [str(fasta)], among="the tiny genome", **FEW))
    assert path == folder / "background.npz"
    scorer = Scoring(Options(str(fasta), (), model=str(folder))).scorer
    whole = {group: pool_of(group, drawn_of(scorer, group, 480, 4, 1)) for group in ("snv",)}
    monkeypatch.setenv("DNALECT_CACHE", str(tmp_path / "fresh"))
    found, rows = run(fasta, vcf, tmp_path, model=str(folder))
    assert not (tmp_path / "fresh" / "backgrounds").exists()
    assert found.provenance["background"].startswith("came with the model, seed 1: 480 SNVs")
    assert found.provenance["background"].endswith("among variants of the tiny genome")
    llr = np.array([row["llr"] for row in rows[:20]])
    expected = whole["snv"].percentiles(np.ones(20, dtype=np.int64), llr)
    assert [row["percentile"] for row in rows[:20]] == pytest.approx(expected, abs=0.005)
    assert rows[20]["percentile"] is not None
    # Longer than what the table has.
    assert rows[21]["percentile"] is None
    assert rows[21]["llr_per_base"] == pytest.approx(rows[21]["llr"] / 40, abs=1e-4)
    assert found.top[-1].position == 1200
    # Another window is another score.
    found, _ = run(fasta, vcf, tmp_path, model=str(folder), window=64)
    assert found.provenance["background"].startswith("coarse")


def test_new_weights_make_the_old_background_void(fasta, model, tmp_path):
    folder = shutil.copytree(model, tmp_path / "own")
    path = make_table(BackgroundOptions(str(folder), [str(fasta)], **FEW))
    card = json.loads((folder / "card.json").read_text())
    told = []
    assert len(tables_in(folder, card["sha256"], told.append)) == 1
    assert tables_in(folder, "0" * 64, told.append) == []
    assert told == [f"{path} is damaged, or of other weights: make it again with `dnalect models background`"]


@pytest.mark.parametrize("name", [card.id for card in embedded_cards() if card.one_pass])
def test_embedded_models_have_their_background(name):
    card = next(card for card in embedded_cards() if card.id == name)
    (table,) = tables_in(EMBEDDED / name, card.sha256)
    known = {pool.group: pool for pool in table.pools}
    assert known["snv"].count >= 50_000
    assert known["deletion"].high >= 1_024
    assert known["insertion"].high >= 1_024
    assert (EMBEDDED / name / "background.npz").stat().st_size < 100_000


def test_pictures_are_computed_for_a_report_alone(fasta, vcf, model, tmp_path, monkeypatch):
    made, context = [], made_summary._context
    monkeypatch.setattr(made_summary, "_context", lambda job, row, *more: made.append(row) or context(job, row, *more))
    found, _ = run(fasta, vcf, tmp_path, model=str(model), background=100)
    assert not made
    assert not found.contexts
    found, _ = run(fasta, vcf, tmp_path, str(tmp_path / "r.html"), model=str(model), background=100)
    assert len(made) == len(found.contexts) == 12
    # A tenth of the run: nothing, if so little was scored.
    monkeypatch.setattr(made_summary, "FLOOR", 0)
    monkeypatch.setattr(made_summary, "PICTURES", 1e-6)
    found, _ = run(fasta, vcf, tmp_path, str(tmp_path / "r.html"), model=str(model), background=100)
    assert not found.contexts
    assert "Pictures may take a tenth of the run, so none of 12 variants are drawn in their context." in found.facts


@pytest.mark.parametrize("name", [card.id for card in embedded_cards() if card.one_pass])
def test_a_short_run_of_a_model_that_ships_has_all_its_pictures(name, fasta):
    scorer = scorer_for(language_model(name), open_genome(str(fasta)))
    sites = [Variant(0, at, at + 1, *np.zeros((2, 1), dtype=np.uint8)) for at in range(2 * made_summary.SHOWN + 1)]
    assert made_summary.FLOOR >= made_summary.PICTURED * scorer.cost(sites)


def test_an_interrupted_background_is_not_believed(fasta, vcf, model, tmp_path):
    """An empty file once ended every run as interrupted, exit 130."""
    _, before = run(fasta, vcf, tmp_path, model=str(model), background=200)
    kept = list((tmp_path / "cache" / "backgrounds").rglob("*.draws"))
    assert kept
    for path in kept:
        path.write_bytes(b"")
    _, after = run(fasta, vcf, tmp_path, model=str(model), background=200)
    assert after == before


def test_rank_takes_no_sum_for_a_percentile(tmp_path):
    table = tmp_path / "scored.tsv"
    rows = [
        ("A", "C", "snv", "-1.0", "0.2", "-1.0"),
        ("A", "G", "snv", "-2.0", "0.1", "-2.0"),
        ("A" * 300, "A", "deletion", "-150", "", "-0.5"),
    ]
    head = "chrom\tpos\tid\tref\talt\tclass\tllr\tpercentile\tllr_per_base\n"
    table.write_text(head + "".join("c\t{}\t.\t{}\n".format(n + 1, "\t".join(row)) for n, row in enumerate(rows)))
    (evidence,) = gather(read_scored(str(table)), Settings())
    assert evidence.value[:2].tolist() == [0.8, 0.9]
    assert np.isnan(evidence.value[2])


def test_the_score_of_a_base():
    assert Score(value=-6.0, changed=3).per_base == -2.0
    assert Score(value=-6.0).per_base is None
    assert Score(changed=3).per_base is None
