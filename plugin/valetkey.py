# SPDX-License-Identifier: MIT
"""Valid OAuth 2.0 access tokens, on demand, from valetkey(1).

    import valetkey
    print(valetkey.Valetkey().token("work"))

A Valetkey keeps nothing but the library's own cache: ask it before every request,
which mostly costs microseconds. Any thread may use it. After a 401 call
invalidate() with the token and ask once more; RequestsAuth and HttpxAuth do all of
that by themselves.

Whatever goes wrong is a valetkey.Error, with the result of valetkey(3) as .result
and, as its text, what to do. Its kinds say whom it concerns: CallError (the call is
wrong), PersonError (log in, unlock), LaterError (try again), ReportError.
"""

from __future__ import annotations

import asyncio
import ctypes
import threading
import weakref
from typing import Any, AsyncGenerator, Callable, Generator, Optional

__all__ = ["CallError", "Error", "HttpxAuth", "LaterError", "PersonError",
           "ReportError", "RequestsAuth", "Token", "Valetkey"]

_PENDING = 1
_MESSAGE_ERROR = 2
_CACHED_ONLY = 2
_ID_TOKEN = 4


class Error(Exception):
    """What valetkey(3) answered, as .result, and in words."""

    def __init__(self, result: int, text: str = "") -> None:
        super().__init__(text or _lib.valetkey_strerror(result).decode())
        self.result = result


class CallError(Error):
    """10 to 19: the call is wrong, or the program that makes it."""


class PersonError(Error):
    """20 to 29: a person must do something, such as log in."""


class LaterError(Error):
    """30 to 39: try again later; nothing was lost."""


class ReportError(Error):
    """40 to 49: valetkey or the provider is broken, or refuses."""


_KINDS = {1: CallError, 2: PersonError, 3: LaterError, 4: ReportError}


# ---- struct by struct as in valetkey.h ----

class _Message(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("type", ctypes.c_int32),
                ("seconds_left", ctypes.c_uint32), ("text", ctypes.c_char_p)]


_CONVERSE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(_Message),
                             ctypes.c_void_p, ctypes.c_size_t,
                             ctypes.c_void_p)


class _Options(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("program", ctypes.c_char_p),
                ("converse", _CONVERSE), ("data", ctypes.c_void_p),
                ("flags", ctypes.c_uint64)]


class _Request(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("account", ctypes.c_char_p),
                ("resource", ctypes.c_char_p), ("scope", ctypes.c_char_p),
                ("min_valid_s", ctypes.c_uint32),
                ("timeout_ms", ctypes.c_uint32), ("flags", ctypes.c_uint64)]


class _Token(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("access_token", ctypes.c_char_p),
                ("length", ctypes.c_size_t), ("expires_at", ctypes.c_int64),
                ("account", ctypes.c_char_p), ("scope", ctypes.c_char_p)]


_TokenPointer = ctypes.POINTER(_Token)
_lib = ctypes.CDLL("libvaletkey.so.1")
_lib.valetkey_strerror.restype = ctypes.c_char_p
for _name, _types in {
        "open": [ctypes.POINTER(_Options), ctypes.c_void_p],
        "close": [ctypes.c_void_p],
        "get": [ctypes.c_void_p, ctypes.POINTER(_Request), ctypes.c_void_p],
        "token_free": [_TokenPointer],
        "invalidate": [ctypes.c_void_p, _TokenPointer],
        "begin": [ctypes.c_void_p, ctypes.POINTER(_Request), ctypes.c_void_p],
        "invalidate_begin": [ctypes.c_void_p, _TokenPointer, ctypes.c_void_p],
        "fd": [ctypes.c_void_p],
        "finish": [ctypes.c_void_p, ctypes.c_void_p],
        "cancel": [ctypes.c_void_p]}.items():
    getattr(_lib, "valetkey_" + _name).argtypes = _types
_lib.valetkey_token_free.restype = None
_lib.valetkey_cancel.restype = None


class Token:
    """An access token. str() is the token itself, repr() does not show it. It has
    access_token, header, expires_at (Unix seconds, or None), account and scope."""

    def __init__(self, pointer: Any) -> None:
        told = pointer.contents
        self._pointer = pointer
        self._free = weakref.finalize(self, _lib.valetkey_token_free, pointer)
        self.access_token: str = told.access_token.decode()
        #: Unix seconds; None: the provider does not say
        self.expires_at: Optional[int] = told.expires_at or None
        self.account: str = told.account.decode()
        self.scope: str = told.scope.decode()

    def __str__(self) -> str:
        return self.access_token

    def __repr__(self) -> str:
        return f"<Token of {self.account}>"

    @property
    def header(self) -> str:
        """What goes into Authorization."""
        return "Bearer " + self.access_token


