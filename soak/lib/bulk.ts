import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, get, type IncomingMessage, request as send } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type { Echo } from '@holdfast/test/fixtures/app-server.js'
import { listen } from '@holdfast/test/fixtures/ports.js'
import type { Trial } from '../trial.js'

export const MB = 1024 * 1024

const PART = Buffer.alloc(MB)
for (let i = 0; i < MB; i += 1) PART[i] = (i * 131) % 251

/** So many megabytes, made as they are taken. */
export function* megabytes(count: number): Generator<Buffer> {
  for (let i = 0; i < count; i += 1) yield PART
}

export function hashOf(count: number): string {
  const hash = createHash('sha256')
  for (const part of megabytes(count)) hash.update(part)
  return hash.digest('hex')
}

/** A server that answers with as many megabytes as its target says: `/1024`. */
export async function startBulkServer(trial: Trial): Promise<string> {
  const server = createServer((request, response) => {
    const count = Number(request.url?.slice(1))
    response.setHeader('content-length', count * MB)
    // A client that leaves is not its business.
    pipeline(Readable.from(megabytes(count)), response).catch(() => {})
  })
  const port = await listen(server)
  trial.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `127.0.0.1:${port}`
}

export interface Download {
  readonly bytes: number
  /** SHA-256 in hex. */
  readonly hash: string
}

/** Takes a body at no more than `ratePerS` megabytes a second, and keeps nothing of it. */
export async function download(
  address: string,
  count: number,
  ratePerS: number = Infinity,
): Promise<Download> {
  const request = get(`http://${address}/${count}`, { agent: false })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const startedMs = performance.now()
  const hash = createHash('sha256')
  let bytes = 0
  for await (const part of response as AsyncIterable<Buffer>) {
    bytes += part.length
    hash.update(part)
    const dueMs = (bytes / MB / ratePerS) * 1000 - (performance.now() - startedMs)
    if (dueMs > 1) await delay(dueMs)
  }
  return { bytes, hash: hash.digest('hex') }
}

/** Sends so many megabytes to a server that echoes what it got, and returns what that was. */
export async function upload(address: string, count: number): Promise<Download> {
  const request = send(`http://${address}/echo`, {
    method: 'POST',
    agent: false,
    headers: { 'content-length': count * MB },
  })
  const answered = once(request, 'response') as Promise<[IncomingMessage]>
  await pipeline(Readable.from(megabytes(count)), request)
  const [response] = await answered
  const parts: Buffer[] = []
  for await (const part of response as AsyncIterable<Buffer>) parts.push(part)
  const { bodyBytes, bodyHash } = JSON.parse(Buffer.concat(parts).toString()) as Echo
  return { bytes: bodyBytes, hash: bodyHash }
}
