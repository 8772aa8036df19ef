"""The report shows the run, keeps strangers' strings harmless, and needs nothing from outside."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from markupsafe import escape

from dnalect.core.records import Reason, Row, Score
from dnalect.core.summaries import Context, FrequencyCheck
from dnalect.core.views import Explained, Track
from dnalect.report import svg
from dnalect.report.html import REASONS, render
from dnalect.report.multiqc import write_multiqc
from dnalect.report.tracks import heat_map
from report.pages import from_outside

HOSTILE = "</script><img src=x onerror=alert(1)>\"'&"


def data(page):
    return json.loads(re.search(r'<script id="data" type="application/json">(.*?)</script>', page, re.DOTALL)[1])


def test_numbers_and_rows_are_shown(fake_summary):
    summary = fake_summary(120)
    page = render(summary)
    assert f"<b>{summary.outcomes['scored']:,}</b> of {summary.alternates:,}" in page
    shown = data(page)
    assert [row[0] for row in shown["rows"]] == list(range(1, 121))
    first = dict(zip(shown["columns"], shown["rows"][0][:-1], strict=True))
    assert first["position"] == summary.top[0].position
    assert first["score"] == round(summary.top[0].score.value, 3)
    for name, count in summary.outcomes.items():
        assert re.search(rf"<th>{name}</th><td class=\"num\">{count:,}</td>", page)
    for value in summary.provenance.values():
        assert str(escape(value)) in page


def test_nothing_comes_from_outside(fake_summary):
    assert not from_outside(render(fake_summary(20)))
    assert from_outside('<a href="https://x.org">') == ["href=", "https://"]


def test_variants_link_to_browsers(fake_summary):
    summary = fake_summary(20)
    row = replace(summary.top[0], contig="chr20", span=(summary.top[0].position - 1, summary.top[0].position + 499))
    summary.contexts[0].row = row
    summary.provenance["assembly"] = "GRCh38 (hg38)"
    page = render(summary)
    assert f"position=chr20%3A{row.position - 20}-{row.position + 519}" in page
    assert f"({500:,} bp)" in page
    found = data(page)["links"]
    assert [site[0] for site in found["sites"]] == ["UCSC", "gnomAD", "Ensembl", "IGV"]


def test_hostile_strings_stay_text(fake_summary):
    summary = fake_summary(5)
    evil = Row(HOSTILE, 7, HOSTILE, "A", "C", Score(-3.0, percentile=0.01, ref_prob=0.5, kind="snv"), gene=HOSTILE)
    summary.top.insert(0, evil)
    summary.contexts.append(Context(evil, 0, "ACGTACGTAC", np.full((10, 4), 0.25, dtype=np.float32)))
    summary.provenance["command"] = HOSTILE
    summary.notes.append(HOSTILE)
    summary.title = HOSTILE
    page = render(summary)
    assert "<img" not in page
    assert page.count("</script>") == 2
    assert data(page)["rows"][0][1] == HOSTILE


@pytest.mark.parametrize(
    ("span", "frame", "words"),
    [
        ((20, 21), 'class="frame" x="434" y="2" width="20"', ""),
        ((20, 320), 'class="frame span" x="434" y="2" width="420"', "1,000,021-1,000,320 (300 bp)"),
        ((20, 25), 'class="frame span" x="434" y="2" width="100"', "1,000,021-1,000,025 (5 bp)"),
        ((20, 20), 'class="frame" x="433" y="2" width="2"', ""),
    ],
)
def test_the_whole_span_of_a_variant_is_shown(span, frame, words):
    row = Row("c", 1_000_020, ".", "A", "<DEL>", Score(-3.0), span=(1_000_000 + span[0], 1_000_000 + span[1]))
    context = Context(row, 1_000_000, "ACGTA" * 8 + "C", np.full((41, 4), 0.25, dtype=np.float32))
    picture = svg.logo(context)
    assert frame in picture
    assert (words in picture) if words else " bp)" not in picture


def test_thirty_thousand_rows_are_a_reasonable_file(fake_summary):
    assert len(render(fake_summary(30_000))) < 8_000_000


def test_every_reason_is_explained():
    assert set(REASONS) == {"scored", *Reason}
    assert all(REASONS.values())


@pytest.mark.parametrize(
    ("low", "high", "words"), [(0.51, 0.6, "as they should"), (0.4, 0.49, "wrong way"), (0.45, 0.55, "do not tell")]
)
def test_the_frequency_check_says_what_it_means(fake_summary, low, high, words):
    summary = fake_summary(5)
    bins = np.arange(20, dtype=np.int64)
    summary.frequency = FrequencyCheck(190, 190, (low + high) / 2, low, high, bins, bins[::-1])
    assert words in (page := render(summary))
    assert "from REF to ALT" in page
    summary.frequency = replace(summary.frequency, polarised=True)
    assert "Only SNVs whose REF is the ancestral allele count" in (page := render(summary))
    assert "from REF to ALT" not in page


def test_an_empty_run_has_a_report(fake_summary):
    summary = fake_summary(0)
    summary.outcomes, summary.kinds, summary.scores = {"contig_missing": 3}, {}, {}
    assert "contig_missing" in render(summary)


def heights(picture, base):
    return [float(h) * 10 for h in re.findall(rf'class="b{base}" transform="[^"]*scale\([\d.]+ ([\d.]+)\)', picture)]


def test_letters_are_as_high_as_their_information():
    row = Row("c", 3, ".", "G", "A", Score(-1.0, kind="snv"))
    p = np.array([[1, 0, 0, 0], [0.25] * 4, [0, 0, 0.5, 0.5]], dtype=np.float32)
    picture = svg.logo(Context(row, 0, "AAG", p))
    assert heights(picture, "A") == pytest.approx([svg.LOGO], abs=0.01)
    assert heights(picture, "C") == []
    assert heights(picture, "G") == pytest.approx([0.5 * 1 / 2 * svg.LOGO], abs=0.01)
    assert "3 G&gt;T: +0.00" in picture


def test_nothing_is_less_than_nothing(fake_summary):
    summary = fake_summary(5)
    for context in summary.contexts:
        context.row = replace(context.row, score=replace(context.row.score, value=-0.001))
    page = render(summary)
    assert ", score 0.00" in page
    assert "-0.00" not in page


def test_the_caption_of_a_small_map_is_not_cut_off():
    place = Explained("here", "chrI", 0, "ACGT", ())
    track = Track("matrix", "how far a substitution (row) moves each base (column)", np.eye(4), "log2-odds")
    small, large = (heat_map(place, track, 1.0, size, told=False) for size in (300, 640))
    captions = [re.findall(r'<text class="axis" [^>]*>([^<]*)</text>', each) for each in (small, large)]
    assert [len(each) for each in captions] == [2, 1]
    assert " ".join(captions[0]) == captions[1][0]


def test_multiqc(fake_summary, tmp_path):
    summary = fake_summary(5)
    write_multiqc(summary, tmp_path / "x_mqc.json")
    content = json.loads((tmp_path / "x_mqc.json").read_text())
    assert content["plot_type"] == "bargraph"
    assert content["data"] == {summary.title: summary.outcomes}
