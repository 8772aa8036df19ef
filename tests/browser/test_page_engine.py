"""The engine in the browser gives the numbers of Python: every question, on real loci of the shipped slices."""

import json
from collections.abc import Callable
from dataclasses import is_dataclass
from importlib import resources
from typing import Any

import numpy as np
import pytest

import dnalect
from browser.engines import NODE, Asked, in_node, write_page
from browser.test_report import CHROMIUM
from conftest import make_model
from dnalect.core.errors import DnalectError
from dnalect.genome.fasta import open_genome
from dnalect.models.model import Model
from dnalect.page.pack import pack
from dnalect.tokens.bases import decode, encode, opposite
from models.folders import make
from why.tiny import bases_with_attention

NEAR = 1e-4
# Random weights: attention, and a duplex of sums whose dilations do not double.
TINY, SUMS = "tiny", "sums"
INSIDE = ("file:", "data:", "blob:")
OTHER = str.maketrans("ACGT", "CTAG")


def bases(name: str, start: int, end: int) -> str:
    genome = open_genome(str(resources.files("dnalect") / "demo_data" / name))
    return decode(encode(genome.fetch(0, start, end)))


YEAST = bases("yeast_chrXIV.fa.gz", 18_000, 21_200)
HUMAN = bases("human_chr20_slice.fa.gz", 30_000, 31_400)
# The flank of duplex-yeast is longer than this, so that both its ends are those of the sequence.
SHORT = YEAST[:280]
HOLED = SHORT[:100] + "NNN" + SHORT[103:140] + "n" + SHORT[141:220]


def part(model: str, sequence: str, start: int, end: int | None, **more: Any) -> dict[str, Any]:
    return {"model": model, "sequence": sequence, "start": start, "end": end, **more}


def change(model: str, sequence: str, at: int, ref: int | str, alt: str, **more: Any) -> dict[str, Any]:
    """A variant; ref: how many bases there are replaced."""
    return {"model": model, "sequence": sequence, "at": at, "ref": sequence[at : at + ref], "alt": alt, **more}


def swapped(text: str) -> str:
    return text.translate(OTHER)


def questions() -> Asked:
    y, h, t, o = "duplex-yeast", "duplex-human", TINY, SUMS
    tandem = SHORT[:120] + "ATATATATATAT" + SHORT[120:]
    return [
        ("models", {}),
        # More bases on both sides than a prediction depends on; then one other base within, which reuses what was read.
        ("probabilities", part(y, YEAST, 1598, 1604)),
        ("probabilities", part(y, YEAST[:1600] + swapped(YEAST[1600]) + YEAST[1601:], 1598, 1604)),
        ("probabilities", part(y, SHORT, 240, None)),
        ("probabilities", part(y, "ACG", 0, 1)),
        ("probabilities", part(h, HUMAN, 690, 710)),
        ("probabilities", part(o, HOLED, 90, 150)),
        ("probabilities", part(t, SHORT[:70], 0, 70)),
        ("substitutions", part(y, HOLED, 90, 110)),
        ("substitutions", part(h, opposite(HUMAN), 0, 20)),
        ("substitutions", part(t, HOLED[60:], 30, 50)),
        ("dependency", part(y, SHORT, 255, 280)),
        ("dependency", part(y, HOLED, 95, 120)),
        ("dependency", part(h, HUMAN, 700, 720)),
        ("dependency", part(o, SHORT, 100, 140)),
        ("dependency", part(t, HOLED[80:140], 14, 26)),
        ("attention", part(t, SHORT[:90], 20, 50)),
        ("attention", part(t, SHORT[:40], 0, 40, layer=2, head=3)),
        ("attention", part(t, HOLED[70:130], 10, 50, layer=1, head="mean")),
        ("tokens", {"model": y, "sequence": HOLED[95:110]}),
        ("tokens", {"model": t, "sequence": HOLED[95:110]}),
        ("score", change(y, SHORT, 150, 1, swapped(SHORT[150]))),
        ("score", change(y, SHORT, 3, 1, swapped(SHORT[3]))),
        ("score", change(y, SHORT, 279, 1, swapped(SHORT[279]), influence=False)),
        ("score", change(y, SHORT, 150, 5, swapped(SHORT[150:153]) + SHORT[153] + swapped(SHORT[154]))),
        ("score", change(y, SHORT, 150, 24, swapped(SHORT[150:174]))),
        ("score", change(y, SHORT, 150, 4, "")),
        ("score", change(y, SHORT, 150, 4, "", gc=0.383)),
        ("score", change(y, SHORT, 150, 2, swapped(SHORT[150:152]) + "ACGGT")),
        ("score", change(y, tandem, 126, 0, "AT")),
        ("score", change(y, tandem, 128, 1, "C")),
        ("score", change(y, HOLED, 150, 0, HOLED[25:95])),
        ("score", change(y, SHORT, 150, 2, SHORT[150:152])),
        ("score", change(h, HUMAN, 700, 1, swapped(HUMAN[700]))),
        ("score", change(h, HUMAN, 700, 3, "")),
        ("score", change(t, SHORT, 150, 1, swapped(SHORT[150]))),
        ("score", change(t, SHORT, 150, 3, swapped(SHORT[150:153]))),
        ("score", change(t, SHORT, 5, 3, "", influence=True, gc=0.6)),
        ("score", change(t, tandem, 126, 0, "AT", influence=False)),
        # A range that is longer than an allele may be: its middle is taken.
        ("score", change(t, SHORT[:70] + "ACGT" * 7 + SHORT[70:140], 70, 4, "")),
    ]


