"""How the page looks: nothing is cut off at three widths, and every text can be read, light and dark."""

from itertools import pairwise

import pytest

from browser import tree
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


def test_a_screen_reader_finds_names_pictures_in_words_and_changed_answers(opened, shown):
    """Every pane as Chromium gives it to one; keys in a picture, and a change of the sequence, are said."""
    tab = opened(STATES["read"])
    for pane, state in STATES.items():
        tab.evaluate("hash => { location.hash = hash; }", state)
        tab.wait_for_selector(f"#pane-{pane} .figure svg", timeout=30_000)
        tab.wait_for_function(f"() => !document.querySelector('#pane-{pane} .waiting')", timeout=30_000)
        found = tree.nodes(tab)
        assert not tree.faults(found), pane
        assert [role for role, *_ in found].count("main") == 1
        pictures = [node for node in found if node[0] in ("application", "image", "img")]
        assert pictures, pane
        assert all(len(name) > 10 for _, name, _ in pictures), pane
        assert [description for role, _, description in found if role == "application" and description], pane
        steps = tree.levels(tab)
        assert steps[0] == 1, pane
        assert all(after - before <= 1 for before, after in pairwise(steps)), (pane, steps)
        picture = tab.locator(f"#pane-{pane} .figure svg[tabindex]").first
        picture.focus()
        said = tab.inner_text("#live")
        picture.press("ArrowRight")
        picture.press("ArrowRight")
        assert tab.inner_text("#live") not in ("", said), pane
    # What a change does to the answer is in a region that is read aloud.
    tab.evaluate("hash => { location.hash = hash; }", STATES["expect"])
    before = shown(tab, "probabilities")
    status = "[data-figure=expect] [role=status]"
    said = tab.inner_text(status)
    tab.fill("#bases", tab.input_value("#bases")[:30] + "ACGT" + tab.input_value("#bases")[30:])
    tab.wait_for_function("([at, said]) => document.querySelector(at).textContent !== said", arg=[status, said])
    assert len(shown(tab, "probabilities")) != len(before)
