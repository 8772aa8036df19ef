"""Files in, jobs done, their results out; cancel, resume, restart."""

import html
import json
import re
import sys
import time

import numpy as np
import pyBigWig
import pysam
import pytest

from dnalect.core.errors import ConfigError, InputError
from dnalect.serve import jobs
from dnalect.serve.jobs import Job, Queue
from serve.conftest import settled


def dropped(client, text, name="mine.vcf"):
    found = client.put(f"/api/files/{name}", content=text.encode())
    assert found.status_code == 201, found.text
    return found.json()["name"]


def asked(variants, **more):
    return {"variants": variants, "genome": "data/tiny.fa", "model": "tiny"} | more


def test_a_dropped_vcf_is_scored_and_its_results_are_there(client, vcf, options, folder):
    """One job for all that there is to see of it, as each is a process."""
    more = {"annotation": "data/tiny.gff3", "scores": ["llr", "distance"]}
    told = client.post("/api/jobs", json=asked(dropped(client, vcf(3)), **more))
    assert told.status_code == 201
    record = settled(client, told.json()["id"])
    assert record["state"] == "done", record
    check_results(client, record, options)
    check_page(client, record)
    check_genome(client, record, folder)


def check_results(client, done, options):
    assert (done["found"]["records"], done["found"]["outcomes"]) == (3, {"scored": 3})
    base = f"/api/jobs/{done['id']}"
    report = client.get(f"{base}/files/report.html")
    policy = report.headers["content-security-policy"]
    assert policy.startswith("sandbox allow-scripts")
    assert "allow-same-origin" not in policy
    assert "mine.vcf on tiny.fa" in report.text
    table = client.get(f"{base}/files/scored.tsv").text
    assert "distance" in table
    assert str(options.work) not in table + report.text
    (options.work / "back.vcf.gz").write_bytes(client.get(f"{base}/files/scored.vcf.gz").content)
    with pysam.VariantFile(str(options.work / "back.vcf.gz")) as scored:
        assert [each.pos for each in scored] == [3501, 3503, 3505]
    assert client.get(f"{base}/files/scored.vcf.gz.tbi").status_code == 200
    part = client.get(f"{base}/files/scored.vcf.gz", headers={"range": "bytes=0-3"})
    assert (part.status_code, part.content[:2]) == (206, b"\x1f\x8b")
    assert b"##gff-version" in client.get(f"{base}/beside/annotation").content
    for wrong in ("files/log.txt", "files/lock", "files/jobs.sqlite", "beside/signal", "beside/genome"):
        assert client.get(f"{base}/{wrong}").status_code == 404


def check_page(client, done):
    page = html.unescape(client.get(f"/jobs/{done['id']}").text)
    told = json.loads(re.search(r'data-browser="(.*?)"></div>', page)[1])
    for address in (told["reference"]["indexURL"], *(each["url"] for each in told["tracks"])):
        assert client.get(address).status_code == 200
    assert [each["type"] for each in told["tracks"]] == ["variant", "annotation"]
    first = min(done["found"]["top"], key=lambda row: row["percentile"])
    assert done["found"]["top"][0] == first
    assert told["locus"] == f"chrA:{first['position'] - 300}-{first['position'] + 300}"
    assert "dnalect score tiny.fa mine.vcf" in page


def check_genome(client, done, folder):
    base = f"/api/jobs/{done['id']}"
    rows = [line.split("\t") for line in client.get(f"{base}/reference.fa.fai").text.splitlines()]
    assert [(name, int(length)) for name, length, *_ in rows] == [("chrA", 6000), ("chrB", 900)]
    first = int(rows[1][2]) + 100
    part = client.get(f"{base}/reference.fa", headers={"range": f"bytes={first}-{first + 9}"})
    assert part.status_code == 206
    assert part.headers["content-range"] == f"bytes {first}-{first + 9}/6900"
    with pysam.FastaFile(str(folder / "tiny.fa")) as fasta:
        assert part.text == fasta.fetch("chrB", 100, 110)
    assert client.get(f"{base}/reference.fa", headers={"range": "bytes=9999-"}).status_code == 416
    assert client.get(f"{base}/reference.fa").status_code == 404


def test_two_servers_do_not_share_a_folder(client, options):
    with pytest.raises(ConfigError, match="another dnalect serve is at work"):
        Queue(options.work, 1)


# A process that does what `options` says, as one that scores would.
DOES = """
import json, os, sys, time
told = json.loads(sys.stdin.readline())["options"]
for line in told.get("lines", []):
    print(json.dumps(line), flush=True)
time.sleep(told.get("seconds", 0))
sys.exit(told.get("status", 0))
"""


@pytest.fixture
def queue(tmp_path):
    """A queue whose jobs do what their options say, and take 3 s at most."""
    found = Queue(tmp_path, 0.05, (sys.executable, "-S", "-c", DOES))
    found.start()
    yield found
    found.close()


def add(queue, **options):
    return queue.add(Job(queue.new_id(), "a job", {}, options)).id


def state_of(queue, job, *wanted):
    end = time.monotonic() + 60
    while (found := queue.get(job)).state not in wanted:
        assert time.monotonic() < end, found
        time.sleep(0.01)
    return found


OVER = ("done", "failed", "stopped")


