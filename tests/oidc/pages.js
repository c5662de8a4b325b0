// SPDX-License-Identifier: MIT
//
// pages.js - what a person sees of the server: login, consent, the device's
// code. Plain forms with ids for curl and for a browser; they load nothing.

import { createHash, timingSafeEqual } from 'node:crypto';

const escaped = (text) => String(text).replace(/[&<>"']/g,
	(c) => `&#${c.charCodeAt(0)};`);

const page = (title, body) => `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>${title}</title>
<meta name="viewport" content="width=device-width"></head>
<body><h1>${title}</h1>
${body}
</body></html>
`;

function show(ctx, title, body) {
	ctx.type = 'html';
	ctx.body = page(title, body);
}

const loginForm = (uid, wrong) => `${wrong ? '<p id="wrong">Wrong.</p>' : ''}
<form id="login" method="post" action="/interaction/${uid}/login">
<input id="user" name="user"><input id="password" name="password" type="password">
<button id="submit">Log in</button></form>`;

const consentForm = (uid, params) =>
	`<p>${escaped(params.client_id)} asks for ${escaped(params.scope)}, and the answer
goes to <code id="redirect">${escaped(params.redirect_uri)}</code></p>
<form id="consent" method="post" action="/interaction/${uid}/consent">
<button id="allow" name="answer" value="allow">Allow</button>
<button id="deny" name="answer" value="deny">Deny</button></form>`;

async function form(ctx) {
	let text = '';
	for await (const chunk of ctx.req) text += chunk;
	return new URLSearchParams(text);
}

function same(a, b) {
	const hash = (text) => createHash('sha256').update(text).digest();
	return timingSafeEqual(hash(a), hash(b));
}

// What the person agrees to: all that is asked.
async function grant(provider, interaction) {
	const { params, session, prompt: { details } } = interaction;
	const found = interaction.grantId &&
		await provider.Grant.find(interaction.grantId);
	const given = found || new provider.Grant({
		accountId: session.accountId, clientId: params.client_id });
	if (details.missingOIDCScope)
		given.addOIDCScope(details.missingOIDCScope.join(' '));
	if (details.missingOIDCClaims) given.addOIDCClaims(details.missingOIDCClaims);
	for (const [resource, scopes] of
		Object.entries(details.missingResourceScopes ?? {}))
		given.addResourceScope(resource, scopes.join(' '));
	return given.save();
}

// The middleware that shows and takes the forms.
export function pages(provider, password, people, log) {
	async function finish(ctx, result) {
		await provider.interactionFinished(ctx.req, ctx.res, result,
			{ mergeWithLastSubmission: true });
		ctx.respond = false;
	}
	async function login(ctx, uid) {
		const fields = await form(ctx);
		const user = fields.get('user') ?? '';
		if (user in people && same(fields.get('password') ?? '', password))
			return finish(ctx, { login: { accountId: user } });
		return show(ctx, 'Log in', loginForm(uid, true));
	}
	async function consent(ctx, interaction) {
		if ((await form(ctx)).get('answer') !== 'allow')
			return finish(ctx, { error: 'access_denied',
				error_description: 'The person said no.' });
		const grantId = await grant(provider, interaction);
		return finish(ctx, { consent: { grantId } });
	}
	return async (ctx, next) => {
		const [, uid, step] = ctx.path.match(
			/^\/interaction\/([\w-]+)(?:\/(login|consent))?$/) ?? [];
		if (!uid) return next();
		const interaction = await provider.interactionDetails(ctx.req, ctx.res);
		const { prompt, params } = interaction;
		log(`page ${prompt.name} ${ctx.method}`);
		if (ctx.method === 'POST' && step === 'login') return login(ctx, uid);
		if (ctx.method === 'POST' && step === 'consent')
			return consent(ctx, interaction);
		return prompt.name === 'login'
			? show(ctx, 'Log in', loginForm(uid))
			: show(ctx, 'Consent', consentForm(uid, params));
	};
}

// The server's own forms have the ids op.deviceInputForm, op.deviceConfirmForm.
export const devicePages = {
	userCodeInputSource: async (ctx, html, out, error) => show(ctx, 'Code',
		`${error ? '<p id="wrong">Wrong.</p>' : ''}${html}
<button id="submit" form="op.deviceInputForm">Continue</button>`),
	userCodeConfirmSource: async (ctx, html, client, info, code) =>
		show(ctx, 'Confirm', `<code id="code">${escaped(code)}</code>${html}
<button id="submit" form="op.deviceConfirmForm">Continue</button>
<button id="abort" form="op.deviceConfirmForm" name="abort" value="yes">Stop</button>`),
	successSource: async (ctx) => show(ctx, 'Done', '<p id="done">Done.</p>'),
};

export async function errorPage(ctx, out) {
	show(ctx, 'Error', `<pre id="error">${escaped(out.error)}: ${
		escaped(out.error_description)}</pre>`);
}
