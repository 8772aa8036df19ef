"""Windows of every kind of input are embedded into every kind of output, and all outputs agree."""

import json
import tracemalloc
import zipfile
from dataclasses import replace
from itertools import pairwise

import anndata
import numpy as np
import pyarrow.parquet as pq
import pytest

import dnalect
from dnalect.core import kept
from dnalect.core.errors import ConfigError, DnalectError, InputError, ModelError, OutputError
from dnalect.core.interrupts import Stopped
from dnalect.examples.sources import Tiling, kind_of
from dnalect.genome.fasta import open_genome
from dnalect.inference.embed import per_base
from dnalect.jobs.embed import job
from dnalect.jobs.embed.job import embed_file
from dnalect.jobs.embed.options import Options
from dnalect.jobs.shards import merge_shards
from dnalect.tokens.bases import decode, encode, reverse_complement


@pytest.fixture(scope="module")
def model(model_folder):
    return dnalect.load(model_folder)


@pytest.fixture
def genome(fasta):
    return open_genome(fasta)


@pytest.fixture
def embedded(model_folder, tmp_path):
    """Embed a file into Parquet; return rows without vectors, the vectors, and the run."""

    def run(source, **more):
        out = tmp_path / "out.parquet"
        done = embed_file(Options(source=str(source), outputs=[str(out)], model=str(model_folder), **more))
        table = pq.read_table(out).to_pylist()
        vectors = [np.array(row.pop("embedding"), dtype=np.float32) for row in table]
        assert done.rows == len(table)
        return table, vectors, done

    return run


def bases(genome, contig, start, end):
    return genome.fetch(genome.index[contig], start, end).tobytes().decode().upper()


def put(path, text):
    path.write_text(text)
    return path


def test_tiles_have_one_length_and_cover_every_base():
    assert list(Tiling(10).tiles(5, 30)) == [(5, 15), (15, 25), (20, 30)]
    assert list(Tiling(10).tiles(0, 20)) == [(0, 10), (10, 20)]
    assert list(Tiling(10, 4).tiles(0, 19)) == [(0, 10), (4, 14), (8, 18), (9, 19)]
    assert list(Tiling(10, 25).tiles(0, 55)) == [(0, 10), (25, 35)]
    assert list(Tiling(10).tiles(0, 7)) == [(0, 7)]
    assert list(Tiling().tiles(3, 70)) == [(3, 70)]
    with pytest.raises(ConfigError, match="--step needs --window"):
        Tiling(step=5)


def test_records_of_a_fasta(embedded, model, tmp_path):
    path = put(tmp_path / "s.fa", ">a first one\nACGTTGCA\nTTGACC\n\n>a\nggattacagg\n>empty\n>u x\nNNNN\n")
    rows, vectors, done = embedded(path)
    assert [(row["id"], row["contig"], row["start"], row["end"], row["description"]) for row in rows] == [
        ("a", "a", 0, 14, "first one"), ("a", "a", 0, 10, None), ("empty", "empty", 0, 0, None), ("u", "u", 0, 4, "x"),
    ]  # fmt: skip
    assert np.stack(vectors) == pytest.approx(dnalect.embed(model, ["ACGTTGCATTGACC", "GGATTACAGG", "", ""]), abs=1e-5)
    assert done.notes == ("2 windows hold no known base: their vectors are 0",)


def test_tiles_of_a_genome(embedded, model, fasta, genome):
    rows, vectors, done = embedded(fasta, window=100, step=50)
    a, b = ([row for row in rows if row["contig"] == name] for name in ("chrA", "chrB"))
    starts = [start for start in range(0, 5901, 50) if start != 3000]
    assert [row["start"] for row in a] == starts
    assert [row["start"] for row in b] == list(range(0, 801, 50))
    assert rows[1] == {"id": "chrA:50-150", "contig": "chrA", "start": 50, "end": 150, "strand": "."}
    assert done.notes == ("1 windows without a known base left out",)
    texts = [bases(genome, row["contig"], row["start"], row["end"]) for row in rows]
    assert np.stack(vectors) == pytest.approx(dnalect.embed(model, texts), abs=1e-5)


