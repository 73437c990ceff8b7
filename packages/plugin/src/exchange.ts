import type { Duplex } from 'node:stream'
import {
  type Dispatcher,
  type Lease,
  mayResend,
  type Outcome,
  outcomes,
  type Passage,
  type RetryFacts,
  type Server,
} from '@holdfast/core'
import type { FastifyReply, FastifyRequest } from 'fastify'
import {
  BadBodyError,
  BadGatewayError,
  BodyTooLargeError,
  GatewayTimeoutError,
  NoServerError,
  RequestTimeoutError,
} from './errors.js'
import { tellAttempt } from './log.js'
import type { Registration } from './registration.js'
import { type Answer, DirectAnswer } from './reply/direct-answer.js'
import { type FromResponse, HookedAnswer } from './reply/hooked-answer.js'
import { Learning } from './reply/learning.js'
import { type ResponseHead, readResponseHead } from './reply/response-head.js'
import { stickyHead } from './reply/sticky.js'
import { settleHost } from './request/authority.js'
import type { BodyListener } from './request/body.js'
import { FastifyFacts } from './request/facts.js'
import { type Outgoing, prepareOutgoing } from './request/outgoing.js'
import type { OutgoingBody } from './request/outgoing-body.js'
import { serverHeaders } from './request/server-headers.js'
import { Attempt, type AttemptListener } from './transport/attempt.js'
import { isInvalidHead } from './transport/node-error.js'
import { openTunnel } from './tunnel/open-tunnel.js'
import { type PendingUpgrade, pendingUpgrade } from './tunnel/pending-upgrade.js'
import { upgradeHead } from './tunnel/upgrade-head.js'
import type { WireHead } from './wire/response-head.js'

/** Has reply-from take an exchange's `response` to the client, past the hooks that wait for it. */
export type GiveAnswer = (reply: FastifyReply) => void

/**
 * One client request and its answer. The passage decides where attempts go; the exchange makes
 * them, and takes the first usable answer to the client.
 */
export class Exchange implements Dispatcher, AttemptListener, BodyListener {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly registration: Registration
  readonly passage: Passage
  /** The answer as reply-from takes it; there once hooks are to see it. */
  response: FromResponse | undefined

  readonly #facts: FastifyFacts
  readonly #method: string
  readonly #source: OutgoingBody | undefined
  readonly #upgrade: PendingUpgrade | undefined
  readonly #giveAnswer: GiveAnswer
  #outgoing: Outgoing = { path: '/', headers: [], body: undefined }
  #attempt: Attempt | undefined
  #lease: Lease | undefined
  #answer: Answer | undefined
  #state: 'open' | 'answering' | 'refused' | 'closed' = 'open'
  #bytesOut = 0
  /** What broke the latest attempt; for the log only. */
  #cause: Error | undefined
  #transferred: string | undefined
  #learning: Learning | undefined
  #held: ResponseHead | undefined

