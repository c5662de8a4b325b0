// SPDX-License-Identifier: MIT
//
// programs.js - Node's fetch through the proxy: programs.js FILE "BYTES CRC32".
// Downloads and uploads what FILE is, and writes "ok TEXT" or "not ok TEXT" for
// each thing that it has seen.
const { createReadStream, openAsBlob, readFileSync, statSync } = require('node:fs');
const { Readable } = require('node:stream');

const [path, want] = process.argv.slice(2);
const { VALETKEY_PROXY_URL: url, VALETKEY_PROXY_TOKEN: token } = process.env;
const size = statSync(path).size;
const whole = readFileSync(path);

const say = (good, text) => console.log(`${good ? 'ok' : 'not ok'} fetch: ${text}`);
const ask = (target, more = {}) => fetch(url + target, {
	...more, headers: { Authorization: `Bearer ${token}`, ...more.headers } });

async function same(answer) {
	let at = 0;
	for await (const piece of answer.body) {
		if (!whole.subarray(at, at + piece.length).equals(piece)) return false;
		at += piece.length;
	}
	return at === size;
}

async function main() {
	say(await same(await ask(`/big/${size}`)), 'downloads');
	say(await same(await ask(`/chunked/${size}`)), 'downloads chunks');
	const blob = await openAsBlob(path);
	let answer = await ask('/upload', { method: 'PUT', body: blob });
	say((await answer.text()).trim() === want, 'uploads');
	answer = await ask('/upload', { method: 'POST', duplex: 'half',
		body: Readable.toWeb(createReadStream(path)) });
	say((await answer.text()).trim() === want, 'uploads chunks');
	answer = await ask('/redirect');
	say(answer.url === `${url}/echo`, 'follows a redirect to the proxy');
	const leave = new AbortController();
	answer = await ask('/events/1000/100', { signal: leave.signal });
	const { value } = await answer.body.getReader().read();
	say(/data: /.test(Buffer.from(value)), 'gets an event');
	leave.abort();
	const many = await Promise.all(Array.from({ length: 100 }, (_, i) =>
		ask(`/big/${i}`).then((one) => one.arrayBuffer())));
	say(many.every((one, i) => one.byteLength === i), '100 at once');
}

main().catch((error) => say(false, `${error} ${error.cause ?? ''}`));
