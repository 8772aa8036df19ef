"""`dnalect similar`: tables, BED and page; the kept index; errors that name the fix."""

import numpy as np
import pytest
from click.testing import CliRunner

import dnalect
from dnalect.cli.main import dnalect as command
from dnalect.core.errors import InputError


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    rng = np.random.default_rng(9)
    text = "".join(rng.choice(list("ACGT"), 14_000))
    text = text[:12_000] + text[500:700] + text[12_200:]
    path = tmp_path_factory.mktemp("similar") / "g.fa"
    path.write_text(f">c<1>\n{text}\n")
    return path


def test_a_copy_is_found_by_region_fasta_and_bases(genome, model_folder, tmp_path):
    bases = genome.read_text().splitlines()[1][500:700]
    query = tmp_path / "q.fa"
    query.write_text(f">q\n{bases}\n")
    outs = [tmp_path / f"h.{suffix}" for suffix in ("tsv", "bed", "html")]
    found = dnalect.similar(genome, "c<1>:501-700", model_folder, top=3, outputs=outs)
    assert (found["contig"][0], found["start"][0], found["end"][0], found["strand"][0]) == ("c<1>", 12_000, 12_200, "+")
    assert found["aligned"][0] == 1
    assert found["p"][0] <= found["p"][1]
    for to in (bases, query):
        again = dnalect.similar(genome, to, model_folder, top=3)
        assert set(again["start"][:2]) == {500, 12_000}
    assert "of random pairs" in "".join(found.notes) or "random" in found.notes[0]
    table = [line.split("\t") for line in outs[0].read_text().splitlines()]
    assert table[0][:5] == ["rank", "contig", "start", "end", "strand"]
    assert len(table) == 4
    bed = outs[1].read_text().splitlines()[0].split("\t")
    assert bed[:3] == ["c<1>", "12000", "12200"]
    assert bed[4:] == ["1000", "+"]
    page = outs[2].read_text()
    assert "c&lt;1&gt;:12,001-12,200" in page
    assert "c<1>" not in page


def test_a_kept_index_is_used_and_checked(genome, model_folder, tmp_path):
    kept = tmp_path / "i.npz"
    first = dnalect.similar(genome, "c<1>:501-700", model_folder, index=kept, top=4)
    made = kept.stat().st_mtime_ns
    again = dnalect.similar(genome, "c<1>:501-700", model_folder, index=kept, top=4)
    assert kept.stat().st_mtime_ns == made
    assert again["start"] == first["start"]
    with pytest.raises(InputError, match="made with another pool: 'mean', and here it is 'max'"):
        dnalect.similar(genome, "c<1>:501-700", model_folder, index=kept, pool="max")
    other = tmp_path / "other.fa"
    other.write_text(">c\n" + "ACGTTGCA" * 300 + "\n")
    with pytest.raises(InputError, match="another genome"):
        dnalect.similar(other, "c:1-200", model_folder, index=kept)


def test_what_cannot_be_looked_for_is_told(genome, model_folder, tmp_path):
    two = tmp_path / "two.fa"
    two.write_text(">a\nACGT\n>b\nACGT\n")
    with pytest.raises(InputError, match="2 records, and one is looked for"):
        dnalect.similar(genome, two, model_folder)
    with pytest.raises(InputError, match="at least 50 known ones"):
        dnalect.similar(genome, "c<1>:1-20", model_folder)
    with pytest.raises(dnalect.FastaError, match="no contig"):
        dnalect.similar(genome, "chrZ:1-200", model_folder)


def test_the_command_prints_a_table(genome, model_folder):
    words = ["similar", str(genome), "--to", "c<1>:501-700", "-m", str(model_folder), "--top", "2"]
    done = CliRunner().invoke(command, words)
    assert done.exit_code == 0, done.output
    assert "12000" in done.output
    assert "minimap2" in done.output
    done = CliRunner().invoke(command, [*words, "-o", "hits.txt"])
    assert done.exit_code == 2
