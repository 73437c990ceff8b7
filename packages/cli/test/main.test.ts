import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { commands } from '#cli/commands/index.js'
import { gatewayFile, workshop } from './fixtures/run.js'

describe('holdfast', () => {
  it('lists its commands, and every one has a help that names its flags', async (t) => {
    const { run } = workshop(t)
    const { code, out } = await run(['--help'])
    assert.equal(code, 0)
    for (const { name, flags } of commands) {
      assert.ok(out.includes(`  ${name}`), name)
      for (const ask of [
        [name, '--help'],
        ['help', name],
      ]) {
        const help = await run(ask)
        assert.equal(help.code, 0)
        for (const flag of Object.keys(flags)) assert.ok(help.out.includes(`--${flag}`), flag)
        assert.match(help.out, /Exit codes/)
      }
    }
  })

  it('ends with 2 when it does not understand, and says what', async (t) => {
    const { run } = workshop(t, { 'g.yaml': gatewayFile("servers: ['a:1']") })
    for (const [args, message] of [
      [[], /Usage: holdfast/],
      [['fly'], /no command "fly"/],
      [['route'], /route needs CONFIG/],
      [['route', 'no.yaml'], /cannot read no\.yaml/],
      [['route', 'g.yaml', 'x'], /does not know what to do with "x"/],
      [['route', 'g.yaml', '--fly'], /--fly/],
      [['explain', 'g.yaml', '--upstream', 'x'], /there is no upstream x; there are shop/],
    ] as const) {
      const { code, err } = await run(args)
      assert.equal(code, 2, args.join(' '))
      assert.match(err, message)
    }
  })

  it('knows its version', async (t) => {
    assert.match((await workshop(t).run(['--version'])).out, /^\d+\.\d+\.\d+/)
  })
})
