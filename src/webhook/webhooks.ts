/**
 * Webhooks: who is told of what happens by a POST. It follows the feed and hands each event to the hooks that ask for it; nothing
 * that waits for the core or a request ever waits for a receiver.
 */
import type { Webhook, WebhookEvent } from '../config/settings.ts'
import type { Feed, FeedEvent } from '../domain/feed.ts'
import type { Clock } from '../domain/ports.ts'
import { Hook, type HookOptions } from './hook.ts'
import { messageOf, type MessageOptions } from './message.ts'
import { createSend } from './send.ts'
import type { Told } from './sentences.ts'

export interface WebhooksOptions {
  readonly feed: Pick<Feed, 'follow'>
  readonly clock: Clock
  readonly view: MessageOptions['view']
  /** Of WakeDock. */
  readonly version: string
  readonly counted: HookOptions['counted']
  readonly log: {
    info(fields: object, message: string): void
    warn(fields: object, message: string): void
  }
  /** From 0 to 1. Default Math.random. */
  readonly random?: () => number
}

export interface Webhooks {
  /** Those in force from now on. One that has not changed keeps what waits for it; what waits for one that is gone is dropped. */
  update(webhooks: readonly Webhook[]): void
  /** Tries what waits, for two seconds at most. */
  close(): Promise<void>
}

/** Milliseconds. */
const GRACE = 2_000

const EVENTS: Readonly<Record<Told['type'], WebhookEvent>> = {
  woke: 'woke',
  slept: 'slept',
  wake_failed: 'failed',
  sleep_failed: 'failed',
  reload_refused: 'reload_refused',
}

function isTold(event: FeedEvent): event is Told {
  return Object.hasOwn(EVENTS, event.type)
}

export function createWebhooks(options: WebhooksOptions): Webhooks {
  const { feed, clock, view, version, counted, log, random = Math.random } = options
  const sender = createSend(clock)
  let hooks: Hook[] = []
  let unfollow: (() => void) | null = null

  const onEvent = (event: FeedEvent): void => {
    if (!isTold(event)) return
    for (const hook of hooks) if (hook.settings.events.includes(EVENTS[event.type])) hook.add(event)
  }

  function open(settings: Webhook): Hook {
    const { host } = new URL(settings.url.reveal())
    const hook: Hook = new Hook(settings, {
      clock,
      send: sender.send,
      random,
      counted,
      message: (webhook, event) => messageOf(webhook, event, { view, version, now: clock.wallTime() }),
      tell: (level, sentence) => {
        // Its place and its host, and nothing more of the address: the rest may be a secret.
        const webhook = hooks.indexOf(hook)
        log[level]({ event: 'webhook', webhook, host }, `webhooks[${webhook}] (${host}): ${sentence}`)
      },
    })
    return hook
  }

  return {
    update(webhooks) {
      const before = new Map(hooks.map((hook) => [identity(hook.settings), hook]))
      hooks = webhooks.map((settings) => {
        const key = identity(settings)
        const kept = before.get(key)
        before.delete(key)
        return kept ?? open(settings)
      })
      for (const hook of before.values()) hook.drop()
      // Nobody to tell: nothing is followed, and nothing costs anything.
      if (hooks.length > 0) unfollow ??= feed.follow(onEvent)
      else {
        unfollow?.()
        unfollow = null
      }
    },
    async close() {
      unfollow?.()
      unfollow = null
      await Promise.all(hooks.map((hook) => hook.close(GRACE)))
      await sender.close()
    },
  }
}

/** What makes it another one. Kept in memory for a moment only, as it holds secrets. */
function identity({ url, events, secret, format }: Webhook): string {
  return JSON.stringify([url.reveal(), events, secret?.reveal() ?? null, format])
}
