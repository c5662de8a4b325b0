#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An API behind the proxy, for tests/proxy: upstream.py FOLDER [USERINFO_URL].

On a loopback port of its own, over TLS where FOLDER has server.crt and server.key, until
it is killed; FOLDER/ready gets its origin. It says what it was sent: FOLDER/log
has a line for each connection ("open"), each request ("METHOD TARGET") and each
body that came ("body BYTES CRC32"), and FOLDER/heads has all heads as they came,
secrets and all. With USERINFO_URL it asks the provider there whether a request's
token is good, and answers 401 if it is not. What a target means stands at the
functions say_*.
"""

import os
import socket
import socketserver
import ssl
import struct
import sys
import threading
import time
import urllib.error
import urllib.request
import zlib

FOLDER = sys.argv[1]
USERINFO = sys.argv[2] if len(sys.argv) > 2 else None
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
BLOCK = bytes((i * 7 + i // 251) % 256 for i in range(1 << 18))
threading.stack_size(1 << 18)  # hundreds of them fit into 32 bits
LOCK = threading.Lock()


def note(line, file="log"):
    with LOCK, open(os.path.join(FOLDER, file), "ab") as log:
        log.write(line if isinstance(line, bytes) else line.encode() + b"\n")


def good(token):
    if not USERINFO:
        return True
    request = urllib.request.Request(
        USERINFO, headers={"Authorization": "Bearer " + token})
    try:
        return OPENER.open(request, timeout=60).status == 200
    except (urllib.error.URLError, ValueError):
        return False


class Gone(Exception):
    pass


class Exchange(socketserver.StreamRequestHandler):
    rbufsize = 1 << 18

    def setup(self):
        note("open")
        self.request.settimeout(300)
        if CONTEXT:
            self.request = CONTEXT.wrap_socket(self.request, server_side=True)
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().setup()

    # ---- what comes ----

    def read_head(self):
        lines = []
        while not lines or lines[-1] not in (b"\r\n", b"\n"):
            line = self.rfile.readline(1 << 16)
            if not line:
                raise Gone()
            lines.append(line)
        self.head = b"".join(lines)
        note(self.head, "heads")
        words = lines[0].decode("latin-1").split()
        note(" ".join(words[:2]))
        self.method, self.target = words[0], words[1]
        self.fields = {}
        for line in lines[1:-1]:
            name, _, value = line.decode("latin-1").partition(":")
            self.fields[name.lower()] = value.strip()

    def pieces(self):
        """The body, in pieces"""
        if self.fields.get("transfer-encoding", "").lower() == "chunked":
            while size := int(self.rfile.readline().split(b";")[0], 16):
                yield from self.exactly(size)
                self.rfile.readline()
            while self.rfile.readline() not in (b"\r\n", b"\n", b""):
                pass
        else:
            yield from self.exactly(int(self.fields.get("content-length", 0)))

    def exactly(self, size):
        while size:
            piece = self.rfile.read1(min(size, 1 << 18))
            if not piece:
                raise Gone()
            size -= len(piece)
            yield piece

    def take_body(self):
        self.size = self.sum = 0
        if self.fields.get("expect", "").lower() == "100-continue":
            self.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        for piece in self.pieces():
            self.size += len(piece)
            self.sum = zlib.crc32(piece, self.sum)
        if self.size:
            note("body %d %08x" % (self.size, self.sum))

    # ---- what goes ----

    def send(self, data):
        self.request.sendall(data)

    def reply(self, status, body=b"", *more):
        if isinstance(body, str):
            body = body.encode("latin-1")
        lines = ["HTTP/1.1 %d Said" % status]
        if status != 204:
            lines.append("Content-Length: %d" % len(body))
        if status == 401:
            lines.append('WWW-Authenticate: Bearer error="invalid_token"')
        head = "\r\n".join(lines + list(more)) + "\r\n\r\n"
        self.send(head.encode("latin-1") +
                  (b"" if self.method == "HEAD" else body))

    def say_big(self, size, *_):
        """/big/BYTES: so many, or the one range that was asked for"""
        first, last, status, more = 0, int(size) - 1, 200, ""
        if self.fields.get("range", "").startswith("bytes="):
            a, _, b = self.fields["range"][6:].partition("-")
            first, last, status = int(a), int(b or last), 206
            more = "Content-Range: bytes %d-%d/%s\r\n" % (first, last, size)
        self.send(("HTTP/1.1 %d Said\r\nContent-Length: %d\r\n"
                   "Accept-Ranges: bytes\r\n%s\r\n" %
                   (status, last + 1 - first, more)).encode())
        while self.method != "HEAD" and first <= last:
            at = first % len(BLOCK)
            piece = memoryview(BLOCK)[at:at + last + 1 - first]
            self.send(piece)
            first += len(piece)

    def say_chunked(self, size, *_):
        """/chunked/BYTES: of a length that is not told"""
        self.send(b"HTTP/1.1 200 Said\r\nTransfer-Encoding: chunked\r\n\r\n")
        left = int(size)
        while left:
            piece = BLOCK[:left]
            self.send(b"%x\r\n" % len(piece) + piece + b"\r\n")
            left -= len(piece)
        self.send(b"0\r\n\r\n")

    def say_upload(self, *_):
        """/upload: what has come, as BYTES CRC32"""
        self.reply(200, "%d %08x\n" % (self.size, self.sum))

    def say_unread(self, *_):
        """/unread: 413, without a look at the body"""
        self.reply(413, "Too long.\n", "Connection: close")
        raise Gone()

    def say_events(self, number, pause, *_):
        """/events/NUMBER/MS: server-sent events, with the time in each"""
        self.send(b"HTTP/1.1 200 Said\r\nContent-Type: text/event-stream\r\n"
                  b"Transfer-Encoding: chunked\r\n\r\n")
        for i in range(int(number)):
            time.sleep(int(pause) / 1000)
            event = b"id: %d\ndata: %d\n\n" % (i, time.monotonic_ns())
            self.send(b"%x\r\n%s\r\n" % (len(event), event))
        self.send(b"0\r\n\r\n")

    def say_echo(self, *_):
        """/echo: the request's head as it came"""
        self.reply(200, self.head)

    def say_status(self, status, *_):
        """/status/CODE"""
        self.reply(int(status), "" if status == "204" else "So.\n")

    def say_redirect(self, *_):
        """/redirect: to /echo here; /redirect/away: elsewhere"""
        to = ORIGIN + "/echo"
        if self.target.endswith("/away"):
            to = "https://other.example/echo"
        self.reply(302, "", "Location: " + to)

    def say_headers(self, *_):
        """/headers: some that a proxy has to think about"""
        self.reply(200, "So.\n", "Set-Cookie: taste=sweet",
                   "Access-Control-Allow-Origin: *", "X-Kept: yes",
                   "Keep-Alive: timeout=5", "X-Hop: no",
                   "Connection: keep-alive, X-Hop")

    def say_hang(self, *_):
        """/hang: nothing, for a minute; /hang/body: half an answer first"""
        if self.target.endswith("/body"):
            self.send(b"HTTP/1.1 200 Said\r\nContent-Length: 10\r\n\r\nhalf\n")
        time.sleep(60)
        raise Gone()

    def say_cut(self, how, *_):
        """/cut/length, /cut/chunk, /cut/head: it ends too early"""
        self.send({
            "length": b"HTTP/1.1 200 Said\r\nContent-Length: 1000\r\n\r\nhalf\n",
            "chunk": b"HTTP/1.1 200 Said\r\nTransfer-Encoding: chunked\r\n\r\n"
                     b"5\r\nhalf\n\r\n",
            "head": b"HTTP/1.1 200 Said\r\nContent-Le"}[how])
        raise Gone()

    def say_reset(self, *_):
        """/reset: the connection, without an answer"""
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                struct.pack("ii", 1, 0))
        os.close(self.request.detach())
        raise Gone()

    def say_garbage(self, how, *_):
        """/garbage/KIND: what is no HTTP"""
        self.send(GARBAGE[how])
        raise Gone()

    def handle(self):
        try:
            while True:
                self.read_head()
                words = self.target.partition("?")[0].strip("/").split("/")
                token = self.fields.get("authorization", "")[len("Bearer "):]
                if words[0] != "unread":
                    self.take_body()
                if not good(token):
                    self.reply(401, "Who?\n")
                    continue
                say = getattr(self, "say_" + words[0], None)
                if say:
                    say(*words[1:])
                else:
                    self.reply(404, "Nothing.\n")
        except (Gone, OSError, ValueError, IndexError):
            pass

    def finish(self):
        try:
            super().finish()
            self.request.close()
        except (OSError, ValueError):
            pass


