"""Structural variants as junctions: every spelling of a haplotype makes the same one, and it is the right one."""

import gzip
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dnalect.core.structures import Rearrangement
from dnalect.genome.fasta import genome_of
from dnalect.genome.vcf import read_header, read_records
from dnalect.genome.windows.alleles import Rules
from dnalect.genome.windows.junctions import joints
from dnalect.genome.windows.rearranged import rearranged
from dnalect.tokens.bases import decode

FLANK = 60
RULES = Rules(200, FLANK, dup_as_tandem=True)
COMPLEMENT = str.maketrans("ACGTN", "TGCAN")


@pytest.fixture(scope="module")
def bases():
    rng = np.random.default_rng(11)
    made = {name: "".join(rng.choice(list("ACGT"), size)) for name, size in (("a", 3000), ("b", 2000))}
    # 25 bases at 700 stand at 1500, too: a deletion between them slides.
    made["a"] = made["a"][:1500] + made["a"][700:725] + made["a"][1525:]
    return made | {"n": made["b"][:500] + "N" * 200 + made["b"][700:1200]}


@pytest.fixture(scope="module")
def genome(bases):
    return genome_of(bases)


def turned(text: str) -> str:
    return text[::-1].translate(COMPLEMENT)


def read(genome, alt, info="", contig="a", pos=1001, ref=None, rules=RULES):
    ref = ref or genome[contig][pos - 1 : pos]
    line = f"{contig}\t{pos}\tid\t{ref}\t{alt}\t.\t.\t{info or '.'}\n".encode()
    (record,) = read_records(iter([line]), "x.vcf", 1)
    number = genome.index.get
    return rearranged(record, number(contig), genome, number, rules)[0]


def windows(genome, variant, longest=200):
    return [[decode(each.joined) for each in own] for own in joints(variant, genome, FLANK, longest)]


def spelled(found: list[list[str]], haplotypes: list[str]) -> bool:
    """Whether each window lies in its haplotype, on either strand, in the order of the junctions."""
    flat = [window for own in found for window in own]
    return all(any(w in text or turned(w) in text for text in haplotypes) for w in flat)


def test_deletions_duplications_inversions_and_insertions_build_their_haplotypes(genome, bases):
    a = bases["a"]
    left, inside, right = a[:1001], a[1001:1601], a[1601:]
    for alt, info, kind, size, haplotype, count in (
        ("<DEL>", "END=1601", "sv_deletion", 600, left + right, 1),
        ("<CN0>", "END=1601", "sv_deletion", 600, left + right, 1),
        ("<DUP:TANDEM>", "END=1601", "sv_duplication", 600, left + inside * 2 + right, 1),
        ("<CN3>", "END=1601", "sv_duplication", 600, left + inside * 3 + right, 1),
        ("<INV>", "END=1601", "sv_inversion", 600, left + turned(inside) + right, 2),
        ("<INS>", f"SEQ={bases['b'][100:170]}", "sv_insertion", 70, left + bases["b"][100:170] + a[1001:], 1),
    ):
        variant = read(genome, alt, info)
        assert isinstance(variant, Rearrangement), (alt, variant)
        assert (variant.kind, variant.size) == (kind, size)
        found = windows(genome, variant)
        assert len(found) == count
        assert spelled(found, [haplotype]), alt
        assert not spelled(found, [a]), alt


def test_a_long_insertion_has_a_window_at_each_end(genome, bases):
    added = bases["b"][100:900]
    variant = read(genome, "<INS>", f"SEQ={added}")
    ((first, last),) = windows(genome, variant)
    assert first == bases["a"][941:1001] + added[:60]
    assert last == added[-60:] + bases["a"][1001:1061]
    # Manta's, of which only the ends are known, has the same.
    manta = read(genome, "<INS>", f"LEFT_SVINSSEQ={added[:200]};RIGHT_SVINSSEQ={added[-200:]};SVTYPE=INS")
    assert windows(genome, manta) == [[first, last]]


