// SPDX-License-Identifier: MIT
//
// http2.js - a server that offers HTTP/2 and HTTP/1.1, for test_proxy_clients.sh:
//
//	node http2.js FOLDER    server.crt and server.key are there
//
// GET /big/N sends N bytes; anything else is answered with the version of HTTP,
// the number of the connection, and how many bytes of body came. /old refuses
// each token once.

import fs from 'node:fs';
import http2 from 'node:http2';

const folder = process.argv[2];
const refused = new Set();
let connections = 0;

function answer(request, response) {
	const [, what, size] = request.url.split('/');
	const token = request.headers.authorization;
	let got = 0;

	if (what === 'big') {
		response.writeHead(200, { 'content-length': size });
		response.end(Buffer.alloc(Number(size), 'x'));
		return;
	}
	if (what === 'old' && refused.size === 0) {
		refused.add(token);
	}
	request.on('data', (chunk) => { got += chunk.length; });
	request.on('end', () => {
		response.writeHead(what === 'old' && refused.has(token) ? 401 : 200);
		response.end(`${request.httpVersion} ${request.socket.number} ${got}\n`);
	});
}

const server = http2.createSecureServer({
	key: fs.readFileSync(`${folder}/server.key`),
	cert: fs.readFileSync(`${folder}/server.crt`),
	allowHTTP1: true,
}, answer);

server.on('secureConnection', (socket) => { socket.number = ++connections; });
server.listen(0, '127.0.0.1', () => {
	fs.writeFileSync(`${folder}/ready.new`, `https://127.0.0.1:${server.address().port}`);
	fs.renameSync(`${folder}/ready.new`, `${folder}/ready`);
});
