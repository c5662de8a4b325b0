#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A proxy for tests: proxy.py MODE LOG. Prints its port.

MODE: allow (CONNECT, and SOCKS 5 by name), to=PORT (CONNECT, but to that port of
this computer), login (407), refuse (403), hang (up to the connection: it takes
none). LOG gets a line for each request.
"""
import select
import socket
import sys
import threading

mode, log = sys.argv[1], open(sys.argv[2], 'a', buffering=1)


def relay(left, right):
    while True:
        for one in select.select([left, right], [], [])[0]:
            data = one.recv(65536)
            if not data:
                return
            (right if one is left else left).sendall(data)


def socks(client):
    client.recv(client.recv(1)[0])
    client.sendall(b'\5\0')
    head = client.recv(4)
    log.write('SOCKS type=%d\n' % head[3])
    host = client.recv(client.recv(1)[0] if head[3] == 3 else 4)
    host = host.decode() if head[3] == 3 else socket.inet_ntoa(host)
    port = int.from_bytes(client.recv(2), 'big')
    server = socket.create_connection((host, port))
    client.sendall(b'\5\0\0\1\0\0\0\0\0\0')
    relay(client, server)


def connect(client, first):
    text = first
    while b'\r\n\r\n' not in text:
        text += client.recv(4096)
    line = text.decode().split('\r\n')[0]
    log.write(line + '\n')
    leads = mode == 'allow' or mode.startswith('to=')
    if not leads or not line.startswith('CONNECT '):
        status = {'login': '407 No', 'refuse': '403 No'}.get(mode, '501 No')
        client.sendall(b'HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n'
                       % status.encode())
        return
    host, port = line.split()[1].rsplit(':', 1)
    if mode != 'allow':
        host, port = '127.0.0.1', mode[3:]
    server = socket.create_connection((host.strip('[]'), int(port)))
    client.sendall(b'HTTP/1.1 200 Connected\r\n\r\n')
    relay(client, server)


def serve(client):
    try:
        first = client.recv(1)
        if first == b'\5':
            socks(client)
        else:
            connect(client, first)
    except OSError:
        pass
    finally:
        client.close()


listener = socket.socket()
listener.bind(('127.0.0.1', 0))
listener.listen(0 if mode == 'hang' else 16)
filler = []
if mode == 'hang':
    for _ in range(2):
        filler.append(socket.socket())
        filler[-1].setblocking(False)
        filler[-1].connect_ex(listener.getsockname())
print(listener.getsockname()[1], flush=True)
while mode == 'hang':
    threading.Event().wait()
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],),
                     daemon=True).start()
