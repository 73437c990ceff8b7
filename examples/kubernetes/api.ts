import { readFile } from 'node:fs/promises'
import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { createInterface } from 'node:readline'

/** How the API server is reached. */
export interface ClusterApi {
  readonly url: string
  /** Asked before every request: tokens of service accounts are renewed while the pod runs. */
  token(): Promise<string>
  readonly ca?: string
  readonly namespace: string
}

const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'

/** The API of the cluster that this pod runs in, with the pod's own service account. */
export async function inCluster(env: NodeJS.ProcessEnv = process.env): Promise<ClusterApi> {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = env
  if (host === undefined) throw new Error('not in a pod: KUBERNETES_SERVICE_HOST is not set')
  return {
    url: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    token: async () => (await readFile(`${ACCOUNT}/token`, 'utf8')).trim(),
    ca: await readFile(`${ACCOUNT}/ca.crt`, 'utf8'),
    namespace: (await readFile(`${ACCOUNT}/namespace`, 'utf8')).trim(),
  }
}

/** An answer of the API server other than 2xx; 410 means that the list must be read anew. */
export class ApiError extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(`the API server answers ${status}: ${message}`)
    this.status = status
  }
}

/** The whole answer to a GET, as JSON. */
export async function getJson(
  api: ClusterApi,
  path: string,
  signal: AbortSignal,
): Promise<unknown> {
  const response = await get(api, path, signal)
  return JSON.parse(await textOf(response))
}

/** Each line of an answer, as JSON, for as long as it goes on. */
export async function* streamJson(
  api: ClusterApi,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<unknown> {
  const response = await get(api, path, signal)
  try {
    for await (const line of createInterface({ input: response })) {
      if (line !== '') yield JSON.parse(line)
    }
  } finally {
    response.destroy()
  }
}

/** A connection over which nothing comes, bookmarks included, is dead. */
const SILENCE_MS = 330_000

async function get(api: ClusterApi, path: string, signal: AbortSignal): Promise<IncomingMessage> {
  const url = new URL(path, api.url)
  const send = url.protocol === 'https:' ? requestHttps : requestHttp
  const options = {
    headers: { accept: 'application/json', authorization: `Bearer ${await api.token()}` },
    signal,
    timeout: SILENCE_MS,
    ...(api.ca === undefined ? {} : { ca: api.ca }),
  }
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = send(url, options, resolve)
    request.on('timeout', () => request.destroy(new Error('the API server has gone silent')))
    request.on('error', reject)
    request.end()
  })
  const { statusCode = 0 } = response
  if (statusCode < 200 || statusCode > 299) {
    throw new ApiError(statusCode, (await textOf(response)).slice(0, 200))
  }
  return response
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = ''
  response.setEncoding('utf8')
  for await (const part of response as AsyncIterable<string>) text += part
  return text
}
