// SPDX-License-Identifier: MIT
//
// http2.js - HTTP/2 in front of a provider: http2.js FOLDER PORT hands on what it
// gets to that port of this computer, over TLS with FOLDER/server.crt and .key.
// Prints its own port. Each request takes the first line of FOLDER/faults away,
// which says what becomes of it; FOLDER/http2.log gets a line for each:
//
//   refuse   the stream is refused and not looked at (RFC 9113 8.7)
//   goaway   so is the whole connection (6.8), whose first stream is the request
//   http1    HTTP/1.1 is wanted, nothing was looked at (7)
//   CODE     handed on; the stream is reset when the provider has answered, with
//            this code of section 7: CANCEL, INTERNAL_ERROR, NO_ERROR
//   part     so, when half the answer was sent
//   gone     handed on; then the connection is given up
//   (none)   handed on, and answered
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import tls from 'node:tls';

const [folder, backend] = process.argv.slice(2);
const codes = http2.constants;

function faults() {
	const path = `${folder}/faults`;
	return existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
}

function fault() {
	const lines = faults();
	const first = lines.shift() || '';
	writeFileSync(`${folder}/faults`, lines.join('\n'));
	return first;
}

function log(version, path, how) {
	appendFileSync(`${folder}/http2.log`, `HTTP/${version} ${path} ${how}\n`);
}

// By hand, as node's own server has always looked at a stream that it saw.
function goAway(socket) {
	let read = Buffer.alloc(0);
	socket.write(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])); // SETTINGS
	socket.on('error', () => {});
	socket.on('data', (part) => {
		let at = 24; // after the preface
		read = Buffer.concat([read, part]);
		while (read.length > at + 9 && read[at + 3] !== 1) // HEADERS
			at += 9 + read.readUIntBE(at, 3);
		if (read.length <= at + 9)
			return;
		socket.removeAllListeners('data');
		log('2.0', '-', fault());
		socket.end(Buffer.concat([
			Buffer.from([0, 0, 8, 7, 0, 0, 0, 0, 0]), Buffer.alloc(8)]));
	});
}

function end(stream, how, answer) {
	if (how === 'gone')
		return stream.session.destroy();
	if (how && how !== 'part')
		return stream.close(codes[`NGHTTP2_${how}`]);
	stream.respond({ ':status': answer.status, ...answer.headers },
		{ waitForTrailers: how === 'part' }); // so that it has no end
	if (!how)
		return stream.end(answer.body);
	stream.write(answer.body.subarray(0, answer.body.length / 2), () =>
		stream.close(codes.NGHTTP2_CANCEL));
}

// Asks the provider, and calls done with its answer.
function handOn(request, done) {
	const headers = Object.entries(request.headers)
		.filter(([name]) => name[0] !== ':');
	request.pipe(http.request({
		host: '127.0.0.1', port: backend, path: request.url,
		method: request.method, headers: Object.fromEntries(headers),
	}, (response) => {
		const parts = [];
		response.on('data', (part) => parts.push(part));
		response.on('end', () => done({
			status: response.statusCode,
			headers: { 'content-type': response.headers['content-type'] },
			body: Buffer.concat(parts),
		}));
	}));
}

function serve(request, response) {
	const { stream, httpVersion } = request;
	const how = fault();
	log(httpVersion, request.url, how);
	if (httpVersion !== '2.0')
		return handOn(request, ({ status, headers, body }) =>
			response.writeHead(status, headers).end(body));
	stream.on('error', () => {});
	if (how === 'refuse')
		stream.close(codes.NGHTTP2_REFUSED_STREAM);
	else if (how === 'http1')
		stream.close(codes.NGHTTP2_HTTP_1_1_REQUIRED);
	else
		handOn(request, (answer) => end(stream, how, answer));
}

const http1 = http.createServer(serve);
const secure = http2.createSecureServer({}, serve);
tls.createServer({
	key: readFileSync(`${folder}/server.key`),
	cert: readFileSync(`${folder}/server.crt`),
	ALPNProtocols: ['h2', 'http/1.1'],
}, (socket) => {
	if (socket.alpnProtocol !== 'h2')
		http1.emit('connection', socket);
	else if (faults()[0] === 'goaway')
		goAway(socket);
	else
		secure.emit('secureConnection', socket);
}).listen(0, '127.0.0.1', function () {
	console.log(this.address().port);
});
