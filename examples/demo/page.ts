import { readFile } from 'node:fs/promises'
import type { FastifyInstance } from 'fastify'

// Beside the sources: the compiler leaves it where it is.
const DIRECTORY = new URL('../../demo/public/', import.meta.url)

const FILES = [
  { url: '/', file: 'index.html', type: 'text/html; charset=utf-8' },
  { url: '/demo.css', file: 'demo.css', type: 'text/css; charset=utf-8' },
  { url: '/demo.js', file: 'demo.js', type: 'text/javascript; charset=utf-8' },
  { url: '/view.js', file: 'view.js', type: 'text/javascript; charset=utf-8' },
  { url: '/icon.svg', file: 'icon.svg', type: 'image/svg+xml' },
]

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** Serves the demo's page from the gateway itself. */
export async function page(app: FastifyInstance): Promise<void> {
  for (const { url, file, type } of FILES) {
    const body = await readFile(new URL(file, DIRECTORY))
    app.get(url, (_request, reply) =>
      reply
        .type(type)
        .header('cache-control', 'no-cache')
        .header('content-security-policy', POLICY)
        .header('x-content-type-options', 'nosniff')
        .send(body),
    )
  }
}
