/** An event as people read it on their phones: a title, and a sentence or two. */
import type { FeedEvent } from '../domain/feed.ts'
import { formatDuration } from '../duration.ts'

/** The events that webhooks are for. */
export type Told = Extract<
  FeedEvent,
  { type: 'woke' | 'slept' | 'wake_failed' | 'sleep_failed' | 'reload_refused' }
>

/** Characters. Discord takes 4,096 in an embed, ntfy as many bytes; nobody reads more of this. */
const LONGEST = 1_000

const TRIGGERS: Readonly<Record<Extract<Told, { type: 'woke' }>['trigger'], string>> = {
  request: 'for a request',
  operator: 'by order of an operator',
  external: 'by somebody else',
  dependent: 'because another service needs it',
  pin: 'because it is pinned',
  schedule: 'by its schedule',
}

const CAUSES: Readonly<Record<Extract<Told, { type: 'slept' }>['cause'], string>> = {
  idle: 'Nobody used it.',
  operator: 'An operator has put it to sleep.',
  unneeded: 'No other service needs it any more.',
}

export function describe(event: Told): { readonly title: string; readonly text: string } {
  const { title, text } = words(event)
  return { title, text: text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text }
}

function words(event: Told): { title: string; text: string } {
  switch (event.type) {
    case 'woke': {
      const took = formatDuration(event.startMs + event.readyMs)
      return {
        title: `${event.service} is awake`,
        text: `Woken ${TRIGGERS[event.trigger]}; it took ${took}.`,
      }
    }
    case 'slept':
      return { title: `${event.service} sleeps`, text: CAUSES[event.cause] }
    case 'wake_failed':
      return { title: `${event.service} could not be woken`, text: why(event) }
    case 'sleep_failed':
      return { title: `${event.service} could not be put to sleep`, text: why(event) }
    case 'reload_refused':
      return {
        title: 'The config was refused',
        text: `WakeDock goes on with the one it had.\n${event.faults.join('\n')}`,
      }
  }
}

function why({ message, hint }: { message: string; hint: string }): string {
  return `${message.replace(/\.?$/u, '.')} ${hint}`
}
