import { startShopServer } from '../demo/shop-server.js'
import { ready } from '../processes/ready.js'

/** One server of the shop, as a process: `node server.js '{ "name": "shop-1", "port": 0 }'`. */
const { name, port } = JSON.parse(process.argv[2] ?? '{}') as {
  readonly name: string
  readonly port: number
}
const { address } = await startShopServer(name, '127.0.0.1', port)
ready(address)
