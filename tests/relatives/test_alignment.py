"""Relatives laid on a reference: both forms say the same, and what is laid on something else is refused."""

import gzip

import numpy as np
import pytest

import dnalect
from dnalect.core.errors import AssemblyError, InputError
from dnalect.relatives import open_alignment

REFERENCE = {"one": "ACGTACGTACGTACGTACGT", "two": "GGGGCCCCAAAATTTT"}
# On `one` near has a G at 2 and nothing from 10 on; far an inserted base, which is left out, and a T at 5.
LAID = {
    "near": {"one": "..G.......----------", "two": "................"},
    "far": {"one": ".....T..............", "two": "-" * 16},
}
MAF = """##maf version=1
a score=1
s ref.one   0 10 + 20 ACGTACGTAC-
s near.c1   5 11 + 99 ACGTACGTACA
s far.x     7 10 - 99 ACGTATGTAC-

a score=2
s ref.one   0 10 - 20 ACGTAC-GTAC
s far.x    40 11 + 99 ACGTACAGTAC
i far.x  N 0 C 0
s ref.two   0  4 + 16 GG-GGC
"""


@pytest.fixture
def genome(tmp_path):
    path = tmp_path / "ref.fa"
    path.write_text("".join(f">{name}\n{bases}\n" for name, bases in REFERENCE.items()))
    return dnalect.open_genome(path)


def lay(folder, laid=LAID, suffix=".fa.gz"):
    folder.mkdir()
    for name, contigs in laid.items():
        text = "".join(f">{contig} of {name}\n{bases[:7]}\n{bases[7:]}\n" for contig, bases in contigs.items())
        opened = gzip.open if suffix.endswith("gz") else open
        with opened(folder / f"{name}.on_ref{suffix}", "wt") as file:
            file.write(text)
    return folder


def spelled(codes):
    return ["".join("ACGT-"[base] for base in row) for row in codes]


@pytest.mark.parametrize("suffix", [".fa.gz", ".fa", ".fasta"])
def test_a_folder_of_laid_fasta(genome, tmp_path, suffix):
    found = open_alignment(lay(tmp_path / "laid", suffix=suffix), genome)
    assert found.names == ("far", "near")
    assert spelled(found.bases(0)) == [
        "ACGTATGTACGTACGTACGT",
        "ACGTACGTAC----------",
    ]
    assert spelled(found.bases(1)) == ["-" * 16, REFERENCE["two"]]


def test_a_maf_says_the_same_in_reference_columns_on_both_strands(genome, tmp_path):
    path = tmp_path / "a.maf"
    path.write_text(MAF.rsplit("s ref.two", 1)[0])
    found = open_alignment(path, genome)
    assert found.names == ("near", "far")
    # The second block lies on the reverse strand, so at the end of the contig, and its insertion is in no column.
    assert spelled(found.bases(0)) == ["ACGTACGTAC----------", "ACGTATGTACGTACGTACGT"]
    assert spelled(found.bases(1)) == ["-" * 16] * 2
    with gzip.open(tmp_path / "b.maf.gz", "wt") as file:
        file.write(path.read_text())
    assert open_alignment(tmp_path / "b.maf.gz", genome).checksum == found.checksum


def test_the_checksum_is_that_of_what_is_laid(genome, tmp_path):
    one = open_alignment(lay(tmp_path / "laid"), genome)
    turned = {"near": LAID["near"], "far": LAID["far"] | {"one": "....." + "A" + "." * 14}}
    assert one.checksum != open_alignment(lay(tmp_path / "other", turned), genome).checksum
    assert one.checksum == open_alignment(lay(tmp_path / "same", suffix=".fa"), genome).checksum


def test_some_of_the_relatives(genome, tmp_path):
    found = open_alignment(lay(tmp_path / "laid"), genome)
    assert spelled(found.only(["near"]).bases(1)) == [REFERENCE["two"]]
    with pytest.raises(InputError, match="no relative 'nobody'; it has far, near"):
        found.only(["nobody"])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda text: text.replace("+ 20 ACGTACGTAC-", "+ 21 ACGTACGTAC-"), "on another assembly"),
        (
            lambda text: text.replace("s near.c1   5 11 + 99 ACGTACGTACA", "s near.c1   5 8 + 99 ACGTACGT"),
            "differ in length",
        ),
        (lambda text: text.replace("5 11 + 99", "5 x + 99"), "line 4 is no row of a MAF"),
        (lambda text: text.replace("5 11 + 99", "5 9 + 99"), "line 4 is no row of a MAF"),
        (
            lambda text: text.replace("ref.one   0 10 + 20 ACGTACGTAC-", "ref.one   0 10 + 20 CCGTACGTAC-"),
            "the reference must be the first row",
        ),
        (lambda text: text.replace("ref.one", "ref.three"), "has no base on any contig"),
        (lambda text: "##maf version=1\n\n", "holds no block"),
    ],
)
def test_a_maf_of_something_else_is_refused(genome, tmp_path, change, told):
    path = tmp_path / "a.maf"
    path.write_text(change(MAF.rsplit("s ref.two", 1)[0]))
    with pytest.raises((InputError, AssemblyError), match=told):
        open_alignment(path, genome)


def test_what_is_laid_on_something_else_is_refused(genome, tmp_path):
    with pytest.raises(AssemblyError, match="one has 19 bases, and 20 in ref.fa"):
        open_alignment(lay(tmp_path / "short", {"near": {"one": "." * 19}}), genome)
    rng = np.random.default_rng(1)
    long = "".join(rng.choice(list("ACGT"), 4000))
    (tmp_path / "long.fa").write_text(f">one\n{long}\n")
    other = "".join(rng.choice(list("ACGT"), 4000))
    with pytest.raises(AssemblyError, match="no more often than by chance"):
        open_alignment(lay(tmp_path / "chance", {"near": {"one": other}}), dnalect.open_genome(tmp_path / "long.fa"))
    twice = lay(tmp_path / "twice")
    (twice / "near.again.fa").write_text(">one\n" + "." * 20 + "\n")
    with pytest.raises(InputError, match="two files are of one relative"):
        open_alignment(twice, genome)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no FASTA"):
        open_alignment(tmp_path / "empty", genome)
    with pytest.raises(InputError, match="does not exist"):
        open_alignment(tmp_path / "nothing", genome)
    with pytest.raises(InputError, match="is no MAF and no folder"):
        open_alignment(genome.path, genome)
