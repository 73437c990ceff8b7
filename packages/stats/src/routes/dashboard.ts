import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { FastifyInstance } from 'fastify'

// Beside the compiled code, where the build puts what the compiler leaves alone.
const DIRECTORY = new URL('../dashboard/', import.meta.url)

const JAVASCRIPT = 'text/javascript; charset=utf-8'

const MODULES = [
  'actions',
  'app',
  'charts',
  'connection',
  'dom',
  'figures',
  'fleet-view',
  'main',
  'marks',
  'model',
  'past',
  'router',
  'server-page',
  'server-row',
  'server-table',
  'session',
  'time-axis',
  'timeline-view',
  'upstream-view',
]

const FILES: ReadonlyArray<readonly [url: string, file: string, type: string]> = [
  ['', 'index.html', 'text/html; charset=utf-8'],
  ['style.css', 'style.css', 'text/css; charset=utf-8'],
  ['icon.svg', 'icon.svg', 'image/svg+xml'],
  ...MODULES.map((name) => [`${name}.js`, `${name}.js`, JAVASCRIPT] as const),
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
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

/** The dashboard: files that say nothing until they are given a token. Right under any prefix. */
export async function dashboardRoutes(app: FastifyInstance): Promise<void> {
  if (app.prefix !== '') {
    // Without the slash at the end the page's own links would lead one level too high.
    const last = app.prefix.slice(app.prefix.lastIndexOf('/') + 1)
    app.get('', { prefixTrailingSlash: 'no-slash' }, (_request, reply) =>
      reply.redirect(`${last}/`),
    )
  }
  for (const [url, file, type] of FILES) {
    const body = await readFile(new URL(file, DIRECTORY))
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
    app.get(`/${url}`, { prefixTrailingSlash: 'slash' }, (request, reply) => {
      reply
        .header('cache-control', 'no-cache')
        .header('etag', etag)
        .header('content-security-policy', POLICY)
        .header('x-content-type-options', 'nosniff')
        .header('x-frame-options', 'DENY')
        .header('referrer-policy', 'no-referrer')
        .header('cross-origin-opener-policy', 'same-origin')
        .header('cross-origin-resource-policy', 'same-origin')
      if (request.headers['if-none-match'] === etag) return reply.code(304).send()
      return reply.type(type).send(body)
    })
  }
}
