export type { GatewayConfig } from './config/types.js'
export { type ExitCode, exit } from './exit.js'
export type { Io } from './io.js'
export { main } from './main.js'
