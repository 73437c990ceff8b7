// @ts-check
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { quietly } from './step.mjs'

/** Programs that some tests run for real; the names are Debian's packages too. */
const PARTS = ['nginx', 'redis-server', 'chromium', 'curl']

/**
 * Installs what is missing where that is possible without asking: as root, with apt.
 * Set HOLDFAST_APT=off to leave the machine as it is.
 *
 * @returns {Promise<string[]>} what is still missing
 */
export async function provideRealParts() {
  const missing = PARTS.filter((part) => !isInstalled(part))
  if (missing.length === 0 || !mayInstall()) return missing
  console.log(`Installing ${missing.join(', ')} with apt-get ...`)
  // RUNLEVEL: the packages would otherwise start nginx and Redis as services.
  const env = { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  for (const args of [['update'], ['install', '--yes', '--no-install-recommends', ...missing]]) {
    const { ok, output } = await quietly('apt-get', args, { env })
    if (!ok) console.log(`apt-get ${args[0]} failed:\n${output.trim()}`)
  }
  return PARTS.filter((part) => !isInstalled(part))
}

/** @param {readonly string[]} missing */
export function adviseOn(missing) {
  console.log(
    `MISSING: ${missing.join(', ')}. The tests that need them are skipped and counted as such.\n` +
      `Debian, Ubuntu: sudo apt-get install ${missing.join(' ')}\n` +
      `macOS: brew install ${missing.map((part) => (part === 'redis-server' ? 'redis' : part)).join(' ')}\n`,
  )
}

function mayInstall() {
  const isRoot = process.getuid?.() === 0
  return isRoot && isInstalled('apt-get') && process.env.HOLDFAST_APT !== 'off'
}

/** @param {string} command */
function isInstalled(command) {
  // Debian keeps servers in folders that are not on every user's path.
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
  return folders.some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
