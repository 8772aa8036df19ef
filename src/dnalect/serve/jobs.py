"""The queue: jobs in a database, so that a restart finds them again, and one at a time on each device, as a process."""

import fcntl
import json
import os
import secrets
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dnalect.core.errors import ConfigError, InputError
from dnalect.models.precision import best_device

# Of a job. "stopping" is said until its process has ended.
QUEUED, RUNNING, STOPPING, STOPPED, DONE, FAILED = "queued", "running", "stopping", "stopped", "done", "failed"
OPEN = (QUEUED, RUNNING, STOPPING)
# -P: a file json.py in the folder that the server was started in is no module.
WORK = (sys.executable, "-P", "-m", "dnalect.serve.work")
# Jobs that may wait, and that are remembered.
WAITING, REMEMBERED = 50, 1_000
# Seconds from asking a process to end to ending it.
PATIENCE = 10.0
LINES = 200
TABLE = (
    "create table if not exists jobs (id text primary key, title text, asked text, options text, state text, "
    "made real, begun real, ended real, told text, found text)"
)
INSERT = "insert into jobs (id, title, asked, options, state, made, told, found) values (?, ?, ?, ?, ?, ?, '', 'null')"
NEXT = "select id, options from jobs where state = ? order by made"
COLUMNS = ("id", "title", "asked", "options", "state", "made", "begun", "ended", "told", "found")


@dataclass
class Job:
    """What is to be done, and how far it is.

    asked: by the user; its `task` is "score" or "scan". options: of that, with the device. told: why it failed, ""
    otherwise. found: counts, of what is done. progress: of its present phase, None where it isn't at work. lines: notes
    and warnings.
    """

    id: str
    title: str
    asked: dict[str, Any]
    options: dict[str, Any]
    state: str = QUEUED
    made: float = 0.0
    begun: float | None = None
    ended: float | None = None
    told: str = ""
    found: dict[str, Any] | None = None
    progress: dict[str, Any] | None = None
    lines: list[str] = field(default_factory=list)


