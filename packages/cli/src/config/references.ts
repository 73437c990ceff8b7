import type { Issue, Position } from './issue.js'
import type { GatewayShape } from './schema.js'

/** What is wrong between the parts of a gateway file, each of which is right by itself. */
export function crossIssues(
  { upstreams, routes, listen, admin, stats }: GatewayShape,
  locate: (path: readonly PropertyKey[]) => Position,
): readonly Issue[] {
  const issues: Issue[] = []
  const complain = (path: string, at: readonly PropertyKey[], problem: string): void => {
    issues.push({ path, problem, position: locate(at) })
  }
  for (const [name, options] of Object.entries(upstreams)) {
    if (options.name !== undefined) {
      complain(
        `upstreams.${name}.name`,
        ['upstreams', name, 'name'],
        'is the key above: leave it out',
      )
    }
  }
  const names = Object.keys(upstreams)
  const taken = new Map<string, number>()
  for (const [index, { upstream, hosts, prefix }] of routes.entries()) {
    if (!names.includes(upstream)) {
      const known = names.length === 0 ? 'there are none' : `there are ${names.join(', ')}`
      complain(
        `routes[${index}].upstream`,
        ['routes', index, 'upstream'],
        `is no upstream of this file; ${known} (got ${JSON.stringify(upstream)})`,
      )
    }
    for (const host of hosts.length === 0 ? ['any host'] : hosts) {
      const same = taken.get(`${host} ${prefix}`)
      if (same === undefined) taken.set(`${host} ${prefix}`, index)
      else
        complain(
          `routes[${index}]`,
          ['routes', index],
          `takes ${host} ${prefix}, as routes[${same}] does`,
        )
    }
  }
  const addresses = new Map<string, string>()
  const all: ReadonlyArray<readonly [string, readonly PropertyKey[], string | undefined]> = [
    ...listen.map(({ text }, index) => [`listen[${index}]`, ['listen', index], text] as const),
    ['admin', ['admin'], admin?.text],
    ['stats', ['stats'], stats?.listen.text],
  ]
  for (const [path, at, text] of all) {
    if (text === undefined || text.endsWith(':0')) continue
    const other = addresses.get(text)
    if (other === undefined) addresses.set(text, path)
    else complain(path, at, `listens where ${other} does (got ${JSON.stringify(text)})`)
  }
  return issues
}
