import { hostname } from 'node:os'

/** How this process calls itself among replicas: `host-pid`. */
export function processName(): string {
  return `${hostname()
    .replaceAll(/[^\w.-]/g, '_')
    .slice(0, 64)}-${process.pid}`
}
