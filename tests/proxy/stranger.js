// SPDX-License-Identifier: MIT
//
// stranger.js - web pages in a real Chromium that try the proxy:
//
//	node stranger.js <SECRET-FILE
//
// with VALETKEY_PROXY_URL. The pages are served here, and one lies at the proxy's
// own port under another name that leads to this computer (DNS rebinding). Even
// with the secret no page may get through. Writes "ok TEXT" or "not ok TEXT" for
// each try. BROWSER_PATH is the Chromium.

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { chromium } from 'playwright-core';

const proxy = process.env.VALETKEY_PROXY_URL;
const { port } = new URL(proxy);
const [secret] = readFileSync(0, 'utf8').match(/[0-9a-f]{64}/);

const say = (good, text, why) => {
	console.log(`${good ? 'ok' : 'not ok'} ${text}`);
	if (!good) console.log(`# ${why}`);
};

const site = createServer((request, response) => {
	response.setHeader('Content-Type', 'text/html');
	response.end('<!doctype html><title>page</title><p>A page.');
});
await new Promise((resolve) => site.listen(0, '127.0.0.1', resolve));
const own = site.address().port;

const browser = await chromium.launch({
	executablePath: process.env.BROWSER_PATH,
	args: ['--no-proxy-server', '--disable-background-networking',
		'--disable-component-update',
		'--host-resolver-rules=MAP *.example 127.0.0.1'],
});

// What a page gets by fetch: the status, or why it got nothing.
const fetched = (page, url, options) => page.evaluate(
	([address, more]) => fetch(address, more).then(
		(answer) => `${answer.type} ${answer.status}`,
		() => 'nothing'), [url, options]);

const ways = [
	['fetch', {}],
	['fetch that asks for no answer', { mode: 'no-cors' }],
	['fetch with the secret', { headers: { Authorization: `Bearer ${secret}` } }],
	['POST', { method: 'POST', mode: 'no-cors', body: 'a=b' }],
	['POST of a token request', { method: 'POST', mode: 'no-cors',
		headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
		body: `grant_type=client_credentials&client_id=a&client_secret=${secret}` },
	'/ws/oauth/token'],
	['fetch with cookies', { mode: 'no-cors', credentials: 'include' }],
];

async function tries(page, from, address) {
	for (const [what, options, path = '/evil'] of ways) {
		const got = await fetched(page, address + path, options);
		say(/^(nothing|opaque 0|\w+ 40[13])$/.test(got), `${from}: ${what}`, got);
	}
}

async function elements(page, address) {
	await page.evaluate((url) => new Promise((resolve) => {
		const wanted = ['img', 'script', 'iframe', 'video'].map((name) => {
			const element = document.createElement(name);
			element.src = `${url}/evil?${name}`;
			document.body.append(element);
			return new Promise((done) => {
				element.onload = element.onerror = done;
				setTimeout(done, 3000);
			});
		});
		Promise.all(wanted).then(resolve);
	}), address);
	const opened = await page.evaluate((url) => new Promise((resolve) => {
		const socket = new WebSocket(url.replace('http', 'ws') + '/evil');
		socket.onopen = () => resolve(true);
		socket.onerror = socket.onclose = () => resolve(false);
	}), address);
	say(!opened, 'a page of another site: no websocket', 'it opened');
	await page.evaluate((url) => {
		const form = document.createElement('form');
		form.method = 'POST';
		form.action = `${url}/evil`;
		document.body.append(form);
		form.submit();
	}, address);
	await page.waitForURL(/evil/);
	const text = await page.locator('body').innerText();
	say(/Origin|Sec-Fetch|web pages/i.test(text), 'a form: is told that pages may not',
		text);
}

const page = await browser.newPage();
page.setDefaultTimeout(120000);
for (const name of [`127.0.0.1:${own}`, `evil.example:${own}`]) {
	await page.goto(`http://${name}/`);
	await tries(page, `a page of ${name.split(':')[0]}`, proxy);
}
await elements(page, proxy);

// The address bar: nothing speaks against it but that the secret is missing, which a
// person would be asked for.
const bar = await browser.newPage();
const refused = bar.waitForResponse(`${proxy}/evil`);
await bar.goto(`${proxy}/evil`).catch(() => {});
let answer = await refused;
say(answer.status() === 401, 'the address bar: 401', answer.status());
say(!/access-control/i.test(Object.keys(answer.headers()).join()),
	'and nothing that would let web pages in', JSON.stringify(answer.headers()));

// DNS rebinding: another name, this computer, the proxy's port.
const rebound = await browser.newPage();
answer = await rebound.goto(`http://rebound.example:${port}/evil`);
say(answer.status() === 403, 'another name for this computer: 403', answer.status());
await tries(rebound, 'a page under that name', `http://rebound.example:${port}`);

await browser.close();
site.close();
process.exit(0);
