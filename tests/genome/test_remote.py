"""FASTA and variants behind URLs, on a server that counts what it sends."""

import numpy as np
import pysam
import pytest

from dnalect.core import urls
from dnalect.core.errors import FastaError, InputError
from dnalect.genome.fasta import open_genome
from dnalect.genome.packed import PIECE
from dnalect.genome.variants import open_variants
from served import served

LENGTHS = {"one": 3_000_000, "two": 70_001, "three": 900_000}


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(urls, "WAIT", 0.001)


@pytest.fixture
def site():
    with served() as found:
        yield found


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A FASTA of several pieces, bgzipped and plain, with its indexes."""
    rng = np.random.default_rng(5)
    path = tmp_path_factory.mktemp("large") / "large.fa"
    with path.open("w") as out:
        for name, length in LENGTHS.items():
            bases = "".join(rng.choice(list("ACGTNacgt"), length))
            out.write(f">{name} words\n")
            out.writelines(bases[at : at + 61] + "\r\n" for at in range(0, length, 61))
    packed = path.with_name("large.fa.gz")
    pysam.tabix_compress(str(path), str(packed))
    for each in (path, packed):
        pysam.faidx(str(each))
    return path


def put(site, path, *suffixes):
    for suffix in suffixes:
        site.put(path.name + suffix, path.with_name(path.name + suffix).read_bytes())
    return site.put(path.name, path.read_bytes())


@pytest.mark.parametrize("packed", [False, True])
def test_only_what_is_sliced_is_fetched(site, large, packed):
    path = large.with_name("large.fa.gz") if packed else large
    url = put(site, path, *([".fai", ".gzi"] if packed else [".fai"]))
    here, there = open_genome(path), open_genome(url)
    assert there.names == here.names
    assert there.lengths.tolist() == list(LENGTHS.values())
    assert site.sent[f"/{path.name}"] < 100  # the head, by which the kind is told
    assert there["one"][1_000_000:1_000_100] == here["one"][1_000_000:1_000_100]
    assert site.sent[f"/{path.name}"] < PIECE * 1.2
    rng = np.random.default_rng(1)
    for _ in range(20):
        contig, start = int(rng.integers(3)), int(rng.integers(-50, 70_000))
        assert there.fetch(contig, start, start + 130).tolist() == here.fetch(contig, start, start + 130).tolist()
    contigs, starts = np.array([0, 0, 2, 1]), np.array([2_999_950, -7, 899_990, 69_990])
    assert (there.windows(contigs, starts, 64) == here.windows(contigs, starts, 64)).all()
    assert (there.packed == here.packed).all()
    assert site.sent[f"/{path.name}"] < len(site.files[f"/{path.name}"]) * 1.3


def test_what_was_fetched_is_not_fetched_again(site, large):
    url = put(site, large, ".fai")
    open_genome(f"{url}?signature=1")["two"][:100]
    before = site.sent[f"/{large.name}"]
    assert open_genome(f"{url}?signature=2")["two"][50:60] == open_genome(large)["two"][50:60]
    assert site.sent[f"/{large.name}"] < before + 100
    folder = next(each for each in (urls.cache_folder() / "genomes").glob("*.pieces") if list(each.iterdir()))
    for piece in folder.iterdir():
        piece.write_bytes(piece.read_bytes()[:-1] + b"?")
    assert open_genome(url)["two"][50:60] == open_genome(large)["two"][50:60]


def test_another_content_at_the_same_place_is_another_genome(site, large):
    url = put(site, large, ".fai")
    first = open_genome(url)
    first["two"][:100]
    site.put(large.name, large.read_bytes().replace(b"A", b"C"))
    second = open_genome(url)
    assert second.checksum != first.checksum
    assert "A" not in second["two"][:1000]


def test_without_an_index_or_ranges_all_of_it_is_fetched_and_that_is_said(site, large, caplog):
    caplog.set_level("INFO", "dnalect")
    url = put(site, large)
    there = open_genome(url)
    assert "no .fai can be read beside it; `samtools faidx` makes one" in caplog.text
    assert there.checksum == open_genome(large).checksum
    packed = put(site, large.with_name("large.fa.gz"), ".fai")
    assert open_genome(packed).checksum == there.checksum
    assert "no .gzi" in caplog.text
    site.ranges = False
    site.put("other.fa", large.read_bytes())
    site.put("other.fa.fai", large.with_name("large.fa.fai").read_bytes())
    assert open_genome(f"{site.address}/other.fa").checksum == there.checksum
    assert "as its server sends no parts of it" in caplog.text


def test_an_index_of_another_file_is_found_out(site, large):
    url = put(site, large)
    fai = large.with_name("large.fa.fai").read_text()
    site.put("large.fa.fai", fai.replace("\t61\t63", "\t61\t62").encode())
    with pytest.raises(FastaError, match=r"one is not where its index says; `samtools faidx`"):
        open_genome(url)["one"][:100]
    for wrong in (b"one\t5\n", b"a\t5\t1\t5\t6\na\t5\t1\t5\t6\n", b"one\t5\tx\t5\t6\n", b"one\t5\t3\t6\t5\n"):
        site.put("large.fa.fai", wrong)
        with pytest.raises(FastaError, match=r"large\.fa\.fai (is no index|names no contig)"):
            open_genome(url)
    packed = put(site, large.with_name("large.fa.gz"), ".fai")
    site.put("large.fa.gz.gzi", b"\1" * 16)
    with pytest.raises(FastaError, match=r"gzi is no index of bgzip"):
        open_genome(packed)


def lines(count):
    head = b"##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    return head + b"".join(b"one\t%d\tv%d\tA\tC\t.\t.\t.\n" % (at, at) for at in range(1, count))


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("packed", [True, False])
def test_variants_are_read_where_they_are(site, fasta, tmp_path, ranges, packed, monkeypatch):
    monkeypatch.setattr(urls, "BLOCK", 4096)
    (path := tmp_path / "some.vcf").write_bytes(lines(3000))
    pysam.tabix_compress(str(path), f"{path}.gz")
    path = tmp_path / "some.vcf.gz" if packed else path
    url = f"{site.put(path.name, path.read_bytes())}?key=secret"
    site.ranges, site.breaks = ranges, 3
    with open_variants(url, open_genome(fasta)) as found:
        assert found.format == "vcf"
        assert [each.start for each in found.records] == list(range(2999))
    assert site.breaks == 0
    assert site.sent[f"/{path.name}"] < 1.1 * path.stat().st_size + 10


def test_what_is_wrong_with_variants_is_said_without_secrets(site, fasta, tmp_path, monkeypatch):
    genome = open_genome(fasta)
    url = site.put("some.vcf", lines(3000))
    secret = url.replace("://", "://me:hunter2@") + "?X-Signature=hunter2"

    def failing(words):
        with pytest.raises(InputError, match=words) as found, open_variants(secret, genome) as opened:
            list(opened.records)
        assert "hunter2" not in str(found.value)
        assert found.value.__suppress_context__ or "hunter2" not in str(found.value.__context__)

    site.denied = {"/some.vcf"}
    failing(r"some\.vcf: access is denied \(403\): are your credentials set")
    site.denied = set()
    site.breaks = 100
    failing(r"some\.vcf: the connection breaks \(\w+\), 4 times; the same command goes on once it is back")
    site.breaks = 0
    site.put("some.vcf", lines(30) + b"one\tx\n")
    failing(r"http://127\.0\.0\.1:\d+/some\.vcf, line 32 is no VCF record")
    (path := tmp_path / "cut.vcf").write_bytes(lines(3000))
    pysam.tabix_compress(str(path), f"{path}.gz")
    site.put("some.vcf", (tmp_path / "cut.vcf.gz").read_bytes()[:-28])
    failing(r"/some\.vcf is cut short: its bgzip end marker is missing")
    del site.files["/some.vcf"]
    failing(r"some\.vcf: there is no such file \(404\)")


def test_a_file_that_changes_meanwhile_is_refused(site, fasta, monkeypatch):
    monkeypatch.setattr(urls, "BLOCK", 4096)
    url = site.put("some.vcf", lines(3000))
    with open_variants(url, open_genome(fasta)) as found:
        next(found.records)
        site.tags["/some.vcf"] = '"another"'
        with pytest.raises(InputError, match="was changed while it was read"):
            list(found.records)


def test_a_bcf_comes_whole(site, fasta, tmp_path):
    (path := tmp_path / "some.vcf").write_bytes(
        b"##fileformat=VCFv4.2\n##contig=<ID=one,length=6000>\n" + lines(50).split(b"\n", 1)[1]
    )
    with (
        pysam.VariantFile(str(path)) as read,
        pysam.VariantFile(str(tmp_path / "a.bcf"), "wb", header=read.header) as out,
    ):
        for each in read:
            out.write(each)
    with open_variants(site.put("a.bcf", (tmp_path / "a.bcf").read_bytes()), open_genome(fasta)) as found:
        assert len(list(found.records)) == 49
