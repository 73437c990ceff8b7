import { hashConsistent, hashPlain } from './fixtures.js'
import { pickerContract } from './picker.contract.js'

pickerContract('round-robin', { kind: 'round-robin' })
pickerContract('least-conn', { kind: 'least-conn' })
pickerContract('random', { kind: 'random' })
pickerContract('random-two', { kind: 'random-two' })
pickerContract('ip-hash', { kind: 'ip-hash' })
pickerContract('hash', hashPlain)
pickerContract('hash consistent', hashConsistent)
pickerContract('hash with a bounded load', { ...hashPlain, loadFactor: 1.25 })
pickerContract('hash consistent with a bounded load', { ...hashConsistent, loadFactor: 1.25 })
pickerContract('the tightest bound', { ...hashConsistent, loadFactor: 1 })
