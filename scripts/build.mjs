// @ts-check
import { bootstrap } from './lib/bootstrap.mjs'
import { main } from './lib/main.mjs'

await main(bootstrap)
