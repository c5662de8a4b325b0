#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
server.py - servers for the tests of fronts: server.py FOLDER USERINFO [CERT KEY].

An image registry (/v2/, Basic), a cargo registry (/cargo/, Bearer), a proxy of Go
modules (/go/, Bearer) and an API (/api, Bearer), by TLS if there is a certificate.
In each only who has a token that the provider takes is let in. FOLDER gets "ready",
the address, and "log", a line for each request: its kind, the user name of Basic,
and what was decided. If it has a file "refuse", nobody is let in.
"""

import base64
import hashlib
import http.server
import io
import json
import os
import ssl
import sys
import tarfile
import urllib.error
import urllib.request
import zipfile

FOLDER, USERINFO = sys.argv[1:3]
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
OCI = "application/vnd.oci.image."


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def tar_of(files, mode="w:gz"):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def part(kind, data):
    return {"mediaType": OCI + kind, "digest": digest(data),
            "size": len(data)}


# The image demo/hello, of one layer.
LAYER = tar_of({"hello": b"hello\n"}, "w")
CONFIG = json.dumps({
    "architecture": "amd64", "os": "linux", "config": {},
    "rootfs": {"type": "layers", "diff_ids": [digest(LAYER)]},
    "history": [{"created_by": "the tests"}]}).encode()
MANIFEST = json.dumps({
    "schemaVersion": 2, "mediaType": OCI + "manifest.v1+json",
    "config": part("config.v1+json", CONFIG),
    "layers": [part("layer.v1.tar", LAYER)]}).encode()
BLOBS = {digest(data): data for data in (LAYER, CONFIG)}

# The crate hello, and the Go module example.com/hello.
CRATE = tar_of({
    "hello-0.1.0/Cargo.toml": b'[package]\nname = "hello"\n'
                              b'version = "0.1.0"\n',
    "hello-0.1.0/src/lib.rs": b""})
MODULE = "127.0.0.1/hello@v1.0.0/"


def module_zip():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr(MODULE + "go.mod", "module 127.0.0.1/hello\n")
        packed.writestr(MODULE + "hello.go", "package hello\n")
    return out.getvalue()


def good(token):
    if os.path.exists(os.path.join(FOLDER, "refuse")):
        return False
    request = urllib.request.Request(
        USERINFO, headers={"Authorization": "Bearer " + token})
    try:
        return OPENER.open(request, timeout=60).status == 200
    except (urllib.error.URLError, ValueError):
        return False


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", kind="text/plain", headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def token(self):
        """The token that came, and its user name."""
        scheme, _, value = self.headers.get("Authorization", "").partition(" ")
        if scheme == "Bearer":
            return value, "-"
        if scheme == "Basic":
            user, _, password = base64.b64decode(value).decode().partition(":")
            return password, user
        return "", "-"

    def admitted(self, kind):
        token, user = self.token()
        known = token and good(token)
        with open(os.path.join(FOLDER, "log"), "a", encoding="ascii") as log:
            print(kind, user, "yes" if known else "no" if token else "none",
                  file=log)
        if known:
            return True
        challenge = 'Bearer realm="here"'
        if kind == "v2":
            challenge = 'Basic realm="here"'
        elif token:
            challenge += ', error="invalid_token"'
        self.answer(401, b"{}", headers=[("WWW-Authenticate", challenge)])
        return False

    def v2(self, path):
        headers = [("Docker-Distribution-Api-Version", "registry/2.0")]
        if not path:
            self.answer(200, b"{}", headers=headers)
        elif path.startswith("demo/hello/manifests/"):
            headers.append(("Docker-Content-Digest", digest(MANIFEST)))
            self.answer(200, MANIFEST, OCI + "manifest.v1+json", headers)
        elif path.startswith("demo/hello/blobs/"):
            data = BLOBS.get(path.rsplit("/", 1)[1])
            self.answer(200 if data else 404, data or b"")
        elif path == "demo/hello/tags/list":
            self.answer(200, b'{"name":"demo/hello","tags":["latest"]}',
                        "application/json")
        else:
            self.answer(404, b'{"errors":[{"code":"NAME_UNKNOWN"}]}')

    def cargo(self, path):
        here = f"{ADDRESS}/cargo"
        if path == "index/config.json":
            self.answer(200, json.dumps({
                "dl": here + "/{crate}-{version}.crate", "api": here,
                "auth-required": True}).encode())
        elif path == "index/he/ll/hello":
            self.answer(200, json.dumps({
                "name": "hello", "vers": "0.1.0", "deps": [], "features": {},
                "yanked": False,
                "cksum": hashlib.sha256(CRATE).hexdigest()}).encode())
        elif path == "hello-0.1.0.crate":
            self.answer(200, CRATE)
        else:
            self.answer(404)

    def go(self, path):
        files = {"list": b"v1.0.0\n", "v1.0.0.info": b'{"Version":"v1.0.0"}',
                 "v1.0.0.mod": b"module 127.0.0.1/hello\n",
                 "v1.0.0.zip": module_zip()}
        folder, _, name = path.rpartition("/")
        if folder == "127.0.0.1/hello/@v" and name in files:
            self.answer(200, files[name])
        else:
            self.answer(404)

    def api(self, _):
        self.answer(200, b'["a device"]\n', "application/json")

    def do_GET(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = self.path.split("?")[0]
        if path.startswith("/elsewhere"):
            self.answer(302, headers=[("Location", self.path[10:])])
            return
        kind, _, rest = path.lstrip("/").partition("/")
        serve = {"v2": self.v2, "cargo": self.cargo, "go": self.go,
                 "api": self.api}.get(kind)
        if not serve:
            self.answer(404)
        elif self.admitted(kind):
            serve(rest)

    do_HEAD = do_POST = do_GET


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
ADDRESS = f"http://127.0.0.1:{server.server_port}"
if len(sys.argv) > 4:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[3], sys.argv[4])
    server.socket = context.wrap_socket(server.socket, server_side=True)
    ADDRESS = ADDRESS.replace("http:", "https:")
with open(os.path.join(FOLDER, "ready.new"), "w", encoding="ascii") as ready:
    print(ADDRESS, file=ready)
os.rename(os.path.join(FOLDER, "ready.new"), os.path.join(FOLDER, "ready"))
server.serve_forever()
