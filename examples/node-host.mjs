#!/usr/bin/env node
// SPDX-License-Identifier: MIT
//
// node-host.mjs ACCOUNT URL - a request with a token that is valid now, and with another
// one after a 401. Node calls no C library by itself: so this asks the command before each
// request, a millisecond. It follows no redirect: the token is for one origin.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

async function valetkey (verb, account, url, input) {
  const told = promisify(execFile)('valetkey', [verb, account, '--resource', url])
  told.child.stdin.end(input)
  return (await told).stdout.trim()
}

export async function request (account, url, options = {}) {
  for (let last = false; ; last = true) {
    const token = await valetkey('token', account, url)
    const headers = { ...options.headers, Authorization: `Bearer ${token}` }
    const answer = await fetch(url, { ...options, headers, redirect: 'manual' })
    if (answer.status !== 401 || last) return answer
    await valetkey('invalidate', account, url, token)
  }
}

try {
  const answer = await request(process.argv[2], process.argv[3])
  console.log(answer.status, (await answer.text()).trim())
} catch (error) { // what the command says, and its exit status
  console.error(error.stderr?.trim() || error.message)
  process.exitCode = error.code > 0 ? error.code : 1
}
