import { createServer, type ServerResponse } from 'node:http'
import { type Dispatcher, Pool } from 'undici'
import { listening, servers } from './arguments.js'

/** As little as Node can do to send a request on: no choice, no checks, no failures. */
class Relay implements Dispatcher.DispatchHandler {
  readonly #response: ServerResponse

  constructor(response: ServerResponse) {
    this.#response = response
  }

  onRequestStart(): void {}

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    const raw = controller.rawHeaders as readonly Buffer[]
    const headers: string[] = []
    for (let i = 0; i + 1 < raw.length; i += 2) {
      const name = String(raw[i])
      if (name !== 'Connection') headers.push(name, String(raw[i + 1]))
    }
    this.#response.writeHead(status, headers)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#response.write(chunk)) return
    controller.pause()
    this.#response.once('drain', () => controller.resume())
  }

  onResponseEnd(): void {
    this.#response.end()
  }

  onResponseError(): void {
    this.#response.destroy()
  }
}

const pools = servers.map((address) => new Pool(`http://${address}`))
let turn = 0

const server = createServer(({ url = '/', method = 'GET', rawHeaders }, response) => {
  turn = (turn + 1) % pools.length
  pools[turn]?.dispatch(
    { path: url, method: method as Dispatcher.HttpMethod, headers: rawHeaders },
    new Relay(response),
  )
})
server.listen(0, '127.0.0.1', () => listening(server))
