#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a relay does with each request and answer, for test_relay.sh:

    relay.py DRIVER KEYS

A server that says what it was asked, and answers as its path tells it (ANSWERS),
is behind relay_driver; raw bytes are sent to the driver, and what comes back, and
what came to the server, is looked at. KEYS has the certificates. TAP on standard
output.
"""

import os
import re
import resource
import select
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

DRIVER, KEYS = sys.argv[1], sys.argv[2]
threading.stack_size(1 << 18)  # hundreds of them fit into 32 bits
PATIENCE = 60  # seconds; nothing here takes so long
count = failed = 0


def ok(good, what, seen=None):
    global count, failed
    count += 1
    failed += not good
    print(f"{'ok' if good else 'not ok'} {count} - {what}", flush=True)
    if not good and seen is not None:
        for line in repr(seen)[:2000].splitlines():
            print("# " + line, flush=True)


# ---- the server ----


class Server:
    """Answers each request by ANSWERS[path]; keeps what came, and how often a
    connection was made."""

    def __init__(self, context=None):
        self.requests = []
        self.connections = 0
        self.ended = 0  # connections that the other side closed
        self.context = context
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            connection, _ = self.socket.accept()
            threading.Thread(
                target=self.serve, args=(connection,), daemon=True
            ).start()

    def serve(self, connection):
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.context:
                connection = self.context.wrap_socket(
                    connection, server_side=True
                )
            self.connections += 1
            stream = connection.makefile("rb")
            while self.serve_one(connection, stream):
                pass
        except (OSError, ValueError):
            pass
        finally:
            self.ended += 1
            connection.close()

    def serve_one(self, connection, stream):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = stream.readline()
            if not line:
                return False
            head += line
        path = head.split(b" ")[1].decode()
        name = path.split("?")[0].strip("/").split("/")[0]
        request = {"head": head, "path": path, "length": 0, "body": b""}
        self.requests.append(request)
        answer = ANSWERS.get(name)
        if answer and getattr(answer, "early", False):
            return answer(connection, request)
        read_body(stream, head, request)
        request["whole"] = True
        if answer:
            return answer(connection, request)
        send(connection, 200, b"hello\n")
        return True

    def last(self):
        return self.requests[-1]["head"].decode("latin-1") if self.requests else ""


def read_body(stream, head, request):
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    if re.search(rb"(?i)\r\ntransfer-encoding: *chunked", head):
        while True:
            size = int(stream.readline(), 16)
            keep(request, stream, size)
            stream.readline()
            if not size:
                return
    elif length:
        keep(request, stream, int(length[1]))


def keep(request, stream, size):
    request["length"] += size
    while size:
        part = stream.read(min(size, 65536))
        if not part:
            raise ValueError
        size -= len(part)
        if len(request["body"]) < 65536:
            request["body"] += part


def send(connection, status, body, *fields):
    head = f"HTTP/1.1 {status} Said\r\nContent-Length: {len(body)}\r\n"
    connection.sendall(
        (head + "".join(f + "\r\n" for f in fields) + "\r\n").encode() + body
    )


ANSWERS = {}


def answer(function):
    ANSWERS[function.__name__] = function
    return function


def early(function):
    function.early = True
    return answer(function)


def raw(name, data, more=True):
    def send_raw(connection, _):
        connection.sendall(data)
        return more

    ANSWERS[name] = send_raw


raw("chunks", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5;x=y\r\nhello\r\n1\r\n\n\r\n0\r\nX-Trailer: 1\r\n\r\n")
raw("until_end", b"HTTP/1.1 200 OK\r\n\r\nhello\n", False)
raw("cut_length", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello\n", False)
raw("cut_chunk", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"100\r\nhello", False)
raw("cut_between", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5\r\nhello\r\n", False)
raw("cut_head", b"HTTP/1.1 200 OK\r\nContent-Le", False)
raw("nothing", b"", False)
raw("garbage", b"\x00\x01\x02 what?\r\n\r\n", False)
raw("lengths", b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\n"
    b"hello", False)
raw("same_lengths", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
    b"Content-Length: 5\r\n\r\nhello")
raw("no_content", b"HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n")
raw("not_modified", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 77\r\n"
    b"ETag: \"e\"\r\n\r\n")
raw("hints", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
raw("folded", b"HTTP/1.1 200 OK\r\nX-Folded: one\r\n two\r\nX-Next: 3\r\n"
    b"Content-Length: 2\r\n\r\nok")
raw("odd_fields", b"HTTP/1.1 200 OK\r\nX Y: 1\r\nX-Bell: a\x07b\r\n"
    b"X-Good: 1\r\nContent-Length: 2\r\n\r\nok")
raw("no_colon", b"HTTP/1.1 200 OK\r\nno colon\r\nContent-Length: 2\r\n\r\nok", False)
raw("dropped", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nKeep-Alive: timeout=5\r\n"
    b"Connection: X-Hop\r\nX-Hop: 1\r\nSet-Cookie: a=b\r\nset-cookie2: a=b\r\n"
    b"Access-Control-Allow-Origin: *\r\nAlt-Svc: h3=\":443\"\r\n"
    b"Proxy-Authenticate: Basic\r\nX-Stays: 1\r\n\r\nok")
raw("huge_head", b"HTTP/1.1 200 OK\r\n" + b"X-A: " + b"a" * 70000 + b"\r\n\r\n", False)


@answer
def moved(connection, request):
    where = request["path"].split("?", 1)[1]
    own = "%s://127.0.0.1:%d" % request["own"] if "own" in request else ""
    send(connection, 302, b"", "Location: " + where.replace("{own}", own or OWN))
    return True


@answer
def refused(connection, request):
    want = request["path"].split("?", 1)[1]
    good = ("Bearer " + want).encode() in request["head"]
    send(connection, 200 if good else 401, b"token\n", "WWW-Authenticate: Bearer")
    return True


def linger(connection):
    """Reads what is under way: a close would else take the answer away."""
    connection.shutdown(socket.SHUT_WR)
    while connection.recv(65536):
        pass


@early
def refused_early(connection, request):
    send(connection, 401, b"early\n", "Connection: close")
    linger(connection)
    return False


@early
def too_large(connection, request):
    send(connection, 413, b"too large\n", "Connection: close")
    linger(connection)
    return False


@early
def expects_nothing(connection, request):
    """And takes what comes then."""
    send(connection, 417, b"no expectations\n")
    return True


@early
def goes_on(connection, request):
    """100 only after a while."""
    time.sleep(0.3)
    request["sent_100"] = True
    connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    read_body(connection.makefile("rb", 0), request["head"], request)
    send(connection, 200, b"went on\n")
    return False


@answer
def events(connection, request):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                       b"Transfer-Encoding: chunked\r\n\r\n")
    for number in range(3):
        line = b"data: %d\n\n" % number
        connection.sendall(b"%x\r\n%s\r\n" % (len(line), line))
        STEP.acquire(timeout=PATIENCE)
    connection.sendall(b"0\r\n\r\n")
    return True


@answer
def hang(connection, request):
    request["hangs"] = True
    return len(connection.recv(1)) > 0


@answer
def big(connection, request):
    size = int(request["path"].split("?")[1])
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
    block = bytes(range(256)) * 256
    while size:
        part = block[:size]
        connection.sendall(part)
        size -= len(part)
        request["given"] = request.get("given", 0) + len(part)
    return True


@answer
def dies(connection, request):
    """Takes a second request on the connection and closes without a word."""
    if request["path"].endswith("first"):
        send(connection, 200, b"first\n")
        return True
    return False


STEP = threading.Semaphore(0)


# ---- the driver ----


class Driver:
    def __init__(self, origin, *options, files=None):
        limits = (files, files)
        self.process = subprocess.Popen(
            [DRIVER, origin, *options], stdout=subprocess.PIPE, text=True,
            preexec_fn=files and (lambda: resource.setrlimit(resource.RLIMIT_NOFILE, limits)),
        )
        line = self.process.stdout.readline()
        self.url = line.split()[1]
        self.port = int(self.url.rsplit(":", 1)[1]) if "--socket" not in options else 0
        self.path = options[options.index("--socket") + 1] if not self.port else None

    def connect(self):
        if self.path:
            connection = socket.socket(socket.AF_UNIX)
            connection.connect(self.path)
        else:
            connection = socket.create_connection(("127.0.0.1", self.port))
        connection.settimeout(PATIENCE)
        return connection

    def rss(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1])

    def grown(self, before):
        """KiB since then; a sanitizer's memory is another one."""
        with open(f"/proc/{self.process.pid}/maps") as maps:
            return 0 if re.search(r"lib[at]san", maps.read()) else self.rss() - before

    def clients(self):
        return int(body(self.say(get("/driver/clients"))))

    def say(self, data):
        """All that comes back until the end; the request should close."""
        with self.connect() as connection:
            connection.sendall(data)
            return read_all(connection)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


