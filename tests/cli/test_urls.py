"""Commands whose inputs and outputs are URLs: a web server of this machine, and fsspec's files in memory."""

import gzip
import sys

import click
import numpy as np
import pysam
import pytest

import dnalect
from dnalect.cli.main import dnalect as commands
from dnalect.core import kept, urls
from dnalect.core.errors import ConfigError, DnalectError, InputError, OutputError
from dnalect.core.near import near
from dnalect.genome.fasta import open_genome
from dnalect.jobs import scoring
from dnalect.jobs.score_options import Options
from jobs import tuned
from jobs.labelled import learnable
from served import served

fsspec = pytest.importorskip("fsspec")
HEAD = "##fileformat=VCFv4.2\n##contig=<ID=chrA,length=6000>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(urls, "WAIT", 0.001)


@pytest.fixture
def site():
    with served() as found:
        yield found


@pytest.fixture
def memory():
    """The files of memory://bucket."""
    files = fsspec.filesystem("memory")
    files.store.clear()
    yield lambda: {name: each.getvalue() for name, each in sorted(files.store.items())}
    files.store.clear()


@pytest.fixture
def run(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["dnalect", *map(str, arguments)])
        commands.main([*map(str, arguments)], standalone_mode=False)

    return call


@pytest.fixture
def given(site, fasta, tmp_path):
    """URLs of a bgzipped genome with its index, and of variants; passwords and signatures in both."""
    bases = open_genome(fasta).contig("chrA").tobytes().decode().upper()
    rows = [
        f"chrA\t{at}\tv{at}\t{bases[at - 1]}\t{'CA'[bases[at - 1] == 'C']}\t.\t.\t.\n" for at in range(200, 2600, 20)
    ]
    (tmp_path / "calls.vcf").write_text(HEAD + "".join(rows))
    pysam.tabix_compress(str(fasta), str(tmp_path / "ref.fa.gz"))
    pysam.faidx(str(tmp_path / "ref.fa.gz"))
    for name in ("ref.fa.gz", "ref.fa.gz.fai", "ref.fa.gz.gzi", "calls.vcf"):
        site.put(name, (tmp_path / name).read_bytes())
    signed = site.address.replace("://", "://me:hunter2@")
    return f"{signed}/ref.fa.gz", f"{signed}/calls.vcf?X-Amz-Signature=hunter2"


def test_score_from_urls_to_an_object_store(run, given, model_folder, memory, tmp_path, capsys):
    more = ("-m", model_folder, "--background", "100")
    run("score", *given, *more, "-o", "memory://bucket/out.vcf.gz", "--report", "memory://bucket/deep/report.html")
    told = capsys.readouterr().err
    found = memory()
    assert [*found] == ["/bucket/deep/report.html", "/bucket/out.vcf.gz", "/bucket/out.vcf.gz.tbi"]
    assert "memory://bucket/out.vcf.gz is there" in told
    run("score", "ref.fa.gz", "calls.vcf", *more, "-o", "here.vcf.gz")
    ours = (gzip.decompress(found["/bucket/out.vcf.gz"]), gzip.decompress((tmp_path / "here.vcf.gz").read_bytes()))
    there, here = ([line for line in text.splitlines() if not line.startswith(b"##dnalect")] for text in ours)
    assert there == here
    assert sum(not line.startswith(b"#") for line in there) == 120
    assert b"command=dnalect score http://127.0.0.1:" in ours[0]
    assert b"/calls.vcf' -m" in ours[0]
    assert b"calls.vcf on ref.fa.gz" in found["/bucket/deep/report.html"]
    for text in (told.encode(), *found.values(), *ours):
        assert b"hunter2" not in text
    assert not list((urls.cache_folder() / "outputs").iterdir())


@pytest.fixture
def in_small_parts(monkeypatch):
    for module, name, value in ((scoring, "CHUNK", 16), (kept, "SECONDS", 0.0), (urls, "BLOCK", 1024)):
        monkeypatch.setattr(module, name, value)
    for name in ("FIRST", "MOST"):
        monkeypatch.setattr(scoring, name, 1)


