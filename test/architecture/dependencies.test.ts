import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { exists, filesIn, packages, read, readManifest } from './repository.js'

/** The lowest release that has the fixes that a gateway on the open internet needs. */
const FLOORS: Readonly<Record<string, string>> = {
  fastify: '5.12.3',
  '@fastify/reply-from': '12.6.5',
  undici: '7.29.0',
  ws: '8.21.0',
  ioredis: '5.8.0',
}

/** The first release that no longer runs on Node 20. */
const CEILINGS: Readonly<Record<string, string>> = { undici: '8.0.0' }

const locked = [...read('pnpm-lock.yaml').matchAll(/^ {2}'?(@?[^@'\s]+)@(\d[^:'(]*)'?:$/gm)].map(
  ([, name = '', version = '']) => ({ name, version }),
)

describe('dependencies', () => {
  it('are read from the lockfile as it is written today', () => {
    assert.ok(locked.some(({ name }) => name === 'fastify'))
  })

  it('are no older than their last security fix', () => {
    const old = locked.filter(({ name, version }) => isOlder(version, FLOORS[name] ?? '0.0.0'))
    assert.deepEqual(old, [])
  })

  it('run on Node 20', () => {
    const young = locked.filter(({ name, version }) => {
      const ceiling = CEILINGS[name]
      return ceiling !== undefined && !isOlder(version, ceiling)
    })
    assert.deepEqual(young, [])
  })

  it('are not allowed below those floors by what is published', () => {
    for (const folder of packages) {
      const { dependencies, peerDependencies } = readManifest(`${folder}/package.json`)
      for (const [name, range] of Object.entries({ ...dependencies, ...peerDependencies })) {
        const lowest = /\d+(\.\d+)*/.exec(range)?.[0] ?? '0'
        assert.ok(!isOlder(lowest, FLOORS[name] ?? '0'), `${folder}: ${name} ${range}`)
      }
    }
  })

  it('run no script of their own when they are installed', () => {
    const scripted = filesIn('packages', 'package.json')
      .concat(installed())
      .filter((path) => {
        const { scripts = {} } = readManifest(path)
        return ['preinstall', 'install', 'postinstall'].some((name) => name in scripts)
      })
      .map((path) => readManifest(path).name)
    const refused = [...read('pnpm-workspace.yaml').matchAll(/^ {2}'?"?([@\w/.-]+)"?'?: false$/gm)]
    assert.deepEqual(
      scripted.filter((name) => !refused.some(([, one]) => one === name)),
      [],
    )
  })
})

/** The manifest of every package in pnpm's store of this workspace. */
function installed(): string[] {
  return [...new Set(locked.map(({ name, version }) => `${name.replace('/', '+')}@${version}`))]
    .map((key) => {
      const name = key.slice(0, key.lastIndexOf('@')).replace('+', '/')
      return `node_modules/.pnpm/${key}/node_modules/${name}/package.json`
    })
    .filter(exists)
}

function isOlder(version: string, other: string): boolean {
  const [left, right] = [version, other].map((text) => text.split('-')[0]?.split('.').map(Number))
  for (const [index, number] of (right ?? []).entries()) {
    const own = left?.[index] ?? 0
    if (own !== number) return own < number
  }
  return false
}
