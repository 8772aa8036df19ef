"""The report in a real browser: the table is drawn by its script, page by page."""

import dataclasses
import re
import shutil
import subprocess

import pytest

from dnalect.report.html import write_report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --virtual-time-budget=5000 --dump-dom"
).split()

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")]


def dumped(path, tmp_path, width=1280):
    """The page as Chromium has it after its scripts have run."""
    command = [CHROMIUM, *FLAGS, f"--window-size={width},900", f"--user-data-dir={tmp_path / 'profile'}", path.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=120).stdout


@pytest.mark.parametrize(("rows", "drawn", "pages"), [(10, 10, 1), (30_000, 50, 600)])
def test_the_table_is_drawn(fake_summary, tmp_path, rows, drawn, pages):
    path = tmp_path / "report.html"
    write_report(fake_summary(rows), path)
    page = dumped(path, tmp_path)
    body = re.search(r"<tbody>(.*?)</tbody>", page[page.index('id="ranked"') :], re.DOTALL)[1]
    assert body.count("<tr>") == drawn
    assert f"page 1 of {pages}" in page
    assert f"{rows:,} variants" in page
    assert '<option value="snv">' in page
    assert "▴" in page


def test_repeats_can_be_hidden_and_a_phone_shows_score_and_percentile(fake_summary, tmp_path):
    summary = fake_summary(12)
    for n in (0, 1, 5):
        row = summary.top[n]
        summary.top[n] = dataclasses.replace(row, score=dataclasses.replace(row.score, flags=("repeat",)))
    path = tmp_path / "report.html"
    write_report(summary, path)
    seen = (
        "document.getElementById('repeats').click();"
        "document.title = [...document.querySelectorAll('#ranked th')].filter(th => th.offsetParent !== null)"
        ".map(th => th.textContent.replace(/[^a-z(). ]/g, '').trim()).join('|');"
    )
    text = path.read_text(encoding="utf-8").replace("</body>", f"<script>{seen}</script></body>")
    path.write_text(text, encoding="utf-8")
    page = dumped(path, tmp_path, 420)
    assert "9 variants" in page
    columns = re.search(r"<title>(.*?)</title>", page)[1].split("|")
    assert {"position", "change", "score", "percentile", "gene", "consequence", "flags"} <= set(columns)
    assert not {"rank", "id", "class", "p(ref)", "region"} & set(columns)