def _text(name: str, value: Optional[str]) -> Optional[bytes]:
    """For the library, which would stop at a NUL."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a str, not {type(value).__name__}")
    if "\0" in value:
        raise ValueError(f"{name} must not contain NUL")
    return value.encode()


def _seconds(name: str, value: float, unit: int) -> int:
    """As a whole number of the unit that the library takes: 32 bits of it."""
    number = int(value * unit)
    if not 0 <= number < 1 << 32:
        raise ValueError(f"{name} is out of range")
    return number


def _pointer_of(token: Token) -> Any:
    if not isinstance(token, Token):
        raise TypeError(f"a Token is needed, not {type(token).__name__}")
    return token._pointer


def _wake(readable: asyncio.Future[None]) -> None:
    if not readable.done():  # as when the task was canceled just before
        readable.set_result(None)


class Valetkey:
    """A handle of the library. `with Valetkey() as vk:` closes it at the end;
    otherwise it is closed when nobody has it any more."""

    def __init__(self, program: Optional[str] = None) -> None:
        # Called in the thread that calls; must not keep this object alive.
        self._said = said = threading.local()

        def _told(message: Any, _reply: Any, _size: int, _data: Any) -> int:
            if message.contents.type == _MESSAGE_ERROR:
                said.text = message.contents.text.decode()
            return 0

        self._converse = _CONVERSE(_told)
        options = _Options(size=ctypes.sizeof(_Options),
                           program=_text("program", program or None),
                           converse=self._converse)
        handle = ctypes.c_void_p()
        self._check(_lib.valetkey_open(ctypes.byref(options),
                                       ctypes.byref(handle)))
        self._handle = handle
        self._close = self._closed_at_last()

    def close(self) -> None:
        """Wipes what is cached. Tokens that you have stay good. While a thread or
        a task is inside a call it is a CallError (12), and changes nothing."""
        if self._close.detach():  # by one thread alone
            result = _lib.valetkey_close(self._handle)
            if result:
                self._close = self._closed_at_last()
            self._check(result)

    def _closed_at_last(self) -> Any:
        return weakref.finalize(self, _lib.valetkey_close, self._handle)

    def __enter__(self) -> Valetkey:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            self.close()
        except CallError:
            if kind is None:  # or what went wrong before would not be seen
                raise

    def _check(self, result: int) -> None:
        text = getattr(self._said, "text", "")
        self._said.text = ""
        if result:
            raise _KINDS.get(result // 10, Error)(result, text)

    def _open(self) -> ctypes.c_void_p:
        if not self._close.alive:
            raise CallError(10, "This Valetkey is closed.")
        return self._handle

    @staticmethod
    def _request(account: Optional[str], *, resource: Optional[str] = None,
                 scope: Optional[str] = None, min_valid: int = 0,
                 timeout: float = 0, cached_only: bool = False,
                 id_token: bool = False) -> Any:
        return ctypes.byref(_Request(
            size=ctypes.sizeof(_Request),
            account=_text("account", account),
            resource=_text("resource", resource),
            scope=_text("scope", scope),
            min_valid_s=_seconds("min_valid", min_valid, 1),
            timeout_ms=_seconds("timeout", timeout, 1000),
            flags=(_CACHED_ONLY if cached_only else 0) |
            (_ID_TOKEN if id_token else 0)))

    def token(self, account: Optional[str] = None, **how: Any) -> Token:
        """A token that is valid now: of the account, or of the one that has the
        host of `resource`. Keywords: resource (the URL it is for; another host
        than the account's is a PersonError), scope, min_valid (seconds, 60),
        timeout (seconds, 30), cached_only, id_token (who logged in, for whoever
        asks for an ID token; the account needs the scope openid)."""
        pointer = _TokenPointer()
        self._check(_lib.valetkey_get(self._open(),
                                      self._request(account, **how),
                                      ctypes.byref(pointer)))
        return Token(pointer)

    def invalidate(self, token: Token) -> None:
        """A server has refused it (401): the next token is another one."""
        self._check(_lib.valetkey_invalidate(self._open(),
                                             _pointer_of(token)))

    # ---- asyncio ----

    async def token_async(self, account: Optional[str] = None,
                          **how: Any) -> Token:
        """As token(), without ever blocking asyncio's loop."""
        return Token(await self._finish(
            _lib.valetkey_begin, self._request(account, **how)))

    async def invalidate_async(self, token: Token) -> None:
        """As invalidate()."""
        await self._finish(_lib.valetkey_invalidate_begin, _pointer_of(token))

    async def _finish(self, begin: Callable[..., int], what: Any) -> Any:
        wait = ctypes.c_void_p()
        self._check(begin(self._open(), what, ctypes.byref(wait)))
        loop = asyncio.get_running_loop()
        fd = _lib.valetkey_fd(wait)
        pointer = _TokenPointer()
        result = _PENDING
        try:
            while result == _PENDING:
                readable = loop.create_future()
                loop.add_reader(fd, _wake, readable)
                try:
                    await readable
                finally:
                    loop.remove_reader(fd)  # the last finish closes it
                result = _lib.valetkey_finish(wait, ctypes.byref(pointer))
        finally:
            if result == _PENDING:  # the task was canceled
                _lib.valetkey_cancel(wait)
        self._check(result)
        return pointer


# ---- for HTTP libraries ----

class _Auth:
    """A token for each request, of the account or of whoever has its host. After
    a 401 another one, once. A host that is not the account's is a PersonError;
    neither library takes the header along to another host."""

    def __init__(self, account: Optional[str] = None,
                 handle: Optional[Valetkey] = None) -> None:
        self.account = account
        self.handle = handle or Valetkey()


class RequestsAuth(_Auth):
    """requests.get(url, auth=RequestsAuth("work"))"""

    def __call__(self, request: Any) -> Any:
        token = self.handle.token(self.account, resource=request.url)
        body = request.body
        start = body.tell() if hasattr(body, "seek") else None

        def again(response: Any, **how: Any) -> Any:
            if response.status_code != 401:
                return response
            self.handle.invalidate(token)
            newer = self.handle.token(self.account, resource=request.url)
            if start is not None:
                body.seek(start)
            elif body is not None and not isinstance(body, (str, bytes)):
                return response  # cannot be sent twice
            response.content  # so that the connection can be used again
            response.close()
            retry = response.request.copy()
            retry.headers["Authorization"] = newer.header
            result = response.connection.send(retry, **how)
            result.history.append(response)
            result.request = retry
            return result

        def once(response: Any, **how: Any) -> Any:
            if response.request.headers.get("Authorization") != token.header:
                return response  # a redirect to another host
            return again(response, **how)

        request.headers["Authorization"] = token.header
        request.register_hook("response", once)
        return request


def _httpx_auth() -> Any:
    import httpx

    class HttpxAuth(_Auth, httpx.Auth):
        """httpx.Client(auth=HttpxAuth("work")), and AsyncClient on asyncio."""

        @staticmethod
        def _refused(request: httpx.Request, response: httpx.Response) -> bool:
            """Not by where a redirect led, and it can be sent twice."""
            sent = response.request.headers.get("Authorization")
            return (response.status_code == 401 and
                    sent == request.headers["Authorization"] and
                    isinstance(request.stream, httpx.ByteStream))

        def sync_auth_flow(self, request: httpx.Request) -> Generator[
                httpx.Request, httpx.Response, None]:
            url = str(request.url)
            token = self.handle.token(self.account, resource=url)
            request.headers["Authorization"] = token.header
            response = yield request
            if self._refused(request, response):
                self.handle.invalidate(token)
                token = self.handle.token(self.account, resource=url)
                request.headers["Authorization"] = token.header
                yield request

        async def async_auth_flow(self, request: httpx.Request) -> (
                AsyncGenerator[httpx.Request, httpx.Response]):
            url = str(request.url)
            token = await self.handle.token_async(self.account, resource=url)
            request.headers["Authorization"] = token.header
            response = yield request
            if self._refused(request, response):
                await self.handle.invalidate_async(token)
                token = await self.handle.token_async(self.account,
                                                      resource=url)
                request.headers["Authorization"] = token.header
                yield request

    return HttpxAuth


def __getattr__(name: str) -> Any:
    if name != "HttpxAuth":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = _httpx_auth()  # httpx is needed for this alone
    return globals()[name]
