/** In the foreground, as one process. */
export function haproxyArgs(folder: string): readonly string[] {
  return ['-db', '-q', '-f', `${folder}/config`]
}

/** A cookie of its own, checks, and connections to the servers that are used again. */
export function haproxyGateway(port: number, servers: readonly string[]): string {
  // HAProxy wants the last line to end, and no line to begin another.
  return `
global
  nbthread 1
  maxconn 4096

defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
  option forwardfor
  http-reuse safe

listen bench
  bind 127.0.0.1:${port}
  balance roundrobin
  cookie srv_id insert indirect nocache
${servers.map((address, i) => `  server s${i + 1} ${address} cookie s${i + 1} check`).join('\n')}
`
}
