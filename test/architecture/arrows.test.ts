import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Import, importsOf } from './imports.js'
import { filesIn, packages } from './repository.js'

const MIDDLE = ['affinity', 'discovery', 'picker', 'health', 'rebalance', 'fleet', 'stats']

/**
 * What each room of the core may import, beside its own files. `type x` allows `import type` only.
 * A file in src itself is a room of its own, under its name.
 */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  kernel: [],
  servers: ['kernel'],
  affinity: ['kernel', 'servers'],
  picker: ['kernel', 'servers'],
  health: ['kernel', 'servers'],
  discovery: ['kernel', 'servers'],
  rebalance: ['kernel', 'servers'],
  fleet: ['kernel', 'servers'],
  stats: ['kernel', 'servers'],
  config: ['kernel', 'servers', ...MIDDLE].map((room) => `type ${room}`),
  defaults: ['kernel', 'servers', ...MIDDLE, 'config'].map((room) => `type ${room}`),
  attempt: ['kernel', 'servers', ...MIDDLE, 'type config'],
  options: ['kernel', 'servers', ...MIDDLE, 'type config', 'defaults'],
}

/** The files that put the rooms together may import them all. */
const WIRING = ['upstream', 'upstream-health', 'index', 'placement']

/** Other packages that a package may never name. */
const FORBIDDEN: Readonly<Record<string, RegExp>> = {
  'packages/core': /^(@holdfast\/|fastify|@fastify\/|undici)/,
  'packages/plugin': /^@holdfast\/(?!core(\/|$))/,
  'packages/cli': /^@holdfast\/(?!(core|plugin|stats)(\/|$))|^@fastify\/reply-from/,
  'packages/stats': /^@holdfast\/(?!core(\/|$))|^undici|^@fastify\/reply-from/,
}

/** What would let the core reach the world by itself (node:net is there for isIP). */
const OUTSIDE = /^node:(child_process|dgram|dns|fs|https?|http2|process|timers|tls)(\/|$)/

const core = filesIn('packages/core/src', '.ts').flatMap(importsOf)

describe('arrows between the rooms of the core', () => {
  it('only point the way the design says', () => {
    const wrong = core.filter(({ to }) => to.startsWith('packages/core/src/')).filter(isWrong)
    assert.deepEqual(wrong.map(tell), [])
  })

  it('are known for every room, so that a new room has to state its own', () => {
    const rooms = new Set(filesIn('packages/core/src', '.ts').map(roomOf))
    const known = new Set([...Object.keys(ARROWS), ...WIRING])
    assert.deepEqual(
      [...rooms].filter((room) => !known.has(room)),
      [],
    )
  })

  it('do not reach the network, the disk, processes or timers, except in the fleet room', () => {
    const wrong = core.filter(({ from, to }) => roomOf(from) !== 'fleet' && OUTSIDE.test(to))
    assert.deepEqual(wrong.map(tell), [])
  })
})

describe('arrows between the packages', () => {
  for (const [folder, forbidden] of Object.entries(FORBIDDEN)) {
    it(`${folder} names nothing that it must not know`, () => {
      const wrong = filesIn(`${folder}/src`, '.ts')
        .flatMap(importsOf)
        .filter(({ to }) => forbidden.test(to))
      assert.deepEqual(wrong.map(tell), [])
    })
  }

  it('no file imports another package by its path', () => {
    const wrong = packages.flatMap((folder) =>
      filesIn(`${folder}/src`, '.ts')
        .flatMap(importsOf)
        .filter(({ to }) => /^(packages|\.\.)\//.test(to) && !to.startsWith(`${folder}/src/`)),
    )
    assert.deepEqual(wrong.map(tell), [])
  })
})

function isWrong({ from, to, typeOnly }: Import): boolean {
  const [room, other] = [roomOf(from), roomOf(to)]
  if (room === other || WIRING.includes(room)) return false
  const allowed = ARROWS[room] ?? []
  return !allowed.includes(other) && !(typeOnly && allowed.includes(`type ${other}`))
}

function roomOf(file: string): string {
  const [first = ''] = file.slice('packages/core/src/'.length).split('/')
  return first.replace(/\.ts$/, '')
}

function tell({ from, to, typeOnly }: Import): string {
  return `${from} imports ${typeOnly ? 'the types of ' : ''}${to}`
}
