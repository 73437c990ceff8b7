import type { Directive } from '../../nginx/syntax.js'
import { keysOf, type Maps } from './keys.js'
import type { Reading } from './scope.js'
import { type ServerDraft, serverDraft } from './servers.js'
import { oneOrMany, type StickyDraft, sealed, stickyDraft } from './sticky.js'

/** An upstream of a gateway file, as it is to be written. */
export interface UpstreamDraft {
  servers: ServerDraft[]
  balance?: unknown
  sticky?: StickyDraft
  retry?: unknown
  timeouts?: unknown
  host?: string
  tls?: unknown
  failOpen: false
}

export interface UpstreamSource {
  readonly name: string
  readonly directive: Directive
}

/** `upstream NAME { ... }` with nginx's choices said aloud where ours differ. */
export function upstreamDraft(
  { directive }: UpstreamSource,
  maps: Maps,
  seal: boolean,
  reading: Reading,
): UpstreamDraft {
  reading.use(directive)
  const draft: UpstreamDraft = { servers: [], failOpen: false }
  let balanced: Directive | undefined
  for (const one of directive.block ?? []) {
    switch (one.name) {
      case 'server':
        draft.servers.push(serverDraft(one, reading))
        break
      case 'sticky':
        setSticky(draft, one, balanced, maps, seal, reading)
        break
      case 'hash':
      case 'ip_hash':
      case 'least_conn':
      case 'random':
        balanced = one
        reading.use(one)
        overrideModule(draft, one, reading)
        setBalance(draft, one, maps, reading)
        break
      case 'least_time':
        reading.lost(one, 'servers are not compared by time; the balance is left at round robin')
        break
      default:
    }
  }
  return ordered(draft)
}

function setSticky(
  draft: UpstreamDraft,
  directive: Directive,
  balanced: Directive | undefined,
  maps: Maps,
  seal: boolean,
  reading: Reading,
): void {
  const sticky = stickyDraft(directive, maps, reading)
  if (sticky === undefined) return
  if (sticky.style === 'sticky-module' && balanced !== undefined) {
    reading.changed(directive, `nginx refuses it beside ${balanced.name}; here both work`)
  }
  draft.sticky = seal ? sealed(sticky) : sticky
}

/** nginx lets a balancer behind the module's `sticky` take its place, with only a warning. */
function overrideModule(draft: UpstreamDraft, directive: Directive, reading: Reading): void {
  if (draft.sticky === undefined) return
  reading.changed(directive, 'behind `sticky` it turns stickiness off in nginx; here both work')
}

function setBalance(
  draft: UpstreamDraft,
  { name, args, place }: Directive,
  maps: Maps,
  reading: Reading,
): void {
  const directive = { name, args, block: undefined, place }
  if (name === 'ip_hash') draft.balance = 'ip-hash'
  else if (name === 'least_conn') draft.balance = 'least-conn'
  else if (name === 'random') {
    draft.balance = args[0] === 'two' ? 'random-two' : 'random'
    if (args[1] !== undefined && args[1] !== 'least_conn') {
      reading.changed(directive, `compares connections, and not ${args[1]}`)
    }
  } else {
    const [key = ''] = args
    const keys = keysOf(key, maps, reading)
    if ('problem' in keys) {
      reading.lost(directive, `${keys.problem}; the balance is left at round robin`)
      return
    }
    // An empty key is nobody's session for nginx: it balances such requests.
    draft.balance = {
      hash: oneOrMany(keys),
      consistent: args.includes('consistent'),
      whenEmpty: 'round-robin',
    }
  }
}

function ordered({ servers, balance, sticky, ...rest }: UpstreamDraft): UpstreamDraft {
  return {
    servers,
    ...(balance === undefined ? {} : { balance }),
    ...(sticky === undefined ? {} : { sticky }),
    ...rest,
  }
}
