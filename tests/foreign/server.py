# SPDX-License-Identifier: MIT
#
# server.py - servers that let in whoever has an access token that the provider
# takes, for programs of other people:
#
#	server.py FOLDER USERINFO_URL
#
# WebDAV with Bearer tokens (what rclone asks for: PROPFIND, GET, PUT, MKCOL),
# the same files as a cargo registry, whose tokens come without a scheme, what a
# Dovecot asks (RFC 7662, /introspect), and SMTP with XOAUTH2, and with a token as
# the password. Files and mail are in FOLDER, which gets "ready", the ports
# of HTTP and SMTP, and "log", a line for each decision. While there is a file "refuse",
# Dovecot is told that no token is good.
import base64
import http.server
import json
import os
import socketserver
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request

FOLDER, USERINFO = sys.argv[1:3]
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
MULTISTATUS = """<?xml version="1.0"?><d:multistatus xmlns:d="DAV:">%s
</d:multistatus>"""
RESPONSE = """<d:response><d:href>%s</d:href><d:propstat><d:prop>
<d:resourcetype>%s</d:resourcetype><d:getcontentlength>%d</d:getcontentlength>
<d:getlastmodified>Thu, 01 Jan 2026 00:00:00 GMT</d:getlastmodified></d:prop>
<d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>"""


def person(token, who):
    """Who has the token: what the provider says; {} if it is not good."""
    request = urllib.request.Request(
        USERINFO, headers={"Authorization": "Bearer " + token})
    try:
        with OPENER.open(request, timeout=20) as answer:
            known = json.load(answer)
    except (urllib.error.URLError, ValueError):
        known = {}
    with open(os.path.join(FOLDER, "log"), "a", encoding="ascii") as log:
        print(who, "yes" if known else "no", file=log)
    return known


def good(token, who):
    return bool(person(token, who))


class Files(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", kind="text/plain"):
        self.send_response(status)
        if status == 401:
            self.send_header("WWW-Authenticate", 'Bearer realm="files"')
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def path_of(self):
        path = os.path.normpath("/" + self.path.split("?")[0])
        return os.path.join(FOLDER, "files" + path).rstrip("/")

    def admitted(self):
        value = self.headers.get("Authorization", "")
        if not self.path.startswith("/cargo/"):
            scheme, _, value = value.partition(" ")
            value = value if scheme == "Bearer" else ""
        program = self.headers.get("User-Agent", "-").split("/")[0]
        if value and good(value, program.replace(" ", "-")):
            return True
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.answer(401)
        return False

    def do_GET(self):
        if not self.admitted():
            return
        try:
            with open(self.path_of(), "rb") as file:
                self.answer(200, file.read())
        except OSError:
            self.answer(404)

    do_HEAD = do_GET

    def do_PUT(self):
        if not self.admitted():
            return
        with open(self.path_of(), "wb") as file:
            file.write(self.rfile.read(int(self.headers["Content-Length"])))
        self.answer(201)

    def do_POST(self):
        length = int(self.headers.get("Content-Length", 0))
        form = urllib.parse.parse_qs(self.rfile.read(length).decode())
        known = person(form.get("token", [""])[0], "introspect")
        if os.path.exists(os.path.join(FOLDER, "refuse")):
            known = {}
        self.answer(200, json.dumps(dict(known, active=bool(known))).encode(),
                    "application/json")

    def do_MKCOL(self):
        if self.admitted():
            os.makedirs(self.path_of(), exist_ok=True)
            self.answer(201)

    def do_PROPFIND(self):
        if not self.admitted():
            return
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = self.path_of()
        if not os.path.exists(path):
            self.answer(404)
            return
        places = [self.path]
        if os.path.isdir(path) and self.headers.get("Depth") != "0":
            places += [self.path.rstrip("/") + "/" + name
                       for name in os.listdir(path)]
        text = ""
        for place in places:
            self.path = place
            path = self.path_of()
            folder = os.path.isdir(path)
            text += RESPONSE % (place, "<d:collection/>" if folder else "",
                                0 if folder else os.path.getsize(path))
        self.answer(207, (MULTISTATUS % text).encode(), "application/xml")


class Mail(socketserver.StreamRequestHandler):
    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")

    def line(self):
        return self.rfile.readline().decode("latin-1").rstrip("\r\n")

    def authorized(self, words):
        response = words[2] if len(words) > 2 else ""
        if not response:
            self.say("334 ")
            response = self.line()
        text = base64.b64decode(response).decode("latin-1")
        if words[1] == "PLAIN":
            return self.admitted(good(text.split("\0")[-1], "smtp"))
        token = text.partition("auth=Bearer ")[2].partition("\x01")[0]
        if good(token, "smtp"):
            return True
        self.say("334 " + base64.b64encode(b'{"status":"401"}').decode())
        self.line()
        return self.admitted(False)

    def admitted(self, known):
        if not known:
            self.say("535 5.7.8 That is no token.")
        return known

    def data(self):
        self.say("354 Go on.")
        with open(os.path.join(FOLDER, "mail"), "a", encoding="latin-1") as box:
            while (line := self.line()) != ".":
                print(line, file=box)
        self.say("250 It has arrived.")

    def handle(self):
        welcome = False
        self.say("220 mail")
        while line := self.line():
            words = line.split()
            verb = words[0].upper()
            if verb == "EHLO":
                self.say("250-mail")
                self.say("250 AUTH XOAUTH2 OAUTHBEARER PLAIN")
            elif verb == "AUTH":
                welcome = self.authorized(words)
                if welcome:
                    self.say("235 2.7.0 Welcome.")
            elif verb == "QUIT":
                self.say("221 Good bye.")
                return
            elif not welcome:
                self.say("530 5.7.0 Who are you?")
            elif verb == "DATA":
                self.data()
            else:
                self.say("250 Well.")


files = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files)
mail = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mail)
threading.Thread(target=mail.serve_forever, daemon=True).start()
os.makedirs(os.path.join(FOLDER, "files"), exist_ok=True)
with open(os.path.join(FOLDER, "ready.new"), "w", encoding="ascii") as ready:
    print(files.server_port, mail.server_address[1], file=ready)
os.rename(os.path.join(FOLDER, "ready.new"), os.path.join(FOLDER, "ready"))
files.serve_forever()
