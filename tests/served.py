"""A web server of this machine that counts what is asked of it, and breaks as it is told to."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


class Site:
    """files: path -> bytes. ranges: whether parts of a file can be had. denied: paths that nobody may read.

    breaks: how many of the coming answers of BIG bytes or more end in the middle. asked: (method, path, low, high) of
    every answer that had a body, and sent: its bytes by path.
    """

    BIG = 1000

    def __init__(self, address: str):
        self.address = address
        self.files: dict[str, bytes] = {}
        self.ranges, self.breaks = True, 0
        self.denied: set[str] = set()
        self.wanted: dict[str, str] = {}
        self.tags: dict[str, str] = {}
        self.sent: dict[str, int] = {}

    def put(self, name: str, data: bytes) -> str:
        """Return the URL of a file."""
        self.files[f"/{name}"] = data
        self.tags[f"/{name}"] = f'"{hash(data)}"'
        return f"{self.address}/{name}"


def _handler(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def do_HEAD(self):
            self.answer(body=False)

        def do_GET(self):
            self.answer(body=True)

        def answer(self, body: bool):
            path = urlsplit(self.path).path
            data = site.files.get(path)
            wanted = site.wanted.get(path)
            denied = path in site.denied or (wanted and wanted not in (self.headers.get("Authorization"), self.path))
            if data is None or denied:
                self.send_response(403 if denied else 404)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            low, high = 0, len(data)
            asked = self.headers.get("Range") if site.ranges else None
            if asked:
                first, _, last = asked.removeprefix("bytes=").partition("-")
                low, high = int(first), min(int(last) + 1, high)
            self.send_response(206 if asked else 200)
            if asked:
                self.send_header("Content-Range", f"bytes {low}-{high - 1}/{len(data)}")
            self.send_header("Content-Length", str(high - low))
            self.send_header("ETag", site.tags[path])
            self.end_headers()
            if not body:
                return
            part = data[low:high]
            if site.breaks and len(part) >= site.BIG:
                site.breaks -= 1
                self.wfile.write(part[: len(part) // 2])
                self.close_connection = True
                return
            site.sent[path] = site.sent.get(path, 0) + len(part)
            self.wfile.write(part)

    return Handler


@contextmanager
def served() -> Iterator[Site]:
    """Yield a site without files."""
    site = Site("")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(site))
    server.daemon_threads = True
    site.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
