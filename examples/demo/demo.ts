import { randomBytes } from 'node:crypto'
import { controls } from './controls.js'
import { createGateway } from './gateway.js'
import { listen } from './listen.js'
import { page } from './page.js'
import { type ShopServer, startShopServer } from './shop-server.js'
import { createStatistics } from './statistics.js'

/** Ports of the demo; 0 takes any free one. */
export interface DemoOptions {
  /** Of the gateway; 8080 unless given. */
  readonly port?: number
  /** Of the statistics; 9090 unless given. */
  readonly statsPort?: number
  /** Of the first shop server, the others follow; 4001 unless given. */
  readonly shopPort?: number
}

export interface Demo {
  /** `http://host:port`, without a path. */
  readonly gateway: string
  readonly statistics: string
  /** Where the dashboard is, with the token that lets it act. */
  readonly dashboard: string
  readonly shops: readonly ShopServer[]
  /** Ends everything. */
  close(): Promise<void>
}

const HOST = '127.0.0.1'
const NAMES = ['shop-1', 'shop-2', 'shop-3']

/** Starts three shop servers, the gateway before them, and its statistics; all or nothing. */
export async function startDemo(options: DemoOptions = {}): Promise<Demo> {
  const { port = 8080, statsPort = 9090, shopPort = 4001 } = options
  // Closed in reverse: the gateway before the shops it needs.
  const opened: Array<() => Promise<unknown>> = []
  const close = async () => {
    for (const end of opened.splice(0).reverse()) await end()
  }

  try {
    const shops: ShopServer[] = []
    for (const [index, name] of NAMES.entries()) {
      const shop = await startShopServer(name, HOST, shopPort === 0 ? 0 : shopPort + index)
      opened.push(() => shop.stop())
      shops.push(shop)
    }

    const gateway = await createGateway(shops)
    opened.push(() => gateway.close())

    // For this run only. Elsewhere it comes from the environment: HOLDFAST_ADMIN_TOKEN.
    const adminToken = randomBytes(16).toString('hex')
    const statistics = await createStatistics(gateway, adminToken)
    opened.push(() => statistics.close())
    const statsBound = await listen(statistics, HOST, statsPort, 'STATS_PORT')
    const statisticsUrl = `http://${HOST}:${statsBound}`
    const dashboard = `${statisticsUrl}/#token=${adminToken}`

    await gateway.register(page)
    await gateway.register(controls, { shops, statistics: dashboard })
    const bound = await listen(gateway, HOST, port, 'PORT')

    return {
      gateway: `http://${HOST}:${bound}`,
      statistics: statisticsUrl,
      dashboard,
      shops,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}
