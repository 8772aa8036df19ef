"""Every head learns what is planted, and only from the windows that have a label for it."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

import dnalect
from dnalect.core.errors import ConfigError, DnalectError, ModelError
from dnalect.genome.fasta import open_genome
from dnalect.genome.regions import Region
from dnalect.inference.likelihood import MaskedScorer
from dnalect.jobs.options import PretrainOptions
from dnalect.jobs.pretrain import pretrain
from dnalect.models.heads import load_heads
from dnalect.tokens.names import named
from dnalect.training import loop
from dnalect.training.config import read_config
from dnalect.training.corpus import Corpus, Source
from dnalect.training.multitask import head_loss, pooled
from dnalect.training.optim import build
from dnalect.training.pretrain import identity_of
from dnalect.training.recipes import recipe_of
from dnalect.training.tasks import Asked, majority, means, open_tasks, token_range
from tests.training.toy_heads import KEPT, MARKS, REGION, STRETCH, make_toy, write

CPU = torch.device("cpu")
LOSSES = ("region", "marks", "kept")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make_toy(tmp_path_factory.mktemp("toy"))


@pytest.fixture(scope="module")
def run(data):
    return pretrain(PretrainOptions(write(data), data / "run", data))


def log_of(folder):
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def made(data, heads=REGION + MARKS + KEPT, contigs=(0,), batch=4):
    """Recipe, tasks and corpus of some contigs (t, u, v, h)."""
    config = read_config(write(data, heads, name="made"))
    genome = open_genome(data / "toy.fa")
    train = [Region(0, 0, int(genome.lengths[0]))]
    tasks = open_tasks(config.heads, {"toy": (genome, train)}, data)
    torch.manual_seed(config.seed)
    recipe = recipe_of(config, lambda name: named(name), tasks)
    regions = [Region(contig, 0, int(genome.lengths[contig])) for contig in contigs]
    return recipe, tasks, Corpus([Source(genome, regions)], 180, batch, 1), config


def test_every_head_learns_and_its_loss_is_logged(run):
    last = log_of(run)[-1]
    for part in ("train", "validation"):
        assert last[f"{part}_loss_region"] < 0.3
        assert last[f"{part}_loss_marks"] < 0.35
        assert last[f"{part}_loss_kept"] < 0.3
    card = dnalect.load(run).card
    assert card.figures["validation_loss_kept"] == round(last["validation_loss_kept"], 4)
    marks = next(each for each in card.heads["each"] if each["name"] == "marks")
    assert marks["outputs"] == ["open", "strong", "weak"]
    assert marks["found"] == ["strong: 420 of 420 sequences placed", "weak: 140 of 140 sequences placed"]


def test_the_encoder_is_a_model_that_scores(run, data):
    model = dnalect.load(run)
    assert (model.can.likelihood, model.card.family) == ("masked", "logo")
    assert model.card.parameters == sum(p.numel() for p in model.network.parameters())
    log_probs = MaskedScorer(model, open_genome(data / "toy.fa"), flank=40).at_sites(np.array([0]), np.array([100]))
    assert np.exp(log_probs).sum() == pytest.approx(1, abs=1e-5)


def test_heads_reload_equal_and_a_changed_file_is_refused(run, data, tmp_path):
    kept = torch.load(run / "checkpoint.pt", weights_only=True)["network"]
    heads = load_heads(run)
    for name, p in heads.named_parameters():
        assert torch.equal(p, kept[f"heads.{name}"])
    assert heads.specs["kept"].centre == pytest.approx(2, abs=0.02)
    assert heads.specs["kept"].spread == pytest.approx(2, abs=0.05)
    states = torch.randn(5, 64)
    assert heads.predict("region", states).sum(-1).tolist() == pytest.approx([1] * 5)
    (tmp_path / "card.json").write_text((run / "card.json").read_text())
    with pytest.raises(ModelError, match=r"has no heads.safetensors"):
        load_heads(tmp_path)
    junk = bytearray((run / "heads.safetensors").read_bytes())
    junk[-1] ^= 1
    (tmp_path / "heads.safetensors").write_bytes(junk)
    with pytest.raises(ModelError, match="the SHA-256 differs"):
        load_heads(tmp_path)
    (tmp_path / "heads.safetensors").write_bytes((run / "heads.safetensors").read_bytes())
    card = json.loads((run / "card.json").read_text())
    card["heads"]["each"][0]["outputs"].pop()
    (tmp_path / "card.json").write_text(json.dumps(card))
    with pytest.raises(ModelError, match=r"maps.region.weight has the shape \(5, 64\) instead of \(4, 64\)"):
        load_heads(tmp_path)


def test_an_interrupted_run_resumes_to_the_same_log_and_bytes(run, data, monkeypatch):
    real, count = loop._step, iter(range(1000))

    def killed(*arguments):
        if next(count) == 31:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(loop, "_step", killed)
    with pytest.raises(KeyboardInterrupt):
        pretrain(PretrainOptions(write(data), data / "part", data))
    monkeypatch.setattr(loop, "_step", real)
    assert torch.load(data / "part" / "checkpoint.pt", weights_only=True)["at"]["step"] == 27
    part = pretrain(PretrainOptions(write(data), data / "part", data))
    told = [[{k: v for k, v in entry.items() if k != "seconds"} for entry in log_of(each)] for each in (part, run)]
    assert told[0] == told[1]
    for file in ("model.safetensors", "heads.safetensors"):
        assert (part / file).read_bytes() == (run / file).read_bytes()


def test_without_heads_it_is_todays_recipe_and_begins_alike(data):
    plain, _, _, config = made(data, "")
    both, _, corpus, _ = made(data)
    assert type(plain).__name__ == "FamilyRecipe"
    assert '"heads"' not in identity_of(config, {}).config
    theirs = dict(both.model.named_parameters())
    assert all(torch.equal(p, theirs[name]) for name, p in plain.model.named_parameters())
    batch = corpus.draw(0)
    assert torch.equal(plain.loss(plain.network, batch, CPU), both.loss(both.network, batch, CPU).main)


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_a_batch_without_a_label_leaves_the_head_untouched(data, optimizer):
    recipe, _, corpus, config = made(data, contigs=(1,))
    optimizers = build(recipe.network, replace(config.optim, optimizer=optimizer))
    before = {name: p.clone() for name, p in recipe.network.named_parameters()}
    losses = recipe.loss(recipe.network, corpus.draw(0), CPU)
    assert set(losses.others) == {"region", "marks"}
    losses.total.backward()
    for each in optimizers:
        each.step()
    for name, p in recipe.network.named_parameters():
        untouched = name.startswith("heads.maps.kept")
        assert (p.grad is None) == untouched
        assert torch.equal(p, before[name]) == untouched


def test_windows_and_tracks_without_a_label_get_no_gradient(data):
    recipe, tasks, corpus, _ = made(data, contigs=(0, 1), batch=24)
    batch = corpus.draw(0)
    contig, start = batch.places[:, 1], batch.places[:, 2]
    assert {0, 1} <= set(contig.tolist())
    reading = recipe.objective.read(recipe.model, batch, CPU)
    for task, silent in zip(tasks, (contig < 0, (contig == 1) & (start >= 20 * STRETCH), contig == 1), strict=True):
        last = reading.last.detach().requires_grad_()
        asked = task.asked(batch, reading.encoding)
        head_loss(recipe.heads, task.spec, last, asked)[0].backward()
        reached = (last.grad != 0).flatten(1).any(1).numpy()
        assert np.array_equal(reached, ~silent)
    for parameter in recipe.heads.parameters():
        parameter.grad = None
    _, _, only_u, _ = made(data, contigs=(1,))
    marks, batch = tasks[1], only_u.draw(0)
    reading = recipe.objective.read(recipe.model, batch, CPU)
    head_loss(recipe.heads, marks.spec, reading.last, marks.asked(batch, reading.encoding))[0].backward()
    weight = recipe.heads.maps["marks"].weight.grad
    assert weight[0].abs().sum() > 0
    assert not weight[1:].any()


def test_a_placed_window_counts_where_half_of_it_is_inside(data):
    _, tasks, corpus, _ = made(data)
    marks = tasks[1]
    batch = replace(corpus.draw(0), places=np.array([[0, 0, 10 * STRETCH + shift] for shift in (29, 30, 31, 0)]))
    spans = np.stack([named("logo-3").encode(["A" * 180]).spans[0]] * 4)
    found = marks.of_windows(batch, np.arange(4), batch.places[:, 1:], spans)
    seen = {(row, begin, end) for row, begin, end in zip(found.rows, found.begins, found.ends, strict=True)}
    cut = {(0, 0, 10), (0, 11, 30), (0, 31, 50), (1, 0, 10), (1, 10, 30), (1, 30, 50), (1, 50, 60)}
    cut |= {(2, 10, 29), (2, 30, 49), (2, 50, 60), (3, 0, 20), (3, 20, 40), (3, 40, 60)}
    assert seen == cut
    labels = found.truth[(found.rows == 3)]
    assert np.array_equal(labels[:, 1], [0, 1, 0])
    short = replace(batch, lengths=np.array([180, 180, 180, 100]))
    few = marks.of_windows(short, np.arange(4), batch.places[:, 1:], spans)
    assert (few.rows == 3).sum() == 2


def test_labels_of_tokens_equal_the_plain_ones():
    rng = np.random.default_rng(5)
    spans = np.sort(rng.integers(0, 41, (3, 12, 2)), axis=-1).astype(np.int32)
    values = np.where(rng.random((3, 40)) < 0.4, np.nan, rng.normal(size=(3, 40))).astype(np.float16)
    codes = rng.choice([0, 1, 2, 255], (3, 40)).astype(np.uint8)
    found, classes = means(values, spans), majority(codes, spans, 3)
    for row in range(3):
        for token, (low, high) in enumerate(spans[row].tolist()):
            known = [float(v) for v in values[row, low:high] if v == v]
            assert found[row, token] == pytest.approx(np.mean(known) if known else np.nan, rel=1e-4, nan_ok=True)
            mine = [int(c) for c in codes[row, low:high] if c != 255]
            assert classes[row, token] == (max(range(3), key=mine.count) if mine else -1)
    assert token_range(np.array([[0, 0], [0, 3], [3, 6], [6, 9], [0, 0]], dtype=np.int32), 2, 9) == (2, 4)
    assert token_range(np.array([[0, 3]], dtype=np.int32), 1, 9) is None


def test_states_are_averaged_over_each_range():
    last = torch.randn(2, 9, 4)
    asked = Asked(np.array([1, 0, 1]), np.array([2, 0, 8]), np.array([6, 9, 9]), np.zeros((3, 1)))
    plain = torch.stack([last[1, 2:6].mean(0), last[0].mean(0), last[1, 8]])
    assert torch.allclose(pooled(last, asked), plain, atol=1e-6)
    single = Asked(np.array([1, 0]), np.array([2, 0]), np.array([3, 1]), np.zeros((2, 1)))
    assert torch.equal(pooled(last, single), torch.stack([last[1, 2], last[0, 0]]))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('kind = "classes"', 'kind = "class"', 'kind = "class": must be one of classes, tracks, signal'),
        ('name = "region"', 'name = "marks"', "two heads have one name"),
        ('name = "region"', 'name = "Region 1"', "name must be a word"),
        ('name = "region"', 'name = "keys"', "name must be a word"),
        ("weight = 0.5\npromoter", "weight = 0\npromoter", "heads.0.*weight = 0: must be a number, above 0"),
        ('genome = "toy"', 'genome = "yeast"', "region: genome must be one of toy"),
        ('annotation = "toy.gff"', 'placed = { a = "strong.csv" }', "region: classes need an annotation"),
        ('within = "within.bed"', 'annotation = "toy.gff"', "marks: tracks need .* take no annotation"),
        ("placed = { strong =", "placed = { open =", "marks: two tracks have one name"),
        ('bed = { open = "toy.bed" }', 'bed = "toy.bed"', 'heads.1.*bed = "toy.bed": must be a table with texts'),
        ('bigwig = "toy.bw"', 'bigwig = { a = "toy.bw" }', "kept: a signal needs bigwig = FILE"),
        ("[[heads]]", "[heads]", "must be a list of tables|no TOML"),
        ("weight = 0.5", "wait = 0.5", r"wait is unknown. Did you mean within or weight"),
        ('annotation = "toy.gff"', 'annotation = "none.gff"', "cannot read the GFF .*none.gff"),
        ('open = "toy.bed"', 'open = "other.bed"', "names none of the contigs of toy.fa .* rename its first column"),
        ('strong = "strong.csv"', 'strong = "three.csv"', "must be 0 or 1, not 2; make a table for each class"),
        ('strong = "strong.csv"', 'strong = "both.csv"', "a sequence has both labels"),
        ('strong = "strong.csv"', 'strong = "alien.csv"', "none of its 1 sequences .* give a table of this assembly"),
        ('strong = "strong.csv"', 'strong = "held.csv"', "no label of strong lies in the training regions"),
    ],
)
def test_wrong_heads_name_what_to_mend(data, old, new, message):
    text = (data / "toy.fa").read_text().split("\n")
    (data / "other.bed").write_text("chr9\t0\t10\n")
    (data / "three.csv").write_text(f"sequence,label\n{text[1][:60]},2\n")
    (data / "both.csv").write_text(f"sequence,label\n{text[1][:60]},0\n{text[1][:60]},1\n")
    (data / "alien.csv").write_text(f"sequence,label\n{'ACGT' * 9},1\n")
    (data / "held.csv").write_text(f"sequence,label\n{text[7][:60]},1\n")
    heads = (REGION + MARKS + KEPT).replace(old, new, 1)
    assert heads != REGION + MARKS + KEPT
    with pytest.raises(DnalectError, match=message):
        pretrain(PretrainOptions(write(data, heads, name="wrong"), data / "wrong", data))


def test_a_duplex_takes_no_heads(data):
    text = write(data, REGION, name="duplex").read_text()
    text = text.replace(
        'family = "logo"\nlike = "logo-3"\ntokenizer = "logo-3"\nscale = 0.25\nlongest = 128', "width = 8"
    )
    (data / "duplex.toml").write_text(text)
    with pytest.raises(ConfigError, match="are for masked models"):
        read_config(data / "duplex.toml")