def read_all(connection):
    parts = []
    try:
        while part := connection.recv(262144):
            parts.append(part)
    except OSError as problem:
        parts.append(repr(problem).encode())
    return b"".join(parts)


def read_answer(stream):
    """Head and body, of one answer with a length or in chunks."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = stream.readline()
        if not line:
            return head, b""
        head += line
    request = {"length": 0, "body": b""}
    read_body(stream, head, request)
    return head, request["body"]


def get(target, *fields, method="GET", host="x", close=True, version="1.1"):
    lines = [f"{method} {target} HTTP/{version}", f"Host: {host}", *fields]
    if close:
        lines.append("Connection: close")
    return "".join(line + "\r\n" for line in lines).encode("latin-1") + b"\r\n"


def post(target, data, *fields, **options):
    return get(target, f"Content-Length: {len(data)}", *fields, method="POST",
               **options) + data


def status(reply):
    found = re.match(rb"HTTP/1\.1 (\d+) ", reply)
    return int(found[1]) if found else 0


def head(reply):
    return reply.split(b"\r\n\r\n")[0].decode("latin-1")


def body(reply):
    return reply.split(b"\r\n\r\n", 1)[1] if b"\r\n\r\n" in reply else b""


def whole(reply):
    return re.search(r"\nContent-Length: (\d+)", head(reply))[1] == str(len(body(reply)))


def answers(reply):
    return len(re.findall(rb"HTTP/1\.1 \d", reply))


def until(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


# ---- what must be refused ----

HOST = b"Host: x\r\n"
P = b"POST / HTTP/1.1\r\n" + HOST
G = b"GET / HTTP/1.1\r\n" + HOST
HOSTILE = [
    ("two lengths", 400, P + b"Content-Length: 3\r\nContent-Length: 30\r\n\r\nabc"),
    ("twice the same length", 400, P + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"),
    ("a list of lengths", 400, P + b"Content-Length: 3, 3\r\n\r\nabc"),
    ("a length with a sign", 400, P + b"Content-Length: +3\r\n\r\nabc"),
    ("a negative length", 400, P + b"Content-Length: -3\r\n\r\nabc"),
    ("a length that goes on", 400, P + b"Content-Length: 3x\r\n\r\nabc"),
    ("a hexadecimal length", 400, P + b"Content-Length: 0x3\r\n\r\nabc"),
    ("an empty length", 400, P + b"Content-Length: \r\n\r\nabc"),
    ("a length beyond all", 413, P + b"Content-Length: 99999999999999999999\r\n\r\nabc"),
    ("length and coding", 400, P + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("coding and length", 400, P + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"),
    ("an unknown coding", 501, P + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
    ("gzip, chunked", 501, P + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    ("identity", 501, P + b"Transfer-Encoding: identity\r\n\r\n"),
    ("chunked, chunked", 501, P + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
    ("two codings", 400, P + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("two codings, one unknown", 400, P + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n"),
    ("vertical tab before chunked", 400, P + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n"),
    ("chunks in HTTP/1.0", 400, b"POST / HTTP/1.0\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("a blank before the colon", 400, P + b"Content-Length : 3\r\n\r\nabc"),
    ("a tab before the colon", 400, P + b"Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n"),
    ("a name without colon", 400, G + b"Nonsense\r\n\r\n"),
    ("an empty name", 400, G + b": x\r\n\r\n"),
    ("a name with a blank", 400, G + b"X Y: 1\r\n\r\n"),
    ("a name with a slash", 400, G + b"X/Y: 1\r\n\r\n"),
    ("a name beyond ASCII", 400, G + b"X\xe4: 1\r\n\r\n"),
    ("a folded field", 400, G + b"X-A: one\r\n two\r\n\r\n"),
    ("a folded field with a colon", 400, G + b"X: 1\r\n\tAuthorization: Basic evil\r\n\r\n"),
    ("a fold that makes a name", 400, G + b"Transfer-Enc\r\n oding: chunked\r\n\r\n"),
    ("a fold as first line", 400, b"GET / HTTP/1.1\r\n X: 1\r\n" + HOST + b"\r\n"),
    ("NUL in a value", 400, G + b"X: a\x00b\r\n\r\n"),
    ("NUL in a name", 400, G + b"X\x00: a\r\n\r\n"),
    ("CR in a value", 400, G + b"X: a\rY: b\r\n\r\n"),
    ("a bell in a value", 400, G + b"X: a\x07\r\n\r\n"),
    ("DEL in a value", 400, G + b"X: a\x7f\r\n\r\n"),
    ("NUL in the target", 400, b"GET /a\x00b HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("a tab in the target", 400, b"GET /a\tb HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("a blank in the target", 400, b"GET /a b HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("CR in the target", 400, b"GET /a\rb HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("beyond ASCII in the target", 400, b"GET /\xe4 HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("a fragment", 400, b"GET /a#b HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("absolute form", 400, b"GET http://evil.example/ HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("an authority", 400, b"GET evil.example:443 HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("a target with user", 400, b"GET @evil.example/ HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("asterisk", 400, b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("CONNECT", 405, b"CONNECT evil.example:443 HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("TRACE", 405, b"TRACE / HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("an unknown method", 501, b"BREW / HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("a method in small letters", 501, b"get / HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("a method with quotes", 400, b'G"E(T / HTTP/1.1\r\n' + HOST + b"\r\n"),
    ("no target", 400, b"GET HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("two blanks", 400, b"GET  / HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("HTTP/0.9", 400, b"GET /\r\n\r\n"),
    ("HTTP/2.0", 505, b"GET / HTTP/2.0\r\n" + HOST + b"\r\n"),
    ("HTTP/1.2", 505, b"GET / HTTP/1.2\r\n" + HOST + b"\r\n"),
    ("http/1.1", 400, b"GET / http/1.1\r\n" + HOST + b"\r\n"),
    ("HTTP/1.1 and more", 400, b"GET / HTTP/1.1x\r\n" + HOST + b"\r\n"),
    ("HTTP/2's preface", 505, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ("a TLS handshake", 400, b"\x16\x03\x01\x00\xa5\x01\x00\n\r\n\r\n"),
    ("no host", 400, b"GET / HTTP/1.1\r\n\r\n"),
    ("no host in HTTP/1.0", 400, b"GET / HTTP/1.0\r\n\r\n"),
    ("two hosts", 400, G + b"Host: y\r\n\r\n"),
    ("twice the same host", 400, G + HOST + b"\r\n"),
    ("an empty host", 400, b"GET / HTTP/1.1\r\nHost:\r\n\r\n"),
    ("a host with user", 400, b"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"),
    ("two hosts in one", 400, b"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"),
    ("another expectation", 417, P + b"Content-Length: 3\r\nExpect: x\r\n\r\nabc"),
    ("a websocket", 501, G + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"),
    ("HEAD with a body", 400, b"HEAD / HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\n\r\nabc"),
    ("a long head", 431, G + b"X: " + b"a" * 40000 + b"\r\n\r\n"),
    ("many fields", 431, G + b"X: 1\r\n" * 1000 + b"\r\n"),
    ("a long target", 414, b"GET /" + b"a" * 20000 + b" HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("an endless target", 414, b"GET /" + b"a" * 40000),
]

BAD_CHUNKS = [
    ("not a number", b"zz\r\nabc\r\n0\r\n\r\n"),
    ("nothing", b"\r\nabc\r\n0\r\n\r\n"),
    ("a sign", b"+3\r\nabc\r\n0\r\n\r\n"),
    ("0x", b"0x3\r\nabc\r\n0\r\n\r\n"),
    ("a blank in front", b" 3\r\nabc\r\n0\r\n\r\n"),
    ("too many digits", b"0000000000000003\r\nabc\r\n0\r\n\r\n"),
    ("LF alone", b"3\nabc\r\n0\r\n\r\n"),
    ("more than it says", b"3\r\nabcd\r\n0\r\n\r\n"),
    ("CR alone behind the data", b"3\r\nabc\r0\r\n\r\n"),
    ("an endless extension", b"3;" + b"a" * 2000 + b"\r\nabc\r\n0\r\n\r\n"),
    ("LF in an extension", b"3;a\nb\r\nabc\r\n0\r\n\r\n"),
    ("endless trailers", b"3\r\nabc\r\n0\r\n" + b"X: a\r\n" * 3000 + b"\r\n"),
    ("NUL in a trailer", b"3\r\nabc\r\n0\r\nX: \x00\r\n\r\n"),
]


def test_hostile(server, driver):
    for what, want, data in HOSTILE:
        before = len(server.requests)
        reply = driver.say(data + b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n")
        one = answers(reply) == 1 and b"Connection: close" in reply
        ok(
            status(reply) == want and one and len(server.requests) == before,
            f"{what}: {want}, and no byte goes out",
            reply,
        )
    for what, chunks in BAD_CHUNKS:
        before = len(server.requests)
        reply = driver.say(P + b"Transfer-Encoding: chunked\r\n\r\n" + chunks
                           + b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n")
        ok(
            status(reply) == 400
            and answers(reply) == 1
            and not any(r.get("whole") for r in server.requests[before:]),
            f"a chunk with {what}: 400, and the server has no whole request",
            reply,
        )


# ---- what passes ----


def test_requests(server, driver):
    reply = driver.say(get("/x", "Accept: a/b"))
    ok(status(reply) == 200 and body(reply) == b"hello\n", "GET", reply)
    lines = server.last().split("\r\n")
    ok("Host: 127.0.0.1:%d" % server.port in lines, "the server's own Host", lines)
    ok("Authorization: Bearer token-1" in lines, "the token", lines)

    target = "/a%2Fb/../c//d/./e;p?q=%zz&x=[]|^`\"<>{}\\~"
    driver.say(get(target))
    ok(server.requests[-1]["path"] == target, "the target byte for byte", server.last())

    driver.say(get("/x", "X-One: 1", "X-One: 2", "X-Empty:", "X-Tab:\ta\tb ", "User-Agent: me",
                   "Accept-Encoding: gzip", "X-Latin: \xe4", "Range: bytes=1-2"))
    for line in ("X-One: 1", "X-One: 2", "X-Empty:", "X-Tab: a\tb", "User-Agent: me",
                 "Accept-Encoding: gzip", "X-Latin: \xe4", "Range: bytes=1-2"):
        ok(line + "\r\n" in server.last(), f"{line!r} goes on", server.last())

    driver.say(get("/x", "Authorization: Basic evil", "Cookie: a=b", "TE: trailers", "X-Hop: 1",
                   "Connection: X-Hop, te", "Keep-Alive: 5", "Proxy-Authorization: x", "Trailer: X",
                   "Proxy-Connection: x", "Upgrade: h2c", "HTTP2-Settings: x"))
    seen = server.last()
    for name in ("evil", "Cookie", "TE:", "X-Hop", "Keep-Alive", "Proxy-", "Trailer",
                 "Upgrade", "HTTP2", "Connection"):
        ok(name not in seen, f"{name} stays here", seen)
    for name in ("User-Agent", "Accept", "Expect", "Content-Length", "Transfer-Encoding"):
        ok(name + ":" not in seen, f"no {name} is made up", seen)

    for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"):
        reply = driver.say(get("/x", "Content-Length: 3", method=method) + b"abc")
        request = server.requests[-1]
        ok(request["head"].startswith(method.encode() + b" /x ") and request["body"] == b"abc"
           and b"Content-Length: 3" in request["head"] and status(reply) == 200,
           f"{method} with a body", request)
        driver.say(get("/x", "Content-Length: 0", method=method))
        request = server.requests[-1]
        ok(request["head"].startswith(method.encode() + b" /x ")
           and b"Content-Length: 0\r\n" in request["head"], f"{method} without", request)

    chunks = b"3;ext=1\r\nabc\r\nA\r\n0123456789\r\n000\r\nX-Trailer: 1\r\n\r\n"
    reply = driver.say(get("/x", "Transfer-Encoding: Chunked", method="POST") + chunks)
    request = server.requests[-1]
    ok(request["body"] == b"abc0123456789" and b"Transfer-Encoding: chunked" in request["head"]
       and b"Content-Length" not in request["head"], "a body in chunks", request)

    with driver.connect() as connection:
        for byte in post("/x", b"slowly", close=True):
            connection.send(bytes([byte]))
        reply = read_all(connection)
    ok(status(reply) == 200 and server.requests[-1]["body"] == b"slowly", "byte by byte", reply)

    reply = driver.say(get("/x", version="1.0", close=False))
    ok(status(reply) == 200 and "Connection: close" in head(reply) and body(reply) == b"hello\n",
       "HTTP/1.0, and its end", reply)
    reply = driver.say(b"\r\n\r\nGET /x HTTP/1.1\nHost: x\nConnection: close\n\n")
    ok(status(reply) == 200, "blank lines in front, and LF alone", reply)


def test_pipeline(server, driver):
    before = len(server.requests)
    reply = driver.say(get("/one", close=False) + post("/two", b"abc", close=False)
                       + get("/three", method="HEAD", close=False) + get("/driver/answer", close=False)
                       + get("/four", "Transfer-Encoding: chunked", method="PUT", close=False)
                       + b"1\r\nx\r\n0\r\n\r\n" + get("/five"))
    paths = [r["path"] for r in server.requests[before:]]
    ok(paths == ["/one", "/two", "/three", "/four", "/five"], "six requests at once, in order", paths)
    ok(reply.count(b"HTTP/1.1 200") == 6 and reply.endswith(b"hello\n")
       and reply.count(b"hello\n") == 4, "and six answers", reply)
    with driver.connect() as connection:
        stream = connection.makefile("rb")
        made = server.connections
        for _ in range(20):
            connection.sendall(get("/x", close=False))
            read_answer(stream)
        ok(server.connections - made <= 1, "one connection to the server for all of them")


def test_own_answers(server, driver):
    ok(driver.say(post("/driver/read", b"abc")).endswith(b"\r\n\r\n5 abc\n".replace(b"5", b"3")),
       "the body is read for the caller")
    reply = driver.say(get("/driver/read", "Transfer-Encoding: chunked", "Expect: 100-continue",
                           method="POST") + b"3\r\nabc\r\n0\r\n\r\n")
    ok(reply.startswith(b"HTTP/1.1 100 Continue\r\n\r\n") and reply.endswith(b"3 abc\n"),
       "in chunks, and asked for", reply)
    ok(status(driver.say(post("/driver/read", b"a" * 100001))) == 413, "one too long: 413")
    reply = driver.say(get("/driver/read", "Transfer-Encoding: chunked", method="POST")
                       + b"1\r\na\r\n" * 100001 + b"0\r\n\r\n")
    ok(status(reply) == 413, "too long in chunks: 413", reply[:200])
    reply = driver.say(get("/driver/read", "Transfer-Encoding: chunked", method="POST") + b"x\r\n")
    ok(status(reply) == 400, "damaged chunks: 400", reply)
    reply = driver.say(post("/driver/answer", b"a" * 100000, close=False) + get("/x"))
    ok(reply.count(b"HTTP/1.1 200") == 2, "a body that nobody wants is dropped", reply)
    with driver.connect() as connection:
        connection.sendall(get("/driver/answer", "Content-Length: 900000000", method="POST", close=False)
                           + b"a" * 100000)
        reply = read_all(connection)
    ok(status(reply) == 200 and "Connection: close" in head(reply), "a huge one ends the connection",
       reply)
    reply = driver.say(get("/driver/answer", "Content-Length: 5", "Expect: 100-continue", method="POST",
                           close=False))
    ok(status(reply) == 200 and b"100 Continue" not in reply and "Connection: close" in head(reply),
       "nobody says 100 for a body that is not wanted", reply)
    reply = driver.say(get("/driver/answer", method="HEAD"))
    ok("Content-Length: 9" in head(reply) and not body(reply), "HEAD of our own", reply)


def test_answers(server, driver):
    reply = driver.say(get("/chunks"))
    ok("Transfer-Encoding: chunked" in head(reply) and "Content-Length" not in head(reply)
       and body(reply).endswith(b"0\r\n\r\n") and b"hello" in reply and b"X-Trailer" not in reply,
       "chunks become chunks", reply)
    reply = driver.say(get("/chunks", version="1.0"))
    ok("Transfer-Encoding" not in head(reply) and body(reply) == b"hello\n", "and plain for 1.0", reply)
    reply = driver.say(get("/until_end"))
    ok(body(reply) == b"6\r\nhello\n\r\n0\r\n\r\n", "a body until the end", reply)
    ok("Content-Length: 6" in head(driver.say(get("/x", method="HEAD"))), "HEAD has the length")
    reply = driver.say(get("/no_content"))
    ok(status(reply) == 204 and "Content-Length" not in head(reply)
       and "Transfer-Encoding" not in head(reply) and not body(reply), "204", reply)
    reply = driver.say(get("/not_modified"))
    ok(status(reply) == 304 and "Content-Length: 77" in head(reply) and not body(reply), "304", reply)
    reply = driver.say(get("/hints"))
    ok(status(reply) == 200 and "Link" not in head(reply) and body(reply) == b"ok", "103 is passed over",
       reply)
    ok("X-Folded: one  " in head(driver.say(get("/folded"))) or
       re.search("X-Folded: one +two\r\nX-Next: 3", head(driver.say(get("/folded")))),
       "a folded field becomes one line", driver.say(get("/folded")))
    reply = head(driver.say(get("/odd_fields")))
    ok("X-Good: 1" in reply and "X Y" not in reply and "Bell" not in reply,
       "what is no field is left out", reply)
    reply = head(driver.say(get("/dropped")))
    ok("X-Stays: 1" in reply, "a field passes", reply)
    for name in ("Cookie", "cookie", "Access-Control", "Alt-Svc", "Keep-Alive", "X-Hop", "Proxy-"):
        ok(name not in reply, f"{name} does not", reply)
    ok(status(driver.say(get("/lengths"))) == 502, "two lengths: 502")
    ok(body(driver.say(get("/same_lengths"))) == b"hello", "twice the same is one")
    ok(status(driver.say(get("/garbage"))) == 502, "garbage: 502")
    ok(status(driver.say(get("/no_colon"))) == 502, "a line without colon: 502")
    ok(status(driver.say(get("/huge_head"))) == 502, "an endless head: 502")
    ok(status(driver.say(get("/cut_head"))) == 502, "an end in the head: 502")
    reply = driver.say(get("/nothing"))
    ok(status(reply) == 502 and b"127.0.0.1" in body(reply), "no answer: 502, with the reason", reply)
    reply = driver.say(get("/cut_length", close=False))
    ok("Content-Length: 100" in head(reply) and body(reply) == b"hello\n", "a cut shows: short", reply)
    for path in ("/cut_chunk", "/cut_between"):
        reply = driver.say(get(path, close=False))
        ok(status(reply) == 200 and not reply.endswith(b"0\r\n\r\n"), f"{path} shows: no last chunk", reply)
    reply = driver.say(get("/cut_between", version="1.0"))
    ok(b"ConnectionResetError" in reply, "and for HTTP/1.0 as an error", reply)


def test_locations(server, driver):
    for where, want in (
        ("{own}/new?a=b", driver.url + "/new?a=b"),
        ("{own}", driver.url + "/"),
        ("{own}?a", driver.url + "/?a"),
        ("{own}.evil.example/", None),
        ("{own}0/", None),
        ("HTTP://127.0.0.1:0{port}/new", driver.url + "/new"),
        ("{own}\\@evil.example/", None),
        ("{own}@evil.example/", None),
        ("/relative", driver.url + "/relative"),
        ("//127.0.0.1:{port}/new", driver.url + "/new"),
        ("//other.example/new", None),
        ("https://other.example/", None),
    ):
        where = where.replace("{port}", str(server.port))
        reply = driver.say(get("/moved?" + where))
        want = want or where.replace("{own}", OWN)
        ok(f"Location: {want}\r\n" in head(reply) + "\r\n", f"Location {where}", reply)


def test_secret(server, _):
    """What the client says of the address that has the secret."""
    driver = Driver(OWN, "--secret")
    own = driver.url + "/secret"
    for field, want in (
        (f"Referer: {own}/page", None),
        (f"Destination: {own}/new?a", f"Destination: {OWN}/new?a"),
        (f"Destination: {own}", f"Destination: {OWN}"),
        ("Destination: /secret/new", f"Destination: {OWN}/new"),
        (f"Destination: http://localhost:{driver.port}/secret/new", None),
        (f"Destination: {own}s/new", None),
        ("Destination: //other.example/secret", None),
        (f"If: <{own}/x> (<urn:a>)", None),
        ("X-Where: somewhere/secret/page", None),
        ("X-Stays: https://127.0.0.1/x", "X-Stays: https://127.0.0.1/x"),
    ):
        reply = driver.say(get("/secret/x", field, method="COPY"))
        seen = server.last()
        name = field.split(":")[0] + ":"
        ok(status(reply) == 200 and (want + "\r\n" in seen if want else name not in seen),
           f"{field.replace(driver.url, '')} becomes {(want or 'nothing').replace(OWN, '')}", seen)
    ok(driver.stop() == 0, "it ends well")
    driver = Driver(OWN)
    driver.say(get("/x", "Referer: /page", f"Destination: {driver.url}/new", method="COPY"))
    ok(f"Destination: {OWN}/new\r\n" in server.last() and "Referer: /page" in server.last(),
       "without a secret a Referer goes on", server.last())
    driver.say(get("/x", "Destination: http://other.example/new", method="COPY"))
    ok("Destination: http://other.example/new\r\n" in server.last(),
       "and another's Destination", server.last())
    ok(driver.stop() == 0, "it ends well")


def test_floods():
    """Who sends without an end has not the relay for himself."""
    server = Server()
    driver = Driver(f"http://127.0.0.1:{server.port}")
    with driver.connect() as connection:
        connection.sendall(get("/driver/answer", close=False) * 800 + get("/driver/answer"))
        reply = read_all(connection)
    ok(answers(reply) == 801, "801 requests at once have 801 answers", answers(reply))
    most = int(body(driver.say(get("/driver/most"))))
    ok(most <= 130, "but not in one turn", most)
    sent = 0
    with driver.connect() as connection:
        connection.sendall(b"GET /\r\n\r\n")
        reply = connection.recv(10000)
        try:
            while sent < 1 << 30:
                sent += connection.send(bytes(1 << 20))
        except OSError:
            pass
    ok(status(reply) == 400 and sent < 64 << 20, "who sends on after the last answer is cut off", sent)
    ok(driver.stop() == 0, "it ends well")


def test_lookup():
    """A name server that says nothing: getaddrinfo() hangs."""
    driver = Driver("https://hangs.test")
    with driver.connect() as connection:
        connection.sendall(get("/x", close=False))
        ok(  # twice by a libcurl that asks for each kind of address by itself
            until(lambda: body(driver.say(get("/driver/lookups"))) in (b"1\n", b"2\n")),
            "a name is looked up",
        )
    reply = driver.say(get("/driver/answer"))
    ok(status(reply) == 200, "who waited for it goes, and the others are served", reply)
    ok(driver.stop() == 0, "it ends, and the lookup goes on")


def test_trust():
    """A file of authorities that changes while the relay runs."""
    server = Server(context_of("server"))
    path = f"{KEYS}/changes.crt"
    shutil.copy(f"{KEYS}/ca.crt", path)
    driver = Driver(f"https://127.0.0.1:{server.port}", "--ca-file", path)
    with driver.connect() as connection:
        connection.sendall(get("/hang"))  # else the relay forgets all that it has read
        ok(until(lambda: server.requests and server.requests[-1].get("hangs")), "one waits")
        for what, change, want in (
            ("as it was", lambda: None, 200),
            ("removed", lambda: os.remove(path), 502),
            ("there again", lambda: shutil.copy(f"{KEYS}/ca.crt", path), 200),
            ("emptied", lambda: os.truncate(path, 0), 502),
            ("another", lambda: shutil.copy(f"{KEYS}/stranger.crt", path), 502),
        ):
            change()
            driver.say(get("/driver/later"))
            reply = driver.say(get("/x"))
            ok(status(reply) == want, f"the file of authorities is {what}: {want}", reply)
    ok(driver.stop() == 0, "it ends well")


def test_refused(server, driver):
    before = len(server.requests)
    reply = driver.say(get("/refused?token-2"))
    ok(status(reply) == 200 and body(reply) == b"token\n" and len(server.requests) == before + 2,
       "once more after a 401", reply)
    reply = driver.say(post("/refused?token-2", b"a" * 900000))
    ok(status(reply) == 200 and server.requests[-1]["length"] == 900000, "with its body", reply)
    reply = driver.say(get("/refused?token-2", "Transfer-Encoding: chunked", method="PUT")
                       + b"3\r\nabc\r\n0\r\n\r\n")
    ok(status(reply) == 200 and server.requests[-1]["body"] == b"abc", "in chunks", reply)
    before = len(server.requests)
    reply = driver.say(post("/refused?token-2", b"a" * 1100000))
    ok(status(reply) == 401 and body(reply) == b"token\n" and len(server.requests) == before + 1
       and "WWW-Authenticate: Bearer" in head(reply), "not with more than 1 MiB", reply)
    before = len(server.requests)
    reply = driver.say(get("/refused?token-9"))
    ok(status(reply) == 401 and len(server.requests) == before + 2, "then the 401 goes back", reply)
    reply = driver.say(post("/refused_early", b"a" * 2000000))
    ok(status(reply) == 401 and body(reply) == b"early\n", "one that comes early", reply)


def test_expect(server, driver):
    with driver.connect() as connection:
        connection.sendall(get("/too_large", "Content-Length: 1000000", "Expect: 100-continue",
                               method="POST", close=False))
        reply = read_all(connection)
    ok(status(reply) == 413 and reply.count(b"HTTP/1.1 ") == 1 and "Connection: close" in head(reply),
       "a final answer in place of 100", reply)
    with driver.connect() as connection:
        connection.sendall(get("/goes_on", "Content-Length: 5", "Expect: 100-continue", method="POST"))
        reply = connection.recv(100)
        ok(reply.startswith(b"HTTP/1.1 100 Continue\r\n\r\n") and server.requests[-1].get("sent_100"),
           "100 when the server wants the body", reply)
        connection.sendall(b"hello")
        reply = read_all(connection)
    ok(status(reply) == 200 and server.requests[-1]["body"] == b"hello", "and then it", reply)
    before = len(server.requests)
    for method in ("PUT", "POST"):
        with driver.connect() as connection:
            connection.sendall(get("/expects_nothing", "Content-Length: 5", "Expect: 100-continue",
                                   method=method, close=False))
            reply = read_all(connection)
        ok(status(reply) == 417 and answers(reply) == 1 and "Connection: close" in head(reply)
           and whole(reply), f"{method}: 417 in place of 100", reply)
    ok(len(server.requests) == before + 2, "and neither goes out a second time",
       server.requests[before:])
    reply = driver.say(post("/too_large", b"a" * 3000000))
    ok(status(reply) == 413 and body(reply) == b"too large\n", "an early 413 is read by the client", reply)


def test_streams(server, driver):
    with driver.connect() as connection:
        connection.sendall(get("/events"))
        data = b""
        for number in range(3):
            want = b"data: %d\n\n" % number
            while want not in data:
                part = connection.recv(4096)
                if not part:
                    break
                data += part
            ok(want in data and b"data: %d" % (number + 1) not in data, f"event {number} at once", data)
            STEP.release()
        data += read_all(connection)
    ok(data.endswith(b"0\r\n\r\n"), "and their end", data)

    with driver.connect() as connection:
        connection.sendall(get("/hang"))
        until(lambda: server.requests[-1].get("hangs"))
        ok(status(driver.say(get("/x"))) == 200, "nobody waits behind one that hangs")
        ended = server.ended
    ok(until(lambda: server.ended > ended), "a client that leaves takes its request with it")

    with driver.connect() as connection:
        connection.sendall(get("/x", "Content-Length: 100", method="POST") + b"abc")
        before = server.ended
    ok(until(lambda: server.ended > before), "also in the middle of a body")
    ok(until(lambda: driver.clients() == 1), "all have gone")


def test_bodies(server, driver):
    size = 32 << 20
    driver.say(get("/x"))
    before = driver.rss()
    reply = driver.say(get(f"/big?{size}"))
    ok(len(body(reply)) == size and body(reply)[:512] == bytes(range(256)) * 2, "32 MiB down")
    del reply
    reply = driver.say(post("/x", bytes(size)))
    ok(server.requests[-1]["length"] == size, "32 MiB up")
    ok(driver.grown(before) < 3000, "in constant memory", (before, driver.rss()))
    size *= 4  # more than kernels keep for two connections (tcp_rmem)
    with driver.connect() as connection:
        connection.sendall(get(f"/big?{size}"))
        connection.recv(1000)
        request = server.requests[-1]
        given = -1
        while given != request.get("given"):
            given = request.get("given")
            time.sleep(0.3)
        ok(given < size and driver.grown(before) < 3000, "who does not read stops the server", given)
        ok(len(read_all(connection)) >= size - 1000, "and gets the rest")


def test_repeats(server, driver):
    for method, fields, times in (("POST", ["Content-Length: 0"], 1), ("PATCH", [], 1),
                                  ("POST", ["Content-Length: 3"], 1)):
        driver.say(get("/dies/first"))
        data = b"abc" if "3" in "".join(fields) else b""
        before = len(server.requests)
        reply = driver.say(get("/dies", *fields, method=method) + data)
        seen = [r for r in server.requests[before:] if r["path"] == "/dies"]
        ok(status(reply) == 502 and len(seen) == times, f"{method} {fields} never goes out twice",
           (reply, len(seen)))


def test_limits():
    server = Server()
    driver = Driver(f"http://127.0.0.1:{server.port}")
    connections = []
    for _ in range(600):
        connection = driver.connect()
        connection.sendall(get("/hang", close=False))
        connections.append(connection)
    replies = []
    for connection in connections:
        connection.settimeout(0.0)
    def busy():
        for connection in connections:
            try:
                replies.append(connection.recv(1000))
            except BlockingIOError:
                pass
            except OSError:
                replies.append(b"reset")
        return any(status(reply) == 503 for reply in replies)
    ok(until(busy), "too many: 503", replies[:3])
    for connection in connections:
        connection.close()
    ok(until(lambda: status(driver.say(get("/driver/clients"))) == 200), "and then it serves again")
    idle = [driver.connect() for _ in range(700)]
    time.sleep(1.5)
    ok(status(driver.say(get("/x"))) == 200, "who does nothing gives way")
    for connection in idle:
        connection.close()
    ok(until(lambda: driver.clients() == 1), "all have gone")
    ok(driver.stop() == 0, "it ends well")


def test_few_files():
    """A low limit of open files, as most sessions have one: whoever is let in gets a
    connection to the server too."""
    server = Server()
    driver = Driver(f"http://127.0.0.1:{server.port}", files=256)
    connections = [driver.connect() for _ in range(200)]
    for connection in connections:
        try:
            connection.sendall(get("/hang", close=False))
        except OSError:
            pass  # more than can be told
    ok(until(lambda: len(server.requests) >= 60), "few files: 60 are at the server",
       len(server.requests))
    replies = []
    time.sleep(1)
    for connection in select.select(connections, [], [], PATIENCE)[0]:
        replies.append(status(read_all(connection)))
    ok(503 in replies and 502 not in replies, "few files: too many are 503, nobody is 502", replies)
    for connection in connections:
        connection.close()
    ok(driver.stop() == 0, "it ends well")


def test_full_and_behind():
    """It is full, has something else to do for a while, and meanwhile old clients ask
    and new ones come: who has asked does not give way."""
    driver = Driver("http://127.0.0.1:1", files=256)
    connections = [driver.connect() for _ in range(200)]
    time.sleep(1.5)
    os.kill(driver.process.pid, signal.SIGSTOP)
    new = [driver.connect() for _ in range(10)]
    for connection in connections[:20]:
        connection.sendall(get("/driver/answer"))
    os.kill(driver.process.pid, signal.SIGCONT)
    replies = [status(read_all(connection)) for connection in connections[:20]]
    ok(set(replies) == {200}, "who has asked does not give way to who comes", replies)
    for connection in connections + new:
        connection.close()
    ok(driver.stop() == 0, "it ends well")


def test_unix():
    server = Server()
    path = os.path.join(KEYS, "relay.socket")
    driver = Driver(f"http://127.0.0.1:{server.port}", "--socket", path, "--cookies")
    reply = driver.say(get("/dropped", "Cookie: a=b"))
    ok("Set-Cookie: a=b" in head(reply) and "Cookie: a=b" in server.last(), "cookies, by a unix socket",
       reply)
    ok(driver.stop() == 0, "it ends well")


def context_of(name):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{KEYS}/{name}.crt", f"{KEYS}/{name}.key")
    return context


def test_tls():
    ca = f"{KEYS}/ca.crt"
    for name, host, ca_file, want, reason in (
        ("server", "127.0.0.1", ca, 200, b"hello"),
        ("server", "localhost", ca, 200, b"hello"),
        ("name", "localhost", ca, 200, b"hello"),
        ("name", "127.0.0.1", ca, 502, b"another name"),
        ("other", "localhost", ca, 502, b"another name"),
        ("expired", "127.0.0.1", ca, 502, b"expired"),
        ("client", "127.0.0.1", ca, 502, b"not signed by an authority"),
        ("server", "127.0.0.1", f"{KEYS}/stranger.crt", 502, b"CA file"),
        ("stranger", "127.0.0.1", ca, 502, b"CA file"),
        ("server", "127.0.0.1", None, 502, b"this machine trusts"),
        ("server", "127.0.0.1", f"{KEYS}/none.crt", 502, b"cannot be read"),
        ("server", "127.0.0.1", f"{KEYS}/ca.key", 502, b"cannot be read"),
    ):
        server = Server(context_of(name))
        options = ["--ca-file", ca_file] if ca_file else []
        driver = Driver(f"https://{host}:{server.port}", *options)
        for turn in ("first", "second"):
            reply = driver.say(get("/x"))
            ok(status(reply) == want and reason in body(reply)
               and len(server.requests) == (0 if want == 502 else 1 if turn == "first" else 2),
               f"certificate {name} at {host}, with {os.path.basename(ca_file or 'none')}: {want}, "
               f"{turn} time", reply)
        if want == 200:
            ok(server.connections == 1, "on one connection")
        driver.stop()


def test_vanishing():
    """Clients that go while the connection to the server is being made: libcurl
    closes descriptors then without a word."""
    server = Server(context_of("server"))
    driver = Driver(f"https://127.0.0.1:{server.port}", "--ca-file", f"{KEYS}/ca.crt")
    asked = (get("/x", close=False), get("/big?99999999"),
             get("/x", "Content-Length: 100", method="POST") + b"abc")
    for number in range(40):
        connections = [driver.connect() for _ in range(10 + number * 37 % 90)]
        for which, connection in enumerate(connections):
            connection.sendall(asked[which % 3])
        time.sleep((0, 0.01, 0.05, 0.3, 1)[number % 5])
        for which in range(len(connections)):
            connections[which * 7 % len(connections)].close()
    ok(status(driver.say(get("/x"))) == 200, "it serves on after clients that vanished")
    ok(until(lambda: driver.clients() == 1), "all have gone")
    ok(driver.stop() == 0, "it ends well")


def main():
    global OWN
    server = Server()
    OWN = f"http://127.0.0.1:{server.port}"
    driver = Driver(OWN)
    for test in (test_hostile, test_requests, test_pipeline, test_own_answers, test_answers,
                 test_locations, test_secret, test_refused, test_expect, test_streams, test_bodies, test_repeats):
        print(f"# {test.__name__}", flush=True)
        test(server, driver)
    ok(driver.stop() == 0, "it ends well")
    test_unix()
    test_tls()
    test_trust()
    test_lookup()
    test_floods()
    test_limits()
    test_few_files()
    test_full_and_behind()
    test_vanishing()
    print(f"1..{count}")
    return failed > 0


sys.exit(main())
