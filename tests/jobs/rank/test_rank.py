"""`dnalect rank` as people call it, on the demo data."""

import gzip
import json
import re

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from dnalect.cli.main import dnalect
from dnalect.core.errors import ConfigError, DnalectError, OutputError, TableError
from dnalect.jobs.demo.data import GENES, REFERENCE, VARIANTS
from dnalect.jobs.rank.options import Options
from dnalect.jobs.rank.ranking import rank_variants
from dnalect.jobs.rank.run import rank_file
from dnalect.jobs.score import score_file
from dnalect.jobs.score_options import Options as ScoreOptions
from report.pages import from_outside
from tests.jobs.rank.tables import HEAD, ROWS, read_table, write_table

COUNT = 120


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    """The first records of the demo, scored, as a TSV."""
    folder = tmp_path_factory.mktemp("rank")
    with gzip.open(VARIANTS, "rt") as file:
        lines = file.readlines()
    head = [line for line in lines if line.startswith("#")]
    (folder / "few.vcf").write_text("".join(head + lines[len(head) : len(head) + COUNT]))
    files = str(REFERENCE), str(folder / "few.vcf"), [str(folder / "few.tsv")]
    score_file(ScoreOptions(*files, background=500, background_others=50))
    return folder / "few.tsv"


def test_every_variant_is_in_the_table_and_the_picks_say_why(scored, tmp_path):
    arguments = [
        "--annotate",
        GENES,
        "--group-by",
        "gene",
        "--budget",
        10,
        "--cost",
        500,
        "--report",
        tmp_path / "p.html",
    ]
    done = CliRunner().invoke(dnalect, ["rank", str(scored), "-o", str(tmp_path / "r.tsv"), *map(str, arguments)])
    assert done.exit_code == 0, done.output
    assert "10 picked for 5,000" in done.output
    rows, before = read_table(tmp_path / "r.tsv"), read_table(scored)
    assert len(rows) == COUNT
    key = ("chrom", "pos", "ref", "alt", "llr", "percentile", "allele_count")
    assert sorted(tuple(row[k] for k in key) for row in rows) == sorted(tuple(row[k] for k in key) for row in before)
    assert [int(row["rank"]) for row in rows] == list(range(1, COUNT + 1))
    scores = [float(row["score"]) for row in rows]
    assert scores == sorted(scores, reverse=True)
    picks = [row for row in rows if row["pick"]]
    assert len(picks) == 10
    assert all(row["why"] for row in picks)
    assert not any(row["why"] for row in rows if not row["pick"])
    first = [row["locus"] for row in sorted(picks, key=lambda row: int(row["pick"]))]
    assert len(set(first)) == min(10, len({row["locus"] for row in rows}))
    for row in rows:
        parts = [float(row[f"{name}_contribution"]) for name in ("llr", "region", "frequency")]
        assert sum(parts) == pytest.approx(float(row["score"]), abs=2e-4)
        product = float(row["llr_value"]) * float(row["llr_weight"])
        assert product == pytest.approx(float(row["llr_contribution"]), abs=1e-4)
    text = (tmp_path / "r.tsv").read_text()
    assert "# dnalect rank_weights: llr 1 (low;" in text
    assert "# dnalect rank_regions: CDS 1," in text
    assert "# dnalect model: duplex-yeast" in text


def test_the_page_is_whole_and_needs_nothing_from_outside(scored, tmp_path):
    labels = [(*(row[k] for k in ("chrom", "pos", "ref", "alt")), n % 2) for n, row in enumerate(read_table(scored))]
    path = write_table(tmp_path / "l.tsv", labels[:60], ["chrom", "pos", "ref", "alt", "hit"], "")
    told = {"annotate": str(GENES), "group_by": "gene", "budget": 7, "labels": path, "seed": 2}
    outputs = str(tmp_path / "r.parquet"), str(tmp_path / "p.html")
    ranked = rank_file(Options(str(scored), *outputs, **told))
    page = (tmp_path / "p.html").read_text()
    assert not from_outside(page)
    data = json.loads(re.search(r'<script id="data" type="application/json">(.*?)</script>', page, re.DOTALL)[1])
    assert [row[0] for row in data["rows"]] == list(range(1, COUNT + 1))
    assert [row[1] for row in data["rows"] if row[1]] == [
        1 + ranked.picks.index(row) for row in ranked.order.order if row in ranked.picks
    ]
    assert page.count('class="bar2"') == 7
    assert "Expected hits among the 7 picks" in page
    assert "How many hits to expect" in page
    table = pq.read_table(tmp_path / "r.parquet")
    assert table.num_rows == COUNT
    assert table["hit_label"].null_count == COUNT - 60
    assert table["hit_probability"].null_count == 0
    measured = sum(bool(each) for each in table.filter(table["pick"].is_valid())["hit_label"].is_valid().to_pylist())
    assert any(f"{measured} picks have a label already" in note for note in ranked.notes)
    spared = rank_variants(Options(str(scored), budget=7, labels=path, skip_labelled=True))
    assert not [row for row in spared.picks if spared.labels.hit[row] == spared.labels.hit[row]]


