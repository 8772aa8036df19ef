"""What variants change elsewhere, as a user meets it: columns, INFO, percentiles, the report, ranks within the type."""

import pytest
from click.testing import CliRunner

import dnalect
from dnalect.cli.main import dnalect as command
from dnalect.core.errors import ConfigError
from dnalect.core.summaries import shares_within, substitution_type
from report.pages import from_outside


@pytest.fixture(scope="module")
def variants(fasta, tmp_path_factory):
    genome = dnalect.open_genome(fasta)
    rows = []
    for at in (700, 900, 1300):
        ref = genome["chrA"][at - 1]
        rows += [f"chrA\t{at}\t.\t{ref}\t{alt}\t.\t.\t.\n" for alt in "ACGT" if alt != ref]
    rows.append(f"chrA\t2000\t.\t{genome['chrA'][1999]}\t{genome['chrA'][1999]}GG\t.\t.\t.\n")
    path = tmp_path_factory.mktemp("variants") / "some.vcf"
    path.write_text("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n" + "".join(rows))
    return path


def test_files_and_page_have_them(fasta, model_folder, variants, tmp_path):
    vcf, table, page, ranked = (tmp_path / name for name in ("a.vcf", "a.tsv", "a.html", "r.tsv"))
    words = ["score", fasta, variants, "-m", model_folder, "--score", "llr,influence", "--background", "100"]
    done = CliRunner().invoke(command, [*map(str, words), "-o", str(vcf), "-o", str(table), "--report", str(page)])
    assert done.exit_code == 0, done.output
    header, *rows = [line.split("\t") for line in table.read_text().splitlines() if not line.startswith("#")]
    found = [dict(zip(header, row, strict=True)) for row in rows]
    assert all(float(row["influence_max"]) <= float(row["influence_sum"]) for row in found)
    assert all(0 < float(row["influence_near_percentile"]) < 1 for row in found)
    assert "DNALECT_INFLUENCE_SUM_PCT=" in vcf.read_text()
    text = page.read_text()
    assert not from_outside(text)
    assert "within its type" in text
    assert "Why: what the variant changes around it" in text
    assert len(text) < 1_000_000
    done = CliRunner().invoke(
        command, ["rank", str(table), "-o", str(ranked), "--use", "influence=influence_sum:1:high"]
    )
    assert done.exit_code == 0, done.output


def test_alone_it_ranks_and_no_scan_has_it(fasta, model_folder, variants):
    scores = dnalect.score(fasta, variants, str(model_folder), scores=["influence"], background=0)
    sums = [row.score.influence.total for row in scores.summary.top]
    assert sums == sorted(sums, reverse=True)
    assert scores.rows[0].score.influence.percentiles == (None, None, None)
    with pytest.raises(ConfigError, match="log-ratios alone"):
        dnalect.score(fasta, variants, str(model_folder), scores=["influence"], precomputed="x", background=0)


def test_types_are_those_of_either_strand():
    pairs = [("C", "T"), ("g", "a"), ("T", "C"), ("A", "G"), ("A", "A"), ("AC", "A"), ("N", "A"), ("A", ".")]
    assert [substitution_type(*pair) for pair in pairs] == ["C>T", "C>T", "A>G", "A>G", "", "", "", ""]
    assert shares_within(["C>T", "A>G", "", "C>T"], {"C>T": 2, "A>G": 4}) == [0.5, 0.25, None, 1.0]
