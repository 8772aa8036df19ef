"""What `dnalect predict` writes: the right numbers in the right places, whatever the format and the batch."""

import gzip
import json
import math

import numpy as np
import pyarrow.parquet as pq
import pyBigWig
import pytest
import torch

import dnalect
from dnalect.core import kept
from dnalect.core.calibration import Calibration
from dnalect.core.errors import ConfigError, DnalectError, OutputError
from dnalect.core.interrupts import Stopped
from dnalect.genome.fasta import open_genome
from dnalect.inference.predictions import predictions
from dnalect.jobs.predict import job
from dnalect.jobs.predict.job import predict_file
from dnalect.jobs.predict.options import Options
from dnalect.jobs.shards import merge_shards
from dnalect.models.heads import Heads, HeadSpec
from dnalect.models.load import language_model
from dnalect.models.pooled import Pooled, Reading
from dnalect.models.predictor import Tuned, save_predictor
from models.folders import make

SPECS = (
    HeadSpec("active", "classes", ("no", "yes"), (0.5, 0.5)),
    HeadSpec("cell", "classes", ("B", "T", "NK"), (0.4, 0.3, 0.3)),
    HeadSpec("marks", "tracks", ("K4", "K27"), (0.4, 0.3)),
    HeadSpec("level", "signal", ("level",), centre=5.0, spread=2.0),
)
CALIBRATION = {"active": Calibration((2.0,)), "level": Calibration(raw=(0.0, 10.0), fitted=(1.0, 3.0))}
NUMBERS = ("active", "cell.B", "cell.T", "cell.NK", "marks.K4", "marks.K27", "level")
COLUMNS = ("active", "active.predicted", "cell.B", "cell.T", "cell.NK", "cell.predicted", *NUMBERS[4:])


def predictor(base, folder, reading=None):
    """Write a predictor whose heads are random and far from constant."""
    torch.manual_seed(0)
    model = language_model(str(base))
    reading = reading or Reading()
    heads = Heads(reading.width(model.can.width), SPECS)
    with torch.no_grad():
        for each in heads.parameters():
            each.add_(torch.randn_like(each))
    pooled = Pooled(model, heads, reading)
    save_predictor(Tuned(folder.name, str(base), "probe", pooled, None, {}, {}, CALIBRATION), base, folder, hub=False)
    return folder


@pytest.fixture(scope="module")
def model(model_folder, tmp_path_factory):
    return predictor(model_folder, tmp_path_factory.mktemp("predictors") / "mine")


@pytest.fixture
def bed(tmp_path):
    """Intervals on both contigs and strands, one of nothing but N, not in order."""
    path = tmp_path / "in.bed"
    rows = ("chrB\t10\t70\tb\t3\t-", "chrA\t3010\t3060\tn\t1\t+", "chrA\t500\t640\ta\t2\t+", "chrA\t600\t700\tc\t9\t.")
    path.write_text("track name=x\n" + "\n".join(rows) + "\n")
    return path


def rows_of(path):
    text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text()
    lines = [line.split("\t") for line in text.splitlines()]
    return [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]


def run(model, source, *outputs, **more):
    return predict_file(Options([str(source)], str(model), [str(path) for path in outputs], **more))


