"""The parts of the front that compute by themselves, in Chromium: edits, and what they do to proteins."""

from importlib import resources

import numpy as np
import pytest

from browser.test_report import CHROMIUM
from dnalect.core.records import Variant
from dnalect.genome.consequence import Consequences
from dnalect.genome.fasta import open_genome
from dnalect.genome.gff import read_gff
from dnalect.genome.transcripts import TranscriptReader
from dnalect.tokens.bases import BASES

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")]

DEMO = resources.files("dnalect") / "demo_data"
WORDS = {"missense": "missense_variant", "frameshift": "frameshift_variant"} | {
    each: each.replace(" ", "_") for each in ("stop gained", "start lost", "stop lost")
}
TOLD = """async (asked) => {
  const { consequence } = await import("front/protein.js");
  return asked.map((edit) => consequence(dnalect.genomes.yeast, edit));
}"""
# Edits of random parts of random sequences, seen through a view: [what should be, what is] where they differ.
EDITED = """async (seed) => {
  const { Own, aligned, altText, changed, columnsOf, viewed } = await import("front/dna.js");
  let state = seed;
  const below = (n) => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor((state / 2147483648) * n);
  };
  const bases = (n) => Array.from({ length: n }, () => "ACGT"[below(4)]).join("");
  const wrong = [];
  for (let turn = 0; turn < 1500; turn += 1) {
    const source = new Own(bases(30));
    let edits = [];
    for (let step = 0; step < 6; step += 1) {
      const [low, high] = [below(12), 18 + below(13)];
      const all = aligned(source, edits, 0, 30);
      const before = altText(all.slice(0, viewed(all, low, high)[0])).length;
      const view = altText(columnsOf(source, edits, low, high));
      const a = below(view.length + 1);
      const b = Math.min(view.length, a + below(4));
      const text = below(3) ? bases(below(4)) : view.slice(a, b);
      const whole = altText(all);
      const wanted = whole.slice(0, before + a) + text + whole.slice(before + b);
      edits = changed(source, edits, low, high, a, b, text);
      const found = altText(aligned(source, edits, 0, 30));
      const ordered = edits.every((each, n) => !n || edits[n - 1].at + edits[n - 1].ref.length <= each.at);
      const true_ = edits.every((each) => source.fetch(each.at, each.at + each.ref.length) === each.ref);
      if (found !== wanted || !ordered || !true_) wrong.push([wanted, found]);
    }
  }
  return wrong;
}"""


def test_any_edits_spell_what_was_typed(opened):
    tab = opened("#pane=read")
    assert tab.evaluate(EDITED, 1) == []


def test_consequences_are_those_of_python(opened):
    genome = open_genome(str(DEMO / "yeast_chrXIV.fa.gz"))
    reader = TranscriptReader()
    coding = []
    for row in read_gff(str(DEMO / "yeast_chrXIV.gff.gz")):
        reader.add(row)
        coding += [(row.start, row.end)] if row.kind == "CDS" else []
    truth = Consequences(reader.finish(), genome)
    draws = np.random.default_rng(1)
    asked, effects = [], []
    for start, end in [coding[n] for n in draws.integers(len(coding), size=400)]:
        at = int(draws.choice([*range(start, start + 3), *range(end - 3, end), int(draws.integers(start, end))]))
        ref = int(BASES.index(genome.fetch(0, at, at + 1).tobytes().decode()))
        alt = (ref + int(draws.integers(1, 4))) % 4
        gone = start + 9 < at < end - 9 and draws.random() < 0.2
        codes = [np.array([each], dtype=np.uint8)[: 0 if gone and n else 1] for n, each in enumerate((ref, alt))]
        effects.append(truth.of(Variant(0, at, at + 1, *codes)))
        asked.append({"at": at, "ref": BASES[ref], "alt": "" if gone else BASES[alt]})
    told = opened("#pane=read").evaluate(TOLD, asked)
    seen = set()
    for words, effect in zip(told, effects, strict=True):
        gene, word = words.replace(":", "").split()[0], words.rpartition(": ")[2]
        # Two genes at one place, a codon over a splice site, a start or stop codon that loses a base: said otherwise.
        if effect is None or gene != effect.gene or word in ("several codons", "in frame"):
            continue
        if word == "synonymous":
            assert {"synonymous_variant", "stop_retained_variant"} & set(effect.terms), (words, effect)
        elif not (word == "frameshift" and {"start_lost", "stop_lost"} & set(effect.terms)):
            assert WORDS[word] in effect.terms, (words, effect)
        seen.add(word)
    assert seen >= {"synonymous", "missense", "stop gained", "start lost", "stop lost", "frameshift"}
