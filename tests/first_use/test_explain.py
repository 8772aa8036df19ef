"""Why a base or a variant scores as it does: a page, arrays and a table."""

import re

import numpy as np
import pytest
from click.testing import CliRunner

import dnalect
from dnalect.cli.main import dnalect as command
from dnalect.core.errors import ConfigError, InputError
from dnalect.core.reporter import DnalectWarning
from report.pages import from_outside


def run(*words):
    return CliRunner().invoke(command, ["explain", *map(str, words)])


def test_a_region_as_page_arrays_and_table(fasta, model_folder, tmp_path):
    page, arrays, table = (tmp_path / f"why.{suffix}" for suffix in ("html", "npz", "tsv"))
    done = run(fasta, "--region", "chrA:1,001-1,130", "-m", model_folder, "-o", page, "-o", arrays, "-o", table)
    assert done.exit_code == 0, done.output
    assert "where 5% would be nothing" in done.stderr
    lines = table.read_text().splitlines()
    assert lines[0] == "contig\tposition\tref\tA\tC\tG\tT\tbits"
    assert len(lines) == 131
    found = dnalect.mutagenesis(str(model_folder), fasta, "chrA:1,001-1,130")
    with np.load(arrays) as file:
        held = dict(file)
    assert np.array_equal(held["substitutions/effects"], found.effects)
    assert held["substitutions/shuffled/effects"].shape == held["substitutions/untrained/effects"].shape == (130, 4)
    text = page.read_text()
    assert not from_outside(text)
    assert text.count("<title>") == 1 + 3 * 130  # a cell says what it is


def test_variants_lie_in_the_middle_and_are_framed(fasta, model_folder):
    genome = dnalect.open_genome(fasta)
    ref = genome["chrA"][1000]
    alt = "ACGT"["ACGT".index(ref) - 1]
    found = dnalect.explain(genome, model=str(model_folder), variant=f"chrA:1,001:{ref}:{alt}", around=7, nulls=False)
    (place,) = found.places
    assert place.bases == genome["chrA"][993:1008]
    assert place.changed == (7, 8)
    assert found.arrays["substitutions/effects"].shape == (15, 4)
    assert 'rect class="frame"' in found._repr_html_()
    assert found.table()["ref"] == list(place.bases)
    with pytest.raises(ConfigError, match="no view 'motifs' here"):
        found.table("motifs")


def test_a_variant_shows_what_it_changes_elsewhere_unless_told(fasta, model_folder, tmp_path):
    ref = dnalect.open_genome(fasta)["chrA"][1000]
    variant = f"chrA:1001:{ref}:{'ACGT'['ACGT'.index(ref) - 1]}"
    told = ("--variant", variant, "--around", 5, "-m", model_folder, "--no-nulls", "-o", tmp_path / "why.tsv")
    assert run(fasta, *told).exit_code == 0
    views = ("dependency", "influence", "substitutions")
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"why.{name}.tsv" for name in views]
    assert run(fasta, *told, "--region", "chrA:1-20").exit_code == 0
    assert len((tmp_path / "why.tsv").read_text().splitlines()) == 1 + 20 + 11
    assert run(fasta, *told, "--show", "influence").exit_code == 0
    assert "largest" in (tmp_path / "why.tsv").read_text()


def test_the_lowest_of_a_file(fasta, model_folder, tmp_path):
    genome = dnalect.open_genome(fasta)
    rows = [("chrA", at, genome["chrA"][at - 1], b) for at in (700, 900) for b in "ACGT" if b != genome["chrA"][at - 1]]
    scores = dnalect.score(genome, rows, str(model_folder), background=0)
    vcf = tmp_path / "some.tsv"
    vcf.write_text("chrom\tpos\tref\talt\n" + "".join("\t".join(map(str, row)) + "\n" for row in rows))
    found = dnalect.explain(fasta, model=str(model_folder), vcf=vcf, top=2, nulls=False)
    lowest = sorted(scores, key=lambda row: row.score.value)[:2]
    assert len(found.places) == 2
    assert {place.title for place in found.places} <= {f"{r.contig}:{r.position:,} {r.ref}>{r.alt}" for r in scores}
    assert lowest[0].position in {int(re.search(r":(\d+) ", place.title)[1]) for place in found.places}
    assert found.table().columns[0] == "place"
    assert {name.split("/")[1] for name in found.arrays} == {"substitutions", "influence", "dependency"}


def test_a_page_escapes_what_files_say(model_folder):
    genome = {"<b>x": "ACGTTGCATGCA" * 12}
    with pytest.warns(DnalectWarning, match="another one"):
        found = dnalect.explain(genome, "<b>x:21-40", str(model_folder), nulls=False)
    from dnalect.report.explained import render_explanation

    assert "<b>x" not in render_explanation(found._found)


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        ([], 2, "say what to explain"),
        (["--region", "chrA:1-20"], 2, "say where to write"),
        (["--region", "chrA:1-20", "-o", "why.pdf"], 2, "none of the suffixes"),
        (["--region", "chrA:1-20", "-o", "why.html", "--show", "motivs"], 2, "no view 'motivs'"),
        (["--region", "chrZ:1-20", "-o", "why.html"], 1, "chrZ"),
        (["--region", "chrA:1-3000", "-o", "why.html"], 1, "up to 2,000 bases"),
        (["--variant", "chrA:1001", "-o", "why.html"], 1, "CONTIG:POS:REF:ALT"),
        (["--variant", "chrA:9001:A:C", "-o", "why.html"], 1, "outside its contig"),
    ],
)
def test_what_is_wrong_is_said(fasta, model_folder, tmp_path, monkeypatch, words, status, says):
    monkeypatch.chdir(tmp_path)
    done = run(fasta, "-m", model_folder, *words)
    told = done.output + str(done.exception)
    assert says in told, told
    assert (done.exit_code == 2) == (status == 2)
    assert not list(tmp_path.iterdir())


def test_a_language_model_has_no_outputs(fasta, model_folder):
    with pytest.raises(ConfigError, match="no outputs"):
        dnalect.explain(fasta, "chrA:1-20", str(model_folder), target="x")
    with pytest.raises(InputError, match="CONTIG:POS:REF:ALT"):
        dnalect.explain(fasta, model=str(model_folder), variant="chrA:x:A:C")
