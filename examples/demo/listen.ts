import type { FastifyInstance } from 'fastify'

/** The environment variable that moves a port elsewhere. */
export type PortVariable = 'PORT' | 'STATS_PORT' | 'SHOP_PORT'

/** A port that cannot be had; its message says what to do. */
export class PortError extends Error {
  override readonly name = 'PortError'
}

/** Listens, and returns the port; where it cannot, it leaves nothing open. */
export async function listen(
  app: FastifyInstance,
  host: string,
  port: number,
  variable: PortVariable,
): Promise<number> {
  try {
    await app.listen({ host, port })
  } catch (error) {
    await app.close()
    throw portError(error, port, variable)
  }
  const [address] = app.addresses()
  return typeof address === 'object' ? address.port : port
}

function portError(error: unknown, port: number, variable: PortVariable): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  const which = variable === 'SHOP_PORT' ? 'the first of three' : 'another'
  const remedy = `choose ${which} with ${variable}=<port> npm start`
  if (code === 'EADDRINUSE') return new PortError(`Port ${port} is taken: ${remedy}`)
  if (code === 'EACCES') return new PortError(`Port ${port} is not allowed: ${remedy}`)
  return error
}
