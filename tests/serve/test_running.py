"""`dnalect serve` as a process: killed in mid-scoring, started again, asked by many, asked by the lines of the docs."""

import json
import os
import re
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from dnalect.core.errors import ConfigError
from dnalect.serve.options import Options
from dnalect.serve.run import bound
from inference.predictors import make_predictor
from serve.conftest import settled
from why.tiny import bases_with_attention

PAGE = Path(__file__).resolve().parents[2] / "docs" / "serve.md"
CURL = re.findall(r"^curl .*$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
CLIENTS = 50
QUESTIONS, PAGES = ("probabilities", "substitutions"), ("/", "/files", "/jobs", "/models", "/api/jobs")


def killed_in_mid_scoring(served, work, vcf):
    """Kill a server with a job at work; return the id of the job."""
    first = served(work)
    with httpx2.Client(base_url=first.address, timeout=30) as client:
        told = client.put("/api/files/mine.vcf", content=vcf(400).encode()).json()
        asked = {"variants": told["name"], "genome": "data/tiny.fa", "annotation": "data/tiny.gff3", "model": "tiny"}
        job = client.post("/api/jobs", json=asked | {"scores": ["llr"]}).json()["id"]
        while client.get(f"/api/jobs/{job}").json()["progress"] is None:
            time.sleep(0.02)
    first.end(signal.SIGKILL)
    left = [each.name for each in (work / "jobs" / job).iterdir()]
    assert not {"scored.vcf.gz", "scored.tsv", "report.html"} & set(left)
    return job


def asked_by_many(address):
    """Let CLIENTS ask at once, each a question and a page; return the status of every answer."""

    def one(number):
        with httpx2.Client(base_url=address, timeout=120) as client:
            part = {"model": "tiny", "sequence": "ACGGT" * 30, "start": number, "end": number + 20}
            question, page = QUESTIONS[number % len(QUESTIONS)], PAGES[number % len(PAGES)]
            told = [client.post(f"/api/{question}", json=part), client.get(page)]
            return [each.status_code for each in told]

    with ThreadPoolExecutor(CLIENTS) as pool:
        return [status for found in pool.map(one, range(CLIENTS)) for status in found]


def by_the_lines_of_the_page(address, done, folder):
    """Run every line with curl, as a shell does; return line -> what it printed. done: a job that is."""
    (folder / "variants.vcf").write_text("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n")
    names, found = {"NAME": "", "JOB": done}, {}
    for line in CURL:
        results = any(part in line for part in ("/files/scored", "/reference.fa", "/beside/"))
        names["SHOWN"] = done if results else names["JOB"]
        command = line.replace("curl ", "curl -sS ", 1).replace("http://127.0.0.1:8765", address)
        command = command.replace("$JOB", "$SHOWN")
        if "-X DELETE" in line and "/jobs/" in line:
            stopped(address, names["JOB"])
        ran = subprocess.run(
            ["bash", "-c", command], capture_output=True, text=True, env=os.environ | names, cwd=folder
        )
        assert not ran.returncode, (line, ran.stderr)
        found[line] = ran.stdout
        if line.startswith("curl -T"):
            names["NAME"] = json.loads(ran.stdout)["name"]
        if "/api/jobs --json" in line:
            names["JOB"] = json.loads(ran.stdout)["id"]
    return found


def stopped(address, job):
    with httpx2.Client(base_url=address, timeout=60) as client:
        client.post(f"/api/jobs/{job}/cancel")
        settled(client, job)


def test_a_server_is_killed_and_goes_on_and_answers_everybody(served, vcf, tmp_path, model_folder):
    work = tmp_path / "work"
    job = killed_in_mid_scoring(served, work, vcf)
    models = [
        bases_with_attention(tmp_path / "my-attention-model"),
        make_predictor(tmp_path / "my-finetuned-model", model_folder),
    ]
    second = served(work, *(word for each in models for word in ("--model", str(each))))
    assert asked_by_many(second.address) == [200] * 2 * CLIENTS
    with httpx2.Client(base_url=second.address, timeout=60) as client:
        record = settled(client, job)
        assert record["state"] == "done", record
        assert record["found"]["outcomes"] == {"scored": 400}
        assert len(client.get(f"/api/jobs/{job}/files/scored.tsv").text.splitlines()) > 400
        typed = client.get("/models/my-finetuned-model", params={"sequence": "ACGTAC"}).text
        assert all(word in typed for word in ("Prediction", "activity", "Vector"))
    told = by_the_lines_of_the_page(second.address, job, tmp_path)
    assert not {line: text for line, text in told.items() if '{"error"' in text}
    assert (tmp_path / "scored.tsv").read_text().count("chrA") >= 400
    status, seconds = second.end()
    assert status == 0
    assert seconds < 2
    assert second.process.stderr.read() == "dnalect: stopped\n"


def test_every_route_has_a_line_for_curl(client):
    schema = client.get("/api/openapi.json").json()
    shown = set()
    for line in CURL:
        method = (
            re.search(r"-X (\w+)", line) or ["", "PUT" if "-T " in line else "POST" if "--json" in line else "GET"]
        )[1]
        shown.add((method.lower(), re.search(r"8765(/\S+)", line)[1]))
    for path, methods in schema["paths"].items():
        pattern = re.compile(re.sub(r"\\{.*?\\}", "[^ ]+?", re.escape(path)))
        for method in methods:
            assert [each for each in shown if each[0] == method and pattern.fullmatch(each[1])], (method, path)


@pytest.mark.parametrize("host", ["203.0.113.7", "no.such.host.invalid"])
def test_an_address_that_cannot_be_had_is_told(host):
    with pytest.raises(ConfigError, match=r"can't be listened at .*: give another --port"):
        bound(Options(host=host))


def test_ctrl_c_ends_while_a_question_computes_and_a_job_is_at_work(served, vcf, tmp_path):
    found = served(tmp_path)
    with httpx2.Client(base_url=found.address, timeout=30) as client, ThreadPoolExecutor(1) as pool:
        name = client.put("/api/files/mine.vcf", content=vcf(400).encode()).json()["name"]
        client.post("/api/jobs", json={"variants": name, "genome": "data/tiny.fa", "model": "tiny"})
        long = {"model": "duplex-yeast", "sequence": "ACGGTTAC" * 1000, "start": 0, "end": 512}
        asking = pool.submit(lambda: client.post("/api/dependency", json=long))
        time.sleep(1)
        status, seconds = found.end()
        assert (status, seconds < 2) == (0, True)
        assert asking.exception() is not None or asking.result().status_code == 500, asking.result().text
