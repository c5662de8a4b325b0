// SPDX-License-Identifier: MIT
//
// mcp.js - a client of MCP, the official SDK's, that has its tokens from valetkey:
//
//	node mcp.js URL ACCOUNT [TOOL [TIMES]]
//
// Prints the names of the server's tools on one line, then what the tool answered,
// each time. It asks valetkey before each request, as any client should.

import { execFileSync } from 'node:child_process';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

const [url, account, tool, times = '1'] = process.argv.slice(2);

function fetchWithToken(to, init) {
	const headers = new Headers(init?.headers);
	const token = execFileSync('valetkey', ['token', account], { encoding: 'utf8' });

	headers.set('Authorization', `Bearer ${token.trim()}`);
	return fetch(to, { ...init, headers });
}

const client = new Client({ name: 'valetkey-tests', version: '1' });

try {
	await client.connect(new StreamableHTTPClientTransport(new URL(url), { fetch: fetchWithToken }));
	const { tools } = await client.listTools();
	console.log(tools.map(({ name }) => name).sort().join(' '));
	for (let n = 0; tool && n < Number(times); n++) {
		const { content } = await client.callTool({ name: tool, arguments: { name: 'Ada' } });
		console.log(content[0].text);
	}
	await client.close();
} catch (error) {
	console.log(`failed: ${error.code ?? ''} ${error.message}`);
	process.exit(1);
}
