"""`dnalect` as a process of its own, without the seconds in which a new one imports torch: a fork of this one."""

import io
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from subprocess import CompletedProcess, TimeoutExpired

# What a fork finds here it doesn't import again: a second or two each.
import jinja2  # noqa: F401
import matplotlib.pyplot  # noqa: F401
import scipy.optimize  # noqa: F401
import sklearn.linear_model
import sklearn.metrics  # noqa: F401
import torch  # noqa: F401


def dnalect(*arguments, stdin=None, cwd=None, text=False, timeout=120, **more) -> CompletedProcess:
    """Run a command line as people do; return status and what it wrote.

    more: such as `env`; then it is a new process after all.
    """
    words = [str(each) for each in arguments]
    if more:
        told = {"input": stdin, "cwd": cwd, "text": text, "timeout": timeout, **more}
        return subprocess.run([sys.executable, "-m", "dnalect", *words], capture_output=True, **told)
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as error:
        given.write(stdin.encode() if isinstance(stdin, str) else stdin or b"")
        given.seek(0)
        child = os.fork()
        if not child:
            _as_dnalect(words, cwd, [each.fileno() for each in (given, out, error)])
        status = _waited(child, words, timeout)
        told = []
        for each in (out, error):
            each.seek(0)
            told.append(each.read().decode() if text else each.read())
    return CompletedProcess(words, status, *told)


def ranks(work, count=2, timeout=120) -> list[CompletedProcess]:
    """Let forks of this process be those that torchrun would start; return status and what each wrote.

    work: called in each, in which `dnalect.training.ranks.together` joins them.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    files = [tempfile.TemporaryFile() for _ in range(count)]  # noqa: SIM115
    children = []
    for rank, file in enumerate(files):
        children.append(os.fork())
        if not children[-1]:
            told = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": count, "MASTER_ADDR": "127.0.0.1"}
            os.environ.update({name: str(each) for name, each in told.items()}, MASTER_PORT=str(port))
            _as_rank(work, file.fileno())
    end = time.monotonic() + timeout
    done = []
    for child, file in zip(children, files, strict=True):
        status = _waited(child, [], end - time.monotonic())
        file.seek(0)
        done.append(CompletedProcess([], status, "", file.read().decode()))
        file.close()
    return done


# A command line of dnalect, for `Child`.
MAIN = "import sys; from dnalect.cli.main import main; sys.argv[0] = 'dnalect'; main()"


class Child:
    """Python source as a process of its own, to be killed or waited for; like `subprocess.Popen`."""

    def __init__(self, source, *arguments, cwd=None):
        self.returncode, self.stderr = None, ""
        self._error = tempfile.TemporaryFile()  # noqa: SIM115
        self.pid = os.fork()
        if not self.pid:
            _as_script(source, [str(each) for each in arguments], cwd, self._error.fileno())

    def poll(self):
        if self.returncode is None:
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                self._ended(os.waitstatus_to_exitcode(status))
        return self.returncode

    def wait(self, timeout=300):
        if self.returncode is None:
            self._ended(_waited(self.pid, [], timeout))
        return self.returncode

    def send(self, number):
        os.kill(self.pid, number)

    def kill(self):
        if self.poll() is None:
            self.send(signal.SIGKILL)
        self.wait()

    def _ended(self, status):
        self.returncode = status
        self._error.seek(0)
        self.stderr = self._error.read().decode()
        self._error.close()


def run_script(source, *arguments, cwd=None, timeout=300) -> None:
    """Run Python source to its end as a process of its own. Raises AssertionError with what it wrote if it fails."""
    child = Child(source, *arguments, cwd=cwd)
    status = child.wait(timeout)
    assert status == 0, child.stderr


def _as_script(source, arguments, cwd, error) -> None:
    def work():
        with open(os.devnull, "rb") as nothing:
            os.dup2(nothing.fileno(), 0)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.chdir(cwd or os.getcwd())
        warnings.resetwarnings()
        sys.argv = ["-c", *arguments]
        exec(compile(source, "<script>", "exec"), {"__name__": "__main__"})

    os.dup2(error, 1)
    sys.stdout = sys.__stdout__ = _written(1)
    _as_rank(work, error)


def _written(number) -> io.TextIOWrapper:
    return io.TextIOWrapper(os.fdopen(number, "wb", closefd=False), encoding="utf-8", line_buffering=True)


def _as_rank(work, error) -> None:
    status = 70
    try:
        os.dup2(error, 2)
        sys.stderr = sys.__stderr__ = _written(2)
        work()
        status = 0
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def _as_dnalect(words, cwd, files) -> None:
    """Be `dnalect`, to the end of the process."""
    status = 70
    try:
        for number, file in enumerate(files):
            os.dup2(file, number)
        for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
            raw = os.fdopen(("stdin", "stdout", "stderr").index(name), f"{mode}b", closefd=False)
            setattr(sys, name, io.TextIOWrapper(raw, encoding="utf-8", line_buffering=name == "stderr"))
            setattr(sys, f"__{name}__", getattr(sys, name))
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.chdir(cwd or os.getcwd())
        sys.argv = ["dnalect", *words]
        from dnalect.cli.main import main

        try:
            main()
            status = 0
        except SystemExit as ended:
            status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        os._exit(status)


def _waited(child, words, timeout) -> int:
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    raise TimeoutExpired(words, timeout)