def random_questions(seed: int, count: int) -> Asked:
    """Variants of all kinds in sequences with repeats and unknown bases, of models that cost nothing."""
    rng = np.random.default_rng(seed)

    def drawn(most: int) -> str:
        return "".join(rng.choice(list("ACGT"), rng.integers(0, most)))

    def sequence() -> str:
        parts = [drawn(40), drawn(6) * rng.integers(1, 9), "N" * (rng.integers(1, 5) if rng.random() < 0.4 else 0)]
        return drawn(80) + "".join(rng.permutation([*parts, drawn(40), drawn(4) * 6])) + drawn(80) + "ACGT"

    found: Asked = []
    while len(found) < count:
        model, text, at = str(rng.choice([SUMS, TINY])), sequence(), rng.random()
        start = int(at * len(text))
        ref = text[start : start + int(rng.choice([0, 1, 1, 2, 4, 16]))]
        alt = str(rng.choice(["", (ref * 2)[:16], drawn(8), "".join(rng.choice(list("ACGT"), len(ref)))]))
        if "N" not in ref + alt:
            found.append(("score", change(model, text, start, len(ref), alt, influence=bool(rng.random() < 0.5))))
            found.append(("substitutions", part(model, text, start, min(len(text), start + 3))))
    return found


def faults() -> Asked:
    y = "duplex-yeast"
    return [
        ("probabilities", part(y, SHORT, 10, 10)),
        ("probabilities", part(y, SHORT, 10, 1_000)),
        ("probabilities", part(y, "AC!", 0, 1)),
        ("probabilities", part("no-such", SHORT, 0, 1)),
        ("score", change(y, SHORT, 10, 1, "N")),
        ("score", change(y, SHORT, 10, 0, "A" * 9_000)),
        ("score", change(y, SHORT, 10, 1, "", gc=1.5)),
        ("score", {**change(y, SHORT, 10, 1, "A"), "ref": swapped(SHORT[10])}),
        ("score", {**change(y, SHORT, 279, 1, "A"), "ref": SHORT[279] + "A"}),
        ("attention", part(y, SHORT, 0, 10)),
        ("attention", part(TINY, SHORT, 0, 10, layer=9)),
        ("attention", part(TINY, SHORT, 0, 10, head=2)),
    ]


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> dict[str, Model]:
    folder = tmp_path_factory.mktemp("models")
    sums = make_model(folder / SUMS, width=16, dilations=[1, 3])
    found = {TINY: bases_with_attention(folder / TINY), SUMS: sums, "duplex-yeast": None, "duplex-human": None}
    return {name: dnalect.load(str(path or name)) for name, path in found.items()}


@pytest.fixture(scope="module")
def packed(models) -> str:
    return pack(list(models.values()))


@pytest.fixture(scope="module")
def asked(models) -> Callable[[str, dict[str, Any]], Any]:
    """Ask Python, whose answers are the truth."""
    known: dict[str, Any] = {}

    def ask(question: str, given: dict[str, Any]) -> Any:
        key = json.dumps([question, given])
        if key not in known:
            chosen = {"names": list(models.values())} if question == "models" else dict(given)
            if "model" in chosen:
                chosen["model"] = models.get(chosen["model"], chosen["model"])
            known[key] = getattr(dnalect.page, question)(**chosen)
        return known[key]

    return ask


