"""The pages of `dnalect serve` in a real browser: a VCF is dropped, scored to the end and seen in igv.js."""

import contextlib
import gzip
import os
import re
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest

import dnalect
from browser import tree
from browser.checks import checked
from browser.test_report import CHROMIUM
from dnalect.jobs.score_options import SCORES
from dnalect.page import probabilities
from models.folders import make

pytest.importorskip("fastapi")
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")]
SLOW = 400_000
# What Chromium says of an answer that the page tells in a sentence.
REFUSED = ("responded with a status of 422", "responded with a status of 404")
# What igv.js says of variants without an index, which it reads whole.
WHOLE = "index file not specified"
PAGES = (
    "/files",
    "/scan",
    "/jobs",
    "/models?goal=variants&species=human",
    "/models/duplex-yeast?sequence=ACGTNACGT",
    "/jobs/none",
)
WIDTHS = (360, 800, 1440)


@pytest.fixture(scope="module")
def address(tmp_path_factory, model_folder):
    """Of a server with a tiny model and a tiny causal one beside those that ship."""
    work = tmp_path_factory.mktemp("served")
    command = [
        "-m",
        "dnalect",
        "serve",
        "--port",
        "0",
        "--work",
        str(work),
        "--threads",
        "1",
        "--model",
        str(model_folder),
        "--model",
        make("qwen3", tmp_path_factory.mktemp("causal") / "tiny-causal"),
    ]
    with subprocess.Popen(
        [sys.executable, *command], stderr=subprocess.PIPE, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"}
    ) as process:
        found = re.search(r"http://\S+", process.stderr.readline())
        yield found[0].rstrip("/")
        process.terminate()
        process.wait(30)


def is_bad(message):
    return message.type in ("error", "warning") and not any(each in message.text for each in (*REFUSED, WHOLE))


@pytest.fixture
def visit(browser, address):
    """A function (path, width, scheme) -> the page. No error and no request elsewhere may have come by the end."""
    wrong = []
    with contextlib.ExitStack() as stack:

        def opened(path, width=1280, scheme="light"):
            context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
            stack.callback(context.close)
            page = context.new_page()
            page.set_default_timeout(60_000)
            inside = (address, "data:", f"blob:{address}")
            context.on("request", lambda each: None if each.url.startswith(inside) else wrong.append(each.url[:200]))
            context.on("console", lambda each: wrong.append(each.text) if is_bad(each) else None)
            context.on("weberror", lambda each: wrong.append(str(each.error)))
            page.goto(address + path)
            return page

        yield opened
    assert not wrong


@pytest.fixture
def slice_of_demo(tmp_path):
    """A VCF of the first variants of the slice that ships."""
    with gzip.open(dnalect.demo_files().variants, "rt") as lines:
        found = list(lines)
    head = [line for line in found if line.startswith("#")]
    path = tmp_path / "promoters.vcf"
    path.write_text("".join([*head, *found[len(head) : len(head) + 3]]))
    return path


def test_a_vcf_is_dropped_and_scored_and_seen_in_its_genome(visit, slice_of_demo):
    page = visit("/files")
    assert page.locator("#genome").input_value() == "demo/yeast_chrI.fa.gz"
    page.set_input_files("#file", slice_of_demo)
    # A function: an expression would be evaluated again by the page, whose policy forbids that.
    page.wait_for_function(
        "() => document.getElementById('variants').selectedOptions[0].text.startsWith('promoters.vcf')"
    )
    page.select_option("#model", "tiny")
    page.click("#go")
    page.wait_for_url("**/jobs/*")
    page.wait_for_selector(".state.done", timeout=SLOW)
    assert "3 records, 3 alleles: 3 scored" in page.inner_text("main")
    page.wait_for_selector("#igv[data-ready]")
    assert page.locator("#igv").get_by_text("Scored variants").count()
    page.locator(".top button").nth(1).click()
    second = page.locator(".top button").nth(1).get_attribute("data-place").partition("-")[0].replace("chrI:", "")
    page.wait_for_function(
        "at => document.getElementById('igv').shadowRoot.querySelector('input').value.replaceAll(',', '').includes(at)",
        arg=second,
    )
    with page.expect_download() as download:
        page.click("text=Download scored.tsv")
    assert len(download.value.path().read_text().splitlines()) > 3
    with page.context.expect_page() as opened:
        page.click("#report")
    report = opened.value
    report.wait_for_selector("#ranked tbody tr")
    assert "promoters.vcf on yeast_chrI.fa.gz" in report.inner_text("h1")
    # Its script runs apart: it reaches neither the pages nor the API of the server.
    assert report.evaluate("window.origin") == "null"


# How many pixels igv.js has drawn of a track.
DRAWN = """(name) => {
  const all = [...document.getElementById("igv").shadowRoot.querySelectorAll(".igv-track-label")];
  const canvas = all.find((each) => each.textContent === name)?.parentElement.querySelector("canvas");
  if (!canvas?.width) return 0;
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const inked = (alpha, n) => n % 4 === 3 && alpha > 0 && Math.min(...data.slice(n - 3, n)) < 250;
  return data.filter(inked).length;
}"""


