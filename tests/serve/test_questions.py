"""The questions over HTTP: the same records as Python's."""

import numpy as np
import pytest

from dnalect import page

pytest.importorskip("fastapi")
from fastapi.testclient import TestClient

from dnalect.serve.app import app_of
from dnalect.serve.options import Options

SEQUENCE = "".join(np.random.default_rng(3).choice(list("ACGT"), 200))


@pytest.fixture(scope="module")
def client(model_folder):
    return TestClient(app_of(Options(models=(str(model_folder),))), base_url="http://127.0.0.1:8765")


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
            "this server has no model '/etc'; it has duplex",
        ),
        ("probabilities", {"sequence": "ACGT"}, "model: Field required"),
        ("score", {"model": "tiny", "sequence": "ACGT", "at": 1, "ref": "G", "alt": "A"}, "the sequence has C at 1"),
        ("dependency", {"model": "tiny", "sequence": "A" * 2000}, "at most 1,024 bases"),
        ("attention", {"model": "tiny", "sequence": "ACGT"}, "has no attention"),
        ("tokens", {"sequence": "ACGT"}, "give a model or a tokenizer"),
        ("tokens", {"sequence": "ACGT", "tokenizer": "/etc/passwd"}, "there is no tokenizer"),
    ],
)
def test_what_cannot_be_asked_is_422_and_a_sentence(client, question, body, says):
    found = client.post(f"/api/{question}", json=body)
    assert found.status_code == 422
    assert says in found.json()["error"]
