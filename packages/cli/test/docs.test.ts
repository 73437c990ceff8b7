import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { parse } from 'yaml'
import { commands } from '#cli/commands/index.js'
import { rules } from '#cli/lint/index.js'
import { workshop } from './fixtures/run.js'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

/** What stands between fences, by language, in order. */
function blocks(text: string): ReadonlyArray<readonly [language: string, code: string]> {
  return Array.from(
    text.matchAll(/^```(\w+)\n(.*?)^```$/gms),
    ([, language = '', code = '']) => [language, code] as const,
  )
}

describe('the guides', () => {
  for (const [page, language, flags] of [
    ['docs/coming-from-nginx.md', 'nginx', []],
    ['docs/coming-from-haproxy.md', 'haproxy', ['--seal']],
  ] as const) {
    it(`${page} shows what the import really writes`, async (t) => {
      const all = blocks(read(page)).filter(([one]) => one === language || one === 'yaml')
      assert.ok(all.length >= 2)
      for (let index = 0; index < all.length; index += 2) {
        const [[, source], [, yaml]] = all.slice(index, index + 2) as [
          [string, string],
          [string, string],
        ]
        const { run } = workshop(t, { source })
        const { out, err } = await run(['import', 'source', ...flags])
        const [written, shown] = [parse(out), parse(yaml)]
        for (const [key, value] of Object.entries(shown)) {
          assert.ok(isDeepStrictEqual(value, written[key]), `${key} of\n${source}\n${err}${out}`)
        }
      }
    })
  }

  it('name commands, rules and pages that there are', () => {
    const known = new Set(commands.map(({ name }) => name))
    const ids = new Set(rules.map(({ id }) => id))
    const pages = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md'))
    for (const page of pages) {
      const text = read(`docs/${page}`)
      for (const [, name = ''] of text.matchAll(/(?:^|[`\s])holdfast ([a-z]+) /g)) {
        if (known.has(name)) continue
        assert.ok(!text.includes(`\`holdfast ${name}`), `${page}: holdfast ${name}`)
      }
      for (const [, link = ''] of text.matchAll(/\]\(([\w-]+\.md)/g)) {
        assert.ok(pages.includes(link), `${page} links to ${link}`)
      }
    }
    const troubles = read('docs/troubleshooting.md') + read('docs/behind-a-cdn.md')
    for (const [, id = ''] of troubles.matchAll(/\(`([a-z]+(?:-[a-z]+)+)`\)/g))
      assert.ok(ids.has(id), id)
  })

  it('docs/troubleshooting.md knows every code and every reason to move', () => {
    const page = read('docs/troubleshooting.md')
    const sources = ['core', 'plugin', 'stats'].flatMap((name) =>
      readdirSync(join(ROOT, 'packages', name, 'src'), { recursive: true, encoding: 'utf8' })
        .filter((path) => path.endsWith('.ts'))
        .map((path) => read(`packages/${name}/src/${path}`)),
    )
    const environment = /_(TOKEN|REDIS_URL|LISTEN|NAMESPACE)$/
    const codes = new Set(
      sources.flatMap((text) => text.match(/(?<=')HOLDFAST_[A-Z_]+(?=')/g) ?? []),
    )
    for (const code of codes) {
      if (environment.test(code) && code !== 'HOLDFAST_NO_TOKEN') continue
      assert.ok(page.includes(`\`${code}\``), code)
    }
    const [, union = ''] =
      /type MoveReason =(.*?)\n\n/s.exec(read('packages/core/src/affinity/binding.ts')) ?? []
    const reasons = union.match(/(?<=')[a-z-]+(?=')/g) ?? []
    assert.ok(reasons.length >= 9)
    for (const reason of reasons) assert.ok(page.includes(`| \`${reason}\` |`), reason)
  })
})
