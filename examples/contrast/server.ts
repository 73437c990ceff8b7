import { ready } from '../processes/ready.js'
import { createShop } from './shop.js'

/** One server of the shop: `node server.js NAME SECRET [REDIS_URL]`. */
const [name = 'shop', secret = '', redis] = process.argv.slice(2)
const app = await createShop({ name, secret, redis })
ready(new URL(await app.listen({ host: '127.0.0.1', port: 0 })).host)