def test_every_number_is_that_of_the_predictor(model, bed, fasta, tmp_path):
    outputs = [tmp_path / name for name in ("o.tsv", "o.tsv.gz", "o.parquet")]
    done = run(model, bed, *outputs, reference=str(fasta))
    assert done.columns == COLUMNS
    assert done.notes == ("1 of 4 sequences hold no known base: their predictions are empty",)
    rows = rows_of(outputs[0])
    assert rows == rows_of(outputs[1])
    places = ("id", "contig", "start", "end", "strand", "name", "score")
    assert list(rows[0]) == [*places, *COLUMNS]
    told = [(row["contig"], row["start"], row["end"], row["strand"], row["name"], row["score"]) for row in rows]
    assert told[0] == ("chrB", "10", "70", "-", "b", "3.0")
    assert [each[4] for each in told] == ["b", "n", "a", "c"]

    genome = open_genome(fasta)
    texts = [genome.fetch(contig, low, high).tobytes().decode() for contig, low, high in ((1, 10, 70), (0, 500, 640))]
    texts[0] = texts[0].upper()[::-1].translate(str.maketrans("ACGT", "TGCA"))
    known = dnalect.load(model)
    wanted = predictions(known, texts)
    for at, row in ((0, rows[0]), (1, rows[2])):
        one = {name: values[at].tolist() for name, values in wanted.items()}
        numbers = [one["active"][1], *one["cell"], *one["marks"], *one["level"]]
        assert [float(row[name]) for name in NUMBERS] == pytest.approx(numbers, rel=1e-4)
        assert row["active.predicted"] == ("no", "yes")[int(one["active"][1] > 0.5)]
        assert row["cell.predicted"] == ("B", "T", "NK")[int(np.argmax(one["cell"]))]
    assert all(rows[1][name] == "" for name in COLUMNS)

    table = pq.read_table(outputs[2])
    assert table.column_names == [*places, *COLUMNS]
    for name in NUMBERS:
        found = table[name].to_pylist()
        assert found[1] is None
        kept = [found[n] for n in (0, 2, 3)]
        assert kept == pytest.approx([float(rows[n][name]) for n in (0, 2, 3)], rel=1e-4)
    facts = {key.decode(): value.decode() for key, value in table.schema.metadata.items()}
    assert facts["dnalect_model"] == "mine"
    assert facts["dnalect_model_sha256"] == known.card.sha256
    assert facts["dnalect_calibrated"] == "on validation data"
    assert json.loads(facts["dnalect_columns"])["active"] == "probability of yes"
    assert facts["dnalect_reference"].startswith("tiny.fa ")
    assert "no known base" in facts["dnalect_notes"]


def test_raw_is_without_calibration(model, bed, fasta, tmp_path):
    run(model, bed, tmp_path / "c.tsv", reference=str(fasta))
    run(model, bed, tmp_path / "r.tsv", reference=str(fasta), raw=True)
    both = [[row for row in rows_of(tmp_path / name) if row["active"]] for name in ("c.tsv", "r.tsv")]
    for calibrated, raw in zip(*both, strict=True):
        logit = [math.log(float(row["active"]) / (1 - float(row["active"]))) for row in (calibrated, raw)]
        assert logit[0] == pytest.approx(logit[1] / 2, rel=1e-3)
        level = min(10.0, max(0.0, float(raw["level"])))
        assert float(calibrated["level"]) == pytest.approx(1 + 0.2 * level, rel=1e-3)
        assert calibrated["cell.B"] == raw["cell.B"]


@pytest.mark.parametrize("base", ["duplex", "dnabert-2", "nt-v1", "dnabert"])
def test_batches_change_numbers_by_rounding_only(base, model, fasta, tmp_path, monkeypatch):
    if base != "duplex":
        model = predictor(make(base, tmp_path / base), tmp_path / "m", Reading("mean-max", strands=2))
    tables = []
    for batch, rows in ((1, 512), (7, 512), (32, 512), (7, 3)):
        monkeypatch.setattr(job, "ROWS", rows)
        run(model, fasta, tmp_path / "o.parquet", window=150, step=70, batch=batch)
        tables.append(pq.read_table(tmp_path / "o.parquet"))
    first = tables[0]
    assert len(first) > 90
    for other in tables[1:]:
        for name in first.column_names:
            if name in NUMBERS:
                pair = [table[name].to_numpy() for table in (first, other)]
                np.testing.assert_allclose(*pair, rtol=2e-4, atol=1e-6, err_msg=name)
            else:
                assert first[name] == other[name], name


