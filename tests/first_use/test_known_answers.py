"""Known answers: a machine, or weights, that say something else are caught, and what nobody knows yet can be sent."""

import json

import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file, save_file

import dnalect
from conftest import make_model
from dnalect.cli.main import dnalect as command
from dnalect.core.files import sha256
from dnalect.inference import answers
from dnalect.jobs.models_verify import NO_ANSWER, verify
from dnalect.models.catalogue import EMBEDDED, PUBLISHED
from inference.predictors import make_predictor
from models.folders import make


def run(*words):
    return CliRunner().invoke(command, ["models", "verify", *map(str, words)])


def test_every_model_that_ships_has_its_known_answer():
    folders = [path.parent for path in EMBEDDED.glob("*/card.json")]
    assert folders
    for folder in folders:
        known = answers.read_answer(folder / answers.FILE)
        card = json.loads((folder / "card.json").read_text())
        # Those of published families are digests of the parameters, whatever file holds them.
        assert known["weights"] == card["sha256"] or card["family"] not in ("duplex", "predictor")
        assert (known["model"], len(known["sequence"])) == (card["id"], 64)
        assert known["shape"][0] == (1 if card["family"] == "predictor" else 64)


def test_a_model_that_ships_says_what_it_should_in_both_precisions():
    done = run("duplex-human")
    assert done.exit_code == 0, done.output
    assert "known answer: ok, logits of 64 bases" in done.output
    assert "tolerance" in done.output
    assert "in bfloat16" in list(verify("duplex-human", dtype="bfloat16"))[-1]


def tampered(folder, by):
    """Change one weight, and the card with it, as if nothing had happened."""
    path = folder / "model.safetensors"
    tensors = load_file(path)
    name = max(tensors, key=lambda each: tensors[each].numel())
    tensors[name].view(-1)[:8] += by
    save_file(tensors, path)
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps(card | {"sha256": sha256(path)}))


@pytest.mark.parametrize("kind", ["duplex", "predictor"])
def test_tampered_weights_are_caught(tmp_path, kind):
    folder = make_model(tmp_path / "base")
    if kind == "predictor":
        folder = make_predictor(tmp_path / "tuned", folder)
    assert NO_ANSWER in run(folder).output
    assert "written to" in run(folder, "--write").output
    assert "known answer: ok" in run(folder).output
    if kind == "predictor":
        return
    tampered(folder, 0.5)
    done = run(folder)
    assert done.exit_code == 1
    assert "differ from" in str(done.exception)
    assert "another checksum" in str(done.exception)
    assert "tolerance" in str(done.exception)


def test_a_change_below_the_tolerance_is_caught_by_the_checksum(tmp_path):
    folder = make_model(tmp_path / "base")
    run(folder, "--write")
    tampered(folder, 1e-7)
    done = run(folder)
    assert done.exit_code == 1
    assert "another checksum" in str(done.exception)


def test_a_published_family_compares_tokens_with_many_words_and_says_what_to_send(tmp_path):
    folder = make("nt-v1", tmp_path / "m")
    assert run(folder, "--write").exit_code == 0
    known = json.loads((folder / answers.FILE).read_text())
    assert len(known["columns"]) == answers.KEPT
    assert len(known["values"][0]) == answers.KEPT + 1
    assert "known answer: ok" in run(folder).output
    model = dnalect.load(folder)
    with torch.no_grad():
        for parameter in model.network.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    found = answers.compared(model, known["weights"], known)
    assert not found.same
    assert found.largest > found.tolerance
    from dnalect.jobs.models_verify import _what_to_send

    told = _what_to_send(PUBLISHED["dnabert-6"], tmp_path / "dnabert-6.json")
    assert "zhihan1996/DNA_bert_6 --as dnabert-6 --write" in told
    assert "tracker" in told


def test_what_is_no_known_answer_says_so(tmp_path):
    folder = make_model(tmp_path / "base")
    for text in ("{", "[]", "{}", json.dumps({"format": answers.FORMAT, "sequence": "ACGT", "values": [[1]]})):
        (folder / answers.FILE).write_text(text)
        done = run(folder)
        assert done.exit_code == 1, text
        assert str(done.exception), text
    run(folder, "--write")
    known = json.loads((folder / answers.FILE).read_text())
    (folder / answers.FILE).write_text(json.dumps(known | {"values": known["values"][:-1]}))
    assert "63" in str(run(folder).exception)
    assert run(folder, "--write", "--dtype", "bfloat16").exit_code != 0
