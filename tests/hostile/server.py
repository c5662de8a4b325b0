#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Authorization servers that lie, for test_hostile.sh: server.py FOLDER.

Two of them, `a` and `b`, on loopback ports of their own, until they are killed;
and one more with TLS for each FOLDER/NAME.pem (key and certificate). FOLDER/ready
gets their origins, one a line, in the order of their names. Every request is written whole,
secrets and all, to FOLDER/a.log or b.log: that is where the test looks for what
must not have left. A request for .../NAME is answered from FOLDER/a/NAME, if
that is there: a line that says how, then the body (see SPEECH). Otherwise the
answer is an honest one. NAME is metadata below /.well-known/ (or more exactly metadata-oauth,
metadata-inserted and metadata-openid, see metadata_place()), resource or resource-root
below that of RFC 9728, of which nobody has anything of his own, and preflight where
not the browser asks for the authorization endpoint. {state}, {redirect_uri}, {query}, {self} and {other} are
filled in wherever they stand.
"""

import gzip
import http.server
import json
import os
import socket
import socketserver
import ssl
import struct
import sys
import threading
import time
import urllib.parse

FOLDER = sys.argv[1]
ORIGINS = {}
REFRESH = "refresh-of-%s-0123456789abcdef"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
CODE = "code-of-%s-0123456789abcdef"


def metadata(name):
    own = ORIGINS[name]
    return {
        "issuer": own,
        "authorization_endpoint": own + "/authorize",
        "token_endpoint": own + "/token",
        "revocation_endpoint": own + "/revoke",
        "device_authorization_endpoint": own + "/device",
        "userinfo_endpoint": own + "/userinfo",
        "registration_endpoint": own + "/register",
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
    }


def metadata_place(path):
    """Which of the places of metadata.h"""
    if "/oauth-authorization-server" in path:
        return "metadata-oauth"
    if path.endswith("/.well-known/oauth-protected-resource"):
        return "resource-root"
    if "/oauth-protected-resource/" in path:
        return "resource"
    if path.endswith("/.well-known/openid-configuration"):
        return "metadata-openid"
    return "metadata-inserted"


class Liar(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state = redirect_uri = ""

    def log_message(self, *_):
        pass

    def reply(self, status, body, kind="application/json", more=()):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        for header in more:
            self.send_header(*header)
        self.end_headers()
        self.wfile.write(body)

    # ---- the ways to answer: status, argument, body ----

    def say_json(self, argument, body):
        """json STATUS"""
        self.reply(int(argument or 200), body)

    def say_html(self, argument, body):
        """html STATUS: a page that calls itself one"""
        self.reply(int(argument or 200), body, "text/html")

    def say_form(self, argument, body):
        """form STATUS CHARSET"""
        status, _, charset = (argument or "200").partition(" ")
        kind = "application/x-www-form-urlencoded"
        self.reply(int(status), body,
                   kind + ("; charset=" + charset if charset else ""))

    def say_redirect(self, argument, _):
        """redirect STATUS URL"""
        status, url = argument.split(" ", 1)
        self.reply(int(status), b"", "text/plain", [("Location", url)])

    def say_raw(self, _, body):
        """raw: the whole answer, its lines ended as they stand"""
        self.wfile.write(body)

    def say_later(self, argument, body):
        """later SECONDS: JSON, after so long"""
        time.sleep(float(argument))
        self.reply(200, body)

    def say_huge(self, argument, body):
        """huge BYTES: so many blanks behind the body's first character"""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(int(argument) + len(body)))
        self.end_headers()
        self.wfile.write(body[:1])
        for _ in range(int(argument) >> 16):
            self.wfile.write(b" " * 65536)
        self.wfile.write(b" " * (int(argument) & 65535) + body[1:])

    def say_deep(self, argument, _):
        """deep LEVELS"""
        levels = int(argument)
        self.reply(200, b'{"access_token":"deep","token_type":"bearer","x":' +
                   b"[" * levels + b"]" * levels + b"}")

    def say_gzip(self, argument, body):
        """gzip BYTES: as with huge, but small on the way"""
        big = body[:1] + b" " * int(argument) + body[1:]
        self.reply(200, gzip.compress(big, 9), "application/json",
                   [("Content-Encoding", "gzip")])

    def say_drip(self, argument, body):
        """drip MS: a byte each so many milliseconds"""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        for at in range(len(body)):
            self.wfile.write(body[at:at + 1])
            time.sleep(int(argument) / 1000)

    def say_reset(self, *_):
        """reset: the connection"""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                   struct.pack("ii", 1, 0))
        os.close(self.connection.detach())

    # ---- the honest answers ----

    def authorize(self, name):
        query = {"code": CODE % name, "state": self.state,
                 "iss": ORIGINS[name]}
        self.say_redirect("302 %s?%s" % (self.redirect_uri,
                                         urllib.parse.urlencode(query)), b"")

    def token(self, name, form):
        grant = form.get("grant_type", [""])[0]
        good = {"authorization_code": ("code", CODE % name),
                "refresh_token": ("refresh_token", REFRESH % name),
                DEVICE: ("device_code", CODE % name),
                "client_credentials": ("grant_type", grant)}.get(grant)
        if not good or form.get(good[0]) != [good[1]]:
            self.reply(400, b'{"error":"invalid_grant"}')
            return
        answer = {"access_token": "access-" + os.urandom(8).hex(),
                  "token_type": "Bearer", "expires_in": 3600}
        if grant in ("authorization_code", DEVICE):
            answer["refresh_token"] = REFRESH % name
        self.reply(200, json.dumps(answer).encode())

    def device(self, name):
        self.reply(200, json.dumps({
            "device_code": CODE % name, "user_code": "WDJB-MJHT",
            "verification_uri": ORIGINS[name] + "/enter",
            "expires_in": 600, "interval": 1}).encode())

    def honest(self, name, place, form):
        if "/.well-known/" in self.path and place == "metadata":
            self.reply(200, json.dumps(metadata(name)).encode())
        elif place in ("authorize", "preflight"):
            self.authorize(name)
        elif place == "token":
            self.token(name, form)
        elif place == "device":
            self.device(name)
        elif place == "revoke":
            self.reply(200, b"")
        else:
            self.reply(404, b'{"error":"not_found"}')

    # ---- a request ----

    def handle_any(self):
        name = self.server.name
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        path, _, query = self.path.partition("?")
        asked = urllib.parse.parse_qs(query)
        form = urllib.parse.parse_qs(body.decode("latin-1"))
        self.state = asked.get("state", [""])[0]
        self.redirect_uri = asked.get("redirect_uri", [""])[0]
        self.close_connection = True
        place = "metadata" if "/.well-known/" in path else path.split("/")[-1]
        if "/oauth-protected-resource" in path:
            place = metadata_place(path)
        if place == "authorize" and "valetkey" in self.headers["User-Agent"]:
            place = "preflight"
        with open(FOLDER + "/" + name + ".log", "ab") as log:
            log.write(("%s %s\n%s" % (self.command, self.path, self.headers))
                      .encode("latin-1") + body + b"\n\n")
        try:
            self.speak(name, place, form)
        except OSError:  # who asked has heard enough
            pass

    def told(self, name, place):
        """What it was told to answer; None: nothing"""
        names = [place]
        if place == "metadata":
            names.insert(0, metadata_place(self.path.partition("?")[0]))
        for one in names:
            try:
                with open("%s/%s/%s" % (FOLDER, name, one), "rb") as file:
                    return file.read()
            except OSError:
                pass
        return None

    def speak(self, name, place, form):
        text = self.told(name, place)
        if text is None:
            self.honest(name, place, form)
            return
        other = ORIGINS["b" if name == "a" else "a"]
        for key, value in (("state", self.state), ("self", ORIGINS[name]),
                           ("redirect_uri", self.redirect_uri),
                           ("query", self.path.partition("?")[2]),
                           ("other", other)):
            text = text.replace(b"{%s}" % key.encode(), value.encode())
        line, _, body = text.partition(b"\n")
        how, _, argument = line.decode().partition(" ")
        SPEECH[how](self, argument, body)

    do_GET = do_POST = do_PUT = do_DELETE = handle_any


