// @ts-check
import { spawn } from 'node:child_process'
import { root } from './workspace.mjs'

/** What a process that is gone may take to close its pipes, if a survivor holds them. */
const LINGER_MS = 1000

/**
 * Runs Node in a process group of its own, so that whatever it starts can be ended with it.
 *
 * @param {readonly string[]} args
 * @param {{ env: Record<string, string>, timeoutMs: number }} options
 * @returns {Promise<{ end: string, output: string }>} the exit code, the signal, or `timeout`
 */
export function runInGroup(args, { env, timeoutMs }) {
  return new Promise((settle) => {
    const child = spawn(process.execPath, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    const endGroup = () => {
      try {
        process.kill(-Number(child.pid), 'SIGKILL')
      } catch {
        // Nothing is left of it.
      }
    }
    let timedOut = false
    const timer = setTimeout(() => {
      timedOut = true
      endGroup()
    }, timeoutMs)
    process.once('exit', endGroup)

    let output = ''
    const keep = (/** @type {string} */ text) => {
      output += text
    }
    child.stdout.setEncoding('utf8').on('data', keep)
    child.stderr.setEncoding('utf8').on('data', keep)

    child.on('exit', () => {
      clearTimeout(timer)
      process.off('exit', endGroup)
      endGroup()
      setTimeout(() => {
        child.stdout.destroy()
        child.stderr.destroy()
      }, LINGER_MS).unref()
    })
    child.on('close', (code, signal) => {
      settle({ end: timedOut ? 'timeout' : String(signal ?? code), output })
    })
  })
}
