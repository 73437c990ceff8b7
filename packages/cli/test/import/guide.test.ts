import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { workshop } from '../fixtures/run.js'

const FOLDER = new URL('../../test/guide/', import.meta.url)

/** What check has to say of each, beside what it says of all. */
const WARNINGS: Readonly<Record<string, readonly string[]>> = {
  '01-basic': ['unsealed-cookie'],
  '02-expires': ['unsealed-cookie'],
  '03-domain': ['unsealed-cookie', 'wide-domain'],
  '04-md5': ['unsealed-cookie'],
  '05-sha1': ['unsealed-cookie'],
  '06-index': ['index-cookie'],
  '07-secure': ['unsealed-cookie', 'wide-domain'],
  '08-hmac': ['unsealed-cookie', 'weak-key', 'committed-key'],
  '09-no-fallback': ['unsealed-cookie', 'no-fallback-without-checks'],
  '10-health': ['unsealed-cookie'],
  '11-hash': [],
  '12-map': [],
  '13-weights': ['unsealed-cookie'],
  '14-cache': ['unsealed-cookie'],
  '15-log': ['unsealed-cookie'],
  '16-production': ['unsealed-cookie', 'weak-key', 'committed-key', 'wide-domain'],
}

/** What is said of each on the way, but for what Holdfast does not need. */
const NOTES: Readonly<Record<string, readonly RegExp[]>> = {
  '14-cache': [/listen 443.*no ssl_certificate/, /changed: proxy_cache app_cache/],
}

const MADE_UP = /no server leads here/

describe("the guide's configurations", () => {
  it('are all there', () => {
    const names = readdirSync(FOLDER).map((file) => file.replace(/\.conf$/, ''))
    assert.deepEqual(names.sort(), Object.keys(WARNINGS).sort())
  })

  for (const [name, warnings] of Object.entries(WARNINGS)) {
    it(`${name} is imported, and check says what is to be expected`, async (t) => {
      const conf = readFileSync(new URL(`${name}.conf`, FOLDER), 'utf8')
      const { run, put } = workshop(t, { 'nginx.conf': conf })
      const { code, out: yaml, err } = await run(['import', 'nginx.conf'])
      assert.equal(code, 0, err)
      const notes = err.split('\n').filter((line) => line !== '' && !MADE_UP.test(line))
      const expected = NOTES[name] ?? []
      assert.equal(notes.length, expected.length, err)
      for (const [index, pattern] of expected.entries()) assert.match(notes[index] ?? '', pattern)

      here(put, yaml)
      const { out } = await run(['check', 'g.yaml', '--offline', '--json'])
      const { errors, findings } = JSON.parse(out)
      assert.equal(errors, 0, out)
      assert.deepEqual(
        findings.map(({ rule }: { rule: string }) => rule),
        warnings,
      )
    })

    it(`${name}, sealed, has nothing to be warned of but its domain`, async (t) => {
      const conf = readFileSync(new URL(`${name}.conf`, FOLDER), 'utf8')
      const { run, put } = workshop(t, { 'nginx.conf': conf })
      here(put, (await run(['import', 'nginx.conf', '--seal'])).out)
      const env = { HOLDFAST_STICKY_KEY: 'a key for tests of some length' }
      const { out } = await run(['check', 'g.yaml', '--offline', '--json'], { env })
      const { errors, findings } = JSON.parse(out)
      const rules = findings.map(({ rule }: { rule: string }) => rule)
      assert.equal(errors, 0, out)
      const kept = ['wide-domain', 'no-fallback-without-checks', 'committed-key']
      assert.deepEqual(
        rules.filter((rule: string) => !kept.includes(rule)),
        [],
      )
    })
  }
})

/** The certificates of the last one are on another machine. */
function here(put: (name: string, text: string) => void, yaml: string): void {
  put('g.yaml', yaml.replaceAll(/\/etc\/nginx\/ssl\/example\.com\.(crt|key)/g, '$1.pem'))
  put('crt.pem', '-----BEGIN CERTIFICATE-----')
  put('key.pem', '-----BEGIN PRIVATE KEY-----')
}
