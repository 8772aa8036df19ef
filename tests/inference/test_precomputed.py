"""Scores from a scan's folder: those of the model, as near as float16 is."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest

import dnalect
from dnalect.core.errors import InputError
from dnalect.genome.fasta import open_genome
from dnalect.genome.windows.alleles import normalise
from dnalect.inference.background.draws import Draws
from dnalect.inference.likelihood import LeaveOneOutScorer
from dnalect.inference.precomputed import MANIFEST, Precomputed, Recent, digest
from dnalect.jobs.scan.job import scan_genome
from dnalect.jobs.scan.options import Options
from dnalect.tokens.bases import encode


@pytest.fixture(scope="module")
def model(model_folder):
    return dnalect.load(model_folder)


@pytest.fixture
def genome(fasta):
    return open_genome(fasta)


@pytest.fixture
def folder(fasta, model_folder, tmp_path):
    """A scan of all but chrA:4001-5000."""
    regions = ("chrA:1-4000", "chrA:5001-6000", "chrB")
    options = Options(str(fasta), [str(tmp_path / "t.parquet")], model=str(model_folder), regions=regions, batch=2)
    scan_genome(options, chunk=1024, tile=256)
    return tmp_path / "t.parquet"


def change(log_probs, genome, contigs, positions):
    ref = encode(genome.windows(contigs, positions, 1))[:, 0]
    at = np.arange(len(ref))
    return log_probs - log_probs[at, ref][:, None], np.exp(log_probs[at, ref])


@pytest.mark.parametrize("dense", [True, False])
def test_looked_up_sites_are_within_the_stated_bound(model, genome, folder, dense):
    """|LLR| / 2048 and 1e-4; p(ref) 2.1e-4: the figures of docs/scan.md."""
    rng = np.random.default_rng(0)
    places = np.arange(3200, 4000) if dense else np.sort(rng.choice(np.arange(50, 2900), 90, replace=False))
    positions = np.concatenate([places, np.arange(0, 60), np.arange(5960, 6000), np.arange(880, 900)])
    contigs = np.repeat([0, 1], [len(positions) - 20, 20])
    table = Precomputed(folder, genome, model)
    slow, fast = LeaveOneOutScorer(model, genome), LeaveOneOutScorer(model, genome, sites=table)
    order = rng.permutation(len(positions))
    contigs, positions = contigs[order], positions[order]
    llr, p = change(slow.at_sites(contigs, positions), genome, contigs, positions)
    found, found_p = change(fast.at_sites(contigs, positions), genome, contigs, positions)
    assert (table.asked, table.missing) == (len(np.unique(contigs * 10_000 + positions)), 0)
    assert (np.abs(found - llr) <= np.abs(llr) / 2048 + 1e-4).all()
    assert np.abs(found - llr).max() > 1e-4
    assert np.abs(found_p - p).max() < 2.1e-4


def test_sites_that_are_not_there_are_computed_as_ever(model, genome, folder):
    """Outside of the regions, at an unknown base, beyond the contig: not a bit differs."""
    table = Precomputed(folder, genome, model)
    slow, fast = LeaveOneOutScorer(model, genome), LeaveOneOutScorer(model, genome, sites=table)
    positions = np.concatenate([np.arange(4000, 5000), [3000, 3099, -1, 6000]])
    contigs = np.zeros_like(positions)
    assert np.array_equal(fast.at_sites(contigs, positions), slow.at_sites(contigs, positions))
    assert table.missing == len(positions)
    near = np.array([2999, 3100])
    assert table.at_sites(np.zeros_like(near), near)[1].all()


def test_a_contig_without_a_file_is_computed(model, genome, fasta, model_folder, tmp_path):
    options = Options(str(fasta), [str(tmp_path / "b.parquet")], model=str(model_folder), regions=("chrB",))
    scan_genome(options)
    table = Precomputed(tmp_path / "b.parquet", genome, model)
    assert table.at_sites(np.array([0, 1]), np.array([50, 50]))[1].tolist() == [False, True]


def test_other_classes_are_the_models(model, genome, folder):
    table = Precomputed(folder, genome, model)
    slow, fast = LeaveOneOutScorer(model, genome), LeaveOneOutScorer(model, genome, sites=table)
    variants = [
        normalise(0, 1500, encode(genome.fetch(0, 1500, 1500 + size)), encode(alt), genome)
        for size, alt in ((1, ""), (0, "ACC"), (3, "GGGG"))
    ]
    ref = encode(genome.fetch(0, 1600, 1603))
    variants.append(normalise(0, 1600, ref, (ref + 1) % 4, genome))
    assert fast.score(variants) == slow.score(variants)
    assert table.asked == 0


def test_the_background_is_drawn_from_the_table_and_kept_apart(model, genome, folder):
    """The same sites are drawn, so that the percentile of an SNV is taken among rounded numbers."""
    table = Precomputed(folder, genome, model)
    slow, fast = LeaveOneOutScorer(model, genome), LeaveOneOutScorer(model, genome, sites=table)
    one, other = (Draws(scorer, "snv", 0, 1, print).at_least(900)["value"] for scorer in (slow, fast))
    assert table.asked
    assert not np.array_equal(one, other)
    assert (np.abs(one - other) <= np.abs(one) / 2048 + 1e-4).all()
    lost = [Draws(scorer, "deletion", 0, 1, print).at_least(40) for scorer in (slow, fast)]
    assert np.array_equal(*lost)
    assert np.array_equal(Draws(slow, "snv", 0, 1, print).at_least(900)["value"], one)


def test_row_groups_are_read_once_and_let_go(model, genome, folder, monkeypatch):
    monkeypatch.setattr("dnalect.inference.precomputed.KEPT_GROUPS", 2)
    table = Precomputed(folder, genome, model)
    read = []
    whole = pq.ParquetFile.read_row_group
    monkeypatch.setattr(
        pq.ParquetFile, "read_row_group", lambda self, n, **more: read.append(n) or whole(self, n, **more)
    )
    positions = np.arange(0, 4000, 10)
    for _ in range(2):
        table.at_sites(np.zeros_like(positions), positions)
    assert read == [0, 1, 2, 3] * 2
    table.at_sites(np.zeros(1, dtype=int), np.array([3990]))
    assert len(read) == 8
    assert len(table._groups.values) == 2


def test_recent_keeps_the_last_ones():
    made = []
    recent = Recent(2)
    for key in (1, 2, 1, 3, 1, 2):
        recent.get(key, lambda key=key: made.append(key) or key)
    assert made == [1, 2, 3, 2]


def edit(folder, **changes):
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["plan"] |= changes
    manifest["sha256"] = digest({key: value for key, value in manifest.items() if key != "sha256"})
    (folder / MANIFEST).write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model": "0" * 64}, "another model .000000000000, this run has .*: name that model with --model"),
        ({"reference": "0" * 64}, "another reference .* give that FASTA"),
        ({"dtype": "bfloat16"}, "another dtype .bfloat16, this run has float32.: give --dtype bfloat16"),
        ({"format": "dnalect scan 9"}, "has the format 'dnalect scan 9'"),
    ],
)
def test_a_scan_of_something_else_is_refused(model, genome, folder, changes, words):
    edit(folder, **changes)
    with pytest.raises(InputError, match=words):
        Precomputed(folder, genome, model)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"plan": 1}', '{"plan": {}, "contigs": []}'])
def test_a_damaged_manifest_is_named(model, genome, folder, text):
    (folder / MANIFEST).write_text(text)
    with pytest.raises(InputError, match="damaged"):
        Precomputed(folder, genome, model)


def test_a_folder_of_something_else(model, genome, tmp_path):
    with pytest.raises(InputError, match="no folder that dnalect scan wrote"):
        Precomputed(tmp_path, genome, model)


@pytest.mark.parametrize("harm", ["gone", "cut", "changed"])
def test_a_damaged_file_is_named(model, genome, folder, harm):
    path = folder / "chrA.parquet"
    data = path.read_bytes()
    path.unlink()
    if harm == "cut":
        path.write_bytes(data[:-50])
    elif harm == "changed":
        path.write_bytes(data[:4] + bytes(2000) + data[2004:])
    table = Precomputed(folder, genome, model)
    with pytest.raises(InputError, match=r"chrA\.parquet cannot be read .*; scan again"):
        table.at_sites(np.array([0]), np.array([100]))
