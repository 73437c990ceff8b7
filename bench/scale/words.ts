/** What an answer of the servers says. */
export const HELLO = 'hello\n'

const TEXT = 0x81
const MASKED = 0x80
const MESSAGE = 'm'.repeat(100)

/** A GET that leaves its connection open. */
export function requestOf(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: bench\r\nAccept: */*\r\n\r\n`
}

/** Asks for a WebSocket. */
export function upgradeOf(path: string): string {
  return (
    `GET ${path} HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'
  )
}

/** A message of 100 bytes as a client sends it: masked, with a mask that changes nothing. */
export const message = Buffer.concat([
  Buffer.from([TEXT, MASKED | MESSAGE.length, 0, 0, 0, 0]),
  Buffer.from(MESSAGE),
])

/** The same message as the server sends it back. */
export const echo = Buffer.concat([Buffer.from([TEXT, MESSAGE.length]), Buffer.from(MESSAGE)])

/** A short masked frame as the server that was sent it says it again. */
export function messageIn(frame: Buffer): Buffer {
  const length = (frame[1] ?? 0) & ~MASKED
  const answer = Buffer.from([frame[0] ?? TEXT, length, ...frame.subarray(6, 6 + length)])
  // A proxy that makes messages of its own masks them anew.
  for (let i = 0; i < length; i += 1)
    answer[2 + i] = (answer[2 + i] ?? 0) ^ (frame[2 + (i & 3)] ?? 0)
  return answer
}
