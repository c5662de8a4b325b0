// SPDX-License-Identifier: MIT
//
// lent.mjs - node's part of lend.c: ends when there is something to do at
// descriptor 3, with node's own socket.
import net from 'node:net';

const socket = new net.Socket({ fd: 3 });

socket.on('data', () => process.exit(0));
socket.on('end', () => process.exit(0));
socket.resume();