class Queue:
    """Jobs and the threads that do them, one for each device, the oldest first.

    Raises ConfigError where another server has the folder. folder: of the database and of the jobs, one folder each.
    minutes: that a job may take. command: of the process that does one.
    """

    def __init__(self, folder: Path, minutes: float, command: Sequence[str] = WORK):
        self.folder, self.minutes, self.command = folder, minutes, command
        (folder / "jobs").mkdir(parents=True, exist_ok=True)
        self._lock_file = (folder / "lock").open("w")
        try:
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock_file.close()
            raise ConfigError(
                f"another dnalect serve is at work in {folder}: stop it, or give this one its own folder with --work"
            ) from None
        self._db = sqlite3.connect(folder / "jobs.sqlite", check_same_thread=False)
        self._db.execute("pragma journal_mode=wal")
        self._db.execute(TABLE)
        # What was at work when the server ended begins again; what was being stopped is.
        self._db.execute("update jobs set state = ? where state = ?", (STOPPED, STOPPING))
        self._db.execute("update jobs set state = ? where state = ?", (QUEUED, RUNNING))
        self._db.commit()
        self._guard = threading.RLock()
        self._news = threading.Condition(self._guard)
        # Of what is at work, by the id of the job; and who works, by device.
        self._live: dict[str, Job] = {}
        self._processes: dict[str, subprocess.Popen[str]] = {}
        self._workers: dict[str, threading.Thread] = {}
        self._closed, self._started = False, False

    def start(self) -> None:
        """Begin to work."""
        with self._guard:
            self._started = True
            for _, options in self._db.execute(NEXT, (QUEUED,)).fetchall():
                self._employ(device_of(json.loads(options)))

    def _employ(self, device: str) -> None:
        """Have somebody work on a device; all are told that there is work."""
        with self._news:
            if self._started and device not in self._workers:
                self._workers[device] = threading.Thread(target=self._work, args=(device,), daemon=True)
                self._workers[device].start()
            self._news.notify_all()

    def close(self, patience: float = 1.0) -> None:
        """Stop working; what is at work begins again with the next server."""
        with self._news:
            self._closed = True
            self._news.notify_all()
            processes = list(self._processes.values())
        for process in processes:
            process.terminate()
        for process in processes:
            _end(process, patience)
        for worker in self._workers.values():
            worker.join(patience)
        with self._guard:
            self._db.close()
            self._lock_file.close()

    def home(self, job: str) -> Path:
        """Return the folder of a job that there is."""
        return self.folder / "jobs" / self.get(job).id

    def all(self) -> list[Job]:
        """Return all jobs, the newest first."""
        with self._guard:
            rows = self._db.execute(f"select {', '.join(COLUMNS)} from jobs order by made desc, id").fetchall()
        return [self._job(row) for row in rows]

    def get(self, job: str) -> Job:
        """Return a job. Raises InputError where there is none."""
        with self._guard:
            row = self._db.execute(f"select {', '.join(COLUMNS)} from jobs where id = ?", (job,)).fetchone()
        if row is None:
            raise InputError(f"there is no job {job!r:.40}")
        return self._job(row)

    def _job(self, row: tuple[Any, ...]) -> Job:
        told = dict(zip(COLUMNS, row, strict=True))
        job = Job(**told | {key: json.loads(told[key]) for key in ("asked", "options", "found")})
        if (live := self._live.get(job.id)) is not None:
            job.progress, job.lines = live.progress, list(live.lines)
        else:
            job.lines = _lines(self.folder / "jobs" / job.id / "log.txt")
        return job

    def new_id(self) -> str:
        """Return the id of a job to come, whose folder is there. Raises InputError where too many wait."""
        jobs = self.all()
        if sum(job.state in OPEN for job in jobs) >= WAITING:
            raise InputError(f"{WAITING} jobs are waiting: stop some, or ask again later")
        if len(jobs) >= REMEMBERED:
            raise InputError(f"{REMEMBERED:,} jobs are kept: remove some")
        made = secrets.token_hex(8)
        (self.folder / "jobs" / made).mkdir()
        return made

    def add(self, job: Job) -> Job:
        """Put a job at the end of the queue."""
        job.made = time.time()
        values = (job.id, job.title, json.dumps(job.asked), json.dumps(job.options), QUEUED, job.made)
        with self._guard:
            self._db.execute(INSERT, values)
            self._db.commit()
            self._employ(device_of(job.options))
        return self.get(job.id)

    def stop(self, job: str) -> Job:
        """Stop a job that waits or is at work; of another one nothing changes."""
        with self._guard:
            found = self.get(job)
            if found.state == QUEUED:
                self._set(job, state=STOPPED, ended=time.time())
            elif found.state == RUNNING:
                self._set(job, state=STOPPING)
                if (process := self._processes.get(job)) is not None:
                    process.terminate()
        return self.get(job)

    def resume(self, job: str) -> Job:
        """Put a job that was stopped or failed into the queue again; what its cache holds is not computed again."""
        with self._guard:
            found = self.get(job)
            if found.state in (STOPPED, FAILED):
                self._set(job, state=QUEUED, told="", begun=None, ended=None)
                self._employ(device_of(found.options))
        return self.get(job)

    def remove(self, job: str) -> None:
        """Forget a job and remove what it wrote. Raises InputError for one that is at work."""
        with self._guard:
            if self.get(job).state in (RUNNING, STOPPING):
                raise InputError("this job is at work: stop it first")
            shutil.rmtree(self.home(job), ignore_errors=True)
            self._db.execute("delete from jobs where id = ?", (job,))
            self._db.commit()

    def _set(self, job: str, **values: Any) -> None:
        with self._guard:
            names = ", ".join(f"{name} = ?" for name in values)
            self._db.execute(f"update jobs set {names} where id = ?", (*values.values(), job))
            self._db.commit()

    def _work(self, device: str) -> None:
        while (job := self._next(device)) is not None:
            state, told, found = self._done(job)
            with self._guard:
                del self._live[job.id]
                self._processes.pop(job.id, None)
                # Of a server that ends the job stays at work, for the next one to begin it again.
                if not self._closed:
                    self._set(job.id, state=state, told=told, found=json.dumps(found), ended=time.time())

    def _next(self, device: str) -> Job | None:
        with self._news:
            while not self._closed:
                for job, options in self._db.execute(NEXT, (QUEUED,)).fetchall():
                    if device_of(json.loads(options)) == device:
                        self._set(job, state=RUNNING, begun=time.time(), ended=None, told="")
                        live = self.get(job)
                        live.lines = []
                        self._live[job] = live
                        return live
                self._news.wait()
        return None

    def _done(self, job: Job) -> tuple[str, str, Any]:
        """Do a job. Returns its state, why it failed, and what it found."""
        home = self.folder / "jobs" / job.id
        late = threading.Event()
        said: dict[str, Any] = {}
        with (home / "log.txt").open("w", encoding="utf-8") as log, _process(self.command, log) as process:
            with self._guard:
                self._processes[job.id] = process
                if self._closed or self.get(job.id).state == STOPPING:
                    process.terminate()

            def end() -> None:
                late.set()
                process.terminate()

            timer = threading.Timer(60.0 * self.minutes, end)
            timer.daemon = True
            timer.start()
            try:
                _send(process, {"folder": str(home), "task": job.asked.get("task"), "options": job.options})
                for line in process.stdout or ():
                    said |= self._hear(job, line, log)
                process.wait()
            finally:
                timer.cancel()
        if process.returncode == 0 and "done" in said:
            return DONE, "", said["done"]
        if late.is_set():
            return FAILED, f"it took more than {self.minutes:,.4g} minutes (--job-minutes)", None
        if self.get(job.id).state == STOPPING:
            return STOPPED, "", None
        why = f"its process ended with {process.returncode}: the last lines of what was said may say why"
        return FAILED, said.get("error", why), None

    def _hear(self, job: Job, line: str, log: Any) -> dict[str, Any]:
        """Take a line of the process: how far it is, what it says, or how it ended."""
        try:
            said: dict[str, Any] = json.loads(line)
        except ValueError:
            said = {"say": line.rstrip()}
        job.progress = said.get("state", job.progress)
        for kind in ("say", "warn"):
            if kind in said:
                text = f"warning: {said[kind]}" if kind == "warn" else str(said[kind])
                job.lines = [*job.lines[1 - LINES :], text]
                log.write(text + "\n")
                log.flush()
        return {key: each for key, each in said.items() if key in ("done", "error")}


def device_of(options: dict[str, Any]) -> str:
    """Return where a job computes; jobs of one device wait for each other."""
    name = str(options.get("device", "auto"))
    return best_device() if name == "auto" else name


@contextmanager
def _process(command: Sequence[str], log: Any) -> Iterator["subprocess.Popen[str]"]:
    """Start a process for a job, apart from the terminal; it never outlives the block."""
    process = subprocess.Popen(
        list(command),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        env=dict(os.environ, PYTHONUNBUFFERED="1"),
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )
    try:
        yield process
    finally:
        _end(process, PATIENCE)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()


def _send(process: "subprocess.Popen[str]", told: dict[str, Any]) -> None:
    """Say what is to be done; standard input stays open as long as this server lives."""
    # One that ended already says how by its status.
    with suppress(BrokenPipeError):
        if process.stdin is not None:
            process.stdin.write(json.dumps(told) + "\n")
            process.stdin.flush()


def _end(process: "subprocess.Popen[str]", patience: float) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _lines(log: Path) -> list[str]:
    try:
        return log.read_text(encoding="utf-8", errors="replace").splitlines()[-LINES:]
    except OSError:
        return []
