"""Changes of tandem repeats are flagged in every output, and `rank --no-repeats` leaves them out."""

import numpy as np
import pytest

from dnalect.core.errors import TableError
from dnalect.jobs.rank.ranking import Options as RankOptions
from dnalect.jobs.rank.ranking import rank_variants
from dnalect.jobs.score import score_file
from dnalect.jobs.score_options import Options


@pytest.fixture(scope="module")
def scored(tmp_path_factory, model_folder):
    """Ten substitutions, of which two lie in a run of A and one in (TTTC)n; a long and a short duplication."""
    folder = tmp_path_factory.mktemp("repeats")
    bases = "".join(np.random.default_rng(2).choice(list("ACGT"), 3000))
    bases = bases[:500] + "GAAAAAAAAAAAAG" + bases[514:800] + "TTTC" * 5 + bases[820:]
    (folder / "g.fa").write_text(f">c\n{bases}\n")
    sites = [505, 510, 808, *range(1000, 1700, 100)]
    lines = [f"c\t{at + 1}\t.\t{bases[at]}\t{'G' if bases[at] != 'G' else 'C'}\t.\t.\t." for at in sites]
    lines += [f"c\t2000\t.\t{bases[1999]}\t{bases[1999]}{bases[2000 : 2000 + size]}\t.\t.\t." for size in (8, 120)]
    lines.append("c\t2500\tcaller\tN\t<DUP>\t.\t.\tEND=2530;SVTYPE=DUP")
    head = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    (folder / "v.vcf").write_text(head + "\n".join(lines) + "\n")
    outputs = [str(folder / name) for name in ("s.tsv", "s.vcf", "s.parquet")]
    options = Options(str(folder / "g.fa"), str(folder / "v.vcf"), outputs, model=str(model_folder), background=0)
    with pytest.warns(UserWarning, match="another one"):
        score_file(options)
    return folder


@pytest.mark.parametrize("name", ["s.tsv", "s.vcf", "s.parquet"])
def test_repeats_are_flagged_and_left_out(scored, name):
    every = rank_variants(RankOptions(str(scored / name), budget=20))
    flags = dict(zip(every.scored.positions.tolist(), every.scored.texts("flags"), strict=True))
    assert {at for at, text in flags.items() if text == "repeat"} == {506, 511, 809}
    assert len(every.picks) == 11
    some = rank_variants(RankOptions(str(scored / name), budget=20, no_repeats=True))
    assert {some.scored.positions[row] for row in some.picks} == set(range(1001, 1701, 100))
    assert any("4 variants in tandem repeats" in note for note in some.notes)
    assert any("2 of 13 variants have no score" in note for note in some.notes)


def test_a_long_duplication_has_a_reason_and_no_rank(scored):
    lines = (scored / "s.tsv").read_text().splitlines()
    assert sum("\tcopy\t" in line for line in lines) == 1
    assert sum("\tsymbolic:needs_--dup-as-tandem\t" in line for line in lines) == 1


def test_files_without_flags_are_told_of(tmp_path):
    (tmp_path / "t.tsv").write_text("chrom\tpos\tref\talt\tllr\nc\t5\tA\tC\t-1\n")
    with pytest.raises(TableError, match="'flags'"):
        rank_variants(RankOptions(str(tmp_path / "t.tsv"), no_repeats=True))
