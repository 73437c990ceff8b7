import { get } from 'node:http'
import { type GatewayName, gatewayNamed } from './gateways.js'
import { startGateway, startServers } from './process.js'

const STARTS = 7

/** Milliseconds from the start of a gateway's process to the end of its first answer. */
export async function measureStarts(name: GatewayName): Promise<number[]> {
  const gateway = gatewayNamed(name)
  const servers = await startServers(1)
  const times: number[] = []
  try {
    while (times.length < STARTS) {
      const started = performance.now()
      const running = await startGateway(gateway, servers.addresses)
      await answer(running.port)
      times.push(performance.now() - started)
      await running.stop()
    }
  } finally {
    await servers.stop()
  }
  return times
}

function answer(port: number): Promise<void> {
  return new Promise((settle, fail) => {
    get({ port, host: '127.0.0.1', agent: false }, (response) => {
      response.resume().on('end', settle)
    }).on('error', fail)
  })
}
