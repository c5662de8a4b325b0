// SPDX-License-Identifier: MIT
//
// mcp.js - MCP's own SDK at both ends of `valetkey proxy`:
//
//	node mcp.js server FOLDER USERINFO_URL
//	node mcp.js client HEADER-FILE MCP-REMOTE
//
// The server is over TLS with FOLDER/server.crt and server.key; FOLDER/ready gets
// its origin. It takes the tokens that the provider at USERINFO_URL takes, has
// Streamable HTTP at /mcp and the older transport at /sse, and FOLDER/log has a line
// for each request. The client goes through VALETKEY_PROXY_URL with the header of
// HEADER-FILE: by the SDK alone, and by mcp-remote, whose program MCP-REMOTE is. It
// writes "ok TEXT" or "not ok TEXT" for what it has seen.

import { randomUUID } from 'node:crypto';
import { appendFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from
	'@modelcontextprotocol/sdk/client/streamableHttp.js';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js';
import { StreamableHTTPServerTransport } from
	'@modelcontextprotocol/sdk/server/streamableHttp.js';
import { isInitializeRequest } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// ---- the server ----

// Counts slowly, and says each number as soon as it is there.
async function count({ to }, { sendNotification, _meta }) {
	for (let i = 1; i <= to; i++) {
		await pause(150);
		await sendNotification({ method: 'notifications/progress',
			params: { progressToken: _meta?.progressToken ?? 0, progress: i, total: to } });
	}
	await pause(150);
	return { content: [{ type: 'text', text: `counted to ${to}` }] };
}

function newServer() {
	const server = new McpServer({ name: 'tests', version: '1' });
	server.registerTool('greet', { inputSchema: { name: z.string() } },
		async ({ name }) => ({ content: [{ type: 'text', text: `Hello ${name}` }] }));
	server.registerTool('count', { inputSchema: { to: z.number() } }, count);
	return server;
}

async function admitted(request, userinfo) {
	const answer = await fetch(userinfo,
		{ headers: { Authorization: request.headers.authorization ?? '' } });
	return answer.ok;
}

async function bodyOf(request) {
	let text = '';
	for await (const piece of request) text += piece;
	return text ? JSON.parse(text) : undefined;
}

const sessions = new Map();

async function streamable(request, response) {
	const body = request.method === 'POST' ? await bodyOf(request) : undefined;
	let transport = sessions.get(request.headers['mcp-session-id']);
	if (!transport && body && isInitializeRequest(body)) {
		transport = new StreamableHTTPServerTransport({
			sessionIdGenerator: () => randomUUID(),
			onsessioninitialized: (id) => { sessions.set(id, transport); },
		});
		await newServer().connect(transport);
	}
	if (!transport) response.writeHead(404).end();
	else await transport.handleRequest(request, response, body);
}

async function older(request, response, url) {
	if (request.method === 'GET' && url.pathname === '/sse') {
		const transport = new SSEServerTransport('/messages', response);
		sessions.set(transport.sessionId, transport);
		await newServer().connect(transport);
		return;
	}
	const transport = sessions.get(url.searchParams.get('sessionId'));
	if (request.method !== 'POST' || !transport) response.writeHead(404).end();
	else await transport.handlePostMessage(request, response);
}

function serve(folder, userinfo) {
	const server = createServer({ key: readFileSync(`${folder}/server.key`),
		cert: readFileSync(`${folder}/server.crt`) }, async (request, response) => {
		const url = new URL(request.url, 'https://here');
		const good = await admitted(request, userinfo);
		appendFileSync(`${folder}/log`,
			`${request.method} ${url.pathname} ${good ? 'yes' : 'no'}\n`);
		if (!good) response.writeHead(401, { 'WWW-Authenticate': 'Bearer' }).end();
		else if (url.pathname === '/mcp') await streamable(request, response);
		else await older(request, response, url);
	});
	server.listen(0, '127.0.0.1', () => {
		const { port } = server.address();
		writeFileSync(`${folder}/ready.new`, `https://127.0.0.1:${port}\n`);
		renameSync(`${folder}/ready.new`, `${folder}/ready`);
	});
}

// ---- the clients ----

const say = (good, text, why = '') => {
	console.log(`${good ? 'ok' : 'not ok'} ${text}`);
	if (!good) console.log(`# ${why}`);
};

async function use(name, transport) {
	const client = new Client({ name: 'tests', version: '1' });
	await client.connect(transport, { timeout: 120000 });
	const { tools } = await client.listTools();
	say(tools.map((tool) => tool.name).join() === 'greet,count',
		`${name}: lists the tools`, JSON.stringify(tools));
	const greeting = await client.callTool({ name: 'greet', arguments: { name: 'you' } });
	say(greeting.content[0].text === 'Hello you', `${name}: calls one`,
		JSON.stringify(greeting));
	const seen = [];
	const result = await client.callTool({ name: 'count', arguments: { to: 5 } },
		undefined, { timeout: 120000,
			onprogress: ({ progress }) => seen.push([progress, Date.now()]) });
	const at = Date.now();
	say(result.content[0].text === 'counted to 5' &&
		seen.map(([number]) => number).join() === '1,2,3,4,5',
		`${name}: events`, JSON.stringify(seen));
	say(seen.length && at - seen[0][1] > 400, `${name}: each when it was sent`,
		JSON.stringify(seen));
	// Longer than a token lives: one request's is not the next one's.
	for (let i = 0; i < 14; i++) {
		await pause(250);
		await client.callTool({ name: 'greet', arguments: { name: String(i) } });
	}
	say(true, `${name}: goes on when its token has ended`);
	await client.close();
}

async function ask(headerFile, mcpRemote) {
	const url = process.env.VALETKEY_PROXY_URL;
	const [name, value] = readFileSync(headerFile, 'utf8').trim().split(': ');
	const more = { requestInit: { headers: { [name]: value } } };
	const remote = (path, transport) => new StdioClientTransport({
		command: process.execPath, stderr: 'ignore', env: process.env,
		args: [mcpRemote, `${url}${path}`, '--header-file', headerFile,
			'--transport', transport] });
	for (const [what, make] of [
		['MCP SDK', () => new StreamableHTTPClientTransport(new URL(`${url}/mcp`), more)],
		['MCP SDK, the older transport',
			() => new SSEClientTransport(new URL(`${url}/sse`), more)],
		['mcp-remote', () => remote('/mcp', 'http-only')],
		['mcp-remote, the older transport', () => remote('/sse', 'sse-only')],
	])
		await use(what, make()).catch((error) => say(false, what, error));
	process.exit(0);
}

const [what, first, second] = process.argv.slice(2);
if (what === 'server') serve(first, second);
else await ask(first, second);
