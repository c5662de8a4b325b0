#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
refuser.py - a server that answers 401 to everything, for the tests: refuser.py
FILE. Its address goes to FILE. What is under /fine is answered 200.
"""

import http.server
import os
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200 if self.path.startswith("/fine") else 401)
        self.send_header("WWW-Authenticate", 'Basic realm="no"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST = do_PUT = answer

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
with open(sys.argv[1] + ".new", "w", encoding="ascii") as out:
    print(f"http://127.0.0.1:{server.server_port}", file=out)
os.rename(sys.argv[1] + ".new", sys.argv[1])
server.serve_forever()
