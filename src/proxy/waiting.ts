/**
 * The waiting page's place in the proxy: which request may be shown it, what it is answered with then, and the stream by which the
 * page follows the wake. The page never decides whether the service is woken: it is shown to a request that is held already.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Feed } from '../domain/feed.ts'
import type { Gate } from '../domain/gate.ts'
import type { History } from '../domain/history.ts'
import type { Clock } from '../domain/ports.ts'
import { WakeDockError, type ErrorCode } from '../errors.ts'
import { sendError, type Answer } from './error-response.ts'
import { checkRequest, pathOf, type RequestTarget } from './request-check.ts'
import type { RouteLookup, RouteMatch } from './route-match.ts'
import { tell, waitingAnswer, type Shown } from './waiting-page.ts'
import { FOLLOW_PATH } from './waiting-script.ts'
import { WaitingStreams } from './waiting-streams.ts'
import { viewOf, type WaitingView } from './waiting-view.ts'
import { isVisitor } from './waiting-visitor.ts'
import { languageOf } from './waiting-words.ts'

/** What the page tells of beside the service itself. */
export interface WaitingSources {
  readonly estimate: History['estimate']
  readonly follow: Feed['follow']
}

/** A held request that is shown the page, should it come to that. */
export interface PageOffer {
  /** Milliseconds that it is held at most; 0: not at all. */
  readonly holdFirst: number
  /** null: for this error there is no page. */
  answer(error: WakeDockError): Answer | null
}

/** Where a request goes. */
export interface Destination {
  readonly target: RequestTarget
  readonly match: RouteMatch
}

/** A stream that is over, for the access log. */
export interface EndedStream extends Destination {
  readonly req: IncomingMessage
  readonly status: number
  readonly cold: false
  readonly seconds: number
}

/** What waiting helps with. WAKE_TIMEOUT is also how a hold ends that was given up for the page. */
const HELPED: ReadonlySet<ErrorCode> = new Set([
  'WAKEDOCK_WAKE_TIMEOUT',
  'WAKEDOCK_WAKE_FAILED',
  'WAKEDOCK_HOLD_QUEUE_FULL',
])

export class WaitingRoom {
  readonly #clock: Clock
  readonly #estimate: WaitingSources['estimate']
  readonly #route: RouteLookup
  readonly #streams: WaitingStreams
  #closed = false

  constructor(clock: Clock, route: RouteLookup, { estimate, follow }: WaitingSources) {
    this.#clock = clock
    this.#route = route
    this.#estimate = estimate
    this.#streams = new WaitingStreams({ clock, follow, look: (gate) => this.#look(gate) })
  }

  /** null: it is held like everything else. */
  offer(req: IncomingMessage, { target, match }: Destination): PageOffer | null {
    const { page, holdFirst } = match.gate.service.waiting
    if (page === 'never' || target.body !== 'none' || !isVisitor(req)) return null
    return {
      holdFirst: page === 'always' ? 0 : holdFirst,
      answer: ({ code }) => {
        if (!HELPED.has(code)) return null
        const { theme } = match.gate.service.waiting
        return waitingAnswer(this.#shown(req, target, match), { path: target.path, theme, code })
      },
    }
  }

  /**
   * Where a request for the stream leads: to the service of the page that it names, by the page's own path, which may be another than
   * that of the stream's. null: it is no such request, and goes where every other goes.
   */
  #followed(req: IncomingMessage): Destination | null {
    // The one line of this that every request passes.
    if (req.url === undefined || !req.url.startsWith(FOLLOW_PATH) || req.method !== 'GET') return null
    const target = checkRequest(req)
    if (target instanceof WakeDockError || pathOf(target.path) !== FOLLOW_PATH || target.body !== 'none')
      return null
    const path = parametersOf(target).get('path') ?? ''
    const match = path.startsWith('/') ? this.#route(target.host, path) : null
    return match === null || match.gate.service.waiting.page === 'never' ? null : { target, match }
  }

  /**
   * Answers a request for the stream; false: it is none. It is no request to the service either, so the service's counters are not
   * told; `ended` is, once.
   */
  follow(req: IncomingMessage, res: ServerResponse, ended: (stream: EndedStream) => void): boolean {
    const to = this.#followed(req)
    if (to === null) return false
    const began = this.#clock.now()
    const error = this.#refusal(to.match.gate)
    res.once('close', () => {
      const seconds = (this.#clock.now() - began) / 1000
      ended({ ...to, req, status: error?.status ?? 200, cold: false, seconds })
    })
    if (error === null) this.#open(req, res, to)
    else sendError(req, res, error, this.#clock)
    return true
  }

  #refusal(gate: Gate): WakeDockError | null {
    if (this.#closed) return new WakeDockError('WAKEDOCK_SHUTTING_DOWN', { retryAfter: 1 })
    if (this.#streams.hasRoom(gate)) return null
    const retryAfter = Math.ceil(this.#look(gate).retryIn / 1000)
    return new WakeDockError('WAKEDOCK_HOLD_QUEUE_FULL', { retryAfter })
  }

  #open(req: IncomingMessage, res: ServerResponse, { target, match }: Destination): void {
    const shown = this.#shown(req, target, match)
    // The language of the page, which the browser may have been told anew to send another than.
    const parameters = parametersOf(target)
    const language = languageOf(parameters.get('lang') ?? '')
    const path = parameters.get('path') ?? ''
    this.#streams.open(match.gate, res, {
      told: (view) => tell({ ...shown, language, view }),
      leads: () => this.#route(target.host, path)?.gate === match.gate,
    })
  }

  /** Ends the streams; there are no new ones. */
  close(): void {
    this.#closed = true
    this.#streams.close()
  }

  #shown(req: IncomingMessage, { host }: RequestTarget, { gate }: RouteMatch): Shown {
    return {
      view: this.#look(gate),
      title: gate.service.waiting.title ?? host,
      language: languageOf(req.headers['accept-language'] ?? ''),
    }
  }

  #look(gate: Gate): WaitingView {
    const estimate = this.#estimate(gate.service.name)
    return viewOf(gate.snapshot(), { estimate, now: this.#clock.wallTime() })
  }
}

const parametersOf = ({ path }: RequestTarget): URLSearchParams =>
  new URLSearchParams(path.slice(pathOf(path).length))
