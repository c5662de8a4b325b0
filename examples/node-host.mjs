#!/usr/bin/env node
// SPDX-License-Identifier: MIT
//
// node-host.mjs ACCOUNT URL - a request with a token that is valid now. Node calls no C
// library without a package for that; so this asks the command, which takes a millisecond,
// before each request, and keeps no token. After a 401 it says which one was refused, and
// asks once more. (fetch takes the token along to no other host.)
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

async function token (account, url) {
  const { stdout } = await run('valetkey', ['token', account, '--resource', url])
  return stdout.trim()
}

async function invalidate (account, url, refused) {
  const told = run('valetkey', ['invalidate', account, '--resource', url])
  told.child.stdin.end(refused)
  await told
}

export async function request (account, url, options = {}) {
  for (let last = false; ; last = true) {
    const bearer = await token(account, url)
    const headers = { ...options.headers, Authorization: `Bearer ${bearer}` }
    const answer = await fetch(url, { ...options, headers })
    if (answer.status !== 401 || last) return answer
    await invalidate(account, url, bearer)
  }
}

try {
  const answer = await request(process.argv[2], process.argv[3])
  console.log(answer.status, (await answer.text()).trim())
} catch (error) { // what the command says, and its exit status
  console.error(error.stderr?.trim() || error.message)
  process.exitCode = error.code > 0 ? error.code : 1
}