def test_strings_of_the_file_stay_text(tmp_path):
    hostile = "</script><img src=x onerror=alert(1)>"
    rows = [(*row[:2], hostile, *row[3:11], hostile, row[12]) for row in ROWS]
    path = write_table(tmp_path / "t.tsv", rows)
    rank_file(Options(path, str(tmp_path / "r.tsv"), report=str(tmp_path / "p.html"), group_by="gene", budget=3))
    page = (tmp_path / "p.html").read_text()
    assert "<img" not in page
    assert page.count("</script>") == 2


def test_variants_without_a_score_come_last(tmp_path):
    path = write_table(tmp_path / "t.tsv")
    rank_file(Options(path, str(tmp_path / "r.tsv"), budget=6))
    rows = read_table(tmp_path / "r.tsv")
    assert len(rows) == len(ROWS)
    assert (rows[-1]["id"], rows[-1]["rank"], rows[-1]["reason"], rows[-1]["missing"]) == (
        "f",
        "",
        "ref_mismatch",
        "llr",
    )
    assert sum(row["pick"] != "" for row in rows) == 5
    assert [row["missing"] for row in rows if row["id"] == "d"] == ["frequency"]


def test_a_ranking_can_be_ranked_again(tmp_path):
    path = write_table(tmp_path / "t.tsv")
    rank_file(Options(path, str(tmp_path / "r.tsv"), budget=2))
    rank_file(Options(str(tmp_path / "r.tsv"), str(tmp_path / "again.tsv"), budget=2))
    assert (tmp_path / "r.tsv").read_text() == (tmp_path / "again.tsv").read_text()
    rows = [(*row, 1) for row in ROWS]
    with pytest.raises(TableError, match="'rank' of its own"):
        rank_file(Options(write_table(tmp_path / "own.tsv", rows, [*HEAD, "rank"]), str(tmp_path / "x.tsv")))


def test_haplotypes_beside_the_ranking(scored, tmp_path):
    few = [row for row in read_table(scored) if len(row["ref"]) == len(row["alt"]) == 1][:6]
    head = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tstrain\n"
    lines = [f"{row['chrom']}\t{row['pos']}\t.\t{row['ref']}\t{row['alt']}\t.\t.\t.\tGT\t0|1\n" for row in few]
    (tmp_path / "phased.vcf").write_text(head + "".join(lines))
    told = {"haplotypes": str(tmp_path / "phased.vcf"), "reference": str(REFERENCE)}
    rank_file(Options(str(scored), str(tmp_path / "r.tsv"), **told))
    sets = read_table(tmp_path / "r.haplotypes.tsv")
    assert sets
    single = {(row["pos"], row["ref"], row["alt"]): float(row["llr"]) for row in few}
    for each in sets:
        alleles = [re.fullmatch(r"(\d+)([ACGT])>([ACGT])", text).groups() for text in each["alleles"].split(",")]
        assert float(each["sum_of_singles"]) == pytest.approx(sum(single[a] for a in alleles), abs=1e-3)
        assert float(each["interaction"]) == pytest.approx(
            float(each["joint"]) - float(each["sum_of_singles"]), abs=2e-4
        )
    flagged = {row["pos"] for row in read_table(tmp_path / "r.tsv") if row["haplotype"]}
    assert flagged == {a for each in sets for a in re.findall(r"\d+(?=[ACGT]>)", each["alleles"])}


def test_nothing_is_left_behind_by_a_run_that_fails(tmp_path, monkeypatch):
    path = write_table(tmp_path / "t.tsv")

    def broken(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("dnalect.jobs.rank.outputs.render", broken)
    with pytest.raises(OutputError, match="No space"):
        rank_file(Options(path, str(tmp_path / "r.tsv"), report=str(tmp_path / "p.html")))
    assert [each.name for each in tmp_path.iterdir()] == ["t.tsv"]


def test_wrong_use_says_what_is_right(tmp_path):
    path = write_table(tmp_path / "t.tsv")
    for options, error, words in (
        ({"haplotypes": "x.vcf"}, ConfigError, "--reference"),
        ({"hit_above": 1.0}, ConfigError, "--labels"),
        ({"group_by": "nothing"}, ConfigError, "--group-by"),
        ({"conservation": str(tmp_path / "none.bw")}, DnalectError, "no such file"),
        ({"annotate": str(GENES)}, ConfigError, "no contig"),
        ({"pip": "llr"}, TableError, "--pip"),
    ):
        with pytest.raises(error, match=words):
            rank_variants(Options(path, **options))
    with pytest.raises(OutputError, match="is an input"):
        rank_file(Options(path, path))
    with pytest.raises(OutputError, match=r"\.parquet"):
        rank_file(Options(path, str(tmp_path / "r.csv")))
    assert CliRunner().invoke(dnalect, ["rank", path, "-o", "r.csv"]).exit_code == 2


def test_the_table_goes_to_stdout(tmp_path):
    done = CliRunner().invoke(dnalect, ["rank", write_table(tmp_path / "t.tsv"), "--budget", "1", "--quiet"])
    assert done.exit_code == 0
    assert "\nrank\tpick\tscore\tchrom" in done.stdout
    assert len([line for line in done.stdout.splitlines() if not line.startswith("#")]) == 7
