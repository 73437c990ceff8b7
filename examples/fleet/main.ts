import { parseArgs } from 'node:util'
import { MissingProgramError } from '../processes/part.js'
import { startFleet } from './fleet.js'
import { killInTurn } from './kill.js'

const STOP_SIGNALS = ['SIGINT', 'SIGTERM'] as const

// Processes are killed as this one exits, also while the fleet still starts; a signal alone
// would end it without that. Twice does no harm: npm passes on what the terminal has sent already.
for (const signal of STOP_SIGNALS) process.on(signal, () => process.exit())

try {
  const { kill } = parseArgs({ options: { kill: { type: 'boolean', default: false } } }).values
  const fleet = await startFleet()
  const { redis, servers, gateways, dashboard } = fleet

  console.log(`
  The gateways   ${gateways.map(({ address }) => `http://${address}/shop/`).join('   ')}
  The servers    ${servers.map(({ name, address }) => `${name} ${address}`).join('   ')}
  Redis          ${redis.address}
  The dashboard  ${dashboard}
`)

  if (kill) {
    const row = (...cells: readonly string[]): void =>
      console.log(`  ${cells.map((cell, i) => cell.padEnd(i === 0 ? 22 : 11)).join('')}`)
    row('killed', 'requests', 'failed', 'sessions lost of 60')
    await killInTurn(fleet, { seconds: 3, perSecond: 200 }, ({ what, requests, failed, lost }) =>
      row(what, `${requests}`, `${failed}`, `${lost}`),
    )
    await fleet.close()
  } else {
    console.log(`  Any gateway, the same server:
    curl -c jar -b jar http://${gateways[0]?.address}/shop/
    curl -c jar -b jar http://${gateways[1]?.address}/shop/

  Kill what you like (kill -9), or watch it done: npm run start:fleet -- --kill
  Ctrl-C ends everything.
`)
  }
} catch (error) {
  if (!(error instanceof MissingProgramError)) throw error
  console.error(error.message)
  process.exitCode = 1
}
