#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { OptionError } from '@holdfast/core'
import { help } from './sidecar/help.js'
import { inTheirWords } from './sidecar/origins.js'
import { serve } from './sidecar/serve.js'
import { type Flags, settle } from './sidecar/settings.js'
import { ownVersion } from './sidecar/version.js'

const STOP_SIGNALS = ['SIGINT', 'SIGTERM'] as const

try {
  const { values } = parseArgs({
    options: {
      redis: { type: 'string' },
      namespace: { type: 'string' },
      replica: { type: 'string', multiple: true },
      listen: { type: 'string' },
      host: { type: 'string', multiple: true },
      config: { type: 'string' },
      interval: { type: 'string' },
      'token-file': { type: 'string' },
      'log-level': { type: 'string' },
      help: { type: 'boolean' },
      version: { type: 'boolean' },
    },
  })
  if (values.help === true) process.stdout.write(help)
  else if (values.version === true) process.stdout.write(`${ownVersion()}\n`)
  else await run(values)
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`)
  process.exitCode = 1
}

async function run(flags: Flags): Promise<void> {
  try {
    const settings = settle(flags, process.env, (path) => readFileSync(path, 'utf8'))
    const app = await serve(settings)
    for (const signal of STOP_SIGNALS) process.once(signal, () => void app.close())
  } catch (error) {
    if (!(error instanceof OptionError)) throw error
    const message = inTheirWords(error.message, flags, process.env)
    throw Object.assign(new Error(message, { cause: error }), { code: 'HOLDFAST_USAGE' })
  }
}

/** One line for what the reader can put right; a stack for what is our mistake. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error ? String(error.code) : ''
  const isTheirs = /^(HOLDFAST_USAGE|ERR_PARSE_ARGS|E[A-Z]+$)/.test(code)
  return isTheirs ? error.message : (error.stack ?? error.message)
}
