"""The page of a map in a real browser: dots are drawn, hover says what they are, a click copies the place."""

import json
import re

import numpy as np
import pytest

from browser.test_report import CHROMIUM, dumped
from dnalect.core.views import Picture
from dnalect.report.atlas import Atlas, render

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")]

# Hovers and clicks the middle of the stage, where dot 2 lies; then keeps one class, and looks for a place.
ACTS = """
var main = document.getElementById("main"), told = [];
function at(kind) {
  var box = main.getBoundingClientRect();
  main.dispatchEvent(new PointerEvent(kind, { clientX: box.left + box.width / 2, clientY: box.top + box.height / 2 }));
}
main.setPointerCapture = function () {};
document.execCommand = function () { told.push(document.querySelector("textarea").value); return true; };
Object.defineProperty(navigator, "clipboard", { value: undefined });
function dots() {
  var pixels = main.getContext("2d").getImageData(0, 0, main.width, main.height).data, drawn = 0;
  for (var i = 3; i < pixels.length; i += 4) drawn += pixels[i] > 100;
  return drawn;
}
// A busy machine draws its frame later.
function act(times) {
  if (dots() <= 50 && times) return setTimeout(function () { act(times - 1); }, 50);
  at("pointermove");
  told.push(document.getElementById("tip").innerText);
  at("pointerdown"); at("pointerup");
  told.push(document.getElementById("said").textContent);
  told.push(dots() > 50 ? "drawn" : "empty");
  var find = document.getElementById("find");
  find.value = "chrI:1,050"; find.dispatchEvent(new Event("input"));
  told.push(document.getElementById("said").textContent);
  told.push([].map.call(document.querySelectorAll(".legend button"), function (b) { return b.textContent; }).join(","));
  told.push(document.querySelectorAll("#thumbs figure").length);
  document.title = JSON.stringify(told);
}
setTimeout(function () { act(20); }, 300);
"""


def test_a_dot_says_what_it_is_and_is_copied(tmp_path):
    points = np.array([[0.0, 0], [10, 10], [5, 5], [0, 10], [10, 0]])
    pictures = [Picture(who, "pca", points, ("PC1", "PC2")) for who in ("a <model>", "words")]
    loci = ["chrI:1-100", "chrI:101-200", "chrI:1,001-1,100", "chrII:1-100", "chrII:101-200"]
    classes = {"region": ["CDS", "CDS", "<i>promoter", "CDS", ""]}
    atlas = Atlas("t", (), loci, pictures, classes, {"gc": np.linspace(0, 1, 5)}, {"gene": ["", "", "GENE1", "", ""]})
    page = render(atlas)
    assert "<i>promoter" not in page
    path = tmp_path / "map.html"
    path.write_text(page.replace("</body>", f"<script>{ACTS}</script></body>"), encoding="utf-8")
    found = json.loads(
        re.search(r"<title>(.*?)</title>", dumped(path, tmp_path), re.DOTALL)[1]
        .replace("&lt;", "<")
        .replace("&gt;", ">")
    )
    tip, copied, said, drawn, searched, legend, thumbs = found
    assert tip.split("\n") == ["chrI:1,001-1,100", "region: <i>promoter", "gc: 0.5", "gene: GENE1"]
    assert copied == "chrI:1001-1100"
    assert said == "copied chrI:1001-1100"
    assert drawn == "drawn"
    assert searched == "1 windows"
    assert legend.split(",") == ["CDS3", "<i>promoter1", "(none)1"]
    assert thumbs == 2
