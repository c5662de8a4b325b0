// SPDX-License-Identifier: MIT
//
// server.js - oidc-provider, a certified OpenID provider, as the tests need it:
//
//	node server.js FOLDER
//
// on a free port of 127.0.0.1, over TLS. FOLDER has what is secret or made for
// this run: server.key, server.crt, ca.crt (who may sign a client's
// certificate), client.crt (whose public key is the one of "jwt", and whose
// subject the one of "mtls"), password, secret. Written there: log (a line for
// each request, and for each event), and ready (the issuer) once it listens.
//
// Strict wherever there is a choice: PKCE is required of everybody, refresh
// tokens rotate at each use, the second use of one ends the whole grant, and
// redirect URIs are compared exactly but for a loopback port. With OIDC_EXACT the
// port is compared too, and login requests are not taken beforehand.

import { X509Certificate, randomUUID } from 'node:crypto';
import { appendFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { join } from 'node:path';
import Provider, { errors } from 'oidc-provider';
import { clients, refreshes } from './clients.js';
import { devicePages, errorPage, pages } from './pages.js';

const folder = process.argv[2];
const read = (name) => readFileSync(join(folder, name), 'utf8').trim();
const log = (line) => appendFileSync(join(folder, 'log'), `${line}\n`);
const certificate = new X509Certificate(readFileSync(join(folder, 'client.crt')));

const people = { alice: 'Alice Example', bob: 'Bob Example' };
const lifetime = Number(process.env.OIDC_LIFETIME ?? 600);

function findAccount(ctx, id) {
	if (!(id in people)) return undefined;
	return {
		accountId: id,
		claims: async () => ({
			sub: id,
			name: people[id],
			preferred_username: id,
			email: `${id}@example.com`,
		}),
	};
}

// RFC 8707: one API that tokens can be for, and no other.
async function getResourceServerInfo(ctx, resource) {
	if (resource !== 'https://api.example.com/') throw new errors.InvalidTarget();
	return { scope: 'read write', audience: resource, accessTokenFormat: 'opaque' };
}

const configuration = {
	adapter: undefined,
	clients: clients(read('secret'), certificate),
	clientAuthMethods: ['none', 'client_secret_basic', 'client_secret_post',
		'private_key_jwt', 'tls_client_auth'],
	claims: { openid: ['sub'], email: ['email'],
		profile: ['name', 'preferred_username'] },
	conformIdTokenClaims: false,
	cookies: { keys: [randomUUID()] },
	findAccount,
	renderError: errorPage,
	interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
	pkce: { required: () => true },
	rotateRefreshToken: true,
	issueRefreshToken: async (ctx, client, source) =>
		refreshes(client, source.scopes),
	scopes: ['openid', 'offline_access', 'read', 'write'],
	ttl: { AccessToken: lifetime, ClientCredentials: lifetime, DeviceCode: 120,
		AuthorizationCode: (ctx, code, client) =>
			(client.clientId === 'hasty' ? 1 : 60),
		Grant: 86400, IdToken: 600, Interaction: 600, RefreshToken: 86400,
		Session: 86400 },
	features: {
		clientCredentials: { enabled: true },
		devInteractions: { enabled: false },
		deviceFlow: { enabled: true, ...devicePages },
		introspection: { enabled: true },
		mTLS: {
			enabled: true,
			tlsClientAuth: true,
			getCertificate: (ctx) => ctx.socket.getPeerX509Certificate()?.toString(),
			certificateAuthorized: (ctx) => ctx.socket.authorized,
			certificateSubjectMatches: (ctx, property, expected) =>
				property === 'tls_client_auth_subject_dn' &&
				ctx.socket.getPeerX509Certificate()?.subject === expected,
		},
		pushedAuthorizationRequests: { enabled: !process.env.OIDC_EXACT },
		registration: { enabled: true, initialAccessToken: false },
		resourceIndicators: { enabled: true, getResourceServerInfo },
		revocation: { enabled: true },
		userinfo: { enabled: true },
	},
};

// How a request of a client authenticates itself: each way it uses, so that two
// of them are seen.
function authentication(ctx) {
	const { body = {}, client } = ctx.oidc;
	const ways = [];
	if (ctx.get('authorization').startsWith('Basic ')) ways.push('basic');
	if (body.client_secret) ways.push('post');
	if (body.client_assertion) ways.push('jwt');
	if (client?.clientAuthMethod === 'tls_client_auth' && ctx.socket.authorized)
		ways.push('tls');
	return ways.join('+') || 'none';
}

async function logRequest(ctx, next) {
	await next();
	const { route, client, params = {}, body = {} } = ctx.oidc ?? {};
	const error = ctx.body?.error ?? '';
	const grant = (body.grant_type ?? '').replace(/^.*:/, '');
	log(`request ${route ?? ctx.path} ${ctx.method} ${ctx.status}` +
		` client=${client?.clientId ?? ''}` +
		` auth=${ctx.oidc ? authentication(ctx) : ''} grant=${grant}` +
		` error=${error} resource=${[params.resource ?? []].flat()}` +
		` response_mode=${params.response_mode ?? ''}` +
		` query=${Object.keys(ctx.query)}` +
		` redirect_uri=${params.redirect_uri ?? ''}` +
		` http=${ctx.req.httpVersion}`);
}

function serve(issuer) {
	const provider = new Provider(issuer, configuration);
	if (process.env.OIDC_EXACT)
		provider.Client.prototype.redirectUriAllowed = function allowed(uri) {
			return this.redirectUris.includes(uri);
		};
	provider.use(logRequest);
	provider.use(pages(provider, read('password'), people, log));
	for (const event of ['grant.revoked', 'grant.error', 'grant.success',
		'refresh_token.consumed', 'registration_create.success',
		'authorization.error', 'server_error'])
		provider.on(event, (...args) =>
			log(`event ${event} ${args.find((arg) => arg instanceof Error) ?? ''}`));
	return provider.callback();
}

const server = createServer({
	key: read('server.key'), cert: read('server.crt'), ca: read('ca.crt'),
	requestCert: true, rejectUnauthorized: false,
});
server.listen(Number(process.env.OIDC_PORT ?? 0), '127.0.0.1', () => {
	const issuer = `https://127.0.0.1:${server.address().port}`;
	server.on('request', serve(issuer));
	writeFileSync(join(folder, 'ready.part'), issuer);
	renameSync(join(folder, 'ready.part'), join(folder, 'ready'));
});
