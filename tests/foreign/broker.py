# SPDX-License-Identifier: MIT
"""
broker.py - as much of a Kafka broker as a program needs to list topics: broker.py
FOLDER USERINFO. It takes OAUTHBEARER tokens (RFC 7628) that the provider takes. FOLDER
gets "ready", its port, and "log", a line for each decision.
"""

import os
import re
import socketserver
import struct
import sys
import urllib.error
import urllib.request

FOLDER, USERINFO = sys.argv[1:3]
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
METADATA, HANDSHAKE, API_VERSIONS, AUTHENTICATE = 3, 17, 18, 36
VERSIONS = {METADATA: (0, 1), HANDSHAKE: (0, 1), API_VERSIONS: (0, 0),
            AUTHENTICATE: (0, 0)}
UNSUPPORTED_VERSION, AUTHENTICATION_FAILED = 35, 58


def text(value):
    return struct.pack(">h", len(value)) + value.encode()


def good(token):
    request = urllib.request.Request(
        USERINFO, headers={"Authorization": "Bearer " + token})
    try:
        known = OPENER.open(request, timeout=60).status == 200
    except (urllib.error.URLError, ValueError):
        known = False
    with open(os.path.join(FOLDER, "log"), "a", encoding="ascii") as log:
        print("kafka", "yes" if known else "no", file=log)
    return known


class Broker(socketserver.StreamRequestHandler):
    known = False

    def metadata(self, _):
        port = self.server.server_address[1]
        return (struct.pack(">i", 1) + struct.pack(">i", 1) +
                text("127.0.0.1") + struct.pack(">ih", port, -1) +
                struct.pack(">ii", 1, 1) + struct.pack(">h", 0) +
                text("devices") + b"\0" + struct.pack(">i", 0))

    def handshake(self, _):
        return struct.pack(">hi", 0, 1) + text("OAUTHBEARER")

    def versions(self, _):
        rows = [struct.pack(">hhh", key, *limits)
                for key, limits in VERSIONS.items()]
        return struct.pack(">hi", 0, len(rows)) + b"".join(rows)

    def authenticate(self, body):
        found = re.search(rb"\x01auth=Bearer ([^\x01]+)\x01", body)
        self.known = bool(found) and good(found.group(1).decode())
        if self.known:
            return struct.pack(">hhi", 0, -1, 0)
        return (struct.pack(">h", AUTHENTICATION_FAILED) +
                text("this token is not welcome") + struct.pack(">i", 0))

    def handle(self):
        while len(size := self.rfile.read(4)) == 4:
            body = self.rfile.read(struct.unpack(">i", size)[0])
            key, version, number = struct.unpack(">hhi", body[:8])
            answer = {METADATA: self.metadata, HANDSHAKE: self.handshake,
                      API_VERSIONS: self.versions,
                      AUTHENTICATE: self.authenticate}.get(key)
            if not answer or (key == METADATA and not self.known):
                return
            if version > VERSIONS[key][1]:
                answer = struct.pack(">hi", UNSUPPORTED_VERSION, 0)
            else:
                answer = answer(body)
            answer = struct.pack(">i", number) + answer
            self.wfile.write(struct.pack(">i", len(answer)) + answer)


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True


server = Server(("127.0.0.1", 0), Broker)
with open(os.path.join(FOLDER, "ready.new"), "w", encoding="ascii") as ready:
    print(server.server_address[1], file=ready)
os.rename(os.path.join(FOLDER, "ready.new"), os.path.join(FOLDER, "ready"))
server.serve_forever()