def test_a_scan_is_seen_beside_variants_and_genes(visit):
    page = visit("/scan")
    page.fill("#regions", "chrI:27001-33000")
    page.select_option("#model", "tiny")
    page.click("#go")
    page.wait_for_url("**/jobs/*")
    page.wait_for_selector(".state.done", timeout=SLOW)
    assert "6,000 bases" in page.inner_text("main")
    page.wait_for_selector("#igv[data-ready]")
    tracks = ("Information (bits)", "p of the reference base", "Lowest log-ratio")
    for name in (*tracks, "promoter_variants.vcf.gz", "yeast_chrI.gff.gz"):
        page.wait_for_function(f"name => ({DRAWN})(name) > 200", arg=name)
    assert not checked(page, "nameless")


def test_a_causal_model_shows_what_it_says_and_says_what_it_does_not(visit, shown):
    page = visit("/#pane=change&at=yeast:96241-96280&edits=96250_C_A&base=96250&model=tiny-causal")
    page.wait_for_selector("html[data-ready]")
    found = shown(page, "score")
    assert found["log_p_ref"] is found["moved"] is None
    assert not page.locator("#pane-change .failed").count()
    assert "whole windows are compared" in page.inner_text("#pane-change .one-sided")
    assert page.locator("[data-figure=influence], [data-figure=reference-and-edited]").filter(visible=True).count() == 0
    assert not checked(page, "nameless")
    page.click("#tab-expect")
    drawn = np.reshape(shown(page, "probabilities"), (-1, 4))
    np.testing.assert_allclose(np.exp(drawn).sum(axis=1), 1, atol=1e-5)
    assert "from the left and, along the other strand, from the right" in page.inner_text("#pane-expect .one-sided")
    assert not page.get_by_text("Mask and fill in").is_visible()
    page.click("#tab-depend")
    assert "no dependency map" in page.inner_text("#pane-depend .one-sided")
    assert "both sides of a base" in page.inner_text("[data-figure=dependency]")
    page.select_option("#model", "tiny")
    page.wait_for_selector("[data-figure=dependency] svg")
    assert not page.locator(".one-sided").filter(visible=True).count()


def test_a_file_that_is_none_is_told(visit, tmp_path):
    page = visit("/files")
    (tmp_path / "picture.png").write_bytes(b"no variants")
    page.set_input_files("#file", tmp_path / "picture.png")
    page.wait_for_function("() => document.getElementById('told').textContent.includes('no file of variants')")


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_every_page_fits_and_can_be_read(visit, scheme):
    for path in PAGES:
        page = visit(path, scheme=scheme)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_function(f"() => innerWidth === {width}")
            assert not checked(page, "overflow"), (path, width)
        assert not checked(page, "pale"), (path, scheme)
        assert not checked(page, "nameless"), path
        found, steps = tree.nodes(page), tree.levels(page)
        assert not tree.faults(found), path
        assert {"navigation", "main"} <= {role for role, *_ in found}, path
        assert steps[0] == 1
        assert all(after <= before + 1 for before, after in pairwise(steps)), (path, steps)
        page.context.close()


def test_what_is_asked_of_a_job_can_be_heard(visit):
    """Every field of the form has a name, and the scores are a group of their own."""
    page = visit("/files")
    # Relatives lie in a folder, which can't be dropped or chosen.
    assert {each.get_attribute("value") for each in page.locator("[name=scores]").all()} == set(SCORES) - {"column"}
    found = tree.nodes(page)
    named = {name for role, name, _ in found if role in tree.CONTROLS.split()}
    assert {"Genome (FASTA)", "Genes (GFF3, GTF)", "log-likelihood ratio", "junctions of structural variants"} <= named
    assert {"Scores", "Where the files differ"} <= {name for role, name, _ in found if role == "group"}
    assert ("status", "", "") in found


def test_a_keyboard_reaches_everything_in_the_order_of_the_page(visit):
    page = visit("/files")
    names = [""]
    while names[-1] != "go":
        page.keyboard.press("Tab")
        names.append(page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()"))
        assert len(names) < 40
    assert names[1:7] == ["Skip to the content", "Explore", "Files", "Scan", "Jobs", "Models"]
    assert names[7:13] == ["file", "variants", "remove", "genome", "annotation", "signal"]


def test_the_explorer_draws_what_python_answers(visit, shown, model_folder):
    page = visit("/#pane=expect&at=yeast:96241-96300&model=tiny")
    page.wait_for_selector("html[data-ready]")
    drawn = np.reshape(shown(page, "probabilities"), (-1, 4))
    assert drawn.shape == (60, 4)
    bases = page.locator("#bases").input_value()
    # Its flanks are seen too: what a network of 15 bases' reach says of the middle depends on the view alone.
    told = probabilities(str(model_folder), bases, 15, 45).log_probs
    np.testing.assert_allclose(drawn[15:45], told, atol=1e-4)
    page.click("nav >> text=Files")
    page.wait_for_url("**/files")
