// SPDX-License-Identifier: MIT
//
// clients.js - the clients that the server knows, one for each way to
// authenticate and each flow.

const loopback = ['http://127.0.0.1/callback'];

const native = {
	application_type: 'native',
	grant_types: ['authorization_code', 'refresh_token'],
	redirect_uris: loopback,
	response_types: ['code'],
};
const machine = {
	grant_types: ['client_credentials'],
	redirect_uris: [],
	response_types: [],
};

// secret is the one of all that have any. It and the client id of "basic" hold
// characters that mean something in a header, a form and a URL, for RFC 6749
// 2.3.1: form-encoded first.
export function clients(secret, certificate) {
	const jwk = { ...certificate.publicKey.export({ format: 'jwk' }),
		kid: 'key-1', use: 'sig' };
	const subject = { tls_client_auth_subject_dn: certificate.subject };
	const method = (token_endpoint_auth_method) => ({ token_endpoint_auth_method });
	return [
		{ ...native, client_id: 'native', ...method('none') },
		{ ...native, client_id: 'hasty', ...method('none') },
		{ ...native, client_id: 'strict', ...method('none') },
		{ ...native, client_id: 'par', ...method('none'),
			require_pushed_authorization_requests: true },
		{ ...native, client_id: 'basic:%/+&=',
			client_secret: secret, ...method('client_secret_basic') },
		{ ...native, client_id: 'post', client_secret: secret,
			...method('client_secret_post') },
		{ ...native, client_id: 'jwt', jwks: { keys: [jwk] },
			...method('private_key_jwt') },
		{ ...native, client_id: 'mtls', ...subject,
			...method('tls_client_auth') },
		{ ...native, client_id: 'device', ...method('none'), redirect_uris: [],
			response_types: [], grant_types: ['refresh_token',
				'urn:ietf:params:oauth:grant-type:device_code'] },
		{ ...native, client_id: 'hosted', application_type: 'web',
			client_secret: secret, ...method('client_secret_post'),
			redirect_uris: ['https://hosted.example/callback'] },
		{ ...machine, client_id: 'robot', client_secret: secret,
			...method('client_secret_basic') },
		{ ...machine, client_id: 'robot-jwt', jwks: { keys: [jwk] },
			...method('private_key_jwt') },
		{ ...machine, client_id: 'robot-mtls', ...subject,
			...method('tls_client_auth') },
	];
}

// "strict" gets a refresh token as OpenID Connect has it, for offline_access
// alone; the others like most providers have it.
export function refreshes(client, scopes) {
	return client.grantTypeAllowed('refresh_token') &&
		(client.clientId !== 'strict' || scopes.has('offline_access'));
}