def test_a_job_is_done_failed_or_ended_when_it_takes_too_long(queue):
    good = add(queue, lines=[{"say": "a note"}, {"warn": "look"}, {"done": {"records": 3}}])
    bad = add(queue, lines=[{"error": "the file is no VCF"}], status=1)
    killed, late = add(queue, status=9), add(queue, seconds=50)
    found = state_of(queue, good, *OVER)
    assert (found.state, found.found, found.lines) == ("done", {"records": 3}, ["a note", "warning: look"])
    assert (state_of(queue, bad, *OVER).told, queue.get(bad).state) == ("the file is no VCF", "failed")
    assert "its process ended with 9" in state_of(queue, killed, *OVER).told
    assert state_of(queue, late, *OVER).told == "it took more than 0.05 minutes (--job-minutes)"


def test_one_is_at_work_and_the_others_wait_are_stopped_and_resumed(queue):
    first, second, third = (add(queue, seconds=n, lines=[{"state": {"what": "it"}}]) for n in (50, 0, 0))
    while state_of(queue, first, "running").progress is None:
        time.sleep(0.01)
    assert [each.state for each in reversed(queue.all())] == ["running", "queued", "queued"]
    assert queue.stop(third).state == "stopped"
    with pytest.raises(InputError, match="stop it first"):
        queue.remove(first)
    assert queue.stop(first).state == "stopping"
    assert state_of(queue, first, *OVER).state == "stopped"
    assert state_of(queue, second, *OVER).state == "failed"  # it ended and did not say that it was done
    assert queue.get(third).state == "stopped"
    queue.resume(third)
    state_of(queue, third, "failed")
    queue.remove(third)
    with pytest.raises(InputError, match="there is no job"):
        queue.get(third)


def test_each_device_has_a_queue_of_its_own(queue):
    first, second = (add(queue, seconds=50, device="cuda:0"), add(queue, device="cuda:0", lines=[{"done": {}}]))
    beside = add(queue, seconds=50, device="cpu")
    state_of(queue, beside, "running")
    assert [state_of(queue, first, "running").state, queue.get(second).state] == ["running", "queued"]
    queue.stop(beside)
    assert state_of(queue, beside, *OVER).state == "stopped"
    assert [queue.get(each).state for each in (first, second)] == ["running", "queued"]
    queue.stop(first)
    assert state_of(queue, second, *OVER).state == "done"


def test_a_scan_is_cancelled_goes_on_and_leaves_tracks(client, folder, options):
    beside = {"variants": "demo/promoter_variants.vcf.gz", "annotation": "data/tiny.gff3"}
    body = {"genome": "data/tiny.fa", "model": "tiny", "regions": ["chrA:1-3000", "chrB"], "device": "cpu", **beside}
    told = client.post("/api/jobs/scan", json=body).json()
    assert told["command"].startswith("dnalect scan tiny.fa -o scan.bw --regions chrA:1-3000 --regions chrB --model ")
    client.post(f"/api/jobs/{told['id']}/cancel")
    assert settled(client, told["id"])["state"] == "stopped"
    client.post(f"/api/jobs/{told['id']}/resume")
    done = settled(client, told["id"])
    assert (done["state"], done["found"]["bases"]) == ("done", 3_900), done
    base = f"/api/jobs/{done['id']}"
    path = options.work / "back.bw"
    path.write_bytes(client.get(f"{base}/files/scan.information.bw").content)
    with pyBigWig.open(str(path)) as track:
        assert 0 <= track.stats("chrA", 0, 3000)[0] <= 2
        assert np.isnan(track.values("chrA", 3000, 3001)[0])
    page = html.unescape(client.get(f"/jobs/{done['id']}").text)
    shown = json.loads(re.search(r'data-browser="(.*?)"></div>', page)[1])
    assert [each["type"] for each in shown["tracks"]] == ["wig", "wig", "wig", "variant", "annotation"]
    assert shown["locus"] == "chrA:1-3000"
    for each in shown["tracks"]:
        assert client.get(each["url"], headers={"range": "bytes=0-9"}).status_code == 206


@pytest.mark.parametrize("region", ["/etc/passwd", "../secret.fa", ".", "chrA:1-9 chrB", "a\\b"])
def test_a_region_is_no_path(client, region):
    found = client.post("/api/jobs/scan", json={"genome": "data/tiny.fa", "model": "tiny", "regions": [region]})
    assert found.status_code == 422


def test_a_device_that_is_not_there_is_told(client):
    found = client.post("/api/jobs/scan", json={"genome": "data/tiny.fa", "model": "tiny", "device": "cuda:77"})
    assert found.status_code == 422
    assert "the device 'cuda:77' cannot be used" in found.json()["error"]


def test_a_queue_that_is_closed_at_work_goes_on_where_it_is_opened_again(tmp_path):
    queue = Queue(tmp_path, 1, (sys.executable, "-S", "-c", DOES))
    queue.start()
    job, other = add(queue, seconds=50), add(queue, lines=[{"done": {}}])
    state_of(queue, job, "running")
    queue.close()
    queue = Queue(tmp_path, 1, (sys.executable, "-S", "-c", "print('{\"done\": {}}')"))
    assert [each.state for each in queue.all()] == ["queued", "queued"]
    queue.start()
    assert [state_of(queue, each, *OVER).state for each in (job, other)] == ["done", "done"]
    queue.close()


def test_there_is_an_end_to_what_waits(queue, monkeypatch):
    monkeypatch.setattr(jobs, "WAITING", 1)
    add(queue, seconds=50)
    with pytest.raises(InputError, match="1 jobs are waiting"):
        queue.new_id()
