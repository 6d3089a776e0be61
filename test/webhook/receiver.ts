/** A receiver of webhooks: a real HTTP server that answers as it is told, and a feed of events to tell it of. */
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import { Secret, type Webhook } from '../../src/config/settings.ts'
import { createFeed } from '../../src/domain/feed.ts'
import { viewEvent } from '../../src/admin/event-view.ts'
import type { Timer } from '../../src/domain/ports.ts'
import { createWebhooks } from '../../src/webhook/webhooks.ts'
import { FakeClock } from '../helpers/fake-clock.ts'
import { until, type Scope } from '../helpers/docker.ts'

export interface Received {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

type Answer = number | ((response: ServerResponse) => void)

export async function openReceiver(t: Scope) {
  const received: Received[] = []
  /** For the next requests; after these 204. */
  const answers: Answer[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString()
      received.push({ path: `${request.method} ${request.url}`, headers: request.headers, body })
      const answer = answers.shift() ?? 204
      if (typeof answer === 'number') response.writeHead(answer).end()
      else answer(response)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  const host = `127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
  return {
    host,
    url: `http://${host}/hook`,
    received,
    answers,
    has: (count: number) => until(`${count} requests`, () => received.length >= count),
    /** The types of the events that came, tries included. */
    types: () =>
      received.map(({ body }) =>
        String(Object.entries(JSON.parse(body)).find(([key]) => key === 'type')?.[1]),
      ),
  }
}

export function hookTo(
  url: string,
  changes: Partial<Omit<Webhook, 'url' | 'secret'>> & { secret?: string } = {},
): Webhook {
  const { secret, ...others } = changes
  return {
    url: new Secret(url),
    secret: secret === undefined ? null : new Secret(secret),
    events: ['woke', 'slept', 'failed', 'reload_refused'],
    format: 'json',
    ...others,
  }
}

/** Milliseconds: a timer of this length bounds a try, any other one is a pause. */
const TRY = 10_000

/** Knows which timers are set, by their lengths. */
class TimerClock extends FakeClock {
  readonly lengths: number[] = []

  override setTimer(delay: number, callback: () => void): Timer {
    this.lengths.push(delay)
    let set = true
    const gone = (): void => {
      if (set) this.lengths.splice(this.lengths.indexOf(delay), 1)
      set = false
    }
    const timer = super.setTimer(delay, () => {
      gone()
      callback()
    })
    return {
      cancel: () => {
        gone()
        timer.cancel()
      },
    }
  }
}

/** Pauses with this much jitter, in milliseconds: none is as long as a try. */
const JITTER = 0.6
export const PAUSES = [2_100, 10_500, 47_250, 126_000] as const

/** Webhooks on a fake clock. */
export function openWebhooks(t: Scope, ...hooks: Webhook[]) {
  const clock = new TimerClock()
  const feed = createFeed({ clock })
  const counted = { delivered: 0, failed: 0, dropped: 0 }
  const logged: string[] = []
  const webhooks = createWebhooks({
    feed,
    clock,
    view: viewEvent,
    version: '1.2.3',
    counted: (outcome) => (counted[outcome] += 1),
    log: {
      info: (_fields, message) => void logged.push(`info ${message}`),
      warn: (_fields, message) => void logged.push(`warn ${message}`),
    },
    random: () => JITTER,
  })
  webhooks.update(hooks)
  t.teardown(() => webhooks.close())
  return {
    clock,
    feed,
    webhooks,
    counted,
    logged,
    woke: (service = 'blog') =>
      feed.add({ type: 'woke', service, trigger: 'request', startMs: 800.4, readyMs: 400 }),
    /** Waits until so many have come to an end. */
    settled: (count: number) =>
      until(`${count} events have ended: ${JSON.stringify(counted)}`, () => {
        const { delivered, failed, dropped } = counted
        return delivered + failed + dropped >= count
      }),
    /** Waits until so many hooks are between two tries. Default 1. */
    resting: (hooks = 1) =>
      until('it rests', () => clock.lengths.filter((length) => length !== TRY).length === hooks),
  }
}
