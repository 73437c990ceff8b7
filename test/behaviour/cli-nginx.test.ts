import assert from 'node:assert/strict'
import { Agent, request as send } from 'node:http'
import { it, type TestContext } from 'node:test'
import { type AppServer, startAppServer } from '#fixtures/app-server.js'
import { holdfast, startServe } from '#fixtures/cli.js'
import { startDaemon } from '#fixtures/daemon.js'
import { failOnLeaks } from '#fixtures/leaks.js'
import { nginxMissing } from '#fixtures/nginx.js'
import { freePort, REFUSED } from '#fixtures/ports.js'

failOnLeaks()

const REQUESTS = 500

interface Scenario {
  readonly title: string
  /** In the upstream, before its servers. */
  readonly method: string
  /** Parameters of the servers, one each. */
  readonly servers?: readonly string[]
  /** A server that refuses every connection, before the others. */
  readonly dead?: string
  readonly http?: string
  readonly headers?: (index: number) => Readonly<Record<string, string>>
}

const address = (index: number): string => `203.0.${index % 113}.${(index * 7) % 251}`

/** What the guide has, where a plain nginx can run it. */
const SCENARIOS: readonly Scenario[] = [
  { title: 'round robin by weight', method: '', servers: ['weight=3', 'weight=2', 'weight=1'] },
  {
    title: 'a hash of the request',
    method: 'hash $request_uri;',
    servers: ['weight=2', '', ''],
  },
  {
    title: 'a consistent hash of a cookie',
    method: 'hash $cookie_PHPSESSID consistent;',
    headers: (index) => (index % 5 === 0 ? {} : { cookie: `PHPSESSID=user-${index}` }),
  },
  {
    title: 'ip_hash',
    method: 'ip_hash;',
    servers: ['', 'weight=2', ''],
    headers: (index) => ({ 'x-forwarded-for': address(index) }),
  },
  {
    title: 'a map that falls back to the address',
    http: 'map $cookie_PHPSESSID $backend_route { default $cookie_PHPSESSID; "" $remote_addr; }',
    method: 'hash $backend_route consistent;',
    headers: (index) => ({
      'x-forwarded-for': address(index),
      ...(index % 2 === 0 ? {} : { cookie: `a=b; PHPSESSID=${index}` }),
    }),
  },
  {
    title: 'max_fails, with a server that is dead',
    method: '',
    dead: 'weight=5 max_fails=3 fail_timeout=60s',
    servers: ['max_fails=3 fail_timeout=60s', 'max_fails=3 fail_timeout=60s', ''],
  },
  {
    title: 'a hash with a server that is dead and one that is down',
    method: 'hash $request_uri;',
    dead: 'max_fails=1 fail_timeout=60s',
    servers: ['', 'down', ''],
  },
]

const missing = nginxMissing()

it('an nginx configuration, imported and served, goes where nginx goes', {
  skip: missing ?? false,
}, async (t) => {
  const servers = await startServers(t)
  const port = await freePort()
  const nginx = await startDaemon('nginx', ['-p', '.', '-c', 'nginx.conf', '-e', 'stderr'], {
    files: { 'nginx.conf': WRAPPER, 'app.conf': configuration(servers, port) },
    ready: async () => (await asker(`127.0.0.1:${port}`)('/-/ready')).status === 204,
  })
  t.after(() => nginx.stop())
  const { code, out, err } = await holdfast(['import', 'nginx.conf'], { cwd: nginx.folder })
  assert.equal(code, 0, err)
  const other = out.replace(`listen: 127.0.0.1:${port}`, 'listen: 127.0.0.1:0')
  const served = await startServe(t, `${other}\nlog: 'off'\n`)

  for (const [index, scenario] of SCENARIOS.entries()) {
    await t.test(scenario.title, async () => {
      const [ours, theirs] = await Promise.all([
        answers(served.address, index, scenario),
        answers(`127.0.0.1:${port}`, index, scenario),
      ])
      const differing = ours.filter((answer, index) => answer !== theirs[index])
      assert.deepEqual(differing.slice(0, 3), [], `${differing.length} of ${REQUESTS} differ`)
      assert.ok(new Set(ours).size > 1, 'only one server was ever chosen')
    })
  }
})

async function startServers(t: TestContext): Promise<AppServer[]> {
  const servers = await Promise.all(['a', 'b', 'c'].map((name) => startAppServer({ name })))
  t.after(() => Promise.all(servers.map((server) => server.stop())))
  return servers
}

const WRAPPER = `
daemon off;
master_process off;
pid nginx.pid;
error_log stderr notice;
events { worker_connections 1024; }
http {
  access_log off;
${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `  ${name}_temp_path ${name}_temp;`).join('\n')}
  set_real_ip_from 127.0.0.0/8;
  real_ip_header X-Forwarded-For;
  include app.conf;
}
`

/** One file for all: each scenario has an upstream and a location of its own. */
function configuration(servers: readonly AppServer[], port: number): string {
  return `
${SCENARIOS.map((scenario, index) => upstream(`u${index}`, scenario, servers)).join('\n')}
server {
  listen 127.0.0.1:${port};
  server_name example.com;
  location = /-/ready { return 204; }
  proxy_set_header Host $host;
  proxy_set_header X-Real-IP $remote_addr;
  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
${SCENARIOS.map((_, index) => `  location /u${index}/ { proxy_pass http://u${index}; }`).join('\n')}
}
`
}

function upstream(
  name: string,
  { method, http = '', servers: parameters = [], dead }: Scenario,
  servers: readonly AppServer[],
): string {
  const lines = servers.map(({ address }, index) => `server ${address} ${parameters[index] ?? ''};`)
  if (dead !== undefined) lines.unshift(`server ${REFUSED} ${dead};`)
  return `${http}\nupstream ${name} {\n  ${method}\n  ${lines.join('\n  ')}\n}`
}

type Ask = (
  path: string,
  headers?: Readonly<Record<string, string>>,
) => Promise<{ readonly status: number; readonly server: string }>

function asker(target: string, agent?: Agent): Ask {
  return (path, headers = {}) =>
    new Promise((resolve, reject) => {
      send(`http://${target}${path}`, { agent: agent ?? false, headers }, async (response) => {
        let text = ''
        for await (const chunk of response) text += chunk
        const [, server = ''] = /"server":"(\w+)"/.exec(text) ?? []
        resolve({ status: response.statusCode ?? 0, server })
      })
        .on('error', reject)
        .end()
    })
}

/** Status and server of each request; one after the other, as round robin goes by their order. */
async function answers(
  target: string,
  scenario: number,
  { headers }: Scenario,
): Promise<readonly string[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const ask = asker(target, agent)
  const found: string[] = []
  for (let index = 0; index < REQUESTS; index += 1) {
    const { status, server } = await ask(`/u${scenario}/${index % 97}?i=${index}`, headers?.(index))
    found.push(`${status} ${server}`)
  }
  agent.destroy()
  return found
}
