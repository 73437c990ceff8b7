/** Different addresses of this machine, at which whatever listens on all of them is reached. */
export function loopbackAddresses(count: number, port: number): readonly string[] {
  return Array.from({ length: count }, (_, i) => `127.1.${i >> 7}.${1 + (i & 127)}:${port}`)
}
