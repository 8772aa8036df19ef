"""Every pane of the page, from its file: what it shows equals Python's numbers on real loci."""

import gzip
import json
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from browser.test_report import CHROMIUM
from dnalect import page
from dnalect.genome.fasta import open_genome
from dnalect.page import assets
from dnalect.tokens.bpe import SPECIAL, BytePairs
from dnalect.tokens.files import open_tokenizer
from dnalect.tokens.names import named
from dnalect.tokens.tokenizer import Special

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")]

# 0-based, on chrXIV; and on the slice of chromosome 20, which begins at 1,000,000.
YEAST, HUMAN, OFFSET = (96_240, 96_280), (1_089_246, 1_089_286), 1_000_000
REACH = {"duplex-yeast": 1276, "duplex-human": 316}
# Bases on each side of a variant that is scored.
FLANK = 4_224
# Share of G and C in the yeast genome.
GC = json.loads(assets.data()["genomes"])["yeast"]["gc"]
DNABERT2 = Path(__file__).parents[1] / "data" / "dnabert2_tokenizer.json.gz"
DEMO = resources.files("dnalect") / "demo_data"


def bases(name, start, end):
    genome = open_genome(str(DEMO / name))
    return genome.fetch(0, start, end).tobytes().decode()


def at(genome, place, **more):
    rest = "".join(f"&{key}={value}" for key, value in more.items())
    return f"#at={genome}:{place[0] + 1}-{place[1]}{rest}"


def window(model="duplex-yeast"):
    """The sequence around a locus as Python is asked about it, and where the locus lies in it."""
    (start, end), offset, file = (
        (YEAST, 0, "yeast_chrXIV.fa.gz") if "yeast" in model else (HUMAN, OFFSET, "human_chr20_slice.fa.gz")
    )
    flank = REACH[model] + 100
    return bases(file, start - offset - flank, end - offset + flank), flank, flank + end - start


@pytest.mark.parametrize(
    ("model", "genome", "place"), [("duplex-yeast", "yeast", YEAST), ("duplex-human", "human", HUMAN)]
)
def test_expected_bases_are_those_of_python(opened, shown, model, genome, place):
    tab = opened(at(genome, place, pane="expect"))
    told = np.reshape(shown(tab, "probabilities"), (-1, 4))
    np.testing.assert_allclose(told, page.probabilities(model, *window(model)).log_probs, atol=1e-4)
    words = tab.locator("[data-figure=expect] .words").inner_text()
    assert words.startswith("Mean surprise")
    tab.locator("[data-figure=expect] svg").press("ArrowRight")
    assert "information" in tab.locator("#live").inner_text()


def test_a_mutation_is_scored_as_python_scores_it(opened, shown):
    tab = opened(at("yeast", YEAST, pane="change"))
    sequence, start, end = window()
    told = np.reshape(shown(tab, "substitutions"), (-1, 4))
    np.testing.assert_allclose(told, page.substitutions("duplex-yeast", sequence, start, end).ratios, atol=1e-4)
    # The fifth base, by keys: four to the right, then what it is not.
    picture = tab.locator("[data-figure=substitutions] svg")
    ref = sequence[start + 4]
    alt = "CAAA"["ACGT".index(ref)]
    picture.focus()
    for _ in range(4):
        picture.press("ArrowRight")
    picture.press(alt)
    found = shown(tab, "score")
    around = bases("yeast_chrXIV.fa.gz", YEAST[0] + 4 - FLANK, YEAST[0] + 5 + FLANK)
    truth = page.score("duplex-yeast", around, FLANK, ref, alt)
    assert found["llr"] == pytest.approx(truth.llr, abs=1e-4)
    assert found["percentile"] == pytest.approx(truth.percentile, abs=1e-4)
    assert found["influence"]["sum"] == pytest.approx(truth.influence["sum"], abs=1e-4, rel=1e-6)
    assert found["influence"]["max"] == pytest.approx(truth.influence["max"], abs=1e-4)
    assert tab.locator(".edits .chip").inner_text().startswith(f"{YEAST[0] + 5:,} {ref}>{alt}")
    assert max(each or 0 for each in shown(tab, "changes")) > 0.1
    assert "log-ratio" in tab.locator("[data-figure=score] .words").inner_text()