def test_what_was_scored_before_the_connection_broke_is_not_lost(
    run, site, given, model_folder, memory, tmp_path, monkeypatch, capsys, in_small_parts
):
    more = ("-m", model_folder, "--background", "0", "--no-provenance", "-o")
    read, count = urls.Remote.read, []

    def breaking(self, low, high):
        count.append(self.shown)
        site.breaks = 1 << 20 if sum(each.endswith("calls.vcf") for each in count) > 2 else 0
        return read(self, low, high)

    monkeypatch.setattr(urls.Remote, "read", breaking)
    with pytest.raises(
        InputError, match=r"calls\.vcf: the connection breaks .* the same command goes on once it is back"
    ):
        run("score", *given, *more, "memory://bucket/out.tsv")
    told = capsys.readouterr().err
    assert "what is done is kept in" in told
    assert "out.tsv.part; the same command goes on from there" in told
    assert not memory()
    monkeypatch.setattr(urls.Remote, "read", read)
    site.breaks = 0
    run("score", given[0], given[1].replace("hunter2", "anew"), *more, "memory://bucket/out.tsv")
    assert "what was done before is taken from" in capsys.readouterr().err
    run("score", "ref.fa.gz", "calls.vcf", *more, "here.tsv")
    assert memory()["/bucket/out.tsv"] == (tmp_path / "here.tsv").read_bytes()


def test_other_content_is_another_run(run, site, given, model_folder, memory, in_small_parts):
    call = ("score", *given, "-m", model_folder, "--background", "0", "-o", "memory://bucket/out.tsv")
    site.files["/calls.vcf"] += b"chrA\tx\n"
    with pytest.raises(DnalectError, match=r"calls\.vcf, line 124"):
        run(*call)
    site.put("calls.vcf", site.files["/calls.vcf"].replace(b"chrA\tx\n", b""))
    with pytest.raises(OutputError, match="holds an unfinished scoring with another variants"):
        run(*call)


def test_scan_embed_and_predict(run, site, given, model_folder, memory, tmp_path, fasta):
    bed = "".join(f"chrA\t{at}\t{at + 120}\n" for at in range(500, 1000, 100))
    (tmp_path / "some.bed").write_text(bed)
    there = f"{site.put('some.bed', bed.encode())}?hunter2"
    model = ("-m", model_folder)
    run("scan", given[0], *model, "--regions", "chrA:501-620", "-o", "memory://b/scan.parquet", "-o", "memory://b/s.bw")
    run("embed", there, "-r", given[0], *model, "-o", "memory://b/vectors.npz", "--plot", "memory://b/map.png")
    run("embed", "some.bed", "-r", fasta, *model, "-o", "here.npz")
    (tmp_path / "there.npz").write_bytes(memory()["/b/vectors.npz"])
    assert (np.load("there.npz")["embedding"] == np.load("here.npz")["embedding"]).all()
    tuned.run(tuned.options_for(learnable(tmp_path / "some.tsv"), model_folder), tmp_path / "tuned")
    run("predict", tmp_path / "tuned", there, "-r", given[0], "-o", "memory://b/said.tsv")
    run("predict", tmp_path / "tuned", "some.bed", "-r", fasta, "-o", "here.tsv")
    rows = [
        [line for line in text.splitlines() if not line.startswith(b"#")]
        for text in (memory()["/b/said.tsv"], (tmp_path / "here.tsv").read_bytes())
    ]
    assert rows[0] == rows[1]
    assert len(rows[0]) == 6
    tracks = [f"/b/s.{name}.bw" for name in ("information", "minimum", "reference")]
    scan = ["/b/scan.parquet/_scan.json", "/b/scan.parquet/chrA.parquet"]
    assert [*memory()] == ["/b/map.png", *tracks, "/b/said.tsv", *scan, "/b/vectors.npz"]
    assert b"hunter2" not in b"".join(memory().values())


def test_what_goes_wrong_is_said(run, site, given, model_folder, memory, tmp_path, monkeypatch):
    model = ("-m", model_folder, "--background", "0")
    for arguments, kind, words in (
        ((f"{site.address}/no.fa", given[1], "-o", "a.tsv"), InputError, r"no\.fa: there is no such file \(404\)"),
        (
            (*given, "-o", "http://127.0.0.1/a.tsv"),
            OutputError,
            "can be read, not written: give s3://, gs:// or a file",
        ),
        (
            (*given, "-o", "memory://b/a.doc"),
            click.UsageError,
            r"the output memory://b/a\.doc has none of the suffixes",
        ),
        ((*given, "-o", "memory://b/a.tsv", "--shard", "1/2"), ConfigError, "give a file that all see"),
        ((*given, "-o", "a.tsv", "--shard", "1/2"), ConfigError, "a URL with a password or signature is none"),
        ((*given, "-o", "s3://b/a.tsv"), ConfigError, r"s3://b/a\.tsv is a URL, .* pip install 'dnalect\[urls\]' s3fs"),
        ((*given, "-o", "a.tsv", "--motifs", f"{site.address}/no?hunter2"), InputError, r"/no: there is no such file"),
    ):
        monkeypatch.setitem(sys.modules, "s3fs", None)
        with pytest.raises(kind, match=words) as found:
            run("score", *arguments, *model)
        assert "hunter2" not in str(found.value)
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(ConfigError, match=r"/ref\.fa\.gz is a URL, which takes fsspec: pip install 'dnalect\[urls\]'$"):
        run("score", *given, *model, "-o", "a.tsv")
    assert not memory()
    assert not list(tmp_path.glob("a.*"))


