"""Scores of a model that reads relatives: what the network says of the very windows, and refusals."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import dnalect
from dnalect.core.errors import ConfigError, InputError, ModelError
from dnalect.core.files import sha256
from dnalect.core.records import Variant
from dnalect.inference.likelihood import scorer_for
from dnalect.inference.likelihood.aligned import alternates
from dnalect.inference.scan import span_log_probs
from dnalect.jobs.bias import BiasOptions, bias
from dnalect.jobs.likelihood import run
from dnalect.jobs.options import LikelihoodOptions
from dnalect.jobs.scan.job import scan_genome
from dnalect.jobs.scan.options import Options as ScanOptions
from dnalect.jobs.selection import models_for
from dnalect.models.card import read_card
from dnalect.models.catalogue import aligned_cards, embedded
from dnalect.models.families.aligned import TRUNK, Aligned, AlignedConfig
from dnalect.relatives.alignment import names_in
from dnalect.relatives.laid import read_by
from dnalect.tokens.bases import encode
from dnalect.tokens.laid import base_of, lay, of_another
from forked import dnalect as dnalect_run
from models.aligning import RELATIVES, lay_relatives, make_aligned

FLANK = 48


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return dnalect.load(make_aligned(tmp_path_factory.mktemp("aligned") / "it"))


@pytest.fixture(scope="module")
def laid(fasta, tmp_path_factory):
    return lay_relatives(fasta, tmp_path_factory.mktemp("laid") / "laid")


@pytest.fixture(scope="module")
def read(fasta, laid):
    return read_by(laid, dnalect.open_genome(fasta), RELATIVES)


@pytest.fixture(scope="module")
def scorer(model, read):
    return scorer_for(model, read.genome, relatives=read)


def said(model, window):
    ids = torch.from_numpy(np.asarray(window, dtype=np.int64))[None]
    with torch.no_grad():
        found = model.network(ids, base_of(ids) != 4)[0].log_softmax(-1).double().numpy()
    return found


def made(read, start, ref, alt, contig=0):
    codes = [encode(each) for each in (ref, alt)]
    return Variant(contig, start, start + len(codes[0]), *codes)


def own(read, start, length=1):
    return read.genome.fetch(0, start, start + length).tobytes().decode().upper()


def other(base):
    return "ACGT"[("ACGT".index(base) + 1) % 4]


def test_a_substitution_is_what_the_network_says_with_the_relatives_on(model, read, scorer):
    for start in (1000, 4499, 5000):
        ref = own(read, start)
        (score,) = scorer.score([made(read, start, ref, other(ref))])
        logs = said(model, read.codes(0, start - 60, start + 61))[60]
        assert score.value == pytest.approx(logs[encode(other(ref))[0]] - logs[encode(ref)[0]], abs=1e-4)
        plain = said(model, encode(read.genome.fetch(0, start - 60, start + 61)))[60]
        assert (abs(plain - logs).max() > 1e-3) == (start < 4512)


def test_of_many_sites_the_tiles_say_the_same(model, read, scorer):
    sites = np.arange(900, 1400)
    dense = scorer.at_sites(np.zeros(500, dtype=np.int64), sites)
    lone = np.concatenate([scorer.at_sites(np.zeros(1, dtype=np.int64), sites[[at]]) for at in (0, 250, 499)])
    assert dense[[0, 250, 499]] == pytest.approx(lone, abs=1e-4)
    assert span_log_probs(model, read.genome, 0, 900, 1400, relatives=read) == pytest.approx(dense, abs=1e-4)


def test_neighbouring_substitutions_keep_the_relatives(model, read, scorer):
    start = 1200
    ref = own(read, start, 2)
    alt = "".join(map(other, ref))
    (score,) = scorer.score([made(read, start, ref, alt)])
    window = read.codes(0, start - 60, start + 62)
    (a, b), (x, y) = encode(ref), encode(alt)
    with_x, with_y = window.copy(), window.copy()
    with_x[60], with_y[61] = of_another(window[60], x), of_another(window[61], y)
    first, second = said(model, window), said(model, with_x)
    third, fourth = said(model, window), said(model, with_y)
    one = first[60, x] - first[60, a] + second[61, y] - second[61, b]
    two = third[61, y] - third[61, b] + fourth[60, x] - fourth[60, a]
    assert score.value == pytest.approx((one + two) / 2, abs=1e-4)
    (back,) = scorer.score([made(read, start, ref, ref[0] + alt[1])])
    assert back.kind in ("snv", "mnv")


def test_of_an_indel_the_relatives_stay_on_what_stays(model, read, scorer):
    background = scorer.log_background

    def gained(window):
        at = np.flatnonzero(base_of(window) != 4)
        bases = base_of(window)[at]
        return (said(model, window)[at, bases] - background[bases]).sum()

    start = next(at for at in range(1500, 1600) if len({*own(read, at - 1, 3)}) == 3)
    ref = own(read, start)
    around = read.codes(0, start - FLANK, start + 1 + FLANK)
    (score,) = scorer.score([made(read, start, ref, "")])
    assert score.value == pytest.approx(gained(np.delete(around, FLANK)) - gained(around), abs=1e-3)
    new = next(base for base in "ACGT" if base not in own(read, start - 1, 2))
    around = read.codes(0, start - FLANK, start + FLANK)
    (score,) = scorer.score([made(read, start, "", new)])
    longer = np.insert(around, FLANK, encode(new)[0])
    assert score.value == pytest.approx(gained(longer) - gained(around), abs=1e-3)


def test_an_indel_that_slides_is_the_mean_of_both_ends():
    rng = np.random.default_rng(0)
    three = lay(encode("AAA"), rng.integers(0, 4, (3, 3)).astype(np.uint8))
    first, last = alternates(three, encode("AA"))
    assert first.tolist() == three[1:].tolist()
    assert last.tolist() == three[:2].tolist()
    first, last = alternates(three, encode("AAAAA"))
    assert first.tolist() == [0, 0, *three]
    assert last.tolist() == [*three, 0, 0]
    assert [each.tolist() for each in alternates(three, encode("CG"))] == [[1, 2]] * 2
    assert base_of(alternates(three, encode("CGT"))[0]).tolist() == [1, 2, 3]
    assert (alternates(three, encode("CGT"))[1] >> 3).tolist() == (three >> 3).tolist()


def test_from_the_command_line(fasta, laid, model, tmp_path):
    genome = dnalect.open_genome(fasta)
    base = genome.fetch(0, 999, 1000).tobytes().decode().upper()
    (tmp_path / "in.tsv").write_text(f"chrom\tpos\tref\talt\nchrA\t1000\t{base}\t{other(base)}\n")
    given = ["score", fasta, tmp_path / "in.tsv", "--model", model.source, "--background", 100]
    done = dnalect_run(*given, "--alignment", laid, "-o", tmp_path / "out.vcf", text=True)
    assert done.returncode == 0, done.stderr
    assert "nothing is aligned to 1 contigs (chrB)" in done.stderr
    written = (tmp_path / "out.vcf").read_text()
    assert "##dnalect_relatives=laid " in written
    assert "llr-aligned-1" in written
    assert "DNALECT_COLUMN" not in written
    assert dnalect_run(*given, "-o", tmp_path / "no.vcf", text=True).returncode != 0
    assert not (tmp_path / "no.vcf").exists()


def score(fasta, model, **options):
    return list(dnalect.score_variants(fasta, [("chrA", 1000, "A", "C")], model, percentiles=False, **options))


def test_what_does_not_go_together_is_refused(fasta, laid, model, model_folder, tmp_path):
    with pytest.raises(ConfigError, match="reads the bases of relatives beside the sequence"):
        score(fasta, model)
    for other_score in ("column", "influence", "distance", "junction"):
        with pytest.raises(ConfigError, match=f"no '{other_score}' beside"):
            score(fasta, model, alignment=str(laid), scores=["llr", other_score])
    with pytest.raises(InputError, match="the model reads far, near, other"):
        score(fasta, model, alignment=str(lay_relatives(fasta, tmp_path / "laid", ("x", "y"))))
    with pytest.raises(ModelError, match="of the sequence alone"):
        score(fasta, model, alignment=str(laid), precomputed="nothing")
    with pytest.raises(ConfigError, match="give --alignment"):
        scan_genome(ScanOptions(str(fasta), (str(tmp_path / "a.parquet"),), model.source))
    with pytest.raises(ConfigError, match="leave --alignment out"):
        scan_genome(ScanOptions(str(fasta), (str(tmp_path / "a.parquet"),), str(model_folder), alignment=str(laid)))


def test_a_scan_reads_the_relatives(fasta, laid, model, read, tmp_path):
    out = tmp_path / "a.parquet"
    scan_genome(ScanOptions(str(fasta), (str(out),), model.source, ("chrA:901-1000",), alignment=str(laid)), 1 << 15)
    import pyarrow.parquet as pq

    table = pq.read_table(next(out.glob("*.parquet"))).to_pydict()
    logs = span_log_probs(model, read.genome, 0, 900, 1000, relatives=read)
    codes = encode(read.genome.fetch(0, 900, 1000))
    wanted = logs - logs[np.arange(100), codes][:, None]
    found = np.array([table[f"llr_{base}"] for base in "ACGT"], dtype=np.float64).T
    assert np.nan_to_num(found) == pytest.approx(wanted, abs=5e-3)


@pytest.fixture(scope="module")
def beside_yeast():
    """A model that reads relatives, drawn at random beside the duplex of yeast that ships."""
    card = read_card(embedded("duplex-yeast"))
    told = {"name": card.id, "revision": card.revision, "sha256": card.sha256}
    sizes = {**card.config, "beside": 5, "beside_dilations": (1, 2), "hidden": 7, "relatives": RELATIVES}
    return told, Aligned(AlignedConfig(**sizes))


def without_trunk(folder, made, told):
    tensors = {name: each for name, each in made.state_dict().items() if not name.startswith(TRUNK)}
    folder = make_aligned(folder, made)
    save_file(tensors, folder / "model.safetensors")
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(
        json.dumps(card | {"trunk": told, "sha256": sha256(folder / "model.safetensors")})
    )
    return folder


def test_a_trunk_that_ships_is_not_in_the_folder(beside_yeast, tmp_path):
    told, made = beside_yeast
    found = dnalect.load(without_trunk(tmp_path / "it", made, told))
    shipped = dnalect.load("duplex-yeast")
    for name, parameter in shipped.network.named_parameters():
        assert torch.equal(found.network.trunk.get_parameter(name), parameter)
    found.save(tmp_path / "whole")
    again = dnalect.load(tmp_path / "whole")
    assert again.card.trunk == {}
    assert all(torch.equal(a, b) for a, b in zip(again.network.parameters(), found.network.parameters(), strict=True))


def test_another_trunk_is_refused(beside_yeast, tmp_path):
    told, made = beside_yeast
    for number, (wrong, message) in enumerate(
        [
            ({"sha256": "0" * 64}, "is not the trunk of"),
            ({"name": "duplex-maize"}, "no duplex that ships"),
            ({"name": "attention-small", "revision": "1"}, "ships attention-small@1|no duplex that ships"),
            ({"revision": "000000000000"}, "this dnalect ships duplex-yeast@3"),
        ]
    ):
        with pytest.raises(ModelError, match=message):
            dnalect.load(without_trunk(tmp_path / str(number), made, told | wrong))


def test_where_the_relatives_are_at_hand_the_model_that_reads_them_is_the_default():
    genome = dnalect.open_genome(dnalect.demo_files().reference)
    (card,) = aligned_cards()
    names = names_in(dnalect.demo_files().alignment)
    assert models_for(genome, None, None, names) == [card.id]
    assert models_for(genome, None, None, names[1:]) == ["duplex-yeast"] == models_for(genome, None)
    assert models_for(genome, "duplex-yeast@1", None, names) == ["duplex-yeast@1"]
    assert names_in("no/such/folder") == ()


@pytest.mark.filterwarnings("ignore:it learned from 100%")
def test_its_bits_are_measured_with_the_relatives(fasta, laid, model):
    told = LikelihoodOptions(model.source, reference=str(fasta), regions=("chrA:901-1400",), markov=False)
    with pytest.raises(ConfigError, match="give --alignment"):
        run(told)
    row = next(each for each in run(replace(told, alignment=str(laid))) if each.region == "all")
    read = read_by(laid, dnalect.open_genome(fasta), RELATIVES)
    codes = encode(read.genome.fetch(0, 900, 1400))
    # A stretch is read on its own: nothing is known of what lies beyond it.
    logs = said(model, read.codes(0, 900, 1400))
    wanted = -logs[np.arange(500), codes.astype(np.int64)][codes < 4].mean() / np.log(2)
    assert row.bits.mean == pytest.approx(wanted, abs=1e-4)


@pytest.mark.filterwarnings("ignore:it learned from 100%")
def test_its_bias_is_measured_with_the_relatives(fasta, laid, model):
    told = BiasOptions(model.source, reference=str(fasta), regions=("chrA:901-2900",))
    with pytest.raises(ConfigError, match="give --alignment"):
        bias(told)
    found = bias(replace(told, alignment=str(laid)))
    read = read_by(laid, dnalect.open_genome(fasta), RELATIVES)
    codes = encode(read.genome.fetch(0, 900, 2900))
    known, own = codes < 4, np.minimum(codes, 3)
    bits, plain = (
        -said(model, each)[np.arange(2000), own][known].mean() / np.log(2) for each in (read.codes(0, 900, 2900), codes)
    )
    by_gc = [each for each in found if each.question.startswith("G and C within")]
    total = sum(each.bits.mean * each.bases for each in by_gc)
    # Kinds of few bases are left out.
    assert total / sum(each.bases for each in by_gc) == pytest.approx(bits, abs=0.02)
    assert abs(bits - plain) > 0.1
