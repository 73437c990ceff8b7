import { connect } from 'node:tls'
import { parseResponses, type WireResponse } from '@holdfast/test/fixtures/message.js'

/** Sends one request that asks for the end of its connection, over TLS, and reads to that end. */
export async function securely(
  address: string,
  ca: string,
  request: string,
): Promise<WireResponse> {
  const [host = '', port = ''] = address.split(':')
  const socket = connect({ host, port: Number(port), ca })
  socket.write(request)
  const parts: Buffer[] = []
  for await (const part of socket as AsyncIterable<Buffer>) parts.push(part)
  const [response] = parseResponses(Buffer.concat(parts), { ended: true })
  if (response === undefined) throw new Error('no response')
  return response
}