def test_bed_scores_lie_between_0_and_1000(model, bed, fasta, tmp_path):
    out = tmp_path / "o.bed"
    run(model, bed, out, tmp_path / "o.tsv", reference=str(fasta))
    rows = rows_of(tmp_path / "o.tsv")
    cells = [line.split("\t") for line in out.read_text().splitlines()]
    assert [each[:3] for each in cells] == [[row["contig"], row["start"], row["end"]] for row in rows]
    assert [each[5] for each in cells] == ["-", "+", "+", "."]
    for each, row in zip(cells, rows, strict=True):
        if row["active"]:
            assert each[6] == row["active"]
            assert int(each[4]) == round(1000 * float(row["active"]))
    assert cells[1][4:] == ["0", "+", "."]
    run(model, bed, out, reference=str(fasta), track="level", raw=True)
    for line in out.read_text().splitlines():
        score, value = line.split("\t")[4], line.split("\t")[6]
        if value != ".":
            # The mean of the training labels is 500, two standard deviations above it 1000.
            assert int(score) == pytest.approx(min(1000, max(0, 500 + 125 * (float(value) - 5))), abs=1)


def per_base(path, contig, length):
    with pyBigWig.open(str(path)) as file:
        return np.array(file.values(contig, 0, length), dtype=np.float32), dict(file.chroms())


