import { connect, type Socket } from 'node:net'
import { answering, settings } from './asked.js'
import { echo, HELLO, message, requestOf, upgradeOf } from './words.js'

/** What a process of clients has to hold. */
export interface Holding {
  readonly kind: 'client' | 'tunnel'
  readonly port: number
  readonly path: string
  readonly count: number
  /** The address that they come from: each has only so many ports. */
  readonly from: string
}

export interface Opened {
  readonly held: number
  readonly seconds: number
  /** Why the first that failed did. */
  readonly problem: string | undefined
}

export interface Used {
  readonly answered: number
  readonly seconds: number
  /** Connections that are gone although nobody closed them. */
  readonly lost: number
}

const TOGETHER = 64
const PATIENCE_MS = 20_000

const { kind, port, path, count, from } = settings<Holding>()
const sockets: Socket[] = []
let lost = 0

const [greeting, greeted, question, answer] =
  kind === 'tunnel'
    ? [upgradeOf(path), '\r\n\r\n', message, echo.toString('latin1')]
    : [requestOf(path), HELLO, requestOf(path), HELLO]

answering(0, { open, use })

async function open(): Promise<Opened> {
  const started = performance.now()
  let problem: string | undefined
  let left = count
  await lanes(async () => {
    if (left === 0) return false
    left -= 1
    try {
      sockets.push(await begin())
    } catch (error) {
      problem ??= error instanceof Error ? error.message : String(error)
    }
    return problem === undefined
  })
  return { held: sockets.length, seconds: (performance.now() - started) / 1000, problem }
}

/** Every connection is used once. */
async function use(): Promise<Used> {
  const started = performance.now()
  let next = 0
  let answered = 0
  await lanes(async () => {
    const socket = sockets[next]
    next += 1
    if (socket === undefined) return false
    socket.write(question)
    const text = await told(socket, answer).catch(() => '')
    if (text.endsWith(answer)) answered += 1
    return true
  })
  return { answered, seconds: (performance.now() - started) / 1000, lost }
}

/** Takes one step after the other in several lanes, until each has none left. */
async function lanes(step: () => Promise<boolean>): Promise<void> {
  await Promise.all(
    Array.from({ length: TOGETHER }, async () => {
      while (await step()) {}
    }),
  )
}

async function begin(): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress: from, noDelay: true })
  socket.on('error', () => {})
  socket.write(greeting)
  const text = await told(socket, greeted)
  if (!/^HTTP\/1\.1 (200|101) /.test(text)) throw new Error(text.slice(0, text.indexOf('\r')))
  socket.on('close', () => {
    lost += 1
  })
  return socket
}

/** What comes in, up to and with `end`. */
function told(socket: Socket, end: string): Promise<string> {
  return new Promise((settle, fail) => {
    let text = ''
    const timer = setTimeout(() => done(new Error(`no answer, only ${text}`)), PATIENCE_MS)
    const read = (data: Buffer): void => {
      text += data.toString('latin1')
      if (text.endsWith(end)) done()
    }
    const gone = (): void => done(socket.errored ?? new Error('closed'))
    const done = (error?: Error): void => {
      clearTimeout(timer)
      socket.off('data', read).off('close', gone)
      if (error === undefined) settle(text)
      else fail(error)
    }
    socket.on('data', read).on('close', gone)
  })
}
