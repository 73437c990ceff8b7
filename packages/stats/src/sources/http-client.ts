import { Agent as HttpAgent, request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'

export interface Call {
  readonly method: 'GET' | 'POST'
  readonly url: URL
  readonly token: string
  readonly body?: object
}

export interface Answer {
  readonly status: number
  readonly body: Buffer
}

const MOST_BYTES = 33_554_432

/** Asks replicas; connections are kept, and close with it. Redirects are not followed. */
export class HttpClient {
  readonly #timeoutMs: number
  readonly #http = new HttpAgent({ keepAlive: true })
  readonly #https = new HttpsAgent({ keepAlive: true })

  /** @param timeoutMs for everything from the connection to the last byte. */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs
  }

  /** @throws Error where there is no whole answer. */
  async call({ method, url, token, body }: Call): Promise<Answer> {
    const isTls = url.protocol === 'https:'
    const payload = body === undefined ? undefined : JSON.stringify(body)
    const signal = AbortSignal.timeout(this.#timeoutMs)
    const request = (isTls ? requestHttps : requestHttp)(url, {
      method,
      signal,
      agent: isTls ? this.#https : this.#http,
      headers: {
        authorization: `Bearer ${token}`,
        accept: 'application/json',
        ...(payload !== undefined && { 'content-type': 'application/json' }),
      },
    })
    return new Promise((resolve, reject) => {
      const fail = (error: unknown): void => {
        request.destroy()
        reject(signal.aborted ? new Error(`no answer in ${this.#timeoutMs} ms`) : error)
      }
      request.on('error', fail)
      request.on('response', (response) => {
        const chunks: Buffer[] = []
        let bytes = 0
        response.on('error', fail)
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length
          if (bytes > MOST_BYTES) fail(new Error(`more than ${MOST_BYTES} bytes`))
          else chunks.push(chunk)
        })
        response.on('end', () => {
          const { statusCode: status = 0 } = response
          resolve({ status, body: Buffer.concat(chunks) })
        })
      })
      request.end(payload)
    })
  }

  close(): void {
    this.#http.destroy()
    this.#https.destroy()
  }
}
