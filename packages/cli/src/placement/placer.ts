import { createSystemRandom, type Server, type UpstreamConfig } from '@holdfast/core'
import { compileKeys, createPicker, createPool, Selection } from '@holdfast/core/placement'
import { CommandError } from '../exit.js'
import { factsOf } from './sketch.js'

/** Where requests without a binding go, by what the balancer looks at. */
export interface Placer {
  /** @param key a byte string. */
  byKey(key: string): Server | undefined
  byAddress(address: string): Server | undefined
}

const NOW_S = 0

/** @throws CommandError when it is not a key that decides where requests of the upstream go. */
export function createPlacer({ name, servers, balance, hashKey }: UpstreamConfig): Placer {
  if (balance.kind !== 'hash' && balance.kind !== 'ip-hash') {
    throw new CommandError(
      `upstream ${name} balances by ${balance.kind}: no key decides where its requests go`,
    )
  }
  if (servers.length === 0) {
    throw new CommandError(
      `upstream ${name} takes its servers from DNS: this file does not list them`,
    )
  }
  const picker = createPicker(balance, createPool(servers), createSystemRandom())
  const keyOf = hashKey && compileKeys(hashKey.keys, hashKey)
  const place = (key: string, remoteAddress: string): Server | undefined => {
    const selection = new Selection()
    selection.key = key
    selection.remoteAddress = remoteAddress
    return picker.pick(selection, NOW_S)
  }
  return {
    byKey(key) {
      if (keyOf === undefined) {
        throw new CommandError(`upstream ${name} balances by address: use --remote-addr`)
      }
      return place(key, '')
    },
    byAddress(address) {
      const facts = factsOf({ remoteAddress: address })
      return place(keyOf?.(facts) ?? '', facts.remoteAddress)
    },
  }
}
