"""How the page looks: nothing is cut off at three widths, and every text can be read, light and dark."""

import pytest

from browser.checks import checked
from browser.test_report import CHROMIUM

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")]

STATES = {
    "read": "#pane=read&at=yeast:96241-96300",
    "expect": "#pane=expect&at=yeast:96241-96300&base=96250",
    "change": "#pane=change&at=yeast:96241-96280&edits=96250_-_T&base=96250",
    "depend": "#pane=depend&at=human:1089247-1089286&base=1089266",
    "map": "#pane=map",
}
WIDTHS = (360, 800, 1440)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_pane_fits_and_can_be_read(opened, scheme):
    tab = opened(STATES["read"], scheme=scheme)
    for pane, state in STATES.items():
        tab.evaluate("hash => { location.hash = hash; }", state)
        tab.wait_for_selector(f"#pane-{pane} .figure svg", timeout=30_000)
        tab.wait_for_function(f"() => !document.querySelector('#pane-{pane} .waiting')", timeout=30_000)
        for width in WIDTHS:
            tab.set_viewport_size({"width": width, "height": 900})
            tab.wait_for_function(
                f"() => innerWidth === {width} && !document.querySelector('#pane-{pane} .waiting')", timeout=30_000
            )
            over = checked(tab, "overflow")
            assert not over, (pane, width, over)
        pale = checked(tab, "pale")
        assert not pale, (pane, scheme, pale)
        assert not checked(tab, "nameless"), pane
