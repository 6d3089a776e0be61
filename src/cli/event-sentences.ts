/**
 * What has happened, as `wakedock events` says it: who, and the rest of the sentence, so that a script finds the name in a place
 * of its own. The words are those of the log.
 */
import { formatDuration } from '../duration.ts'
import { SLEEP_WHY, WAKE_WHY } from '../log-sentences.ts'
import { plain } from './status-words.ts'

type Fields = Readonly<Record<string, unknown>>

interface EventWords {
  /** How it is coloured; null: not at all. */
  readonly color: 'green' | 'yellow' | 'red' | 'gray' | null
  /** Whom it is about. Default: the service. */
  readonly who?: (fields: Fields) => string
  readonly say: (fields: Fields) => string
}

/** By type. Its order is that of the help. */
const WORDS: Readonly<Record<string, EventWords>> = {
  wake_started: { color: 'yellow', say: (fields) => `is waking: ${reason(WAKE_WHY, fields['trigger'])}` },
  woke: {
    color: 'green',
    say: ({ start_ms: start, ready_ms: ready }) =>
      `is ready after ${ms(number(start) + number(ready))} (start ${ms(start)}, ready ${ms(ready)})`,
  },
  wake_failed: {
    color: 'red',
    say: (fields) => {
      const wait = number(fields['retry_in_ms'])
      const again =
        wait > 0 ? `The first request after ${ms(wait)} tries again.` : 'The next request tries again.'
      return `failed to wake: ${why(fields)} ${again}`
    },
  },
  sleep_started: {
    color: 'gray',
    say: (fields) =>
      `goes to sleep: ${reason({ ...SLEEP_WHY, idle: 'nobody has used it' }, fields['cause'])}`,
  },
  slept: { color: 'gray', say: ({ took_ms: took }) => `is asleep, after ${ms(took)}` },
  sleep_failed: { color: 'red', say: (fields) => `could not be put to sleep: ${why(fields)}` },
  target_changed: { color: 'yellow', say: ({ what }) => `: its target ${text(what)}` },
  service_added: { color: null, say: () => 'was added' },
  service_removed: { color: null, say: () => 'was removed' },
  provider_lost: { color: 'red', who: provider, say: (fields) => `does not answer: ${why(fields)}` },
  provider_back: { color: 'green', who: provider, say: () => 'answers again' },
  reloaded: {
    color: null,
    who: () => 'config',
    say: ({ by, changed }) => `was reloaded (${text(by)}): ${list(changed) || 'nothing has changed'}`,
  },
  reload_refused: {
    color: 'red',
    who: () => 'config',
    say: ({ by, faults }) => `was not reloaded (${text(by)}): ${list(faults)}`,
  },
  state: { color: null, say: ({ from, to }) => `is ${text(to)} (was ${text(from)})` },
}

/** Types that --types takes. */
export const EVENT_TYPES: readonly string[] = Object.keys(WORDS)

/** Those of which other events tell more: a wake is told of by wake_started and woke. */
export const USUAL_TYPES: readonly string[] = EVENT_TYPES.filter((type) => type !== 'state')

export interface EventSentence {
  readonly who: string
  readonly text: string
  readonly color: EventWords['color']
}

/** For a type that this version does not know, its name. Nothing in it acts on a terminal. */
export function sentenceOf(type: string, fields: Fields): EventSentence {
  const words = Object.hasOwn(WORDS, type) ? WORDS[type] : undefined
  const who = words?.who?.(fields) ?? (text(fields['service']) || 'WakeDock')
  return { who: plain(who), text: plain(words?.say(fields) ?? `: ${type}`), color: words?.color ?? null }
}

function provider(fields: Fields): string {
  return text(fields['provider'])
}

function why({ message, hint }: Fields): string {
  return `${sentence(text(message))} ${sentence(text(hint))}`.trim()
}

function sentence(words: string): string {
  return words === '' || /[.!?]$/u.test(words) ? words : `${words}.`
}

/** A newer daemon may have more reasons. */
function reason(words: Readonly<Record<string, string>>, key: unknown): string {
  return (Object.hasOwn(words, text(key)) ? words[text(key)] : undefined) ?? text(key)
}

function list(value: unknown): string {
  return Array.isArray(value) ? value.map(text).join('; ') : ''
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function number(value: unknown): number {
  return typeof value === 'number' ? value : 0
}

function ms(value: unknown): string {
  return formatDuration(number(value))
}
