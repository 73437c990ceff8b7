import { OptionError } from '@holdfast/core'
import type { SnapshotSource } from './sources/source.js'

export interface StatsOptions {
  /**
   * Where the snapshots come from, for example `() => gateway.holdfast.snapshot()`. Default: the
   * gateway that the plugin is registered on.
   */
  readonly source?: SnapshotSource | undefined
}

// What Fastify itself takes out of a plugin's options.
const FASTIFY_OPTIONS = new Set(['prefix', 'logLevel', 'logSerializers'])

/**
 * Parses the options.
 * @throws OptionError that names the option and its value.
 */
export function parseOptions(
  options: unknown,
  ownGateway: SnapshotSource | undefined,
): { readonly source: SnapshotSource } {
  if (typeof options !== 'object' || options === null) {
    throw new OptionError('stats', 'must be an object', options)
  }
  for (const [name, value] of Object.entries(options)) {
    if (name !== 'source' && !FASTIFY_OPTIONS.has(name)) {
      throw new OptionError(`stats.${name}`, 'is no option; there is only source', value)
    }
  }
  const given: unknown = 'source' in options ? options.source : undefined
  const source = given ?? ownGateway
  if (source === undefined) {
    throw new OptionError(
      'stats.source',
      'is needed here: register after @holdfast/plugin on the same app, or give () => gateway.holdfast.snapshot()',
    )
  }
  if (!isSource(source)) throw new OptionError('stats.source', 'must be a function', source)
  return { source }
}

function isSource(value: unknown): value is SnapshotSource {
  return typeof value === 'function'
}
