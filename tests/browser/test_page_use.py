"""Using the page: typing, links, back, undo, export, keys alone, mistakes."""

import re
import struct
import xml.etree.ElementTree as ElementTree

import pytest

from browser.checks import checked
from browser.test_report import CHROMIUM
from dnalect import page as answers

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")]

PANES = ("read", "expect", "change", "depend", "map")
OWN = "TATAAAAGGCATGCATCGATTACAGATTACACCGGTTAACCGGATATCGCGTA"


def test_it_opens_on_a_worked_example_and_every_pane_shows_a_picture(opened):
    tab = opened()
    for pane in ("expect", "read", "change", "map", "depend"):
        tab.click(f"#tab-{pane}")
        tab.wait_for_selector(f"#pane-{pane} .figure svg", timeout=30_000)
        tab.wait_for_function(f"() => !document.querySelector('#pane-{pane} .waiting')", timeout=30_000)
        assert not tab.locator(f"#pane-{pane} .failed").count()
        words = tab.locator(f"#pane-{pane} .figure .words").first.inner_text()
        assert re.search(r"\d", words) or pane == "depend", pane
    assert "CTCF" in tab.locator(".story").inner_text()
    tab.click("text=Mutate a core base")
    tab.wait_for_function(
        "() => /core base of the motif was hit/.test(document.querySelector('.hit-text').textContent)", timeout=30_000
    )


def test_what_is_typed_is_read_and_what_is_no_base_is_named(opened, shown):
    tab = opened("#pane=expect")
    tab.fill("#bases", f">mine\n{OWN[:30].lower()}\n{OWN[30:].replace('T', 'u')}")
    tab.wait_for_function("() => location.hash.includes('dna=')")
    told = shown(tab, "probabilities")
    truth = answers.probabilities("duplex-yeast", OWN).log_probs
    assert max(abs(a - b) for a, b in zip(told, truth.ravel().tolist(), strict=True)) < 1e-4
    assert "U is read as T" in tab.locator("#bases-note").inner_text()
    tab.fill("#bases", "ACGTXACGT")
    tab.wait_for_function("() => document.querySelector('#bases-note').textContent.includes('is no base')")
    # On a locus, what is typed is an edit, and its flanks stay.
    tab.fill("#goto", "SUF6")
    tab.press("#goto", "Enter")
    text = tab.input_value("#bases")
    tab.fill("#bases", text[:20] + "TTT" + text[20:])
    tab.wait_for_selector(".edits .chip")
    assert "yeast" in tab.evaluate("location.hash")
    tab.fill("#goto", "no such gene")
    tab.press("#goto", "Enter")
    assert "No gene here is called" in tab.locator("#toast").inner_text()


def test_a_link_brings_everything_back_and_so_does_the_button_back(opened, shown):
    tab = opened("#pane=change&at=yeast:96241-96280")
    shown(tab, "substitutions")
    tab.locator("[data-figure=substitutions] svg").press("ArrowRight")
    tab.locator("[data-figure=substitutions] svg").press("Delete")
    tab.locator("#layer").evaluate("() => dnalect.store.set({ near: 4, k: 4, pane: 'read' })") if tab.locator(
        "#layer"
    ).count() else None
    tab.click("#tab-read")
    tab.click("[data-k='4']")
    state = tab.evaluate("JSON.stringify(dnalect.state)")
    again = opened(tab.evaluate("location.hash"))
    assert again.evaluate("JSON.stringify(dnalect.state)") == state
    assert again.locator("[data-k='4']").get_attribute("aria-pressed") == "true"
    # An edit that came with the link can be taken back; a link that is nonsense does no harm.
    again.click("text=Undo")
    assert again.evaluate("dnalect.state.edits.length") == 0
    tab.go_back()
    assert tab.evaluate("[dnalect.state.pane, dnalect.state.k]") == ["read", 6]
    tab.go_forward()
    assert tab.evaluate("dnalect.state.k") == 4
    odd = opened("#pane=none&at=moon:5-1&edits=1_A_C.x_y&base=-4&span=9-2&k=77&model=gpt")
    assert odd.evaluate("[dnalect.state.pane, dnalect.state.edits.length, dnalect.state.k]") == ["expect", 0, 6]


def test_edits_are_taken_back_one_by_one(opened):
    tab = opened("#pane=change&at=yeast:96241-96280")
    original = tab.input_value("#bases")
    picture = "[data-figure=substitutions] svg"
    tab.wait_for_selector(picture)
    for key in ("g", "t"):
        tab.locator(picture).press("ArrowRight")
        tab.locator(picture).press(key)
        tab.wait_for_function("() => !document.querySelector('[data-figure=substitutions].waiting')")
    tab.fill("#insert", "ACGT")
    tab.press("#insert", "Enter")
    texts = [tab.input_value("#bases")]
    for _ in range(3):
        tab.keyboard.press("Escape")
        tab.click("text=Undo")
        texts.append(tab.input_value("#bases"))
    assert len(texts[0]) == len(original) + 4
    assert len(texts[1]) == len(original)
    assert original in texts
    assert tab.evaluate("dnalect.state.edits.length") == 0


