"""The questions over HTTP: the same records as Python's."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import dnalect
from dnalect import page
from dnalect.core.errors import InputError
from dnalect.inference.embed import embed
from dnalect.jobs.models_choose import advice
from dnalect.jobs.options import Wishes
from dnalect.serve import questions, schemas
from dnalect.serve.engine import Engine

SEQUENCE = "".join(np.random.default_rng(3).choice(list("ACGT"), 200))


def test_numbers_are_those_of_python(client, model_folder):
    asked = {"model": "tiny", "sequence": SEQUENCE, "start": 90, "end": 110}
    for question, key in (("probabilities", "log_probs"), ("substitutions", "ratios"), ("dependency", "map")):
        found = client.post(f"/api/{question}", json=asked).json()
        told = getattr(getattr(page, question)(str(model_folder), SEQUENCE, 90, 110), key)
        np.testing.assert_allclose(np.array(found[key], dtype=float), told, rtol=1e-5)


def test_nan_is_null(client):
    found = client.post("/api/substitutions", json={"model": "tiny", "sequence": "ACNGT"}).json()
    assert found["ratios"][2] == [None] * 4


def test_models_are_listed_with_those_that_were_named(client):
    found = client.post("/api/models").json()
    assert {"duplex-yeast", "duplex-human", "tiny"} <= {each["id"] for each in found}


def test_a_score_has_all_its_parts(client, model_folder):
    given = {"sequence": SEQUENCE, "at": 100, "ref": SEQUENCE[100], "alt": "ACGT"["ACGT".index(SEQUENCE[100]) - 1]}
    found = client.post("/api/score", json=given | {"model": "tiny"}).json()
    told = page.score(str(model_folder), **given)
    assert found["llr"] == pytest.approx(told.llr)
    assert found["windows"]["reference"] == told.windows.reference
    assert np.array(found["moved"], dtype=float).shape == told.moved.shape


@pytest.mark.parametrize(
    ("question", "body", "says"),
    [
        ("probabilities", {"model": "tiny", "sequence": "ACGT!"}, "no DNA"),
        (
            "probabilities",
            {"model": "/etc", "sequence": "ACGT"},
            "this server has no model '/etc'; it has attention-small, duplex",
        ),
        ("probabilities", {"sequence": "ACGT"}, "model: Field required"),
        ("score", {"model": "tiny", "sequence": "ACGT", "at": 1, "ref": "G", "alt": "A"}, "the sequence has C at 1"),
        ("dependency", {"model": "tiny", "sequence": "A" * 2000}, "at most 512 bases"),
        ("attention", {"model": "tiny", "sequence": "ACGT"}, "has no attention"),
        ("tokens", {"sequence": "ACGT"}, "give a model or a tokenizer"),
        ("tokens", {"sequence": "ACGT", "tokenizer": "/etc/passwd"}, "there is no tokenizer"),
    ],
)
def test_what_cannot_be_asked_is_422_and_a_sentence(client, question, body, says):
    found = client.post(f"/api/{question}", json=body)
    assert found.status_code == 422
    assert says in found.json()["error"]


def test_maps_that_take_too_long_are_refused_with_what_may_be_asked(options, monkeypatch):
    monkeypatch.setattr(questions, "AFFORDED", 10_000_000_000)
    engine = Engine({"slow": "duplex-yeast"}, "cpu", "float32")
    engine._cards["slow"] = {"likelihood": "masked", "parameters": 1_000_000, "context": 500}
    questions.afford(schemas.Part(model="slow", sequence="A" * 400, start=0, end=25), engine)
    with pytest.raises(InputError, match="at most 25 at once"):
        questions.afford(schemas.Part(model="slow", sequence="A" * 400, start=0, end=26), engine)
    with pytest.raises(InputError, match="at most 11 at once"):
        questions.afford(schemas.Part(model="slow", sequence="A" * 400, start=0, end=26), engine, of_map=True)


def test_embeddings_and_predictions_are_those_of_python(client, model_folder):
    asked = {"model": "tiny", "sequences": [SEQUENCE, "ACGT"]}
    found = client.post("/api/embed", json=asked).json()["vectors"]
    told = embed(dnalect.load(model_folder), asked["sequences"], quiet=True)
    np.testing.assert_allclose(found, told, rtol=1e-5)
    wrong = client.post("/api/predict", json=asked)
    assert wrong.status_code == 422
    assert "is a language model and predicts no label" in wrong.json()["error"]


def test_the_choice_is_that_of_the_command(client):
    found = client.post("/api/choose", json={"goals": ["variants"], "species": "yeast"}).json()
    assert found["fitting"][0] == "duplex-yeast"
    assert "knows Homo sapiens only" in found["ruled_out"]["duplex-human"]
    assert found["told"] == advice(Wishes(("variants",), "yeast"))


def test_a_question_that_nobody_waits_for_is_not_computed(client, monkeypatch):
    """Of what is asked while somebody types only the last answer is wanted."""
    monkeypatch.setattr(Engine, "ask", lambda *_: pytest.fail("it was computed"))
    come = iter([{"type": "http.request", "body": b'{"model": "tiny", "sequence": "ACGT"}', "more_body": False}])
    sent = []

    async def receive():
        return next(come, {"type": "http.disconnect"})

    async def send(message):
        sent.append(message)

    headers = [(b"host", b"127.0.0.1"), (b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/api/probabilities", "query_string": b"", "headers": headers}
    # In a thread: a test in a browser may keep an event loop in this one.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, client.app(scope | {"scheme": "http", "http_version": "1.1"}, receive, send)).result()
    assert sent[0]["status"] == 499
