/**
 * What decides where a request goes, in its parts, for tools that ask without sending one: where
 * a key goes, how many sessions a change would move.
 */

export type { StickyConfig } from './affinity/config.js'
export { compileKey, type KeyReader } from './affinity/key-expression.js'
export { compileKeys } from './affinity/keys.js'
export { remoteAddress } from './affinity/variables.js'
export { transition } from './health/passive.js'
export { byteString } from './kernel/bytes.js'
export { createPicker } from './picker/create-picker.js'
export type { BalanceConfig, Picker } from './picker/picker.js'
export { createPool, type Pool } from './servers/pool.js'
export { Selection } from './servers/selection.js'
