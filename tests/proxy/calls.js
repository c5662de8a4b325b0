// SPDX-License-Identifier: MIT
//
// calls.js - an API's client that logs in by itself, as the command of
// `valetkey proxy`: calls.js NUMBER PAUSE_MS. It has what NinjaOne's clients read, a
// base URL and a client's id and secret (NINJA_*), and gets tokens for them by
// simple-oauth2, at both spellings of the path. Writes "ok TEXT" or "not ok TEXT"
// for what it has seen.

import { AuthorizationCode, ClientCredentials } from 'simple-oauth2';

const [number, pause] = process.argv.slice(2).map(Number);
const { NINJA_BASE_URL: url, NINJA_CLIENT_ID: id, NINJA_CLIENT_SECRET: secret } =
	process.env;

const say = (good, text, why = '') => {
	console.log(`${good ? 'ok' : 'not ok'} simple-oauth2: ${text}`);
	if (!good) console.log(`# ${why}`);
};

const client = (tokenPath, authorizationMethod, more = {}) => ({
	client: { id, secret: more.secret ?? secret },
	auth: { tokenHost: url, tokenPath },
	options: { authorizationMethod },
});

async function logIns() {
	for (const path of ['/ws/oauth/token', '/oauth/token'])
		for (const how of ['body', 'header']) {
			const { token } = await new ClientCredentials(client(path, how))
				.getToken({ scope: 'monitoring' });
			say(token.access_token && token.expires_in > 0,
				`logs in at ${path}, its secret in the ${how}`,
				JSON.stringify(Object.keys(token)));
		}
	const wrong = client('/ws/oauth/token', 'body', { secret: 'wrong' });
	await new ClientCredentials(wrong).getToken({}).then(
		() => say(false, 'not with another secret', 'it was let in'),
		(error) => say(error.output?.statusCode === 401 ||
			error.output?.statusCode === 400, 'not with another secret', error));
	const code = new AuthorizationCode({ ...client('/ws/oauth/token', 'body') });
	await code.getToken({ code: 'x', redirect_uri: 'http://127.0.0.1/' }).then(
		() => say(false, 'not with a code', 'it was let in'),
		(error) => say(error.output?.statusCode === 400, 'not with a code', error));
}

// As clients do it: a new token where the one that it has expires.
async function calls() {
	const login = new ClientCredentials(client('/ws/oauth/token', 'body'));
	let token = await login.getToken({ scope: 'monitoring' });
	let failed = 0, why = '';
	for (let i = 0; i < number; i++) {
		if (token.expired()) token = await login.getToken({ scope: 'monitoring' });
		const answer = await fetch(`${url}${i % 2 ? '/v2/devices' : '/api/v2/devices'}`,
			{ headers: { Authorization: `Bearer ${token.token.access_token}` } });
		const text = await answer.text();
		if (!answer.ok || !text.includes('ALDER-DC01')) {
			failed++;
			why = `${answer.status} ${text}`;
		}
		await new Promise((resolve) => setTimeout(resolve, pause));
	}
	say(failed === 0, `${number} calls, none fails`, `${failed} fail: ${why}`);
}

await logIns().then(calls).catch((error) => say(false, 'works', error.stack));
