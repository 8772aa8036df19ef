"""Who may ask, how much may be sent, and what is not reached by any name."""

import pytest
from fastapi.testclient import TestClient

from dnalect.serve.app import app_of
from dnalect.serve.options import Options
from serve.conftest import HOST


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8765", "127.0.0.1.evil.example", "", "[::1", "10.0.0.2"]
)
def test_a_foreign_host_is_refused(client, host):
    found = client.get("/files", headers={"host": host})
    assert found.status_code == 403
    assert "answers to 127.0.0.1 and localhost alone" in found.json()["error"]


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "localhost:9000", "[::1]:8765"])
def test_this_machine_is_answered_under_any_port(client, host):
    assert client.get("/jobs", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http:"},
        {"origin": "127.0.0.1:8765"},
        {"origin": "http://127.0.0.1:9999"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "cors"},
        {"sec-fetch-site": "same-site", "sec-fetch-mode": "navigate"},
    ],
)
def test_a_foreign_origin_is_refused(client, headers):
    found = client.post("/api/models", headers=headers)
    assert found.status_code == 403
    assert "another site asked" in found.json()["error"]
    assert "access-control-allow-origin" not in found.headers


def test_its_own_pages_may_ask_and_a_link_from_elsewhere_may_lead_to_a_page(client):
    assert client.post("/api/models", headers={"origin": HOST, "sec-fetch-site": "same-origin"}).status_code == 200
    led = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert client.get("/files", headers=led).status_code == 200
    assert client.get("/api/jobs", headers=led).status_code == 403


def test_answers_allow_no_script_from_elsewhere_and_none_inline(client):
    for address in ("/", "/files", "/scan", "/jobs", "/models", "/models/tiny", "/api/jobs"):
        policy = client.get(address).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "frame-ancestors 'none'" in policy
    for address in ("/files", "/scan", "/jobs", "/models"):
        text = client.get(address).text
        assert "<script>" not in text
        assert "onclick" not in text


def test_an_upload_is_bounded_by_what_it_says_and_by_what_comes(client, options):
    most = options.upload_mb * 1_000_000
    told = client.put("/api/files/a.vcf", content=b"x" * (most + 1))
    assert told.status_code == 413
    assert "more than 1,000,000 bytes" in told.json()["error"]

    def streamed():
        for _ in range(most // 50_000 + 2):
            yield b"x" * 50_000

    told = client.put("/api/files/a.vcf", content=streamed())
    assert told.status_code == 413
    assert "more than 1,000,000 bytes" in told.json()["error"]
    assert client.get("/api/files").json()["dropped"] == []
    assert not list((options.work / "dropped").iterdir())


def test_a_question_is_bounded(client):
    found = client.post("/api/tokens", content=b"[" * 1_100_000, headers={"content-type": "application/json"})
    assert found.status_code == 413


@pytest.mark.parametrize(
    "name",
    ["..%2F..%2Fx.vcf", "%2e%2e%2fx.vcf", ".hidden.vcf", "a%00.vcf", "a%0ab.vcf", "C:%5Cx.vcf", "x.vcf%2F..%2Fy.vcf"],
)
def test_a_name_never_becomes_a_path(client, options, name):
    before = set(options.work.rglob("*"))
    found = client.put(f"/api/files/{name}", content=b"x")
    assert found.status_code in (404, 405, 422)
    assert set(options.work.rglob("*")) == before


@pytest.mark.parametrize("name", ["x.exe", "x", "genome.fa", "x.vcf.zip"])
def test_only_variants_are_dropped(client, name):
    found = client.put(f"/api/files/{name}", content=b"x")
    assert found.status_code == 422
    assert "no file of variants" in found.json()["error"]


@pytest.mark.parametrize(
    "genome", ["/etc/passwd", "data/../secret.fa", "data/link.fa", "../secret.fa", "data/tiny.gff3", "tiny.fa", "\0"]
)
def test_only_files_of_the_folders_are_named(client, genome):
    found = client.post("/api/jobs", json={"variants": "demo/promoter_variants.vcf.gz", "genome": genome})
    assert found.status_code == 422
    assert "there is no genome" in found.json()["error"]
    assert "/" not in found.json()["error"].replace(repr(genome)[1:-1], "").replace("data/", "").replace("demo/", "")


@pytest.mark.parametrize("path", ["/static/../app.py", "/static/%2e%2e/app.py", "/front/..%2f..%2fserve/app.py"])
def test_static_files_are_those_of_their_folder(client, path):
    assert client.get(path).status_code == 404


@pytest.fixture(scope="module")
def open_to_all(tmp_path_factory):
    options = Options(host="0.0.0.0", work=tmp_path_factory.mktemp("token"))
    with TestClient(app_of(options, "a-token-of-words"), base_url="http://machine.lab:8765") as found:
        yield found


def test_elsewhere_a_token_is_asked_for(open_to_all):
    for given in ({}, {"authorization": "Bearer wrong"}, {"cookie": "dnalect-token=wrong"}, {"cookie": b"\xe9=\xff"}):
        refused = open_to_all.get("/jobs", headers=given)
        assert refused.status_code == 401
        assert "?token=" in refused.json()["error"]
    assert open_to_all.get("/jobs?token=wrong").status_code == 401
    assert open_to_all.get("/jobs", headers={"authorization": "Bearer a-token-of-words"}).status_code == 200


def test_a_token_in_the_address_becomes_a_cookie_and_leaves_the_address(open_to_all):
    led = open_to_all.get("//evil.example/jobs?goal=speed&token=a-token-of-words", follow_redirects=False)
    assert led.status_code == 303
    assert not led.headers["location"].startswith("//")
    led = open_to_all.get("/models?goal=speed&token=a-token-of-words", follow_redirects=False)
    assert led.headers["location"] == "/models?goal=speed"
    cookie = led.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert open_to_all.get("/jobs").status_code == 200
