/** A gateway that the load is put on, with the settings that its documentation gives. */
export type Gateway = {
  readonly name: string
  /** What a reader of the results must know of it. */
  readonly settings: string
} & (
  | {
      readonly kind: 'node'
      /** From the package's root; started with the servers' addresses. */
      readonly file: string
    }
  | {
      readonly kind: 'program'
      readonly program: string
      /** @param folder where the configuration has been written, as `config`; its own to use. */
      readonly args: (folder: string) => readonly string[]
      readonly config: (port: number, servers: readonly string[]) => string
    }
)

const node = (name: string, settings: string): Gateway => ({
  kind: 'node',
  name,
  settings,
  file: `e2e/gateways/${name}.js`,
})

/** One entry a gateway: what is not installed is reported as absent. */
export const gateways = [
  node('holdfast', 'sealed cookie, round robin, health and statistics; no logging'),
  node('reply-from', '@fastify/reply-from, round robin, no affinity; no logging'),
  node('floor', 'node:http and undici dispatch, round robin, no features'),
  {
    kind: 'program',
    name: 'nginx',
    settings: 'hash $http_cookie consistent, keepalive 64, one worker',
    program: 'nginx',
    args: nginxArgs,
    config: (port, servers) =>
      nginxConfig(`
        upstream bench {
          hash $http_cookie consistent;
          ${servers.map((address) => `server ${address};`).join(' ')}
          keepalive 64;
        }
        server {
          listen 127.0.0.1:${port};
          location / {
            proxy_pass http://bench;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $remote_addr;
          }
        }`),
  },
] as const satisfies readonly Gateway[]

export type GatewayName = (typeof gateways)[number]['name']

export function nginxArgs(folder: string): readonly string[] {
  return ['-p', folder, '-e', 'stderr', '-c', 'config']
}

/** An nginx in one process that writes nothing down. */
export function nginxConfig(http: string): string {
  return `
    daemon off;
    master_process off;
    pid /dev/null;
    error_log stderr crit;
    events { worker_connections 4096; }
    http {
      access_log off;
      keepalive_requests 100000000;
      ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
        .map((kind) => `${kind}_temp_path ${kind};`)
        .join(' ')}
      ${http}
    }`
}
