// SPDX-License-Identifier: MIT
//
// browser.js - a person in front of a real Chromium, driven by playwright-core:
//
//	node browser.js FOUND PICTURES SECRET-FILE...
//
// Reads lines "NAME HOW USER URL" from standard input, opens each URL, logs in
// and answers as HOW says (see ways), looks at valetkey's page at the end, keeps
// pictures of it as PICTURES/NAME-*.png, and writes what it found to
// FOUNDNAME: a line "ok TEXT" or "not ok TEXT" for each check. What is in a
// SECRET-FILE must be on none of these pages. BROWSER_PATH is the Chromium.

import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';
import { contrast, overflow } from './looks.js';

const [found, pictures, ...secretFiles] = process.argv.slice(2);
const secrets = secretFiles.map((file) => readFileSync(file, 'utf8').trim());
const [password] = secrets;
const WIDE = { width: 640, height: 560 };
const NARROW = { width: 360, height: 640 };
const sizes = Object.entries({ wide: WIDE, narrow: NARROW });
// Of strangers' pages, and of a port where nobody listens any more.
const EXPECTED = /status of 40[04]|ERR_CONNECTION_REFUSED/;

const browser = await chromium.launch({
	executablePath: process.env.BROWSER_PATH,
	args: ['--no-proxy-server', '--disable-background-networking',
		'--disable-component-update'],
});

// The forms of tests/oidc/pages.js, and of the provider in tests/server.
async function logIn(page, user) {
	const field = page.locator('input[type=password]');
	await field.waitFor();
	await page.locator('input:not([type=hidden])').first().fill(user);
	await field.fill(password);
	await page.locator('button, input[type=submit]').first().click();
}

async function answer(page, id) {
	await page.locator(`#${id}`).click();
	await page.waitForFunction(() => document.title.endsWith(' - valetkey'));
}

// A page of ours that is not the awaited one.
async function visit(page, address, look) {
	const other = await page.context().newPage();
	await other.goto(address.href);
	await look(other);
	await other.close();
}

// The consent page tells where the answer goes.
async function redirectUri(page) {
	return new URL(await page.locator('#redirect').innerText());
}

// Says yes, and stops before the address that the answer goes to.
async function redirectOf(page) {
	await page.locator('#allow').waitFor();
	const action = await page.locator('form').getAttribute('action');
	let to = new URL(action, page.url());
	let form = { answer: 'allow' };
	while (to.protocol === 'https:') {
		const answer = await page.context().request.fetch(to.href,
			{ method: form ? 'POST' : 'GET', form, maxRedirects: 0 });
		to = new URL(answer.headers().location, to);
		form = undefined;
	}
	return to.href;
}

function listens(port) {
	return new Promise((resolve) => {
		const socket = connect(port, '127.0.0.1');
		socket.on('connect', () => { socket.destroy(); resolve(true); });
		socket.on('error', () => resolve(false));
	});
}

// Each returns false where the end is no page of ours.
const ways = {
	async allow(page, user) {
		await logIn(page, user);
		await answer(page, 'allow');
	},
	async deny(page, user) {
		await logIn(page, user);
		await answer(page, 'deny');
	},
	// The code is two seconds old when it comes.
	async late(page, user) {
		await logIn(page, user);
		const to = await redirectOf(page);
		await new Promise((resolve) => setTimeout(resolve, 2200));
		await page.goto(to);
	},
	// Nobody waits for the answer any more.
	async never(page, user) {
		await logIn(page, user);
		const { port } = await redirectUri(page);
		while (await listens(port))
			await new Promise((resolve) => setTimeout(resolve, 100));
		await page.locator('#allow').click();
		await page.waitForURL(/^chrome-error:/);
		return false;
	},
	// Strangers come first; the login goes on all the same.
	async strange(page, user, look) {
		await logIn(page, user);
		const to = await redirectUri(page);
		await visit(page, new URL('?code=x&state=wrong', to), look('stranger'));
		await visit(page, new URL('/nothing', to), look('nothing'));
		await answer(page, 'allow');
	},
};

