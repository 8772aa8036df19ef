"""The page of an explanation in a real browser: what lies below the pointer is told."""

import json
import re

import numpy as np
import pyarrow as pa
import pytest

from browser.test_report import CHROMIUM, dumped
from dnalect.core.views import Explained, Explanation, Track, View
from dnalect.report.explained import render_explanation

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")]

# The middles of cells of the map: row, column; then what is outside of it, and a cell of the strip.
ACTS = """
var told = [], tip = document.querySelector(".tip"), map = document.querySelector("svg.map");
function over(target, box, x, y) {
  var event = { clientX: box.left + x * box.width, clientY: box.top + y * box.height, bubbles: true };
  target.dispatchEvent(new PointerEvent("pointermove", event));
  told.push(tip.style.display === "none" ? "" : tip.textContent);
}
var box = map.querySelector("image").getBoundingClientRect();
over(map, box, 0.625, 0.125); over(map, box, 0.125, 0.625); over(map, box, 0.9, 0.9); over(map, box, -0.05, 0.5);
var cell = document.querySelector("svg.along rect[data-tip]");
over(cell, cell.getBoundingClientRect(), 0.5, 0.5);
map.dispatchEvent(new PointerEvent("pointerleave"));
told.push(tip.style.display);
document.title = JSON.stringify(told);
"""


def test_a_heat_map_says_what_lies_below_the_pointer(tmp_path):
    found = np.array([[0, 1, 3.25, 0], [2, 0, 0, 0], [0.5, 0, 0, 0], [0, 0, 0, np.nan]], dtype=np.float32)
    effects = np.array([[-1.5, 0, 0, 0], *np.zeros((3, 4))], dtype=np.float32)
    tracks = (Track("heat", "every substitution", effects, "nats"), Track("matrix", "a map", found, "<b>bits"))
    view = View("dependency", "Map", "", tracks, pa.table({}), {}, found[0], "")
    place = Explained("chrI:1,000-1,003", "chrI", 999, "CATG", (view,))
    path = tmp_path / "why.html"
    page = render_explanation(Explanation("why", (place,)))
    path.write_text(page.replace("</body>", f"<script>{ACTS}</script></body>"), encoding="utf-8")
    title = re.search(r"<title>(.*?)</title>", dumped(path, tmp_path), re.DOTALL)[1]
    assert json.loads(title.replace("&lt;", "<").replace("&gt;", ">")) == [
        "row 1,000 C, column 1,002 T: 3.25 <b>bits",
        "row 1,002 T, column 1,000 C: 0.500 <b>bits",
        "row 1,003 G, column 1,003 G: unknown",
        "",
        "1,000 C>A: -1.50",
        "none",
    ]
