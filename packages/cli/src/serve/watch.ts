import { type FSWatcher, watch } from 'node:fs'
import { dirname, resolve } from 'node:path'

/** Editors and orchestrators change a file in several steps. */
const SETTLE_MS = 200

/**
 * Calls `changed` a moment after something has changed in the folder of a file: certificates and
 * the links that Kubernetes exchanges are there too.
 * @returns stops watching.
 */
export function watchFolderOf(file: string, changed: () => void): () => void {
  let timer: NodeJS.Timeout | undefined
  const watcher: FSWatcher = watch(dirname(resolve(file)), () => {
    clearTimeout(timer)
    timer = setTimeout(changed, SETTLE_MS)
  })
  return () => {
    clearTimeout(timer)
    watcher.close()
  }
}