@pytest.mark.parametrize("name", ["expect", "dependency"])
def test_pictures_are_exported(opened, tmp_path, name):
    tab = opened(f"#pane={'depend' if name == 'dependency' else name}&at=human:1089247-1089286")
    figure = tab.locator(f"[data-figure={name}]")
    figure.locator("svg").wait_for()
    files = {}
    for kind in ("SVG", "PNG"):
        with tab.expect_download() as waiting:
            figure.locator(f"button:text-is('{kind}')").click()
        files[kind] = tmp_path / waiting.value.suggested_filename
        waiting.value.save_as(files[kind])
    root = ElementTree.parse(files["SVG"]).getroot()
    marks = [each.tag.rpartition("}")[2] for each in root.iter()]
    assert marks.count("path") > 20 if name == "expect" else "image" in marks
    assert not any("var(" in value for each in root.iter() for value in each.attrib.values())
    data = files["PNG"].read_bytes()
    assert data.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", data[16:24])
    assert (width, height) == (round(2 * float(root.get("width"))), round(2 * float(root.get("height"))))


def test_everything_is_reached_by_keys_and_has_a_name(opened):
    """Tab goes through every control in the order of the page, each shows where it is, and each has a name."""
    tab = opened("#pane=change&at=yeast:96241-96280&edits=96250_" + "-_T")
    tab.wait_for_selector("[data-figure=substitutions] svg")
    tab.wait_for_function("() => !document.querySelector('#pane-change .waiting')", timeout=30_000)
    seen = []
    for _ in range(90):
        tab.keyboard.press("Tab")
        found = checked(tab, "focused")
        if found is None or (seen and found["n"] == seen[0]["n"]):
            break
        seen.append(found)
    assert [each["n"] for each in seen] == sorted(each["n"] for each in seen)
    reached = {each["id"] for each in seen}
    assert {"locus", "goto", "model", "bases", "tab-change", "insert", "vcf"} <= reached
    assert sum(each["svg"] for each in seen) >= 2
    assert not [each for each in seen if not each["name"]]
    assert not [each for each in seen if not each["outline"]]
    tab.focus("#tab-change")
    tab.keyboard.press("ArrowRight")
    assert tab.evaluate("document.activeElement.id") == "tab-depend"
    assert tab.locator("#pane-depend").is_visible()


def test_bases_that_are_not_known_break_nothing(opened):
    """N in every pane; that nothing is in the console is checked at the end."""
    tab = opened("#pane=expect&dna=ACGTNNGATTACATATAAAAGGCGCGCATTNTTTCGATCGATN&edits=21_G_C&base=21")
    for pane in ("expect", "change", "depend", "read"):
        tab.click(f"#tab-{pane}")
        tab.wait_for_selector(f"#pane-{pane} .figure svg", timeout=30_000)
        tab.wait_for_function(f"() => !document.querySelector('#pane-{pane} .waiting')", timeout=30_000)
        assert "NaN" not in tab.locator(f"#pane-{pane}").inner_text()
    tab.click("#tab-depend")
    tab.wait_for_selector("[data-figure=pinned] svg")


def test_attention_opens_with_a_head_that_its_rule_chose(opened, attention_model):
    """Until somebody chooses: then a layer shows the mean of its heads."""
    tab = opened(f"#pane=depend&model={attention_model.name}")
    tab.wait_for_selector("[data-figure=attention] svg")
    layer, head = tab.evaluate("dnalect.model.opening")
    shown = [tab.locator(each).input_value() for each in ("#layer", "#head")]
    assert shown == [str(layer), str(head)]
    tab.select_option("#layer", "1")
    tab.wait_for_function("document.getElementById('head').value === 'mean'")
    assert "layer=1" in tab.evaluate("location.hash")


def test_what_takes_minutes_is_asked_for(opened, attention_model):
    """A masked model reads a sequence for each substitution: a large one's map is offered, and can be stopped."""
    tab = opened(f"#pane=depend&at=human:1089217-1089416&model={attention_model.name}")
    tab.wait_for_selector("[data-figure=dependency] svg")
    tab.evaluate("() => { dnalect.model.parameters = 1e9; }")
    tab.evaluate("() => { location.hash = location.hash.replace('1089416', '1089415'); }")
    tab.click("text=Compute it anyway")
    tab.click("[data-figure=dependency] .progress >> text=Cancel")
    tab.wait_for_function("() => document.querySelector('[data-figure=dependency]').textContent.includes('Stopped')")
