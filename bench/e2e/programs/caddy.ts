/** @param folder where it is to find its configuration. */
export function caddyArgs(folder: string): readonly string[] {
  return ['run', '--config', `${folder}/config`, '--adapter', 'caddyfile']
}

/** One thread for its code, as all others have one, and its files where they are removed again. */
export function caddyEnvironment(folder: string): Readonly<Record<string, string>> {
  return { GOMAXPROCS: '1', XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder }
}

/** A cookie whose value is an HMAC of the server's address. */
export function caddyGateway(port: number, servers: readonly string[]): string {
  return `
{
  admin off
  auto_https off
  log {
    level ERROR
  }
}

http://:${port} {
  bind 127.0.0.1
  reverse_proxy ${servers.join(' ')} {
    lb_policy cookie srv_id benchmark-secret
  }
}
`
}