def test_indels_and_lines_of_a_vcf(opened, shown):
    tab = opened(at("yeast", YEAST, pane="change"))
    sequence = bases("yeast_chrXIV.fa.gz", *YEAST)
    tab.fill("#vcf", f"chrXIV\t{YEAST[0] + 11}\t.\t{sequence[10:12]}\t{sequence[10]}")
    tab.press("#vcf", "Enter")
    assert shown(tab, "score")["kind"] == "deletion"
    # As much sequence as the page takes, beside the composition of the genome.
    around = bases("yeast_chrXIV.fa.gz", YEAST[0] + 11 - FLANK, YEAST[0] + 12 + FLANK)
    truth = page.score("duplex-yeast", around, FLANK, sequence[11], "", influence=False, gc=GC)
    assert shown(tab, "score")["llr"] == pytest.approx(truth.llr, abs=1e-4)
    assert shown(tab, "score")["percentile"] == pytest.approx(truth.percentile, abs=1e-4)
    tab.fill("#vcf", f"chrXIV\t{YEAST[0] + 11}\t.\t{'A' if sequence[10] != 'A' else 'C'}\tT")
    tab.press("#vcf", "Enter")
    assert "the sequence has" in tab.locator("#toast").inner_text()
    tab.click("text=Undo")
    assert tab.locator(".edits .chip").count() == 0


def test_dependencies_and_attention_are_those_of_python(opened, shown, attention_model):
    tab = opened(at("human", HUMAN, pane="depend", layer=2, head=3))
    told = np.reshape(shown(tab, "dependency"), (40, 40))
    np.testing.assert_allclose(told, page.dependency("duplex-human", *window("duplex-human")).map, atol=1e-4)
    sequence = bases("human_chr20_slice.fa.gz", HUMAN[0] - OFFSET - 108, HUMAN[1] - OFFSET + 108)
    truth = page.attention(str(attention_model), sequence, 108, 148, 2, 3)
    np.testing.assert_allclose(np.reshape(shown(tab, "attention"), (40, 40)), truth.map, atol=1e-4)
    tab.select_option("#layer", "rollout")
    truth = page.attention(str(attention_model), sequence, 108, 148)
    np.testing.assert_allclose(np.reshape(shown(tab, "attention"), (40, 40)), truth.map, atol=1e-4)
    picture = tab.locator("[data-figure=dependency] svg")
    picture.focus()
    picture.press("ArrowDown")
    picture.press("Enter")
    assert "moves most" in tab.locator("[data-figure=pinned] .words").inner_text()


def test_tokens_are_those_of_python(opened, shown, tmp_path):
    own = "ACGTNNGATTACATATAAAAGGCGCGCATTTTTCGATCGATNACCCGTAGGGTTTACGACGATCGAAAAAAAATTTGC"
    tab = opened(f"#pane=read&dna={own}")
    told = shown(tab, "tokens")
    path = tmp_path / "tokenizer.json"
    path.write_bytes(gzip.decompress(DNABERT2.read_bytes()))
    every = {name: named(name) for name in ("single", "dnabert-3", "dnabert-4", "dnabert-5", "dnabert-6", "nt-v2")}
    every["dnabert-2"] = open_tokenizer(str(path))
    learned = json.loads((resources.files("dnalect.page") / "data" / "vocabularies.json").read_text())["yeast"]
    merges = [tuple(each.split(",")) for each in learned["merges"].split()]
    words = (*SPECIAL, *"ACGT", *(left + right for left, right in merges))
    every["yeast"] = BytePairs(words, merges, Special(unk=0, cls=1, sep=2, pad=3, mask=4), unknown=0)
    for name, tokenizer in every.items():
        encoding = tokenizer.encode([own], special=False)
        mine = [(each["id"], each["start"], each["end"]) for each in told[name]]
        kept = encoding.spans[0][:, 1] > 0
        truth = [
            (int(n), *map(int, span))
            for n, span in zip(encoding.input_ids[0][kept], encoding.spans[0][kept], strict=True)
        ]
        assert mine == truth, name
    tab.locator("[data-figure=tokens] svg").press("ArrowDown")
    tab.locator("[data-figure=tokens] svg").press("ArrowRight")
    assert "The same bases are in" in tab.locator(".told-token").first.inner_text()
    assert tab.locator("[data-figure=trade-off] svg circle").count() == len(every)


def test_a_masked_span_is_filled_in(opened):
    tab = opened(at("yeast", YEAST, pane="expect", span=f"{YEAST[0] + 11}-{YEAST[0] + 14}"))
    tab.click("text=Mask and fill in")
    tab.wait_for_function(
        "() => document.querySelector('[data-figure=filled] .words').textContent.includes('of 4 are the same')"
    )


def test_the_map_opens_loci(opened):
    tab = opened("#pane=map")
    picture = tab.locator("[data-figure=map] svg")
    picture.press("ArrowRight")
    picture.press("ArrowRight")
    before = tab.evaluate("location.hash")
    picture.press("Enter")
    assert tab.evaluate("location.hash") != before
    counts = json.loads((resources.files("dnalect.page") / "data" / "map.json").read_text())
    assert tab.locator("[data-figure=map] svg circle.spot").count() == len(counts["yeast"]["starts"])
    tab.select_option("#map-genome", "human")
    tab.wait_for_function(f"() => document.querySelectorAll('circle.spot').length === {len(counts['human']['starts'])}")
