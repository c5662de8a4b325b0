#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Clients of the proxy, many at once: crowd.py WHAT, as the command of `valetkey proxy`.

Writes "ok TEXT" or "not ok TEXT" for each thing that it has seen. WHAT is one of
the functions do_*; the proxy is where VALETKEY_PROXY_URL says.
"""

import os
import resource
import select
import socket
import sys
import time
import urllib.parse

ADDRESS = urllib.parse.urlsplit(os.environ["VALETKEY_PROXY_URL"])
SECRET = os.environ["VALETKEY_PROXY_TOKEN"]
PATIENCE = 200  # seconds, for a machine that is slow


def say(good, text, why=""):
    print("%s %s" % ("ok" if good else "not ok", text), flush=True)
    if not good and why:
        print("# %s" % why, flush=True)


def client():
    return socket.create_connection((ADDRESS.hostname, ADDRESS.port), PATIENCE)


def ask(one, target, method="GET", more=""):
    one.sendall(("%s %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n"
                 "%s\r\n" % (method, target, ADDRESS.netloc, SECRET,
                             more)).encode())


def read_head(one):
    data = b""
    while b"\r\n\r\n" not in data:
        piece = one.recv(65536)
        if not piece:
            break
        data += piece
    head, _, rest = data.partition(b"\r\n\r\n")
    return head.decode("latin-1"), rest


def length_of(head):
    for line in head.split("\r\n"):
        name, _, value = line.partition(":")
        if name.lower() == "content-length":
            return int(value)
    return -1


def read_answer(one):
    """Its status, and how many bytes of a body of a known length came"""
    head, rest = read_head(one)
    got, want = len(rest), length_of(head)
    while got < want:
        piece = one.recv(1 << 18)
        if not piece:
            break
        got += len(piece)
    return head[9:12], got


def do_many():
    """200 connections at once, all asked before any is read; then once more"""
    crowd = [client() for _ in range(200)]
    for again in ("", " again, on the same connections"):
        for one in crowd:
            ask(one, "/big/20000")
        answers = [read_answer(one) for one in crowd]
        bad = [a for a in answers if a != ("200", 20000)]
        say(not bad, "200 requests at once%s: all are answered" % again, bad[:3])
    say(not select.select(crowd, [], [], 0)[0], "and nothing comes behind")


def do_limit():
    """48 more than may wait for an answer are too many: the last ones are told so"""
    crowd = []
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]  # the proxy's too
    for _ in range(min(512, (files - 128) // 2) + 48):
        crowd.append(client())
        ask(crowd[-1], "/hang")
    told = set(select.select(crowd, [], [], PATIENCE)[0])
    time.sleep(2)
    told |= set(select.select(crowd, [], [], 0)[0])
    statuses = {}
    for one in told:
        try:
            status = read_head(one)[0][9:12]
        except ConnectionError:
            status = "reset"
        statuses[status] = statuses.get(status, 0) + 1
    say(set(statuses) == {"503"}, "too many clients: some are told so", statuses)
    say(len(told) < 300, "too many clients: the others are not", len(told))
    for one in crowd:
        one.close()
    with client() as one:
        ask(one, "/big/10")
        say(read_answer(one) == ("200", 10), "too many clients: when they have gone")


def do_slow():
    """20 that do not read what they have asked for; others are not kept"""
    slow = [client() for _ in range(20)]
    for one in slow:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        ask(one, "/big/300000000")
    began = time.monotonic()
    with client() as quick:
        answers = []
        for _ in range(20):
            ask(quick, "/big/10")
            answers.append(read_answer(quick))
            time.sleep(0.1)
    bad = [a for a in answers if a != ("200", 10)]
    say(not bad, "slow readers: others are answered meanwhile", bad[:3])
    say(time.monotonic() - began < PATIENCE, "slow readers: at once")
    head, _ = read_head(slow[0])
    say(length_of(head) == 300000000, "slow readers: theirs goes on", head)


def do_drip():
    """20 that send their request by the byte; others are not kept"""
    drops = [client() for _ in range(20)]
    text = ("GET /big/7 HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n"
            "\r\n" % (ADDRESS.netloc, SECRET)).encode()
    with client() as quick:
        for i in range(len(text)):
            for one in drops:
                one.sendall(text[i:i + 1])
            if i % 20 == 0:
                ask(quick, "/big/10")
                if read_answer(quick) != ("200", 10):
                    say(False, "requests by the byte: others are answered")
    answers = {read_answer(one) for one in drops}
    say(answers == {("200", 7)}, "requests by the byte: all are answered",
        answers)


def do_vanish():
    """Who goes in the middle of an answer, of an upload, of silence"""
    for target, more, method in (("/big/300000000", "", "GET"),
                                 ("/hang", "", "GET"),
                                 ("/hang/body", "", "GET"),
                                 ("/events/1000/50", "", "GET"),
                                 ("/upload", "Content-Length: 1000000\r\n",
                                  "POST"),
                                 ("/upload", "Transfer-Encoding: chunked\r\n",
                                  "POST")):
        for _ in range(5):
            one = client()
            ask(one, target, method, more)
            if method == "POST":
                one.sendall(b"5\r\nhello\r\n")
            elif target != "/hang":
                one.recv(1000)
            time.sleep(0.05)
            one.close()
    with client() as one:
        ask(one, "/big/10")
        say(read_answer(one) == ("200", 10), "after 30 who have gone: an answer")


def do_pipeline():
    """Requests behind each other in one breath are answered in their order"""
    sizes = [11, 70000, 13, 0, 300000, 17]
    with client() as one:
        one.sendall(b"".join(
            ("GET /big/%d HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s"
             "\r\n\r\n" % (size, ADDRESS.netloc, SECRET)).encode()
            for size in sizes))
        data = b""
        one.settimeout(PATIENCE)
        while data.count(b"HTTP/1.1 200") < len(sizes) or \
                not data.endswith(b"\r\n\r\n" + BLOCK[:17]):
            piece = one.recv(1 << 18)
            if not piece:
                break
            data += piece
    seen = []
    while data:
        head, _, data = data.partition(b"\r\n\r\n")
        seen.append(length_of(head.decode("latin-1")))
        data = data[max(seen[-1], 0):]
    say(seen == sizes, "pipelined requests: in their order", seen)


def do_idle():
    """200 that came one by one, and stay"""
    crowd = []
    for _ in range(200):
        crowd.append(client())
        ask(crowd[-1], "/big/10")
        read_answer(crowd[-1])
    print("# idle", flush=True)
    sys.stdin.readline()


BLOCK = bytes((i * 7 + i // 251) % 256 for i in range(1 << 18))
globals()["do_" + sys.argv[1]]()
