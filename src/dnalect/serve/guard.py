"""What every request passes: who may ask, how much may be sent, and what browsers are told about each answer."""

import hmac
from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from fastapi import HTTPException
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, RedirectResponse, Response

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
LOCAL = ("127.0.0.1", "localhost", "::1")
# Bytes of a question.
QUESTION = 1 << 20
UPLOADS = "/api/files/"
COOKIE = "dnalect-token"
# Scripts come from here alone; igv.js and the pictures set styles of their own.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "connect-src 'self' data: blob:; worker-src 'self' blob:; font-src 'self' data:; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'self'"
)
# A report brings its own script: it runs apart from this origin, and reaches nothing.
REPORT = (
    "sandbox allow-scripts allow-downloads allow-popups; default-src 'none'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'"
)


class Guard:
    """Refuses foreign hosts and origins, asks for the token, bounds bodies. An ASGI application around another.

    local: whether the server listens to this machine alone; then only its own names may be asked for, so that no
    other site can lead a browser here under a name of its own. token: None for none. upload: bytes of a file.
    """

    def __init__(self, app: Any, local: bool, token: str | None, upload: int):
        self.app, self.local, self.token, self.upload = app, local, token, upload

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        refused = self._refused(scope)
        if refused is not None:
            await refused(scope, receive, _headed(send))
            return
        most = self.upload if scope["method"] == "PUT" and scope["path"].startswith(UPLOADS) else QUESTION
        await self.app(scope, bounded(receive, most), _headed(send))

    def _refused(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if self.local and _name(host) not in LOCAL:
            return _no(403, f"this server answers to 127.0.0.1 and localhost alone, not to {host!r:.80}")
        origin, site = headers.get("origin"), headers.get("sec-fetch-site", "")
        reads = scope["method"] in ("GET", "HEAD") and not scope["path"].startswith("/api/")
        if origin is not None and origin not in (f"http://{host}", f"https://{host}"):
            return _no(403, "another site asked: only the pages of this server may")
        if site in ("cross-site", "same-site") and not (reads and headers.get("sec-fetch-mode") == "navigate"):
            return _no(403, "another site asked: only the pages of this server may")
        if (length := _length(headers)) > max(QUESTION, self.upload):
            return _no(413, f"{length:,} bytes are more than this server takes: {self.upload:,}")
        return self._unknown(scope, headers) if self.token else None

    def _unknown(self, scope: Scope, headers: Headers) -> Response | None:
        """Ask for the token; one in the address becomes a cookie and goes from there."""
        given = parse_qsl(scope["query_string"].decode("latin-1"))
        typed = dict(given).get("token", "")
        if self._is_token(typed) and scope["method"] == "GET" and not scope["path"].startswith("/api/"):
            rest = urlencode([(key, value) for key, value in given if key != "token"])
            # One slash: what begins with two would be another host.
            target = "/" + scope["path"].lstrip("/") + (f"?{rest}" if rest else "")
            found: Response = RedirectResponse(target, 303)
            found.set_cookie(COOKIE, typed, httponly=True, samesite="strict", secure=scope["scheme"] == "https")
            return found
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        if any(self._is_token(each) for each in (typed, bearer, _cookie(headers.get("cookie", "")))):
            return None
        return _no(401, "open the address with its token, as dnalect serve printed it: http://.../?token=...")

    def _is_token(self, text: str) -> bool:
        return bool(text) and hmac.compare_digest(text.encode(), (self.token or "").encode())


def bounded(receive: Receive, most: int) -> Receive:
    """Return `receive` that raises 413 as soon as more than `most` bytes have come."""
    come = 0

    async def counted() -> Message:
        nonlocal come
        message = await receive()
        come += len(message.get("body", b""))
        if come > most:
            raise HTTPException(413, f"this is more than {most:,} bytes, which is what may be sent")
        return message

    return counted


def _headed(send: Send) -> Send:
    async def told(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.setdefault("content-security-policy", POLICY)
            headers.setdefault("cache-control", "no-cache")
            headers["x-content-type-options"] = "nosniff"
            headers["referrer-policy"] = "no-referrer"
            headers["cross-origin-opener-policy"] = "same-origin"
            headers["cross-origin-resource-policy"] = "same-origin"
        await send(message)

    return told


def _no(status: int, why: str) -> Response:
    return JSONResponse({"error": why}, status)


def _name(host: str) -> str:
    """The name of a Host header, without its port."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _length(headers: Headers) -> int:
    told = headers.get("content-length", "0")
    return int(told) if told.isdecimal() else 0


def _cookie(header: str) -> str:
    try:
        found = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""