def same(mine: Any, theirs: Any, where: str) -> None:
    """Check that an answer of the engine is that of Python."""
    if isinstance(theirs, np.ndarray):
        found = np.array([np.nan if each is None else each for each in mine], dtype=np.float64)
        np.testing.assert_allclose(found, theirs.ravel(), atol=NEAR, rtol=0, err_msg=where)
    elif is_dataclass(theirs):
        assert set(mine) == {*vars(theirs)}, where
        for name, value in vars(theirs).items():
            same(mine[name], value, f"{where}.{name}")
    elif isinstance(theirs, dict):
        assert set(mine) == set(theirs), where
        for name, value in theirs.items():
            # Of a sum over hundreds of bases a millionth.
            assert mine[name] == pytest.approx(value, abs=NEAR, rel=1e-6), f"{where}.{name}"
    elif isinstance(theirs, float):
        assert mine == pytest.approx(theirs, abs=NEAR), where
    elif isinstance(theirs, list | tuple):
        assert len(mine) == len(theirs), where
        for number, (one, other) in enumerate(zip(mine, theirs, strict=True)):
            same(one, other, f"{where}[{number}]")
    else:
        assert mine == theirs, where


def check(put: Asked, found: list[Any], asked: Callable[[str, dict[str, Any]], Any]) -> None:
    for (question, given), record in zip(put, found, strict=True):
        told = {name: value if len(str(value)) < 30 else "..." for name, value in given.items()}
        assert "error" not in record, (question, told, record)
        same(record, asked(question, given), f"{question} {told}")


@pytest.mark.skipif(NODE is None, reason="no node on this machine")
def test_the_engine_equals_python_in_node(packed, asked, tmp_path):
    put = questions() + random_questions(1, 40)
    check(put, in_node(packed, put, tmp_path), asked)


@pytest.fixture(scope="module")
def page(packed, browser, tmp_path_factory):
    """A page that has the engine alone, and `faults`: what its console and its requests had to say."""
    path = tmp_path_factory.mktemp("page") / "engine.html"
    write_page(path, packed)
    context = browser.new_context(offline=True)
    found = context.new_page()
    found.faults = []
    found.on("console", lambda message: found.faults.append(message.text))
    found.on("pageerror", lambda error: found.faults.append(str(error)))
    found.on("request", lambda each: None if each.url.startswith(INSIDE) else found.faults.append(each.url[:80]))
    found.goto(path.as_uri())
    found.wait_for_function("document.title === 'ready'")
    yield found
    context.close()


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
def test_the_engine_equals_python_in_a_browser_and_sends_nothing(page, asked):
    found = [json.loads(page.evaluate("(asked) => ask(...asked)", each)) for each in questions()]
    check(questions(), found, asked)
    assert page.faults == []


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
def test_faults_are_told_as_python_tells_them(page, asked):
    for question, given in faults():
        (mine,) = json.loads(page.evaluate("(asked) => ask(...asked)", [question, given])).values()
        with pytest.raises(DnalectError) as raised:
            asked(question, given)
        assert mine == str(raised.value) or "no-such" in mine


NEWEST = """async ([slow, ...quick]) => {
  const ended = [], shares = [];
  const end = new AbortController();
  const older = ask("dependency", slow, { progress: (share) => shares.push(share) }).then(() => ended.push("older"));
  const left = ask("dependency", { ...slow, start: 1 }, { signal: end.signal });
  left.then((text) => ended.push(JSON.parse(text).error));
  await new Promise((done) => setTimeout(done, 150));
  for (const each of quick) await ask("probabilities", each).then(() => ended.push("newer"));
  end.abort(new Error("left"));
  await left;
  await older;
  return [ended, shares.length > 2 && shares.every((share) => 0 <= share && share <= 1), Math.max(...shares)];
}"""


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
def test_the_newest_question_is_answered_first_and_an_abandoned_one_ends(page):
    slow = part("duplex-human", HUMAN, 700, 760)
    quick = part("duplex-yeast", SHORT, 0, 20), part(TINY, SHORT, 0, 20)
    ended, shares, most = page.evaluate(NEWEST, [slow, *quick])
    assert ended == ["newer", "newer", "left", "older"]
    assert shares
    assert most > 0.5


def test_a_pack_refuses_what_the_engine_has_no_network_for(tmp_path):
    folder = make("dnabert", tmp_path / "it")
    with pytest.raises(DnalectError, match="dnalect serve"):
        pack([str(folder)])