def test_what_cannot_be_sent_is_kept(run, given, model_folder, memory, monkeypatch):
    def broken(*_, **__):
        raise ConnectionResetError("hunter2")

    monkeypatch.setattr(type(fsspec.filesystem("memory")), "put_file", broken)
    with pytest.raises(
        OutputError, match=r"cannot write memory://b/a\.tsv: the connection breaks .*copy it there by hand"
    ) as found:
        run("score", *given, "-m", model_folder, "--background", "0", "-o", "memory://b/a.tsv")
    assert "hunter2" not in str(found.value)
    (left,) = (urls.cache_folder() / "outputs").rglob("a.tsv")
    assert str(left.parent) in str(found.value)
    assert left.read_text().startswith("#")
    assert not memory()
    left.unlink()


def test_nothing_is_touched_without_urls(model_folder):
    options = Options("a.fa", "b.vcf", ("c.tsv",), annotate="jaspar:fungi")
    with near(options) as same:
        assert same is options


def test_from_python(given, site, fasta, tmp_path, model_folder):
    found = dnalect.score(*given, str(model_folder), background=0)
    assert len(found.rows) == 120
    assert found.summary.title == "calls.vcf on ref.fa.gz"
    assert dnalect.open_genome(given[0])["chrB"][:20] == open_genome(fasta)["chrB"][:20]
    site.put("some.bed", b"chrA\t500\t620\n")
    assert len(dnalect.embed(str(model_folder), f"{site.address}/some.bed", reference=given[0])) == 1
    with pytest.raises(OutputError, match="not exist|copy it there"):
        found.write("memory://bucket/a.tsv")


def test_addresses_lose_what_is_secret():
    for url, told in {
        "s3://key:se/cret@bucket/a.vcf": "s3://key:se/cret@bucket/a.vcf",
        "https://me:pass@host:80/a/b.fa?x=1&y=2#z": "https://host:80/a/b.fa",
        "gs://bucket/a": "gs://bucket/a",
    }.items():
        assert urls.shown(url) == told
    assert urls.cleaned("score 'https://a:b@h/x?sig=1' -o s3://b/c") == "score 'https://h/x' -o s3://b/c"
    assert urls.name_of("https://h/a%20b.vcf.gz?x=/y") == "a b.vcf.gz"
    assert not any(map(urls.is_url, ("ray://host/a", "a.fa", "chr1:5-9", "s3:", "https://", 5, None)))


@pytest.mark.slow
def test_an_object_store_that_speaks_s3(run, given, model_folder, monkeypatch, tmp_path):
    """The whole way, against moto's server; with `pip install s3fs 'moto[server]'` alone."""
    server = pytest.importorskip("moto.server")
    s3fs = pytest.importorskip("s3fs")
    store = server.ThreadedMotoServer(port=0)
    store.start()
    try:
        host, port = store.get_host_and_port()
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "hunter2")
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        files = s3fs.S3FileSystem()
        files.mkdir("bucket")
        for name in ("ref.fa.gz", "ref.fa.gz.fai", "ref.fa.gz.gzi", "calls.vcf"):
            files.put_file(str(tmp_path / name), f"bucket/in/{name}")
        there, more = "s3://bucket/in/", ("-m", model_folder, "--background", "0", "--no-provenance")
        run("score", f"{there}ref.fa.gz", f"{there}calls.vcf", *more, "-o", "s3://bucket/out/scored.vcf.gz")
        run("score", "ref.fa.gz", "calls.vcf", *more, "-o", "here.vcf.gz")
        files.invalidate_cache()
        assert files.ls("bucket/out") == ["bucket/out/scored.vcf.gz", "bucket/out/scored.vcf.gz.tbi"]
        assert files.cat_file("bucket/out/scored.vcf.gz") == (tmp_path / "here.vcf.gz").read_bytes()
        with pytest.raises(InputError, match=r"s3://bucket/in/no\.vcf: there is no such file"):
            run("score", f"{there}ref.fa.gz", f"{there}no.vcf", *more, "-o", "a.tsv")
        with pytest.raises(OutputError, match=r"cannot write s3://nowhere/a\.tsv: there is no such file"):
            run("score", *given, *more, "-o", "s3://nowhere/a.tsv")
    finally:
        store.stop()
