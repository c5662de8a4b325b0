# SPDX-License-Identifier: MIT
#
# directory.py - an empty LDAP directory that lets in whoever has an access token
# that the provider takes, by SASL:
#
#	directory.py FOLDER USERINFO_URL [CERTIFICATE KEY]
#
# A token that it refuses gets the error challenge of RFC 7628 and, after the answer,
# invalidCredentials. With a certificate the
# directory is there once more, by TLS. FOLDER gets "directory", the ports, and "binds", a line for
# each bind: its mechanism, the user, and "yes", "no" or the answer to the challenge.
import os
import re
import socketserver
import ssl
import sys
import threading
import urllib.error
import urllib.request

FOLDER, USERINFO = sys.argv[1:3]
CERTIFICATE = sys.argv[3:]
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
IN_PROGRESS, INVALID_CREDENTIALS = 14, 49


def good(token):
    request = urllib.request.Request(
        USERINFO, headers={"Authorization": "Bearer " + token})
    try:
        return OPENER.open(request, timeout=60).status == 200
    except (urllib.error.URLError, ValueError):
        return False


def length_of(size):
    return bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")


def element(tag, value):
    return bytes([tag]) + length_of(len(value)) + value


class Reader:
    """The elements of a value, one after the other (BER)."""

    def __init__(self, data):
        self.data = data

    def next(self):
        tag, size, rest = self.data[0], self.data[1], self.data[2:]
        if size & 128:
            count = size & 127
            size, rest = int.from_bytes(rest[:count], "big"), rest[count:]
        self.data = rest[size:]
        return tag, rest[:size]


class Directory(socketserver.StreamRequestHandler):
    def message(self):
        head = self.rfile.read(2)
        if len(head) < 2:
            return None
        size = head[1]
        if size & 128:
            size = int.from_bytes(self.rfile.read(size & 127), "big")
        whole = Reader(self.rfile.read(size))
        self.number = whole.next()[1]
        return whole.next()

    def answer(self, tag, code, more=b""):
        result = element(0x0a, bytes([code])) + element(4, b"") + \
            element(4, b"") + more
        self.wfile.write(element(0x30, element(2, self.number) +
                                 element(tag, result)))

    def note(self, *words):
        with open(os.path.join(FOLDER, "binds"), "a", encoding="ascii") as log:
            print(*words, file=log)

    def bind(self, value):
        request = Reader(value)
        request.next(), request.next()
        method, rest = request.next()
        if method != 0xa3:
            self.answer(0x61, INVALID_CREDENTIALS)
            return
        sasl = Reader(rest)
        mechanism = sasl.next()[1].decode()
        text = sasl.next()[1].decode("latin-1") if sasl.data else ""
        if "auth=Bearer " not in text:
            self.note(mechanism, "then", repr(text))
            self.answer(0x61, INVALID_CREDENTIALS)
            return
        user = re.match("(?:user=|n,a=)([^,\x01]*)", text)
        token = text.partition("auth=Bearer ")[2].partition("\x01")[0]
        known = good(token)
        self.note(mechanism, user[1] if user else "-", "yes" if known else "no")
        if known:
            self.answer(0x61, 0)
        else:
            self.answer(0x61, IN_PROGRESS,
                        element(0x87, b'{"status":"invalid_token"}'))

    def handle(self):
        while (message := self.message()) is not None:
            tag, value = message
            if tag == 0x60:
                self.bind(value)
            elif tag == 0x63:
                self.answer(0x65, 0)
            else:
                return


class Secure(socketserver.ThreadingTCPServer):
    def get_request(self):
        connection, peer = super().get_request()
        return CONTEXT.wrap_socket(connection, server_side=True), peer


servers = [socketserver.ThreadingTCPServer(("127.0.0.1", 0), Directory)]
if CERTIFICATE:
    CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    CONTEXT.load_cert_chain(*CERTIFICATE)
    servers.append(Secure(("127.0.0.1", 0), Directory))
    threading.Thread(target=servers[1].serve_forever, daemon=True).start()
with open(os.path.join(FOLDER, "directory.new"), "w", encoding="ascii") as ready:
    print(*(server.server_address[1] for server in servers), file=ready)
os.rename(os.path.join(FOLDER, "directory.new"),
          os.path.join(FOLDER, "directory"))
servers[0].serve_forever()