@pytest.mark.parametrize(("window", "step"), [(100, 40), (100, 100), (100, 30), (90, 200), (7000, 10)])
def test_tiles_give_their_central_bases_their_value(model, fasta, tmp_path, window, step):
    run(model, fasta, tmp_path / "o.bw", tmp_path / "o.tsv", window=window, step=step, track="marks.K27")
    rows = rows_of(tmp_path / "o.tsv")
    for contig, length in (("chrA", 6000), ("chrB", 900)):
        values, chroms = per_base(tmp_path / "o.bw", contig, length)
        assert chroms == {"chrA": 6000, "chrB": 900}
        tiles = [(int(r["start"]), int(r["end"]), float(r["marks.K27"])) for r in rows if r["contig"] == contig]
        wanted = np.full(length, np.nan)
        nearest = np.full(length, np.inf)
        for start, end, value in tiles:
            at = np.arange(start, end)
            far = np.abs(at + 0.5 - (start + end) / 2)
            # Of two middles as near, the later one has the base.
            closer = far <= nearest[at]
            wanted[at[closer]], nearest[at[closer]] = value, far[closer]
        assert np.array_equal(np.isnan(values), np.isnan(wanted))
        np.testing.assert_allclose(values, wanted, rtol=1e-4)
    middles = [int(row["start"]) + window // 2 for row in rows if row["contig"] == "chrA"]
    if window > step:
        # Inside a run of tiles each has exactly `step` bases.
        low = middles[3] - step // 2 if len(middles) > 6 else 0
        assert len(set(per_base(tmp_path / "o.bw", "chrA", 6000)[0][low : low + step].tolist())) == 1


def test_intervals_in_any_order_make_a_bigwig(model, bed, fasta, tmp_path):
    done = run(model, bed, tmp_path / "o.bw", tmp_path / "o.tsv", reference=str(fasta))
    assert done.rows == 4
    value = {row["name"]: float(row["active"] or "nan") for row in rows_of(tmp_path / "o.tsv")}
    found, _ = per_base(tmp_path / "o.bw", "chrA", 6000)
    wanted = np.full(6000, np.nan)
    # The middles are 570 and 650.
    wanted[500:610], wanted[610:700] = value["a"], value["c"]
    np.testing.assert_allclose(found, wanted, rtol=1e-4)
    found, _ = per_base(tmp_path / "o.bw", "chrB", 900)
    assert np.isfinite(found).sum() == 60


def test_intervals_of_any_length_give_each_base_the_nearest_middle(model, fasta, tmp_path):
    bed = tmp_path / "n.bed"
    spans = [(100, 1100), (300, 310), (320, 900), (590, 600), (1000, 1200), (1199, 1250), (100, 130), (2000, 2001)]
    bed.write_text("".join(f"chrA\t{start}\t{end}\n" for start, end in spans))
    run(model, bed, tmp_path / "o.bw", tmp_path / "o.parquet", reference=str(fasta), track="level", raw=True)
    found, _ = per_base(tmp_path / "o.bw", "chrA", 6000)
    values = pq.read_table(tmp_path / "o.parquet")["level"].to_pylist()
    # Middles, in order: 115, 305, 595 (590-600), 600 (100-1100), 610 (320-900), 1100, 1224.5.
    at = {110: 6, 129: 6, 130: 0, 299: 0, 305: 1, 310: 0, 320: 0, 592: 3, 600: 0, 604: 0, 605: 2, 854: 2, 899: 2}
    at |= {999: 0, 1000: 4, 1198: 4, 1199: 5, 1249: 5, 2000: 7}
    assert [found[base] for base in at] == pytest.approx([values[row] for row in at.values()], rel=1e-6)
    assert np.isnan(found[[99, 1250, 1999, 2001]]).all()


def test_tables_keep_their_labels_and_long_sequences_their_middle(model_folder, fasta, tmp_path):
    short = predictor(model_folder, tmp_path / "short", Reading(longest=50))
    table = tmp_path / "t.csv"
    flank = "T" * 40
    core = "ACGTTGCAACGGTTAACCGTACGTTGCAACGGTTAACCGTACGTTGCAAC"
    table.write_text(f"id,sequence,active,split\nx,{core},1,test\ny,{flank}{core}{flank},0,train\nz,{'N' * 90},1,\n")
    out = tmp_path / "o.tsv"
    done = run(short, table, out, tmp_path / "o.parquet", labels=("active",))
    assert done.notes == (
        "of 2 of 3 sequences, longer than 50 bases, the middle 50 bases were read",
        "1 of 3 sequences hold no known base: their predictions are empty",
    )
    rows = rows_of(out)
    assert [row["given_active"] for row in rows] == ["1", "0", "1"]
    assert [row["part"] for row in rows] == ["test", "train", ""]
    assert [(row["contig"], row["start"]) for row in rows] == [("", "")] * 3
    assert [rows[0][name] for name in COLUMNS] == [rows[1][name] for name in COLUMNS]
    assert rows[0]["active"] != rows[2]["active"] == ""
    with pytest.raises(DnalectError, match=r"x has no place in a genome; write to .tsv or .parquet"):
        run(short, table, tmp_path / "o.bed")
    assert not (tmp_path / "o.bed").exists()


def test_records_of_a_fasta_are_sequences(model, tmp_path):
    source = tmp_path / "s.fa"
    source.write_text(">one first\twith tab\nACGTTGCA\nACGT\n>one\nGGGGG\n")
    run(model, source, tmp_path / "o.tsv")
    rows = rows_of(tmp_path / "o.tsv")
    told = [(row["id"], row["description"], row["end"]) for row in rows]
    assert told == [("one", "first with tab", "12"), ("one", "", "5")]


def wrong(tmp_path, fasta, model_folder, bed):
    variants = tmp_path / "v.vcf"
    variants.write_text("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n")
    far = tmp_path / "far.bed"
    far.write_text("chrA\t0\t50\nchrA\t5900\t6100\n")
    nowhere = tmp_path / "no.fa"
    nowhere.write_text(">a\n" + "N" * 300 + "\n")
    reference = {"reference": str(fasta)}
    return {
        "language model": (model_folder, fasta, "o.tsv", {}, "predicts no label: tune it with dnalect finetune"),
        "variants": (None, variants, "o.tsv", reference, "for dnalect score"),
        "no reference": (None, bed, "o.tsv", {}, "give it with --reference"),
        "reference": (None, fasta, "o.tsv", reference, "leave --reference out"),
        "track": (None, bed, "o.bed", {**reference, "track": "x"}, "has no output 'x': it has active, cell.B"),
        "predicted": (None, bed, "o.bed", {**reference, "track": "active.predicted"}, "has no output"),
        "suffix": (None, fasta, "o.csv", {}, "none of the suffixes"),
        "whole records": (None, fasta, "o.bw", {}, "needs the lengths of contigs"),
        "late": (None, far, "o.parquet", reference, "ends at 6,100, beyond the 6,000 bases"),
        "late bw": (None, far, "o.bw", reference, "ends at 6,100, beyond the 6,000 bases"),
        "nothing": (None, nowhere, "o.tsv", {"window": 100}, "holds nothing to predict; 3 windows without"),
        "missing": (None, tmp_path / "none.fa", "o.tsv", {}, "No such file"),
        "step": (None, fasta, "o.tsv", {"step": 10}, "--step needs --window"),
        "folder": (None, fasta, "no/o.tsv", {}, "does not exist"),
    }


CASES = (
    *("language model", "variants", "no reference", "reference", "track", "predicted", "suffix", "whole records"),
    *("late", "late bw", "nothing", "missing", "step", "folder"),
)


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_a_message_and_leaves_nothing(case, model, fasta, model_folder, bed, tmp_path):
    cases = wrong(tmp_path, fasta, model_folder, bed)
    assert cases.keys() == set(CASES)
    other, source, out, more, words = cases[case]
    before = sorted(tmp_path.iterdir())
    with pytest.raises(DnalectError, match=words):
        run(other or model, source, tmp_path / out, **more)
    assert sorted(tmp_path.iterdir()) == before


def test_no_more_than_a_chunk_is_held(model, fasta, tmp_path, monkeypatch):
    held = []
    real = job._predicted

    def counted(predictor, options, asked):
        held.append(len(asked[0]))
        return real(predictor, options, asked)

    monkeypatch.setattr(job, "_predicted", counted)
    monkeypatch.setattr(job, "ROWS", 16)
    run(model, fasta, tmp_path / "o.parquet", tmp_path / "o.bw", window=100, step=50)
    assert max(held) == 16
    assert sum(held) == pq.read_metadata(tmp_path / "o.parquet").num_rows
    assert len(held) > 8


def test_workers_predict_the_same(model, fasta, tmp_path, monkeypatch, workers):
    monkeypatch.setattr(job, "ROWS", 10)
    for name, more in (("a", {}), ("b", {"engine": "ray", "workers": 3})):
        run(model, fasta, tmp_path / f"{name}.tsv", tmp_path / f"{name}.bw", window=60, **more)
    for suffix in ("tsv", "bw"):
        assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()
    assert len(workers.turns) == 12
    assert workers.hired == 3 + 2


def test_shards_are_put_together(model, fasta, tmp_path, monkeypatch):
    monkeypatch.setattr(job, "ROWS", 10)
    run(model, fasta, tmp_path / "whole.tsv", window=60)
    rows = [run(model, fasta, tmp_path / "out.tsv", window=60, shard=f"{number}/3").rows for number in (3, 1, 2)]
    assert sum(rows) == 114
    assert not (tmp_path / "out.tsv").exists()
    monkeypatch.setattr(job, "predictions", None)
    assert merge_shards(tmp_path / "out.tsv.part").rows == 114
    assert (tmp_path / "out.tsv").read_bytes() == (tmp_path / "whole.tsv").read_bytes()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["out.tsv", "whole.tsv"]
    with pytest.raises(ConfigError, match="beside the output"):
        run(model, fasta, "-", window=60, shard="1/3")


def test_a_stopped_run_goes_on(model, fasta, tmp_path, monkeypatch):
    """From the numbers that were kept; another run under its name is refused."""
    monkeypatch.setattr(job, "ROWS", 10)
    monkeypatch.setattr(kept, "SECONDS", 0.0)
    whole, out = tmp_path / "whole.tsv", tmp_path / "out.tsv"
    predict_file(Options((str(model), str(fasta)), outputs=(str(whole),), window=60))
    done = []

    def some(*asked):
        if len(done) == 3:
            raise KeyboardInterrupt
        done.append(asked)
        return predictions(*asked)

    with monkeypatch.context() as patch:
        patch.setattr(job, "predictions", some)
        with pytest.raises(Stopped, match="goes on from there"):
            predict_file(Options((str(model), str(fasta)), outputs=(str(out),), window=60))
    with pytest.raises(OutputError, match="unfinished prediction with another raw"):
        predict_file(Options((str(model), str(fasta)), outputs=(str(out),), window=60, raw=True))
    rest = []
    monkeypatch.setattr(job, "predictions", lambda *asked: rest.append(asked) or predictions(*asked))
    predict_file(Options((str(model), str(fasta)), outputs=(str(out),), window=60))
    assert len(rest) == 12 - 3
    assert out.read_text() == whole.read_text()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["out.tsv", "whole.tsv"]
