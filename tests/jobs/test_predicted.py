"""`score` with a fine-tuned model: the predicted change beside the zero-shot score of the model it came from."""

import json
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest

import dnalect
from dnalect.core.errors import ConfigError, ModelError
from dnalect.core.measures import Change
from dnalect.core.records import Row, Score
from dnalect.genome.fasta import open_genome
from dnalect.genome.windows.alleles import normalise
from dnalect.inference.change import ChangeScorer
from dnalect.jobs.counts import Tally
from dnalect.jobs.score import score_file
from dnalect.jobs.score_options import Options
from dnalect.scored.reader import read_scored
from inference.predictors import make_predictor

FEW = {"background": 60, "background_others": 20}
OUTPUTS = ("activity", "open", "factor_SP1_2", "factor_GATA")
METHODS = ("probe", "lora", "full")


@pytest.fixture(scope="module")
def predictors(model_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("predictors")
    return {method: make_predictor(folder / method, model_folder, method) for method in METHODS}


@pytest.fixture
def vcf(tmp_path, fasta):
    bases = open_genome(fasta).contig("chrA").tobytes().decode().upper()

    def line(position, ref, alt, info="."):
        return f"chrA\t{position}\t.\t{ref}\t{alt}\t.\t.\t{info}\n"

    def ref(position, length=1):
        return bases[position - 1 : position - 1 + length]

    lines = [
        line(1000, ref(1000), ",".join(b for b in "ACGT" if b != ref(1000)), "DNALECT_CHANGE_OLD=1;AC=1,2,3"),
        line(1100, ref(1100, 3), ref(1100)),
        line(1200, ref(1200), ref(1200) + "ACG"),
        line(1300, ref(1300), f"*,{'A' if ref(1300) != 'A' else 'C'}"),
        line(1400, ref(1400, 70), ref(1400)),
        line(5990, ref(5990), "A" if ref(5990) != "A" else "C"),
    ]
    path = tmp_path / "in.vcf"
    path.write_text("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n" + "".join(lines))
    return path


def score(fasta, vcf, model, folder, **options):
    """Score into all formats; return the rows of the Parquet as dictionaries."""
    outputs = [str(folder / f"out.{suffix}") for suffix in ("vcf", "tsv", "parquet")]
    told = {"model": model, "report": str(folder / "r.html")}
    score_file(Options(str(fasta), str(vcf), outputs, **told, **FEW | options))
    return pq.read_table(folder / "out.parquet").to_pylist()


def test_all_formats_hold_the_changes_beside_the_zero_shot_score(fasta, vcf, predictors, tmp_path):
    rows = score(fasta, vcf, predictors["probe"], tmp_path)
    names = [f"change_{output}{end}" for output in OUTPUTS for end in ("", "_percentile")]
    assert list(rows[0])[-len(names) :] == names
    assert [row["reason"] for row in rows] == [
        *[None] * 5, "star", None, "too_long", "contig_edge:10",
    ]  # fmt: skip
    for row in rows:
        known = row["reason"] is None
        assert all((row[name] is not None) == known for name in (*names, "llr", "percentile"))
        assert not known or all(0 < row[f"change_{output}_percentile"] <= 1 for output in OUTPUTS)
    assert len({row["change_activity"] for row in rows[:5]}) == 5

    (vcf_table, tsv_table) = (read_scored(str(tmp_path / f"out.{suffix}")) for suffix in ("vcf", "tsv"))
    for output in OUTPUTS:
        wanted = [np.nan if row[f"change_{output}"] is None else row[f"change_{output}"] for row in rows]
        assert np.array_equal(tsv_table.numbers(f"change_{output}"), wanted, equal_nan=True)
        found = vcf_table.numbers(f"DNALECT_CHANGE_{output.upper()}")
        assert np.allclose(found, wanted, rtol=1e-4, equal_nan=True)
        found = vcf_table.numbers(f"DNALECT_CHANGE_{output.upper()}_PCT")
        wanted = tsv_table.numbers(f"change_{output}_percentile")
        assert np.allclose(found, wanted, rtol=1e-4, equal_nan=True)
    text = (tmp_path / "out.vcf").read_text()
    assert "DNALECT_CHANGE_OLD" not in text
    assert '##INFO=<ID=DNALECT_CHANGE_OPEN,Number=A,Type=Float,Description="dnalect: predicted alternate' in text
    assert "log-odds of open yes against no" in text


def test_the_changes_are_those_of_the_scorer(fasta, vcf, predictors, tmp_path):
    rows = list(dnalect.score_variants(fasta, vcf, predictors["probe"], percentiles=False))
    more = {"strands": "both", "shifts": 3, "window": 50}
    other = score(fasta, vcf, predictors["probe"], tmp_path, **more)
    predictor, genome = dnalect.load(predictors["probe"]), open_genome(fasta)
    assert [each.name for each in rows[0].score.changes] == list(OUTPUTS)
    plain, shifted = ChangeScorer(predictor, genome), ChangeScorer(predictor, genome, **more)
    assert plain.window == 64
    for number in (0, 1, 2):
        codes = [np.array(["ACGT".index(b)], dtype=np.uint8) for b in (rows[number].ref, rows[number].alt)]
        each = [normalise(0, 999, *codes, genome)]
        wanted = [change.value for change in plain.changes(each)[0]]
        assert [change.value for change in rows[number].score.changes] == pytest.approx(wanted, abs=1e-5)
        assert rows[number].score.changes[0].percentile is None
        wanted = [change.value for change in shifted.changes(each)[0]]
        assert [other[number][f"change_{output}"] for output in OUTPUTS] == pytest.approx(wanted, rel=1e-3, abs=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_the_zero_shot_score_is_that_of_the_model_as_it_was(fasta, vcf, predictors, model_folder, tmp_path, method):
    rows = score(fasta, vcf, predictors[method], tmp_path)
    wanted = list(dnalect.score_variants(fasta, vcf, model_folder, percentiles=False))
    for mine, theirs in zip(rows, wanted, strict=True):
        assert mine["llr"] is None or mine["llr"] == round(theirs.score.value, 4)
    head = (tmp_path / "out.vcf").read_text()
    card = json.loads((predictors[method] / "card.json").read_text())
    assert f"##dnalect_predictor={method} {card['revision']}\n##dnalect_predictor_sha256={card['sha256']}\n" in head
    assert f"##dnalect_model_sha256={json.loads((model_folder / 'card.json').read_text())['sha256']}" in head
    for name in ("change=change-1", "change_window=64 bases", "change_strands=the forward", "change_shifts=1"):
        assert f"##dnalect_{name}" in head


def test_a_full_model_whose_origin_is_gone_scores_without_it(fasta, vcf, model_folder, tmp_path):
    origin = shutil.copytree(model_folder, tmp_path / "origin")
    tuned = make_predictor(tmp_path / "tuned", origin, "full")
    shutil.rmtree(origin)
    with pytest.raises(ModelError, match="--score change leaves that score out"):
        score(fasta, vcf, tuned, tmp_path)
    rows = score(fasta, vcf, tuned, tmp_path, scores=("change",))
    assert rows[0]["llr"] is rows[0]["percentile"] is None
    assert rows[0]["change_activity"] is not None
    page = (tmp_path / "r.html").read_text()
    assert "The most unusual predicted change first" in page
    assert "p(ALT)" not in page
    head = (tmp_path / "out.vcf").read_text()
    assert "##dnalect_model=" not in head
    assert "DNALECT_LLR" not in head
    shutil.copytree(make_predictor(tmp_path / "another", model_folder, "full") / "base", origin)
    with pytest.raises(ModelError, match="another version"):
        score(fasta, vcf, tuned, tmp_path)


def test_distances_and_the_log_ratio_alone_are_those_of_the_origin(fasta, vcf, predictors, model_folder, tmp_path):
    asked = ("llr", "distance")
    rows = score(fasta, vcf, predictors["lora"], tmp_path, scores=asked)
    assert "change_activity" not in rows[0]
    wanted = list(dnalect.score_variants(fasta, vcf, model_folder, percentiles=False, scores=asked))
    for mine, theirs in zip(rows, wanted, strict=True):
        assert mine["llr"] is None or mine["cosine_site"] == pytest.approx(theirs.score.distances.cosine_site, rel=1e-3)


def test_the_report_ranks_by_how_unusual_a_change_is(fasta, vcf, predictors, tmp_path):
    score(fasta, vcf, predictors["probe"], tmp_path)
    page = (tmp_path / "r.html").read_text()
    data = json.loads(page.split('<script id="data" type="application/json">')[1].split("</script>")[0])
    columns = [f"percentile, {output}" for output in OUTPUTS]
    found = [max(abs(2 * row[data["columns"].index(name)] - 1) for name in columns) for row in data["rows"]]
    assert found == sorted(found, reverse=True)
    assert len(found) == 6
    assert "predicted change, activity, snv" in page
    assert "predicted change of activity" in page
    assert {"score", "predicted change, open"} <= set(data["columns"])


def test_without_percentiles_the_size_ranks():
    tally = Tally()
    for position, values in [(1, (0.1, -0.2)), (2, (-0.9, 0.0)), (3, (0.3, 0.4))]:
        changes = tuple(Change("ab"[n], value, 0.0, value) for n, value in enumerate(values))
        tally.add([Row("c", position, ".", "A", "C", Score(-5.0 * position, kind="snv", changes=changes))])
    assert [row.position for row in tally.top()] == [2, 3, 1]


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("predictor", {"precomputed": "x"}, "--precomputed is for language models"),
        ("predictor", {"shifts": 2}, "odd number"),
        ("predictor", {"window": 9999}, "--window must lie between"),
        ("predictor", {"scores": ("llr",), "shifts": 3}, "--shifts and --strands are for"),
        ("language", {"shifts": 3}, "--shifts and --strands are for"),
        ("language", {"strands": "both"}, "--shifts and --strands are for"),
        ("language", {"scores": ("change",)}, "dnalect finetune"),
        ("both", {}, "give it as the only model"),
    ],
)
def test_what_does_not_go_together_is_said(fasta, vcf, predictors, model_folder, tmp_path, kind, options, message):
    models = {"predictor": [predictors["probe"]], "language": [model_folder]}
    models["both"] = models["predictor"] + models["language"]
    with pytest.raises((ConfigError, ModelError), match=message):
        score(fasta, vcf, [str(each) for each in models[kind]], tmp_path, **options)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.vcf"]


def test_a_damaged_card_falls_back_to_its_window(model_folder, fasta, tmp_path):
    folder = make_predictor(tmp_path / "p", model_folder)
    card = json.loads((folder / "card.json").read_text())
    for training in ([], {"length": "long"}, {"length": -3}):
        (folder / "card.json").write_text(json.dumps(card | {"training": training}))
        assert ChangeScorer(dnalect.load(folder), open_genome(fasta)).window == 96