// What is true of each page of ours, in every light.
async function checkLooks(page, check, name) {
	for (const colorScheme of ['light', 'dark']) {
		await page.emulateMedia({ colorScheme });
		for (const [size, viewport] of sizes) {
			const path = `${pictures}/${name}-${colorScheme}-${size}.png`;
			await page.setViewportSize(viewport);
			await page.screenshot({ path });
			const wide = await page.evaluate(overflow);
			check(!wide, `${colorScheme}, ${size}: nothing sticks out`, wide);
		}
		const faint = await page.evaluate(contrast);
		check(!faint, `${colorScheme}: a contrast of 4.5 at least`, faint);
	}
}

// Where the person ended, and all that the back button and the history know.
async function checkHistory(page, check, name) {
	const session = await page.context().newCDPSession(page);
	const { entries } = await session.send('Page.getNavigationHistory');
	const addresses = [page.url(), ...entries.map((entry) => entry.url)];
	const ours = addresses.filter((address) =>
		new URL(address).origin === new URL(page.url()).origin);
	check(!addresses.some((address) => /[?&#]code=/.test(address)) &&
		ours.length > 1 && ours.every((address) => !/[?#]/.test(address)),
		`${name}: neither address bar nor history has the code`,
		addresses.join(' '));
}

// lookAt(NAME): a function that checks a page and takes its pictures.
const lookAt = (check, name, brought = []) => async (page) => {
	const text = await page.locator('main').innerText();
	const html = await page.content();
	writeFileSync(`${found}${name}.text`, text);
	const title = await page.title();
	check(title.endsWith(' - valetkey'), `${name}: the page is valetkey's`, title);
	const hidden = [...secrets, ...brought]
		.filter((value) => value && value.length > 8);
	check(!hidden.some((value) => html.includes(value)),
		`${name}: no password, secret, code or state on it`);
	check(await page.locator('script, link:not([href^="data:"]), img, iframe')
		.count() === 0,
		`${name}: loads nothing`);
	await checkLooks(page, (good, what, why) =>
		check(good, `${name}, ${what}`, why), name);
};

async function run(name, how, user, url) {
	const lines = [];
	const check = (good, what, why) => lines.push(
		`${good ? 'ok' : 'not ok'} ${what}${good || !why ? '' : `: ${why}`}`);
	const context = await browser.newContext({ ignoreHTTPSErrors: true,
		viewport: WIDE, colorScheme: 'light' });
	context.setDefaultTimeout(30000);
	const outside = [], errors = [], brought = [];
	context.on('request', (request) => {
		const { hostname, protocol, search } = new URL(request.url());
		const values = new URLSearchParams(request.postData() ?? search);
		brought.push(values.get('code'), values.get('state'));
		if (protocol.startsWith('http') && hostname !== '127.0.0.1')
			outside.push(request.url());
	});
	context.on('console', (message) => {
		if (message.type() === 'error' && !EXPECTED.test(message.text()))
			errors.push(message.text());
	});
	context.on('weberror', (error) => errors.push(String(error.error())));
	try {
		const page = await context.newPage();
		await page.goto(url);
		if (await ways[how](page, user, (other) =>
			lookAt(check, `${name}-${other}`, brought)) !== false) {
			await lookAt(check, name, brought)(page);
			await checkHistory(page, check, name);
		}
	} catch (error) {
		check(false, `${name}: ${how} leads to valetkey's page`,
			String(error).split('\n')[0]);
	}
	check(outside.length === 0, `${name}: nothing is asked of another computer`,
		outside.join(' '));
	check(errors.length === 0, `${name}: no error on the console`,
		errors.join(' '));
	await context.close();
	writeFileSync(`${found}${name}.part`, `${lines.join('\n')}\n`);
	renameSync(`${found}${name}.part`, `${found}${name}`);
}

// The picture in the README: the page in both lights, side by side.
async function sideBySide(name) {
	const image = (scheme) => 'data:image/png;base64,' + readFileSync(
		`${pictures}/${name}-${scheme}-wide.png`).toString('base64');
	const page = await browser.newPage({ viewport: { width: 1280, height: 560 } });
	await page.setContent(`<body style="margin:0;display:flex">
		<img src="${image('light')}"><img src="${image('dark')}">`);
	await page.screenshot({ path: `${pictures}/landing-page.png` });
	await page.close();
}

writeFileSync(`${found}ready`, 'ready\n');
for await (const line of createInterface({ input: process.stdin })) {
	const [name, how, user, url] = line.split(' ');
	if (name === 'end') break;
	if (how === 'side-by-side') await sideBySide(name);
	else await run(name, how, user, url);
}
await browser.close();
process.exit(0);
