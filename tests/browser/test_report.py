"""The report in a real browser: the table is drawn by its script, page by page."""

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


@pytest.mark.parametrize(("rows", "drawn", "pages"), [(10, 10, 1), (30_000, 50, 600)])
def test_the_table_is_drawn(fake_summary, tmp_path, rows, drawn, pages):
    path = tmp_path / "report.html"
    write_report(fake_summary(rows), path)
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", path.as_uri()]
    page = subprocess.run(command, capture_output=True, text=True, timeout=120).stdout
    body = re.search(r"<tbody>(.*?)</tbody>", page[page.index('id="ranked"') :], re.DOTALL)[1]
    assert body.count("<tr>") == drawn
    assert f"page 1 of {pages}" in page
    assert f"{rows:,} variants" in page
    assert '<option value="snv">' in page
    assert "▴" in page