SPEECH = {way[4:]: getattr(Liar, way) for way in dir(Liar)
          if way.startswith("say_")}


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, name):
        super().__init__(("127.0.0.1", 0), Liar)
        self.name = name
        scheme = "http"
        if os.path.exists(FOLDER + "/" + name + ".pem"):
            scheme = "https"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(FOLDER + "/" + name + ".pem")
            self.socket = context.wrap_socket(self.socket, server_side=True,
                                              do_handshake_on_connect=False)
        ORIGINS[name] = "%s://127.0.0.1:%d" % (scheme, self.server_port)

    def handle_error(self, *_):
        pass


def main():
    names = ["a", "b"] + sorted(file[:-4] for file in os.listdir(FOLDER)
                                if file.endswith(".pem"))
    servers = [Server(name) for name in names]
    for server in servers:
        os.makedirs(FOLDER + "/" + server.name, exist_ok=True)
        open(FOLDER + "/" + server.name + ".log", "ab").close()
        threading.Thread(target=server.serve_forever, daemon=True).start()
    with open(FOLDER + "/ready.new", "w", encoding="ascii") as file:
        file.write("".join(ORIGINS[name] + "\n" for name in names))
    os.rename(FOLDER + "/ready.new", FOLDER + "/ready")
    threading.Event().wait()


main()
