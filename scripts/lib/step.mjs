// @ts-check
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { root } from './workspace.mjs'

/** Something the person at the keyboard has to see: what failed, and what to do about it. */
export class StepError extends Error {
  /**
   * @param {string} message
   * @param {string} [detail] the failed tool's own words, or advice
   */
  constructor(message, detail = '') {
    super(detail === '' ? message : `${message}\n\n${detail.trim()}`)
    this.name = 'StepError'
  }
}

/**
 * Runs a command in the root and keeps what it prints, so that success stays quiet.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: Record<string, string> }} [options] env beside this process's own
 * @returns {Promise<{ ok: boolean, output: string }>}
 */
export function quietly(command, args, { cwd = root, env = {} } = {}) {
  return new Promise((settle) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, NO_COLOR: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    const keep = (/** @type {string} */ text) => {
      output += text
    }
    child.stdout.setEncoding('utf8').on('data', keep)
    child.stderr.setEncoding('utf8').on('data', keep)
    child.on('error', (error) => settle({ ok: false, output: error.message }))
    child.on('close', (code) => settle({ ok: code === 0, output }))
  })
}

/**
 * The same for a tool that the repository installs.
 *
 * @param {string} name
 * @param {readonly string[]} args
 */
export function tool(name, args) {
  return quietly(join(root, 'node_modules/.bin', name), args)
}
