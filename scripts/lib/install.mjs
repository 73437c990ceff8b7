// @ts-check
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PNPM, pnpm } from './pnpm.mjs'
import { StepError } from './step.mjs'
import { packages, root } from './workspace.mjs'

const stampFile = join(root, 'node_modules/.holdfast-install')

/** Installs what the lockfile says, if that is not what is there already. */
export async function install() {
  const wanted = fingerprint()
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === wanted) return

  console.log('Installing dependencies (only when the lockfile has changed) ...')
  const { ok, output } = await pnpm(['install', '--frozen-lockfile', '--reporter=append-only'])
  if (!ok) throw new StepError('The dependencies could not be installed.', explain(output))
  writeFileSync(stampFile, wanted)
}

/** What decides the content of node_modules; binaries in it fit one platform. */
function fingerprint() {
  const hash = createHash('sha256').update(`${PNPM} ${process.platform} ${process.arch}`)
  const manifests = ['.', 'examples', 'test', 'bench', 'soak', ...packages]
    .map((folder) => join(folder, 'package.json'))
    .filter((path) => existsSync(join(root, path)))
  for (const path of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', ...manifests]) {
    hash.update(`\n${path}\n`).update(readFileSync(join(root, path)))
  }
  return hash.digest('hex')
}

/** @param {string} output */
function explain(output) {
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ERR_SOCKET|META_FETCH_FAIL/.test(output)) {
    return `${output}\nThe npm registry did not answer. Check the network, a proxy (npm config get proxy)\nor the registry's address (npm config get registry), and run the command again.`
  }
  if (/OUTDATED_LOCKFILE/.test(output)) {
    return `${output}\nA package.json was changed without the lockfile: run "npx ${PNPM} install" and commit both.`
  }
  return output
}
