#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Requests that must not get through: smuggle.py, as the command of `valetkey proxy`.

Each is sent over a connection of its own, whole or in two pieces. Writes "ok TEXT"
or "not ok TEXT" for each: refused with a status of 4xx or 501 (the one that is
named, where one is), the connection closed where what follows could be taken for
another request. All carry the right secret, so that nothing but their form speaks
against them. The test looks whether the API has heard of any.
"""

import os
import re
import socket
import sys
import urllib.parse

ADDRESS = urllib.parse.urlsplit(os.environ["VALETKEY_PROXY_URL"])
SECRET = os.environ["VALETKEY_PROXY_TOKEN"]
HOST = "Host: %s\r\n" % ADDRESS.netloc
AUTH = "Authorization: Bearer %s\r\n" % SECRET
GOOD = HOST + AUTH
EVIL = "GET /evil HTTP/1.1\r\n" + GOOD + "\r\n"
POST = "POST /evil HTTP/1.1\r\n" + GOOD


def get(target, more=GOOD, version="HTTP/1.1"):
    return "GET %s %s\r\n%s\r\n" % (target, version, more)


CASES = [
    # two meanings of where the body ends
    ("two lengths", POST + "Content-Length: 5\r\nContent-Length: 0\r\n\r\n" + EVIL),
    ("two lengths, the same", POST + "Content-Length: 5\r\n" * 2 + "\r\nhello"),
    ("a list of lengths", POST + "Content-Length: 5, 5\r\n\r\nhello"),
    ("a length with a sign", POST + "Content-Length: +5\r\n\r\nhello"),
    ("a negative length", POST + "Content-Length: -5\r\n\r\n" + EVIL),
    ("an empty length", POST + "Content-Length:\r\n\r\n" + EVIL),
    ("a length in hex", POST + "Content-Length: 0x5\r\n\r\nhello"),
    ("a length beyond all numbers",
     POST + "Content-Length: 18446744073709551621\r\n\r\nhello"),
    ("length and chunks",
     POST + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + EVIL),
    ("chunks and length",
     POST + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n" + EVIL),
    ("another encoding", POST + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + EVIL),
    ("two encodings",
     POST + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + EVIL),
    ("identity", POST + "Transfer-Encoding: identity\r\n\r\n" + EVIL),
    ("chunked twice",
     POST + "Transfer-Encoding: chunked\r\n" * 2 + "\r\n0\r\n\r\n" + EVIL),
    ("chunked, chunked",
     POST + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n" + EVIL),
    ("chunked in HTTP/1.0",
     "POST /evil HTTP/1.0\r\n" + GOOD + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("chunked behind a vertical tab",
     POST + "Transfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n" + EVIL),
    ("chunked with a parameter",
     POST + "Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n" + EVIL),
    ("an empty encoding", POST + "Transfer-Encoding:\r\n\r\n0\r\n\r\n" + EVIL),
    ("a blank before the colon", POST + "Content-Length : 5\r\n\r\n" + EVIL),
    ("a blank before the encoding's colon",
     POST + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + EVIL),
    ("a blank before the name", POST + " Content-Length: 5\r\n\r\n" + EVIL),
    # lines that are folded, or end in other ways
    ("a folded header", get("/evil", GOOD + "X-A: one\r\n two: 2\r\n")),
    ("a folded header with a tab", get("/evil", GOOD + "X-A: one\r\n\ttwo\r\n")),
    ("a fold before all headers", get("/evil", " X: 1\r\n" + GOOD)),
    ("a folded encoding",
     POST + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" + EVIL),
    ("an encoding in two halves",
     POST + "Transfer-Enc\r\n oding: chunked\r\n\r\n0\r\n\r\n" + EVIL),
    ("a bare CR in a value", get("/evil", GOOD + "X-A: one\rX-B: two\r\n")),
    ("a CR before the colon", get("/evil", GOOD + "X-A\r: one\r\n")),
    ("a NUL in a value", get("/evil", GOOD + "X-A: one\0two\r\n")),
    ("a NUL in a name", get("/evil", GOOD + "X\0A: one\r\n")),
    ("a control character in a value", get("/evil", GOOD + "X-A: \x1b[31m\r\n")),
    ("a DEL in a value", get("/evil", GOOD + "X-A: \x7f\r\n")),
    ("a line without a colon", get("/evil", GOOD + "X-A\r\n")),
    ("an empty name", get("/evil", GOOD + ": one\r\n")),
    ("a name in quotes", get("/evil", GOOD + '"X": one\r\n')),
    # the first line
    ("an absolute address", get("http://%s/evil" % ADDRESS.netloc)),
    ("an absolute address elsewhere", get("http://evil.example/evil")),
    ("an https address elsewhere", get("https://evil.example/evil")),
    ("an authority", get("@evil.example/evil")),
    ("an asterisk", "OPTIONS * HTTP/1.1\r\n" + GOOD + "\r\n"),
    ("no slash", get("evil")),
    ("a fragment", get("/evil#part")),
    ("a blank in the target", get("/evil one")),
    ("a tab in the target", get("/evil\tone")),
    ("a CR in the target", get("/evil\rone")),
    ("a NUL in the target", get("/evil\0one")),
    ("a control character in the target", get("/evil\x01")),
    ("a byte above ASCII in the target", get("/evil\xff")),
    ("two blanks", "GET  /evil HTTP/1.1\r\n" + GOOD + "\r\n"),
    ("a tab for a blank", "GET\t/evil\tHTTP/1.1\r\n" + GOOD + "\r\n"),
    ("a blank at the end", "GET /evil HTTP/1.1 \r\n" + GOOD + "\r\n"),
    ("HTTP/0.9", "GET /evil\r\n"),
    ("HTTP/2.0", get("/evil", version="HTTP/2.0")),
    ("HTTP/1.2x", get("/evil", version="HTTP/1.1x")),
    ("http/1.1", get("/evil", version="http/1.1")),
    ("CONNECT", "CONNECT evil.example:443 HTTP/1.1\r\n" + GOOD + "\r\n"),
    ("CONNECT with a path", "CONNECT /evil HTTP/1.1\r\n" + GOOD + "\r\n"),
    ("TRACE", "TRACE /evil HTTP/1.1\r\n" + GOOD + "\r\n"),
    ("a method in quotes", 'G"E(T /evil HTTP/1.1\r\n' + GOOD + "\r\n"),
    ("the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ("TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + "a" * 400 + "\r\n\r\n"),
    # who is asked
    ("no Host", get("/evil", AUTH)),
    ("two Hosts", get("/evil", HOST + GOOD)),
    ("two Hosts, one evil", get("/evil", "Host: evil.example\r\n" + GOOD)),
    ("an empty Host", get("/evil", "Host:\r\n" + AUTH)),
    ("another Host", get("/evil", "Host: evil.example\r\n" + AUTH), 403),
    ("another Host at our port",
     get("/evil", "Host: evil.example:%d\r\n" % ADDRESS.port + AUTH), 403),
    ("a Host that begins as ours",
     get("/evil", "Host: 127.0.0.1.evil.example:%d\r\n" % ADDRESS.port + AUTH), 403),
    ("a Host with a user",
     get("/evil", "Host: a@%s\r\n" % ADDRESS.netloc + AUTH)),
    ("our Host without its port", get("/evil", "Host: 127.0.0.1\r\n" + AUTH), 403),
    ("our Host at another port", get("/evil", "Host: 127.0.0.1:1\r\n" + AUTH), 403),
    ("0.0.0.0",
     get("/evil", "Host: 0.0.0.0:%d\r\n" % ADDRESS.port + AUTH), 403),
    # who asks
    ("an Origin", get("/evil", GOOD + "Origin: https://evil.example\r\n"), 403),
    ("our own Origin",
     get("/evil", GOOD + "Origin: http://%s\r\n" % ADDRESS.netloc), 403),
    ("the Origin null", get("/evil", GOOD + "Origin: null\r\n"), 403),
    ("an empty Origin", get("/evil", GOOD + "Origin:\r\n"), 403),
    ("a fetch of another site",
     get("/evil", GOOD + "Sec-Fetch-Site: cross-site\r\n"), 403),
    ("a fetch of the same site",
     get("/evil", GOOD + "Sec-Fetch-Site: same-origin\r\n"), 403),
    ("two answers to where a fetch is from",
     get("/evil", GOOD + "Sec-Fetch-Site: none\r\nSec-Fetch-Site: cross-site\r\n"),
     403),
    ("no secret", get("/evil", HOST), 401),
    ("an empty secret", get("/evil", HOST + "Authorization: Bearer \r\n"), 401),
    ("half the secret",
     get("/evil", HOST + "Authorization: Bearer %s\r\n" % SECRET[:-1]), 401),
    ("the secret and more",
     get("/evil", HOST + "Authorization: Bearer %s0\r\n" % SECRET), 401),
    ("another secret",
     get("/evil", HOST + "Authorization: Bearer %s\r\n" % SECRET[::-1]), 401),
    ("the secret by no scheme",
     get("/evil", HOST + "Authorization: %s\r\n" % SECRET), 401),
    ("the secret twice", get("/evil", HOST + AUTH + AUTH), 401),
    ("a wrong secret and the right one",
     get("/evil", HOST + "Authorization: Bearer 0\r\n" + AUTH), 401),
    ("the secret in the path", get("/%s/evil" % SECRET, HOST), 401),
    ("the secret in the query",
     get("/evil?access_token=%s" % SECRET, HOST), 401),
    ("the secret as a cookie",
     get("/evil", HOST + "Cookie: token=%s\r\n" % SECRET), 401),
    # too much of it
    ("a header of 200 KB", get("/evil", GOOD + "X-A: %s\r\n" % ("a" * 200000))),
    ("2,000 headers", get("/evil", GOOD + "X-A: a\r\n" * 2000)),
    ("a target of 200 KB", get("/evil" + "a" * 200000)),
]

# Here the head is good, and the API may hear of it; but of no second request.
BODIES = [
    ("a chunk that is none", POST + "Transfer-Encoding: chunked\r\n\r\nzz\r\n" + EVIL),
    ("a chunk beyond all numbers",
     POST + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n" + EVIL),
    ("a chunk with a sign",
     POST + "Transfer-Encoding: chunked\r\n\r\n+5\r\nhello\r\n0\r\n\r\n"),
    ("a negative chunk",
     POST + "Transfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n"),
    ("a chunk in 0x", POST + "Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n"),
    ("a chunk of an empty size",
     POST + "Transfer-Encoding: chunked\r\n\r\n\r\nhello\r\n0\r\n\r\n"),
    ("a chunk longer than it says",
     POST + "Transfer-Encoding: chunked\r\n\r\n3\r\nhello\r\n0\r\n\r\n"),
]


def talk(text, pieces):
    data = text.encode("latin-1")
    half = len(data) // 2 if pieces == 2 else len(data)
    answer = b""
    with socket.create_connection((ADDRESS.hostname, ADDRESS.port), 30) as one:
        try:
            one.sendall(data[:half])
            one.sendall(data[half:])
            one.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        try:
            while piece := one.recv(65536):
                answer += piece
        except ConnectionError:
            pass
    return answer.decode("latin-1")


def judge(name, text, want="4..|501|505|"):
    """Sent whole, and in two halves. No answer: it was given up as cut off"""
    answers = [talk(text, pieces) for pieces in (1, 2)]
    good = all(re.fullmatch(str(want), a[9:12]) and "Bearer " + SECRET not in a and
               len(re.findall(r"HTTP/1\.\d \d\d\d ", a)) <= 1 for a in answers)
    print("%s refused: %s" % ("ok" if good else "not ok", name))
    if not good:
        print("# %s" % [a[:200] for a in answers])
    sys.stdout.flush()


for case in CASES:
    judge(*case)
for case in BODIES:
    judge(*case, want="400|502|")