def test_intervals_of_a_bed_are_read_on_their_strand(embedded, model, fasta, genome, tmp_path):
    lines = ["track name=x", "chrA\t100\t160\tone\t7\t-", "chrB\t5\t5\tnone\t.\t+", "chrA\t200\t290\ttwo\t.\t+"]
    path = put(tmp_path / "w.bed", "\n".join(lines) + "\n")
    rows, vectors, done = embedded(path, reference=str(fasta))
    assert rows == [
        {"id": "chrA:100-160", "contig": "chrA", "start": 100, "end": 160, "strand": "-", "name": "one", "score": 7.0},
        {"id": "chrA:200-290", "contig": "chrA", "start": 200, "end": 290, "strand": "+", "name": "two", "score": None},
    ]
    assert done.notes == ("1 intervals of no base left out",)
    opposite = decode(reverse_complement(encode(bases(genome, "chrA", 100, 160))))
    plain = dnalect.embed(model, [opposite, bases(genome, "chrA", 200, 290)])
    assert np.stack(vectors) == pytest.approx(plain, abs=1e-5)
    rows, _, _ = embedded(path, reference=str(fasta), window=40)
    assert [(row["start"], row["end"], row["name"]) for row in rows] == [
        (100, 140, "one"), (120, 160, "one"), (200, 240, "two"), (240, 280, "two"), (250, 290, "two"),
    ]  # fmt: skip


def test_alleles_of_a_vcf_have_two_rows_each(embedded, model, fasta, genome, tmp_path):
    ref, other = bases(genome, "chrA", 1000, 1001), {"A": "C", "C": "G", "G": "T", "T": "A"}
    lines = [
        f"chrA\t1001\trs1\t{ref}\t{other[ref]},{ref}GG\t.\t.\t.",
        f"chrA\t2001\t.\t{bases(genome, 'chrA', 2000, 2003)}\t{bases(genome, 'chrA', 2000, 2001)}\t.\t.\t.",
        f"chrA\t1501\t.\t{other[bases(genome, 'chrA', 1500, 1501)]}\tN,<DEL>\t.\t.\t.",
        f"chrA\t11\t.\t{bases(genome, 'chrA', 10, 11)}\t{other[bases(genome, 'chrA', 10, 11)]}\t.\t.\t.",
    ]
    path = put(
        tmp_path / "v.vcf", "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n" + "\n".join(lines)
    )
    rows, vectors, done = embedded(path, reference=str(fasta), window=80)
    assert [(row["id"], row["variant"], row["pos"], row["alt"], row["allele"]) for row in rows[:4]] == [
        (f"rs1:{which}", "rs1", 1001, alt, which) for alt in (other[ref], f"{ref}GG") for which in ("ref", "alt")
    ]
    assert rows[4]["id"].startswith("chrA:2001:")
    assert (rows[4]["start"], rows[4]["end"]) == (rows[5]["start"], rows[5]["end"])
    assert len(rows) == 6
    assert done.notes == ("3 alternate alleles left out: 1 ambiguous_base, 1 ref_mismatch, 1 contig_edge",)
    left, right = bases(genome, "chrA", 960, 1000), bases(genome, "chrA", 1001, 1041)
    assert (rows[0]["start"], rows[0]["end"]) == (960, 1041)
    plain = dnalect.embed(model, [left + ref + right, left + other[ref] + right])
    assert np.stack(vectors[:2]) == pytest.approx(plain, abs=1e-5)
    whole, at = bases(genome, "chrA", rows[5]["start"], rows[5]["end"]), 2001 - rows[5]["start"]
    plain = dnalect.embed(model, [whole, whole[:at] + whole[at + 2 :]])
    assert np.stack(vectors[4:]) == pytest.approx(plain, abs=1e-5)
    with pytest.raises(ModelError, match="must lie between 64 and 768"):
        embedded(path, reference=str(fasta), window=900)
    with pytest.raises(ConfigError, match="--step is for tiles"):
        embedded(path, reference=str(fasta), window=80, step=2)


