#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""python3's urllib through the proxy: programs.py FILE "BYTES CRC32".

Downloads and uploads what FILE is, and writes "ok TEXT" or "not ok TEXT" for each
thing that it has seen.
"""

import os
import sys
import urllib.error
import urllib.request
import zlib

PATH, WANT = sys.argv[1:3]
URL = os.environ["VALETKEY_PROXY_URL"]
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def say(good, text):
    print("%s urllib: %s" % ("ok" if good else "not ok", text))


def ask(target, **more):
    request = urllib.request.Request(URL + target, **more)
    request.add_header("Authorization",
                       "Bearer " + os.environ["VALETKEY_PROXY_TOKEN"])
    return OPENER.open(request, timeout=200)


def sum_of(answer):
    size = total = 0
    while piece := answer.read(1 << 18):
        size += len(piece)
        total = zlib.crc32(piece, total)
    return "%d %08x" % (size, total)


def pieces(file):
    while piece := file.read(100000):
        yield piece


LENGTH = os.path.getsize(PATH)
say(sum_of(ask("/big/%d" % LENGTH)) == WANT, "downloads")
say(sum_of(ask("/chunked/%d" % LENGTH)) == WANT, "downloads chunks")
with open(PATH, "rb") as whole:
    answer = ask("/upload", data=whole, method="PUT",
                 headers={"Content-Length": str(LENGTH)})
    say(answer.read().decode().strip() == WANT, "uploads")
with open(PATH, "rb") as whole:
    answer = ask("/upload", data=pieces(whole))
    say(answer.read().decode().strip() == WANT, "uploads chunks")
with ask("/redirect") as answer:
    say(answer.geturl() == URL + "/echo", "follows a redirect to the proxy")
try:
    ask("/status/404")
    say(False, "is told that there is nothing")
except urllib.error.HTTPError as error:
    say(error.code == 404, "is told that there is nothing")
