/** Tells where it listens, as `host:port`: whoever started this process, or else the terminal. */
export function ready(address: string): void {
  if (process.send === undefined) console.log(`http://${address}/`)
  else process.send({ port: Number(address.slice(address.lastIndexOf(':') + 1)) })
  // Not to outlive whoever started it.
  process.once('disconnect', () => process.exit())
}
