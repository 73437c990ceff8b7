import type { FastifyInstance } from 'fastify'
import type { Snapshots } from '../sources/source.js'
import { type ServerView, type UpstreamView, viewUpstreams } from '../view.js'

const POLICY =
  "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const STYLE = `:root { color-scheme: light dark }
body { max-width: 60rem; margin: 1.25rem auto; padding: 0 1rem; font: 0.9375rem/1.45 system-ui, sans-serif }
h1 { font-size: 1.25rem } h2 { margin: 1.5rem 0 0.25rem; font-size: 1rem } p { margin: 0.25rem 0 }
div { overflow-x: auto }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: 0.25rem 0.75rem 0.25rem 0; border-bottom: 1px solid #8886; text-align: right; white-space: nowrap }
thead th { font-weight: 500; font-size: 0.8125rem } :is(th, td):nth-child(-n+2) { text-align: left }
`

const STATES: Readonly<Record<ServerView['state'], string>> = {
  up: '● up',
  ejected: '✖ ejected',
  probing: '◔ probing',
  drain: '◐ drain',
  down: '■ down',
}

/** A plain page: what there is now, and where the rest is. Its links hold under any prefix. */
export function pageRoutes(app: FastifyInstance, snapshots: Snapshots): void {
  if (app.prefix !== '') {
    // Without the slash at the end the page's own links would lead one level too high.
    const last = app.prefix.slice(app.prefix.lastIndexOf('/') + 1)
    app.get('', { prefixTrailingSlash: 'no-slash' }, (_request, reply) =>
      reply.redirect(`${last}/`),
    )
  }

  app.get('/', { prefixTrailingSlash: 'slash' }, async (_request, reply) =>
    reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', POLICY)
      .send(writePage(viewUpstreams(await snapshots.read()))),
  )

  app.get('/style.css', (_request, reply) => reply.type('text/css; charset=utf-8').send(STYLE))
}

function writePage(upstreams: readonly UpstreamView[]): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Holdfast statistics</title>
<link rel="stylesheet" href="style.css">
<h1>Holdfast statistics</h1>
<p><a href="metrics">Prometheus metrics</a> · <a href="api/v1/upstreams">upstreams</a> and
<a href="api/v1/fleet">fleet</a> as JSON · <a href="healthz">healthz</a> · <a href="readyz">readyz</a></p>
${upstreams.map(writeUpstream).join('')}</html>
`
}

function writeUpstream({ name, balance, sticky, affinity, servers }: UpstreamView): string {
  const moved = Object.entries(affinity.moved).map(([reason, count]) => `${count} ${reason}`)
  return `<h2><a href="api/v1/upstreams/${encodeURIComponent(name)}">${html(name)}</a></h2>
<p>${html(balance)}${sticky === null ? '' : `, sticky by ${sticky}`}. Requests: ${affinity.kept}
kept, ${affinity.new} new, moved: ${moved.length === 0 ? 'none' : html(moved.join(', '))}.</p>
<div><table>
<thead><tr><th scope="col">server<th scope="col">state<th scope="col">weight<th scope="col">requests
<th scope="col">fails<th scope="col">ejections<th scope="col">p50 ms<th scope="col">p99 ms</thead>
<tbody>
${servers.map(writeServer).join('')}</tbody></table></div>
`
}

function writeServer(server: ServerView): string {
  const { id, state, backup, weight, requests, fails, ejections, latencyMs } = server
  const failed = Object.values(fails).reduce((sum, count) => sum + count, 0)
  const condition = backup && state === 'up' ? '○ backup' : STATES[state]
  const cells = [condition, weight, requests, failed, ejections, latencyMs.p50, latencyMs.p99]
  return `<tr><th scope="row">${html(id)}${cells.map((cell) => `<td>${cell ?? '–'}`).join('')}\n`
}

function html(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
