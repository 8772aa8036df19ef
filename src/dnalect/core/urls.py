"""Files behind URLs, through fsspec: read by ranges, with patience, and without a word of who may read them.

A URL may carry a name, a password or a signature. `shown` is what of it may be told, and written down.
"""

import hashlib
import io
import os
import re
import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, TypeVar, cast
from urllib.parse import unquote, urlsplit

from dnalect.core.errors import ConfigError, DnalectError, InputError, OutputError
from dnalect.core.files import cache_folder, made_folder, sha256, written_whole
from dnalect.core.reporter import phase, say

# What reads each kind beside fsspec.
NEEDED = {"http": "aiohttp", "https": "aiohttp", "s3": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs"}
NEEDED |= {"abfs": "adlfs", "memory": ""}
# Bytes of a request of who reads on and on; how often it is tried, and seconds before the second time.
BLOCK, TRIES, WAIT = 1 << 22, 4, 0.5
# Of a URL in a text; a Path has one slash too few.
_IN_TEXT = re.compile(rf"\b({'|'.join(NEEDED)}):/{{1,2}}(?=[^/\s])[^\s'\"<>]+")
_TAGS = ("ETag", "etag", "md5Hash", "generation", "LastModified", "Last-Modified", "last_modified", "mtime", "created")
# What is asked again: too slow, too many; all other 4xx are final.
_AGAIN = (408, 429)
T = TypeVar("T")


def is_url(given: object) -> bool:
    """Whether a text or a path is a URL of a kind that is read here."""
    return isinstance(given, str | os.PathLike) and bool(_IN_TEXT.fullmatch(os.fspath(given)))


def whole_url(given: str | os.PathLike[str]) -> str:
    """Return a URL as it was typed, also where it became a Path."""
    return re.sub(r"^(\w+):/+", r"\1://", os.fspath(given))


def shown(url: str | os.PathLike[str]) -> str:
    """Return a URL without what might be a secret: user, password, query. A path as it is."""
    if not is_url(url):
        return os.fspath(url)
    scheme, _, rest = whole_url(url).partition("://")
    host, slash, path = re.split(r"[?#]", rest, maxsplit=1)[0].partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"


def cleaned(text: str) -> str:
    """Return a text with every URL in it as it may be shown."""
    return _IN_TEXT.sub(lambda found: shown(found[0]), text)


def is_secret(url: str) -> bool:
    """Whether a URL has more to it than may be shown."""
    return whole_url(url) != shown(url)


def name_of(path: str | os.PathLike[str]) -> str:
    """Return the name of a file, behind a URL or not."""
    return unquote(PurePosixPath(shown(path)).name) or "unnamed" if is_url(path) else Path(path).name


def identity_of(path: str | os.PathLike[str]) -> str:
    """Return what tells the content of a file: its SHA-256; of a URL size and tag, or date, if its server has them."""
    if not is_url(path):
        return sha256(Path(path))
    remote = Remote(path)
    return remote.identity or sha256(fetched(remote.url, remote))


class Remote:
    """A file behind a URL as it is now. size: in bytes, None where unknown. ranges: whether parts of it can be read.

    Raises InputError where it is not there, must not be read, or can't be reached; ConfigError where something is to
    be installed.
    """

    def __init__(self, url: str | os.PathLike[str]):
        self.url, self.shown = whole_url(url), shown(url)
        self.files, self.path = filesystem(self.url)
        self.size, self.tag = self._state()
        self.ranges = bool(self.size) and (not self.url.startswith("http") or self._has_ranges())

    @property
    def identity(self) -> str:
        """What tells it from another content at the same place; "" where the server says too little."""
        return f"{self.size} bytes, {self.tag}" if self.size is not None and self.tag else ""

    def read(self, low: int, high: int) -> bytes:
        """Return the bytes of [low, high), which lie in the file. Raises InputError."""

        def part() -> bytes:
            data: bytes = self.files.cat_file(self.path, start=low, end=high)
            if len(data) != high - low:
                raise ConnectionError(f"{len(data):,} bytes came, {high - low:,} were asked for")
            return data

        return patiently(part, self.shown, "read")

    def check_same(self) -> None:
        """Raise InputError where it is another file by now."""
        self.files.invalidate_cache()
        if self._state() != (self.size, self.tag):
            raise InputError(f"{self.shown} was changed while it was read; run again")

    def _state(self) -> tuple[int | None, str]:
        info = patiently(lambda: self.files.info(self.path), self.shown, "read")
        if info.get("type") == "directory":
            raise InputError(f"{self.shown} is a folder; give a file")
        return info.get("size"), next((f"{name} {info[name]}" for name in _TAGS if info.get(name)), "")

    def _has_ranges(self) -> bool:
        def second_byte() -> bool:
            with self.files.open(self.path, "rb", size=self.size, cache_type="none") as file:
                file.seek(1)
                try:
                    return len(file.read(1)) == 1
                except ValueError:  # that is how fsspec says that the server sends all whatever is asked
                    return False

        return self.size != 1 and patiently(second_byte, self.shown, "read")


class _Stream(io.RawIOBase):
    """A remote file from its beginning to its end."""

    def __init__(self, remote: Remote):
        self.remote, self.at = remote, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        size = self.remote.size or 0
        data = self.remote.read(self.at, min(size, self.at + len(buffer))) if self.at < size else b""
        if not data:
            self.remote.check_same()
        buffer[: len(data)] = data
        self.at += len(data)
        return len(data)


def open_url(url: str) -> BinaryIO:
    """Open a file to be read once, in order; from a server without ranges all of it comes first. Raises InputError."""
    remote = Remote(url)
    if remote.ranges:
        return io.BufferedReader(_Stream(remote), BLOCK)
    return fetched(url, remote).open("rb")


def fetched(url: str, remote: Remote | None = None, why: str = "") -> Path:
    """Return a copy in the cache, fetched unless it is there. remote: as opened. why: told. Raises InputError."""
    remote = remote or Remote(url)
    if not why and not remote.ranges and remote.size:
        why = ", as its server sends no parts of it"
    kept = _kept("inputs", url, remote.identity) / name_of(url)
    if kept.is_file() and remote.identity:
        return kept
    made_folder(kept.parent)
    size = "" if remote.size is None else f" ({remote.size / 1e6:,.1f} MB)"
    say(f"{remote.shown} is fetched into the cache{size}{why}")
    with written_whole(kept) as temporary, phase(f"fetching {kept.name}", remote.size, "bytes") as bar:
        if remote.ranges and remote.size:
            with temporary.open("wb") as out:
                for low in range(0, remote.size, BLOCK):
                    out.write(data := remote.read(low, min(remote.size, low + BLOCK)))
                    bar.update(len(data))
            remote.check_same()
        else:
            patiently(lambda: remote.files.get_file(remote.path, str(temporary)), remote.shown, "read")
        if remote.size not in (None, held := temporary.stat().st_size):
            raise InputError(f"{remote.shown} is cut short: {held:,} of {remote.size:,} bytes came; run again")
    return kept


def staged(url: str) -> Path:
    """Return where an output is written before it is sent, the same place in every run. Raises OutputError."""
    return made_folder(_kept("outputs", url, "")) / name_of(url)


def check_sendable(url: str) -> None:
    """Raise OutputError unless something can be put there: an empty file is, beside it, and is removed again."""
    if url.startswith("http"):
        raise OutputError(f"{shown(url)} can be read, not written: give s3://, gs:// or a file")
    files, path = filesystem(url)
    probe = f"{path}.part"
    patiently(lambda: files.pipe_file(probe, b""), shown(url), "write", OutputError)
    try:
        files.rm_file(probe)
    except Exception:
        say(f"an empty {shown(url)}.part is left there, as nothing may be removed")


def send(folder: Path, url: str) -> None:
    """Put what was staged for a URL there, each file whole or not at all, in the order they were made; drop it here.

    Raises OutputError, and all of it stays here.
    """
    files, path = filesystem(url)
    root = path.rpartition("/")[0]
    made = [each for each in folder.rglob("*") if each.is_file() and not _is_hidden(each.relative_to(folder))]
    for each in sorted(made, key=lambda file: (file.stat().st_mtime_ns, file)):
        target = f"{root}/{each.relative_to(folder).as_posix()}"
        try:
            patiently(partial(files.put_file, str(each), target), shown(url), "write", OutputError)
        except OutputError as error:
            lost = f"{error}. What is finished lies in {folder}: copy it there by hand"
            raise OutputError(lost) from None
    shutil.rmtree(folder)


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") or part.endswith(".part") for part in path.parts)


def filesystem(url: str) -> tuple[Any, str]:
    """Return fsspec's file system of a URL, and the path on it. ConfigError where something is to be installed."""
    scheme = urlsplit(url).scheme
    more = f" {NEEDED[scheme]}" if NEEDED[scheme] not in ("", "aiohttp") else ""
    try:
        from fsspec.core import url_to_fs

        # The bytes as they are stored, whatever the server says that they mean.
        plain = {"headers": {"Accept-Encoding": "identity"}, "client_kwargs": {"auto_decompress": False}}
        files, path = url_to_fs(url, **(plain if scheme.startswith("http") else {}))
    except ImportError as error:
        raise ConfigError(f"{shown(url)} is a URL, which takes fsspec: pip install 'dnalect[urls]'{more}") from error
    return files, path


def patiently(ask: Callable[[], T], name: str, what: str, kind: type[DnalectError] = InputError) -> T:
    """Return what a function returns, called again where the connection breaks. name: of the file, as it may be shown.

    what: "read" or "write". Raises an error of this kind, which says nothing of what the server said in its own words.
    """
    for tried in range(1, TRIES + 1):
        try:
            return ask()
        except DnalectError:
            raise
        except Exception as error:
            chain = _chain(error)
            status = next((found for each in chain if (found := _status(each))), 0)
            told, final = _told(chain, status)
            if final or tried == TRIES:
                times = "" if final else f", {TRIES} times; the same command goes on once it is back"
                raise kind(f"cannot {what} {name}: {told}{times}") from None  # its own words may hold a password
        time.sleep(WAIT * 2 ** (tried - 1))
    raise AssertionError


def _told(chain: list[BaseException], status: int) -> tuple[str, bool]:
    """What went wrong, and whether it would again."""
    names = [type(each).__name__ for each in chain]
    denied = "NoCredentialsError" in names or any(isinstance(each, PermissionError) for each in chain)
    if status in (401, 403) or (denied and not status):
        told = f"access is denied{f' ({status})' if status else ''}"
        return f"{told}: are your credentials set, has a signed URL run out?", True
    if status in (404, 410) or (not status and isinstance(chain[-1], FileNotFoundError)):
        return f"there is no such file{f' ({status})' if status else ''}", True
    if status:
        return f"the server answers {status}", status < 500 and status not in _AGAIN
    return f"the connection breaks ({names[-1]})", False


def _chain(error: BaseException) -> list[BaseException]:
    found = [error]
    while (deeper := found[-1].__cause__ or found[-1].__context__) and deeper not in found:
        found.append(deeper)
    return found


def _status(error: BaseException) -> int:
    """The status of HTTP that an error of aiohttp, gcsfs or botocore carries, 0 without one."""
    answer = cast("dict[str, Any]", getattr(error, "response", None) or {})
    found = getattr(error, "status", None)
    if type(error).__name__ == "HttpError":  # of gcsfs; where aiohttp has a code, no server sent it
        found = getattr(error, "code", None)
    if isinstance(answer, dict):
        found = found or answer.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return int(found) if str(found).isdecimal() else 0


def _kept(kind: str, url: str, identity: str) -> Path:
    """A folder of the cache. A URL that is signed anew is the same, where the server tells its content."""
    place = shown(url) if identity or kind == "outputs" else url
    return cache_folder() / kind / hashlib.sha256(f"{place}\0{identity}".encode()).hexdigest()[:24]