def test_the_four_orientations_of_breakends_and_their_mates(genome, bases):
    a, b = bases["a"], bases["b"]
    t, u = a[1000], b[499]
    pairs = (
        (f"{t}[b:500[", f"]a:1001]{u}", a[:1001] + b[499:]),
        (f"{t}]b:500]", f"{u}]a:1001]", a[:1001] + turned(b[:500])),
        (f"]b:500]{t}", f"{u}[a:1001[", b[:500] + a[1000:]),
        (f"[b:500[{t}", f"[a:1001[{u}", turned(b[499:]) + a[1000:]),
    )
    for alt, mate, haplotype in pairs:
        one = read(genome, alt, "SVTYPE=BND;MATEID=u")
        other = read(genome, mate, "SVTYPE=BND;MATEID=id", contig="b", pos=500)
        assert one.kind == other.kind == "sv_translocation"
        assert windows(genome, one) == windows(genome, other)
        assert spelled(windows(genome, one), [haplotype]), alt
        others = [text for _, _, text in pairs if text != haplotype]
        assert not spelled(windows(genome, one), others), alt
    assert one.event == "id&u"


def test_inserted_bases_of_a_breakend_are_read_from_both_records(genome, bases):
    t, u = bases["a"][1000], bases["b"][499]
    added = "GATTACAGATC"
    one = read(genome, f"{t}{added}[b:500[")
    other = read(genome, f"]a:1001]{added}{u}", contig="b", pos=500)
    assert windows(genome, one) == windows(genome, other)
    assert spelled(windows(genome, one), [bases["a"][:1001] + added + bases["b"][499:]])
    lost = read(genome, f"{'ACGT'[('ACGT'.index(t) + 1) % 4]}[b:500[")
    assert spelled(windows(genome, lost), [bases["a"][:1000] + lost_base(t) + bases["b"][499:]])


def lost_base(base: str) -> str:
    return "ACGT"[("ACGT".index(base) + 1) % 4]


def same(genome, one, other) -> bool:
    return (one.kind, one.size, windows(genome, one)) == (other.kind, other.size, windows(genome, other))


def test_every_spelling_of_a_haplotype_is_one_variant(genome, bases):
    a = bases["a"]
    deleted = read(genome, "<DEL>", "END=1601")
    for other in (
        read(genome, "<DEL:ME:L1>", "SVLEN=-600"),
        read(genome, f"{a[1000]}[a:1602["),
        read(genome, f"]a:1001]{a[1601]}", pos=1602),
        read(genome, a[1000], ref=a[1000:1601]),
        read(genome, a[990:1001] + a[1601:1610], pos=991, ref=a[990:1610]),
        read(genome, "<TRA>", "CHR2=a;END=1602;CT=3to5"),
        read(genome, "<BND>", "CHR2=a;POS2=1602;STRANDS=+-"),
    ):
        assert same(genome, deleted, other)
    doubled = read(genome, "<DUP>", "END=1601")
    assert same(genome, doubled, read(genome, a[1000] + a[1001:1601]))
    assert same(genome, doubled, read(genome, f"]a:1601]{a[1001]}", pos=1002))
    assert same(genome, doubled, read(genome, a[1600] + a[1001:1601], pos=1601))
    inverted = read(genome, "<INV>", "END=1601")
    assert same(genome, inverted, read(genome, a[1000] + turned(a[1001:1601]), ref=a[1000:1601]))


def test_a_deletion_that_slides_is_one_wherever_it_is_written(genome):
    shared = [read(genome, "<DEL>", f"END={end}", pos=end - 800) for end in range(1500, 1526)]
    assert all(same(genome, shared[0], other) for other in shared)
    assert all("homology" in each.flags for each in shared)
    (((joint,),)) = joints(shared[0], genome, FLANK, 200)
    assert joint.shared == 25
    assert read(genome, "<DEL>", "END=1500", pos=700, rules=replace(RULES, longest=24)) == "homology"


