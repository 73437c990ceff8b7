import { type DemoOptions, startDemo } from './demo.js'
import { PortError, type PortVariable } from './listen.js'

const STOP_SIGNALS = ['SIGINT', 'SIGTERM'] as const

try {
  const demo = await startDemo(portsFrom(process.env))

  console.log(`
  The shop        ${demo.gateway}/   three servers behind one gateway: try it here
  Its dashboard   ${demo.dashboard}
  Its servers     ${demo.shops.map(({ name, address }) => `${name} ${address}`).join('   ')}

  Or in a terminal, three times; the same server answers:
    curl -c jar -b jar ${demo.gateway}/shop/

  The cookie's key was made for this run; in production set your own.
  Ctrl-C ends everything.
`)

  // npm passes on the signal that the terminal has sent already: closing twice does no harm.
  for (const signal of STOP_SIGNALS) process.on(signal, () => demo.close())
} catch (error) {
  if (!(error instanceof PortError)) throw error
  console.error(error.message)
  process.exitCode = 1
}

function portsFrom(env: NodeJS.ProcessEnv): DemoOptions {
  return {
    port: portFrom(env, 'PORT', 8080),
    statsPort: portFrom(env, 'STATS_PORT', 9090),
    shopPort: portFrom(env, 'SHOP_PORT', 4001),
  }
}

function portFrom(env: NodeJS.ProcessEnv, variable: PortVariable, usual: number): number {
  const text = env[variable] ?? ''
  if (text === '') return usual
  const port = Number(text)
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port
  throw new PortError(`${variable}=${text} is no port: give a number up to 65535`)
}