def test_labels_of_a_table_travel(embedded, model, fasta, genome, tmp_path):
    text = "name,sequence,label,cell,split\nx,ACGTTGCATT,1,liver,train\ny,ggattacagg,0,,dev\nx,ACGTTGCATT,,T,test\n"
    rows, vectors, _ = embedded(put(tmp_path / "t.csv", text))
    assert [(row["id"], row["label"], row["part"], row["contig"], row["start"]) for row in rows] == [
        ("x", 1.0, "train", "", -1), ("y", 0.0, "validate", "", -1), ("x", None, "test", "", -1),
    ]  # fmt: skip
    assert "cell" not in rows[0]
    assert np.stack(vectors) == pytest.approx(
        dnalect.embed(model, ["ACGTTGCATT", "GGATTACAGG", "ACGTTGCATT"]), abs=1e-5
    )
    rows, _, _ = embedded(tmp_path / "t.csv", labels=("cell", "label"))
    assert [row["cell"] for row in rows] == ["liver", None, "T"]
    rows, _, _ = embedded(put(tmp_path / "u.tsv", "seq\tid\nACGTTGCATT\t7\n"))
    assert rows == [{"id": "7", "contig": "", "start": -1, "end": -1, "strand": "."}]
    place = put(tmp_path / "p.tsv", "chrom\tstart\tend\tstrand\tlabel\nchrA\t100\t130\t-\t3\n")
    rows, vectors, _ = embedded(place, reference=str(fasta))
    assert rows == [{"id": "0", "contig": "chrA", "start": 100, "end": 130, "strand": "-", "label": 3}]
    opposite = decode(reverse_complement(encode(bases(genome, "chrA", 100, 130))))
    assert vectors[0] == pytest.approx(dnalect.embed(model, [opposite])[0], abs=1e-5)
    with pytest.raises(ConfigError, match="sequences of a table stay whole"):
        embedded(tmp_path / "t.csv", window=5)
    rows, _, _ = embedded(put(tmp_path / "large.csv", "sequence,label\nACGTTGCATT,1e30\nGGATTACAGG,7\n"))
    assert [row["label"] for row in rows] == [1e30, 7.0]


@pytest.mark.parametrize(
    ("suffix", "pool"), [(".parquet", "base"), (".h5ad", "mean"), (".npz", "mean"), (".npz", "base")]
)
def test_labels_named_like_what_a_file_has_of_its_own_are_kept(suffix, pool, model_folder, tmp_path):
    names = ("metadata", "offsets", "_index", "embedding", "start")
    path = put(tmp_path / "t.csv", f"sequence,{','.join(names)}\nACGTTGCATT,a,b,c,d,e\nGGATTACAGG,v,w,x,y,z\n")
    out = tmp_path / f"o{suffix}"
    embed_file(Options(source=str(path), outputs=[str(out)], model=str(model_folder), pool=pool, labels=names))
    found = {".parquet": pq.read_table, ".h5ad": lambda path: anndata.read_h5ad(path).obs, ".npz": np.load}[suffix](out)
    for name, values in zip(names, ("av", "bw", "cx", "dy", "ez"), strict=True):
        column = found[f"label_{name}"]
        assert list(column.to_pylist() if suffix == ".parquet" else column) == list(values)


def test_all_outputs_say_the_same(model_folder, tmp_path, monkeypatch):
    text = "id,sequence,label\n" + "".join(
        f"s{n % 4},{'ACGTTGCA' * (n + 1)},{'pos' if n % 2 else 'neg'}\n" for n in range(8)
    )
    source = put(tmp_path / "t.csv", text)
    outs = [tmp_path / f"o{suffix}" for suffix in (".parquet", ".h5ad", ".npz")]
    told = {"pool": "mean-max", "layer": 2, "strands": 2, "command": "dnalect embed x"}
    options = Options(source=str(source), outputs=[str(out) for out in outs], model=str(model_folder), **told)
    done = embed_file(options)
    assert (done.rows, done.width, done.model) == (8, 32, "tiny")
    table = pq.read_table(outs[0]).to_pydict()
    told = {key.decode(): value.decode() for key, value in pq.read_schema(outs[0]).metadata.items()}
    data, arrays = anndata.read_h5ad(outs[1]), np.load(outs[2], allow_pickle=False)
    vectors = np.array(table.pop("embedding"), dtype=np.float32)
    assert np.array_equal(data.X, vectors)
    assert np.array_equal(arrays["embedding"], vectors)
    assert data.X.dtype == arrays["embedding"].dtype == np.float32
    for name, values in table.items():
        assert data.obs[name].tolist() == arrays[name].tolist() == values
    assert data.obs_names.tolist() == ["s0", "s1", "s2", "s3", "s0-1", "s1-1", "s2-1", "s3-1"]
    facts = {key: str(value) for key, value in data.uns["dnalect"].items()}
    assert facts == json.loads(str(arrays["metadata"]))
    assert {f"dnalect_{key}": value for key, value in facts.items()} == told
    wanted = {
        "pool": "mean-max",
        "layer": "2 of 3",
        "strands": "2; the second half of the channels repeats the first",
        "model": "tiny",
        "version": dnalect.__version__,
    }
    assert wanted.items() <= facts.items()
    assert facts["model_sha256"] == dnalect.load(model_folder).card.sha256
    # Chunks, blocks and row groups change nothing.
    monkeypatch.setattr(job, "ROWS", 3)
    monkeypatch.setattr("dnalect.jobs.embed.outputs.GROUP", 1)
    again = [out.with_name(f"again{out.suffix}") for out in outs]
    embed_file(replace(options, outputs=[str(out) for out in again]))
    assert pq.ParquetFile(again[0]).num_row_groups == 3
    assert np.array(pq.read_table(again[0])["embedding"].to_pylist()) == pytest.approx(vectors, abs=1e-5)
    assert anndata.read_h5ad(again[1]).X == pytest.approx(vectors, abs=1e-5)
    assert np.load(again[2])["embedding"] == pytest.approx(vectors, abs=1e-5)