GARBAGE = {
    "noise": os.urandom(4096),
    "other": b"220 mail.example ESMTP\r\n",
    "status": b"HTTP/1.1 99999 Said\r\nContent-Length: 0\r\n\r\n",
    "two-lengths": b"HTTP/1.1 200 Said\r\nContent-Length: 5\r\n"
                   b"Content-Length: 500\r\n\r\nhalf\n" + b"HTTP/1.1 200 Evil" * 40,
    "length": b"HTTP/1.1 200 Said\r\nContent-Length: 5x\r\n\r\nhalf\n",
    "both": b"HTTP/1.1 200 Said\r\nContent-Length: 5\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nHTTP/1.1 200 Evil\r\n",
    "chunk": b"HTTP/1.1 200 Said\r\nTransfer-Encoding: chunked\r\n\r\n"
             b"zz\r\nhalf\n\r\n0\r\n\r\n",
    "huge-chunk": b"HTTP/1.1 200 Said\r\nTransfer-Encoding: chunked\r\n\r\n"
                  b"ffffffffffffffffff\r\nhalf\n",
    "huge-head": b"HTTP/1.1 200 Said\r\nX-A: " + b"a" * (4 << 20) + b"\r\n\r\n",
    "endless-head": b"HTTP/1.1 200 Said\r\n" + b"X-A: a\r\n" * (1 << 19),
    "nul": b"HTTP/1.1 200 Said\r\nX-A: a\0b\r\nContent-Length: 5\r\n\r\nhalf\n",
    "fold": b"HTTP/1.1 200 Said\r\nX-A: a\r\n Set-Cookie: evil=1\r\n"
            b"Content-Length: 5\r\n\r\nhalf\n",
    "interim": b"HTTP/1.1 103 Early\r\n\r\n" * 5000,
}


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 512
    allow_reuse_address = True

    def handle_error(self, *_):
        pass


def main():
    global CONTEXT, ORIGIN
    CONTEXT = None
    if os.path.exists(FOLDER + "/server.crt"):
        CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        CONTEXT.load_cert_chain(FOLDER + "/server.crt", FOLDER + "/server.key")
    server = Server(("127.0.0.1", 0), Exchange)
    ORIGIN = "%s://127.0.0.1:%d" % ("https" if CONTEXT else "http",
                                    server.server_address[1])
    for name in ("log", "heads"):
        open(os.path.join(FOLDER, name), "ab").close()
    with open(FOLDER + "/ready.new", "w", encoding="ascii") as ready:
        print(ORIGIN, file=ready)
    os.rename(FOLDER + "/ready.new", FOLDER + "/ready")
    server.serve_forever()


main()