  constructor(
    registration: Registration,
    request: FastifyRequest,
    reply: FastifyReply,
    body: OutgoingBody | undefined,
    giveAnswer: GiveAnswer,
  ) {
    this.registration = registration
    this.request = request
    this.reply = reply
    settleHost(request.raw)
    this.#facts = new FastifyFacts(request)
    this.#method = request.raw.method ?? 'GET'
    this.#source = body
    this.#giveAnswer = giveAnswer
    this.#upgrade = pendingUpgrade(request.raw)
    this.passage = registration.upstream.admit(this.#facts, registration.rules)
    registration.gateway.enter(this)
    reply.raw.on('close', () => this.#onClientClose())
  }

  /** The session's name where the request's cookie carries one. */
  get session(): string | undefined {
    return this.passage.binding.session?.id
  }

  /** Sends the request on its way. */
  start(): void {
    try {
      const { remoteAddress } = this.#facts
      this.#outgoing = prepareOutgoing(
        this.registration,
        this.request,
        remoteAddress,
        this.#source,
        this,
      )
    } catch (error) {
      this.#refuse(error as Error)
      return
    }
    if (!this.passage.begin(this)) this.#refuse(new NoServerError())
  }

  /** @internal The passage chose a server. */
  dispatch(lease: Lease): void {
    this.#dispatch(lease, false)
  }

  onHead(attempt: Attempt, wire: WireHead): void {
    const { lease } = attempt
    const { status } = wire
    const head = readResponseHead(wire, this.#intercept)
    const next = this.passage.retryStatus(lease, status, this.#retryFacts(true))
    if (next !== undefined) {
      attempt.abandon()
      this.#attempt = undefined
      this.#transferred = undefined
      this.passage.proceed(next, this)
      return
    }
    lease.answered(status)
    if (head.releases) this.passage.release()
    this.#learning = this.#learnFrom(lease.server, status, head.headers)
    const answer = stickyHead(head, this, this.#transferred)
    if (this.#learning?.waitsForBody === true) this.#held = answer
    else this.#answerWith(attempt, answer)
  }

  onUpgrade(attempt: Attempt, wire: WireHead, socket: Duplex): void {
    const upgrade = this.#upgrade
    if (upgrade === undefined || this.#state !== 'open') {
      socket.destroy()
      return
    }
    this.#attempt = undefined
    attempt.lease.answered(101)
    const head = upgradeHead(wire, this.#intercept)
    this.#learnFrom(attempt.lease.server, 101, head.headers)?.onEnd()
    const { headers } = stickyHead(head, this, this.#transferred)
    this.#state = 'answering'
    openTunnel(this, upgrade, headers, socket, (toServer, toClient) => {
      this.#bytesOut += toClient
      attempt.lease.moved(toServer, 0)
      this.#release(attempt.lease, outcomes.ok)
      this.#onClientClose()
    })
  }

  onData(attempt: Attempt, chunk: Buffer): boolean {
    this.#bytesOut += chunk.length
    if (this.#held !== undefined) this.#answerHeld(attempt, chunk)
    return this.#answer?.write(chunk) ?? true
  }

  onEnd(attempt: Attempt): void {
    if (this.#held !== undefined) this.#answerHeld(attempt, undefined)
    this.#learning?.onEnd()
    this.#attempt = undefined
    this.#release(attempt.lease, outcomes.ok)
    this.#outgoing.body?.detach()
    this.#answer?.end()
  }

  onFail(attempt: Attempt, outcome: Outcome, cause: Error | undefined): void {
    this.#cause = cause
    this.request.log.debug(
      { err: cause, upstreamAddr: attempt.lease.server.address, outcome: outcome.name },
      'attempt failed',
    )
    if (this.#state === 'answering') {
      this.#attempt = undefined
      this.#release(attempt.lease, outcome)
      this.#answer?.cut()
      return
    }
    const stale =
      attempt.reused &&
      !attempt.begun &&
      (outcome === outcomes.reset || outcome === outcomes.refused)
    if (!stale) {
      this.#settle(attempt, outcome)
      return
    }
    // The server had closed a kept connection: no fault of its own, and no attempt.
    const facts = this.#retryFacts(attempt.sent)
    if (mayResend(this.registration.rules.retry, facts)) this.#dispatch(attempt.lease, true)
    else this.#settle(attempt, outcomes.stale)
  }

  onBodyMoved(): void {
    this.#attempt?.bodyMoved()
  }

  onBodyEnd(): void {
    this.#attempt?.requestEnded()
  }

  onBodyTooLarge(): void {
    this.#giveUpUpload(new BodyTooLargeError())
  }

  onBodyFail(error: Error): void {
    this.#giveUpUpload(new BadBodyError({ cause: error }))
  }

  #dispatch(lease: Lease, fresh: boolean): void {
    const { gateway, upstream, timeouts, host } = this.registration
    const { server } = lease
    const { path, body } = this.#outgoing
    this.#lease = lease
    const headers = serverHeaders(this.#outgoing.headers, server, host, this.passage.moved)
    const request = {
      method: this.#method,
      path,
      headers: tellAttempt(this, server, headers),
      hasBody: body !== undefined,
      upgrade: this.#upgrade?.protocol,
      keepAlive: true,
    }
    const ground = {
      connections: gateway.connections(upstream, server),
      deadlines: gateway.deadlines,
      timeouts,
    }
    // A tunnel is worth a connection of its own, and never has to doubt it.
    const attempt = new Attempt(this, ground, lease, body, fresh || this.#upgrade !== undefined)
    this.#attempt = attempt
    attempt.start(request)
  }

  #settle(attempt: Attempt, outcome: Outcome): void {
    this.#attempt = undefined
    this.#lease = undefined
    const facts = this.#retryFacts(attempt.sent)
    if (this.passage.settle(attempt.lease, outcome, facts, this)) return
    if (this.#state === 'closed') return
    const options = { cause: this.#cause }
    if (outcome.status === 504) this.#refuse(new GatewayTimeoutError(options))
    else if (outcome === outcomes.aborted) this.#refuse(new RequestTimeoutError())
    else this.#refuse(new BadGatewayError(options))
  }

  /** Keeps a Set-Cookie of the server's that bears our cookie's name from the client. */
  readonly #intercept = (line: string): boolean => {
    const own = this.registration.cookie?.intercept(line)
    if (own !== undefined) this.#transferred = own.value
    return own !== undefined
  }

  #retryFacts(sent: boolean): RetryFacts {
    return {
      method: this.#method,
      sent,
      answered: this.#state !== 'open',
      replayable: this.#outgoing.body?.replayable ?? true,
    }
  }

  #learnFrom(server: Server, status: number, headers: readonly string[]): Learning | undefined {
    const { learn } = this.registration
    if (learn === undefined) return undefined
    const learning = new Learning(learn, this.#facts, server, { status, headers: [...headers] })
    learning.onHead()
    return learning
  }

  /** The first of the body is there: now the session's id is known before the client is told. */
  #answerHeld(attempt: Attempt, chunk: Buffer | undefined): void {
    const head = this.#held
    this.#held = undefined
    this.#learning?.onBody(chunk)
    if (head !== undefined) this.#answerWith(attempt, head)
  }

  #answerWith(attempt: Attempt, head: ResponseHead): void {
    if (this.#state === 'closed') return
    try {
      this.#startAnswer(attempt, head)
    } catch (error) {
      this.reply.raw.statusMessage = ''
      attempt.abandon()
      this.#attempt = undefined
      this.#release(attempt.lease, outcomes.cut)
      // What Node does not send on was no valid HTTP; anything else is the gateway's own bug.
      this.#refuse(isInvalidHead(error) ? new BadGatewayError() : (error as Error))
    }
  }

  #startAnswer(attempt: Attempt, head: ResponseHead): void {
    const { gateway } = this.registration
    const resume = (): void => this.#attempt?.resume()
    if (head.eventStream) attempt.endless()
    this.#answer = gateway.routeHooks.allowDirectAnswer(this)
      ? new DirectAnswer(this.reply, head, gateway.draining, gateway.flusher, resume)
      : new HookedAnswer(
          this.reply.raw,
          head,
          gateway.draining,
          gateway.flusher,
          (response) => {
            this.response = response
            this.#giveAnswer(this.reply)
          },
          resume,
          () => this.#onClientClose(),
        )
    this.#state = 'answering'
  }

  /** Answers in the server's stead. */
  #refuse(error: Error): void {
    if (this.#state !== 'open') return
    this.#state = 'refused'
    this.#outgoing.body?.detach()
    const { cookie, ownErrorsCarryCookie } = this.registration
    const { server, verdict, binding } = this.passage
    if (ownErrorsCarryCookie && cookie !== undefined && server !== undefined && verdict) {
      const line = cookie.setCookie({ binding, server, verdict, facts: this.#facts })
      if (line !== undefined) this.reply.header('set-cookie', line)
    }
    // The rest of a body that does not come cannot be waited for either.
    if (this.registration.gateway.draining || error instanceof RequestTimeoutError) {
      this.reply.header('connection', 'close')
    }
    this.registration.gateway.endUpload(this.request.raw)
    this.reply.send(error)
  }

  #onClientClose(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    // A client that has its whole answer may close; one that leaves earlier takes us with it.
    if (this.#attempt !== undefined) this.#giveUp(outcomes.aborted)
    this.passage.end()
    this.registration.gateway.leave(this)
  }

  #giveUp(outcome: Outcome): void {
    const attempt = this.#attempt
    this.#attempt = undefined
    attempt?.abandon()
    if (attempt !== undefined) this.#release(attempt.lease, outcome)
  }

  /** The rest of the body cannot or must not come: the client is to blame, and is told if it can be. */
  #giveUpUpload(error: Error): void {
    if (this.#state === 'closed') return
    this.#giveUp(outcomes.aborted)
    if (this.#state === 'answering') this.#answer?.cut()
    else this.#refuse(error)
  }

  #release(lease: Lease, outcome: Outcome): void {
    if (this.#lease !== lease) return
    this.#lease = undefined
    lease.moved(this.#outgoing.body?.bytes ?? 0, this.#bytesOut)
    lease.release(outcome)
  }
}