@pytest.mark.parametrize("pool", ["mean", "base"])
def test_parquet_shows_what_was_found_on_the_way(model_folder, tmp_path, pool):
    source, out = put(tmp_path / "s.fa", ">a\nACGTTGCATT\n>n\nNNNN\n"), tmp_path / "o.parquet"
    embed_file(Options(source=str(source), outputs=[str(out)], model=str(model_folder), pool=pool))
    told = pq.read_schema(out).metadata
    assert told[b"dnalect_notes"] == b"1 windows hold no known base: their vectors are 0"
    assert told == pq.read_table(out).schema.metadata
    own = pq.read_metadata(out).metadata
    assert own.pop(b"ARROW:schema")
    assert own == told


def test_a_vector_for_every_base(model, model_folder, tmp_path, monkeypatch):
    texts = ["ACGTTGCATT", "GGATTACAGGAC", "TTGACCA"]
    source = put(tmp_path / "s.fa", "".join(f">s{n}\n{text}\n" for n, text in enumerate(texts)))
    outs = [tmp_path / "o.parquet", tmp_path / "o.npz"]
    plain = per_base(model, texts, 1)
    for size in (1 << 26, 1):
        monkeypatch.setattr(job, "BYTES", size)
        embed_file(
            Options(source=str(source), outputs=[str(o) for o in outs], model=str(model_folder), pool="base", layer=1)
        )
        table = pq.read_table(outs[0])
        assert str(table.schema.field("embedding").type).count("fixed_size_list") == 1
        arrays = np.load(outs[1])
        ends = arrays["offsets"].tolist()
        assert ends == [0, 10, 22, 29]
        for row, (low, high) in enumerate(pairwise(ends)):
            assert arrays["embedding"][low:high] == pytest.approx(plain[row], abs=1e-5)
            assert np.array(table["embedding"][row].as_py()) == pytest.approx(plain[row], abs=1e-5)


def test_more_vectors_of_bases_than_may_be_held_are_an_error(model, model_folder, fasta, tmp_path, monkeypatch):
    monkeypatch.setattr(job, "LARGEST", 4 * model.can.width * 5999)
    options = Options(source=str(fasta), outputs=[str(tmp_path / "o.npz")], model=str(model_folder), pool="base")
    with pytest.raises(InputError, match=r"chrA has 6,000 bases, .* cut it into windows with --window"):
        embed_file(options)
    assert not (tmp_path / "o.npz").exists()


