"""Why a variant was picked, in a sentence."""

import math
from collections import defaultdict
from collections.abc import Sequence

from dnalect.jobs.rank.combining import Order
from dnalect.jobs.rank.evidence import Evidence
from dnalect.scored.reader import Floats, Scored

TEXTS = ("region", "gene", "consequence", "protein_change", "motif")
NUMBERS = ("tss_distance", "allele_count", "percentile", "motif_ref", "motif_alt")
RARE, UNCOMMON = 0.01, 0.05
_WORDS = {"low": "disfavoured", "high": "favoured", "abs": "strongly judged"}


class Reasons:
    """Says why a variant was bought: its place in its locus, what speaks for it, and what against.

    evidence: its sources. pip: probabilities of fine mapping (n,), or None. loci: names (n).
    grouped: whether to name the locus. A source whose value is 0.5 or more speaks for it.
    """

    def __init__(
        self,
        scored: Scored,
        evidence: Sequence[Evidence],
        order: Order,
        loci: Sequence[str],
        grouped: bool,
        pip: Floats | None = None,
    ):
        self.evidence, self.order, self.loci, self.grouped, self.pip = evidence, order, loci, grouped, pip
        self.texts = {name: scored.texts(name) for name in TEXTS if name in scored}
        self.numbers = {n: scored.numbers(n) for n in NUMBERS if n in scored}
        self.members: dict[str, list[int]] = defaultdict(list)
        for row, name in enumerate(loci):
            self.members[name].append(row)

    def __call__(self, row: int) -> str:
        """Return the sentence of one row."""
        place = f"{ordinal(int(self.order.locus_rank[row]))} of {self.order.locus_size[row]:,}"
        place += f" in {self.loci[row]}" if self.grouped else ""
        found = [(float(each.value[row]), self._words(each, row)) for each in self.evidence if each.known[row]]
        if self.pip is not None and math.isfinite(self.pip[row]):
            found.append((1.0, f"fine-mapping probability {self.pip[row]:.3g}"))
        pros = [text for value, text in found if value >= 0.5]
        cons = [text for value, text in found if value < 0.5]
        missing = [each.name for each in self.evidence if not each.known[row]]
        parts = [f"{place}: {', '.join(pros) or 'nothing speaks strongly for it'}"]
        parts += [f"against it: {', '.join(cons)}"] if cons else []
        parts += [motif] if (motif := self._motif(row)) else []
        parts += [f"not known: {', '.join(missing)}"] if missing else []
        return "; ".join(parts)

    def _words(self, each: Evidence, row: int) -> str:
        raw, value = float(each.raw[row]), float(each.value[row])
        if each.name == "llr":
            return self._likelihood(each, row)
        if each.name == "conservation":
            return (
                f"{'conserved' if value >= 0.5 else 'little conserved'} ({raw:.3g}, above {value:.0%} of the variants)"
            )
        if each.name == "region":
            return self._place(row)
        if each.name == "frequency":
            return self._frequency(each, row)
        return f"{each.name} {_signed(raw)} (beyond {value:.0%} of the variants)"

    def _likelihood(self, each: Evidence, row: int) -> str:
        value = float(each.value[row])
        place = 1 + sum(float(each.value[n]) > value for n in self.members[self.loci[row]])
        most = "most" if place == 1 else f"{ordinal(place)} most"
        where = "of its locus" if self.grouped else "of the file"
        if each.direction != "abs" and "background" in each.origin:
            share = f"percentile {_percent(float(self.numbers['percentile'][row]))}"
        else:
            share = f"beyond {value:.1%} of its class"
        return f"the model's {most} {_WORDS[each.direction]} {where} (LLR {_signed(float(each.raw[row]))}, {share})"

    def _place(self, row: int) -> str:
        region, gene = self.texts["region"][row], self.texts.get("gene", {row: ""})[row]
        text = f"{region}{self._consequence(row)}"
        text = f"{text} of {gene}" if gene and region != "intergenic" else text
        distance = float(self.numbers["tss_distance"][row]) if "tss_distance" in self.numbers else math.nan
        if math.isfinite(distance):
            way = "upstream" if distance < 0 else "downstream"
            text += f" ({abs(int(distance)):,} bp {way} of the nearest TSS)" if distance else " (at a TSS)"
        return text

    def _consequence(self, row: int) -> str:
        """What it does to a transcript, in brackets; "" beside and between genes."""
        terms, protein = (self.texts.get(name, {row: ""})[row] for name in ("consequence", "protein_change"))
        worst = terms.partition("&")[0]
        if not worst or worst in ("intron_variant", "intergenic_variant") or worst.endswith("_gene_variant"):
            return ""
        words = worst.removesuffix("_variant").replace("_", " ")
        return f" ({', '.join(filter(None, (words, protein)))})"

    def _motif(self, row: int) -> str:
        """Which motif it makes or breaks; "" for none."""
        name = self.texts.get("motif", {row: ""})[row]
        was, remains = (float(self.numbers[n][row]) if n in self.numbers else math.nan for n in NUMBERS[-2:])
        if not name or not math.isfinite(was + remains):
            return ""
        return f"{'strengthens' if remains > was else 'weakens'} the motif {name} ({was:.1f} -> {remains:.1f} bits)"

    def _frequency(self, each: Evidence, row: int) -> str:
        raw = float(each.raw[row])
        word = "rare" if raw < RARE else "uncommon" if raw < UNCOMMON else "common"
        if each.value[row] < 0.5 and (word != "common" or each.direction != "low"):
            word = f"{'more' if each.direction == 'low' else 'less'} frequent than most"
        count = float(self.numbers["allele_count"][row]) if "allele_count" in self.numbers else math.nan
        if math.isfinite(count) and raw > 0:
            return f"{word} ({int(count):,} of {round(count / raw):,})"
        return f"{word} (frequency {raw:.3g})"


def ordinal(number: int) -> str:
    """Return 1st, 2nd, 3rd, 4th ..., 11th ..."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number:,}{ending}"


def counted(number: int, noun: str) -> str:
    """Return "1 set", "2 sets" ..."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%" if share >= 0.01 else f"{100 * share:.2g}%"


def _signed(value: float) -> str:
    return f"{value:+.2f}"