@pytest.mark.parametrize(
    ("alt", "info", "why"),
    [
        ("G.", "", "breakend:single"),
        (".A", "", "breakend:single"),
        ("G[b:500]", "", "breakend:malformed"),
        ("{}[c:500[", "", "contig_missing:mate"),
        ("{}[<ctg1>:7[", "", "contig_missing:mate"),
        ("{}[b:2500[", "", "out_of_range:mate"),
        ("{}N[b:500[", "", "ambiguous_base"),
        ("{}[b:1980[", "", "contig_edge:21"),
        ("<DEL>", "", "symbolic:no_end"),
        ("<DEL>", "END=4000", "out_of_range"),
        ("<INS>", "SVLEN=300", "symbolic:no_sequence"),
        ("<INS:ME:ALU>", "SVLEN=300", "symbolic:no_sequence"),
        ("<CNV>", "END=1601", "symbolic:copy_number"),
        ("<CN1>", "END=1601", "symbolic:one_copy"),
        ("<TRA>", "END=500;CT=3to5", "symbolic:no_mate"),
        ("<TRA>", "CHR2=b;END=500", "symbolic:no_orientation"),
        ("<TRA>", "CHR2=z;END=500;CT=3to5", "contig_missing:mate"),
        ("*", "", "star"),
        ("<NON_REF>", "", "non_ref"),
        ("{}ACG", "", "not_structural"),
        ("{}[a:1002[", "", "not_structural"),
    ],
)
def test_what_joins_nothing_says_why(genome, alt, info, why):
    assert read(genome, alt.format(genome["a"][1000:1001]), info) == why


def test_flags_say_what_is_not_sure(genome):
    assert read(genome, "<DEL>", "END=1601;CIPOS=-5,7").flags == ("imprecise",)
    assert read(genome, "<DEL>", "IMPRECISE;END=1601").flags == ("imprecise",)
    assert read(genome, "<DEL>", "END=1601;CIPOS=0,0;CIEND=0,0").flags == ()
    near = read(genome, "<DEL>", "END=750", contig="n", pos=450)
    assert near.flags == ("unknown_bases",)
    ((joint,),) = joints(near, genome, FLANK, 200)
    assert "N" not in decode(np.concatenate([joint.joined, joint.before, joint.after]))
    assert read(genome, "<DEL>", "END=600", contig="n", pos=450) == "contig_edge:0"


def test_n_stands_for_the_base_before(genome, bases):
    plain = read(genome, f"{bases['a'][1000]}[b:500[")
    assert same(genome, plain, read(genome, "N[b:500[", ref="N"))


class Endless:
    """A genome of the lengths of human chromosomes, whose bases depend on their place alone."""

    def __init__(self, lengths: dict[str, int]):
        self.names = tuple(lengths)
        self.index = {name: number for number, name in enumerate(lengths)}
        self.lengths = np.array([*lengths.values()], dtype=np.int64)

    def fetch(self, contig, start, end):
        at = np.arange(start, end, dtype=np.uint64) + np.uint64(contig << 40)
        mixed = (at * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(29)
        return np.frombuffer(b"ACGT", dtype=np.uint8)[((mixed * np.uint64(0xBF58476D1CE4E5B9)) >> np.uint64(60)) % 4]


def test_every_record_of_a_real_call_set_is_a_structural_variant_and_mates_are_one():
    path = Path(__file__).parents[2] / "data" / "tumour_structural.vcf.gz"
    with gzip.open(path) as lines:
        header = read_header(lines, str(path))
        records = list(read_records(lines, str(path), len(header.meta) + 2))
    contigs = re.findall(rb"##contig=<ID=(\w+),length=(\d+)>", b"".join(header.meta))
    genome = Endless({name.decode(): int(length) for name, length in contigs})
    found = [rearranged(each, genome.index.get(each.contig), genome, genome.index.get, RULES)[0] for each in records]
    kinds = {each if isinstance(each, str) else each.kind for each in found}
    assert kinds == {f"sv_{name}" for name in ("deletion", "duplication", "inversion", "insertion", "translocation")}
    events = Counter(each.event for each in found if each.event)
    assert max(events.values()) == 2
    for event in (name for name, count in events.items() if count == 2):
        one, other = (each for each in found if each.event == event)
        assert one.junctions[0].left == other.junctions[0].left
        assert one.junctions[0].right == other.junctions[0].right
        assert windows(genome, one) == windows(genome, other)