def test_a_long_text_does_not_make_all_rows_long(model_folder, tmp_path):
    headers = ["x", "y " + "é" * 20_000, *(f"r{row} some words" for row in range(2000))]
    path = put(tmp_path / "s.fa", "".join(f">{header}\nACGTTGCATT\n" for header in headers))
    out = tmp_path / "o.npz"
    dnalect.embed(dnalect.load(model_folder), ["ACGT"])  # what is imported late
    tracemalloc.start()
    embed_file(Options(source=str(path), outputs=[str(out)], model=str(model_folder)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40_000_000  # as one array the descriptions would take 160 MB
    assert out.stat().st_size < 4_000_000
    assert zipfile.ZipFile(out).getinfo("description.npy").compress_type == zipfile.ZIP_DEFLATED
    found = np.load(out)["description"]
    assert (found[0], found[1], found[-1]) == ("", "é" * 20_000, "some words")


def test_inputs_are_known_by_their_content(tmp_path):
    kinds = {
        "fasta": "\n>a\nACGT\n",
        "bed": "# a comment\nchr1\t5\t9\n",
        "variants": "chrom\tpos\tref\talt\nchr1\t5\tA\tC\n",
        "table": "sequence,label\nACGT,1\n",
    }
    for kind, text in kinds.items():
        assert kind_of(str(put(tmp_path / "file", text))) == kind
    # Under its name a BED is one with a wrong first line too, so that the message says what is wrong with it.
    assert kind_of(str(put(tmp_path / "file.bed", "chr1\t9\t5\n"))) == "bed"
    assert kind_of(str(put(tmp_path / "file.bed", "chrom\tstart\tend\nchr1\t5\t9\n"))) == "table"
    assert kind_of(str(put(tmp_path / "file", "##fileformat=VCFv4.2\n"))) == "variants"


def bad(tmp_path, fasta):
    """name -> (input, options, words of the message)"""
    long = "".join(f"chrA\t{n}\t{n + 50}\n" for n in range(600))
    return {
        "empty": (put(tmp_path / "e.fa", "\n"), {}, "is empty: give a FASTA"),
        "missing": (tmp_path / "none", {}, "No such file"),
        "folder": (tmp_path, {}, "is a folder"),
        "stdin": ("-", {}, "give a file"),
        "no reference": (put(tmp_path / "r.bed", "chrA\t1\t9\n"), {}, "give it with --reference"),
        "reference": (fasta, {"reference": str(fasta)}, "leave --reference out"),
        "contig": (put(tmp_path / "c.bed", "chrZ\t1\t9\n"), {"reference": str(fasta)}, "no contig 'chrZ'; it has chrA"),
        "beyond": (put(tmp_path / "b.bed", long + "chrB\t1\t901\n"), {"reference": str(fasta)}, "line 601 ends at 901"),
        "names": (put(tmp_path / "n.bed", "A\t1\t9\n"), {"reference": str(fasta)}, "--rename-contigs"),
        "turned": (
            put(tmp_path / "w.bed", "#x\nchrA\t9\t1\n"),
            {"reference": str(fasta)},
            "line 2: the interval 9-1 is",
        ),
        "letters": (put(tmp_path / "l.fa", ">a\nACGT\nAC!T\n"), {}, "line 3 is no DNA: it holds '!'"),
        "nameless": (put(tmp_path / "m.fa", ">\nACGT\n"), {}, "record without a name"),
        "columns": (put(tmp_path / "t.csv", "bases,label\nACGTACGTACGT,1\n"), {}, "no column named sequence"),
        "label": (put(tmp_path / "u.csv", "sequence,y\nACGT,1\n"), {"labels": ("z",)}, "no column 'z'"),
        "nothing": (put(tmp_path / "z.bed", "chrA\t9\t9\n"), {"reference": str(fasta)}, "1 intervals of no base"),
        "layer": (fasta, {"layer": 9}, "layers 0"),
        "summary": (fasta, {"pool": "summary"}, "no summary token"),
        "step": (fasta, {"step": 9}, "--step needs --window"),
    }


CASES = (
    *("empty", "missing", "folder", "stdin", "no reference", "reference", "contig", "beyond", "names", "letters"),
    *("nameless", "columns", "label", "nothing", "layer", "summary", "step", "turned"),
)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("suffix", [".parquet", ".h5ad", ".npz"])
def test_bad_input_is_a_message_and_leaves_nothing(case, suffix, fasta, model_folder, tmp_path):
    cases = bad(tmp_path, fasta)
    assert cases.keys() == set(CASES)
    source, more, words = cases[case]
    before = sorted(tmp_path.iterdir())
    with pytest.raises(DnalectError, match=words):
        embed_file(Options(source=str(source), outputs=[str(tmp_path / f"o{suffix}")], model=str(model_folder), **more))
    assert sorted(tmp_path.iterdir()) == before


def test_a_model_is_chosen_by_the_genome_or_must_be_named(fasta, tmp_path, monkeypatch):
    out = str(tmp_path / "o.npz")
    table = put(tmp_path / "t.csv", "sequence,label\nACGTACGT,1\n")
    with pytest.raises(ModelError, match=r"name a model with --model, an embedded one \(.*duplex-yeast\), a published"):
        embed_file(Options(source=str(table), outputs=[out]))
    with pytest.raises(ModelError, match="no embedded model is of this reference's assembly"):
        embed_file(Options(source=str(fasta), outputs=[out]))
    twice = put(tmp_path / "s.fa", ">a\nACGT\n>a\nACGT\n")
    with pytest.raises(ModelError, match="name a model with --model"):
        embed_file(Options(source=str(twice), outputs=[out]))
    whole = put(tmp_path / "y.fa", ">I\n" + "ACGTTGCATT" * 23021 + "ACGTTGCA\n")
    done = embed_file(Options(source=str(whole), outputs=[out], window=1000, step=100_000))
    assert (done.model, done.rows) == ("duplex-yeast", 3)
    with pytest.raises(InputError, match="is a folder"):
        kind_of(str(tmp_path))


@pytest.mark.parametrize("pool", ["mean", "base"])
def test_workers_embed_the_same(pool, fasta, model_folder, tmp_path, monkeypatch, workers):
    monkeypatch.setattr(job, "ROWS", 10)
    told = {"source": str(fasta), "model": str(model_folder), "window": 60, "pool": pool}
    embed_file(Options(outputs=[str(tmp_path / "a.npz")], **told))
    embed_file(Options(outputs=[str(tmp_path / "b.npz")], **told, engine="ray", workers=2))
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    assert len(workers.turns) == 12
    assert workers.hired == 2 + 2


def test_shards_are_put_together(fasta, model_folder, tmp_path, monkeypatch):
    """Also where one of them has no chunk; what none has done is done when they are merged."""
    monkeypatch.setattr(job, "ROWS", 40)
    told = {"source": str(fasta), "model": str(model_folder), "window": 60}
    embed_file(Options(outputs=[str(tmp_path / "whole.npz")], **told))
    asked = {"outputs": [str(tmp_path / "out.npz")], **told}
    rows = [embed_file(Options(**asked, shard=f"{number}/5")).rows for number in (5, 4, 2, 1)]
    assert rows == [0, 0, 40, 40]
    assert not (tmp_path / "out.npz").exists()
    computed, vectors = [], job._vectors
    monkeypatch.setattr(job, "_vectors", lambda *more: computed.append(more) or vectors(*more))
    merged = merge_shards(tmp_path / "out.npz.part")
    assert merged.rows == 114
    assert len(computed) == 1
    assert (tmp_path / "out.npz").read_bytes() == (tmp_path / "whole.npz").read_bytes()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["out.npz", "whole.npz"]


@pytest.mark.parametrize("pool", ["mean", "base"])
def test_a_stopped_run_goes_on(pool, fasta, model_folder, tmp_path, monkeypatch):
    """To the same vectors, from those that were kept; another run under its name is refused."""
    monkeypatch.setattr(job, "ROWS", 10)
    monkeypatch.setattr(kept, "SECONDS", 0.0)
    told = {"source": str(fasta), "model": str(model_folder), "window": 60, "pool": pool}
    whole, out = tmp_path / "whole.npz", tmp_path / "out.npz"
    embed_file(Options(outputs=[str(whole)], **told))
    computed, vectors = [], job._vectors

    def some(*asked):
        if len(computed) == 4:
            raise KeyboardInterrupt
        computed.append(asked)
        return vectors(*asked)

    with monkeypatch.context() as patch:
        patch.setattr(job, "_vectors", some)
        with pytest.raises(Stopped, match="goes on from there"):
            embed_file(Options(outputs=[str(out)], **told))
    with pytest.raises(OutputError, match="unfinished embedding with another window"):
        embed_file(Options(outputs=[str(out)], **told | {"window": 50}))
    every, computed = computed, []
    monkeypatch.setattr(job, "_vectors", lambda *asked: computed.append(asked) or vectors(*asked))
    embed_file(Options(outputs=[str(out)], **told))
    assert len(computed) == 12 - len(every)
    one, other = np.load(whole), np.load(out)
    assert one.files == other.files
    assert all(np.array_equal(one[name], other[name]) for name in one.files)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["out.npz", "whole.npz"]
