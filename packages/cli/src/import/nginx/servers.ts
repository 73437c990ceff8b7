import type { Directive } from '../../nginx/syntax.js'
import type { Reading } from './scope.js'
import { durationOf } from './units.js'

/** A server of a gateway file, as it is to be written. */
export interface ServerDraft {
  address: string
  weight?: number
  maxFails?: number
  failTimeout?: string
  maxConns?: number
  backup?: true
  down?: true
  drain?: true
  route?: string
  resolve?: string
  service?: string
  slowStart?: string
}

/** How often a name is asked for where nginx goes by the answer's own time to live. */
const RESOLVE = '30s'

/** `server ADDRESS ...;` of an upstream, with nginx's defaults said aloud. */
export function serverDraft(directive: Directive, reading: Reading): ServerDraft {
  reading.use(directive)
  const [address = '', ...parameters] = directive.args
  const draft: ServerDraft = { address }
  for (const parameter of parameters) {
    const [name = '', value = ''] = split(parameter)
    const time = durationOf(value)
    switch (name) {
      case 'weight':
        draft.weight = Number(value)
        break
      case 'max_fails':
        draft.maxFails = Number(value)
        break
      case 'fail_timeout':
        if (time !== undefined) draft.failTimeout = time
        break
      case 'max_conns':
        if (Number(value) > 0) draft.maxConns = Number(value)
        break
      case 'backup':
      case 'down':
      case 'drain':
        draft[name] = true
        break
      case 'route':
        draft.route = value
        break
      case 'resolve':
        draft.resolve = RESOLVE
        reading.changed(
          directive,
          `asks for the name every ${RESOLVE}, and not by its time to live`,
        )
        break
      case 'service':
        draft.service = value
        break
      case 'slow_start':
        if (time !== undefined) draft.slowStart = time
        break
      default:
        reading.lost(directive, `there is no counterpart of the parameter ${parameter}`)
    }
  }
  draft.maxFails ??= 1
  draft.failTimeout ??= '10s'
  return draft
}

function split(parameter: string): readonly [string, string] {
  const equals = parameter.indexOf('=')
  return equals < 0 ? [parameter, ''] : [parameter.slice(0, equals), parameter.slice(equals + 1)]
}
