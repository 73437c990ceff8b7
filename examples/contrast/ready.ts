import type { FastifyInstance } from 'fastify'

/** Tells where it listens: whoever started this process, or else the terminal. */
export function ready(app: FastifyInstance): void {
  const [address] = app.addresses()
  const port = typeof address === 'object' ? address.port : 0
  if (process.send === undefined) console.log(`http://127.0.0.1:${port}/`)
  else process.send({ port })
  // Not to outlive whoever started it.
  process.once('disconnect', () => process.exit())
}
