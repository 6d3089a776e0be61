/**
 * An event in the form that its receiver takes: JSON for programs, in the words of the API's event stream; a message for people
 * by way of ntfy (docs.ntfy.sh/publish, "Publish as JSON") or Discord (its "Execute Webhook").
 */
import type { Webhook } from '../config/settings.ts'
import type { FeedEvent } from '../domain/feed.ts'
import { describe, type Told } from './sentences.ts'
import { sign } from './signature.ts'

/** What is sent. */
export interface Message {
  /** Without credentials: they are a header. */
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface MessageOptions {
  /** An event as JSON, in the words of the API. */
  readonly view: (event: FeedEvent) => Record<string, unknown>
  /** Of WakeDock. */
  readonly version: string
  /** When it is sent: milliseconds since the epoch. */
  readonly now: number
}

type Looks = Readonly<Record<Told['type'], { tag: string; priority: number; color: number }>>
/** ntfy: a tag that it shows as an emoji, and how loud it is, from 1 to 5; Discord: the colour of the edge. */
const LOOKS: Looks = {
  woke: { tag: 'sunny', priority: 2, color: 0x2e_a0_43 },
  slept: { tag: 'zzz', priority: 2, color: 0x6e_77_81 },
  wake_failed: { tag: 'rotating_light', priority: 4, color: 0xcf_22_2e },
  sleep_failed: { tag: 'warning', priority: 4, color: 0xcf_22_2e },
  reload_refused: { tag: 'warning', priority: 4, color: 0xbf_87_00 },
}

/** Made anew for each try: the time in the signature is that of the try. */
export function messageOf(hook: Webhook, event: Told, { view, version, now }: MessageOptions): Message {
  const given = new URL(hook.url.reveal())
  const url = hook.format === 'ntfy' ? ntfyRoot(given) : withoutCredentials(given)
  const body = JSON.stringify(bodyOf(hook.format, given, event, view))
  const timestamp = Math.floor(now / 1000)
  return {
    url,
    headers: {
      'content-type': 'application/json',
      'user-agent': `WakeDock/${version}`,
      ...authorization(given),
      'webhook-id': event.id,
      'webhook-timestamp': String(timestamp),
      ...(hook.secret !== null && hook.format === 'json'
        ? { 'webhook-signature': sign(hook.secret.reveal(), event.id, timestamp, body) }
        : {}),
    },
    body,
  }
}

function bodyOf(
  format: Webhook['format'],
  url: URL,
  event: Told,
  view: MessageOptions['view'],
): Record<string, unknown> {
  if (format === 'json') return view(event)
  const { title, text } = describe(event)
  const { tag, priority, color } = LOOKS[event.type]
  if (format === 'ntfy') return { topic: topicOf(url), title, message: text, tags: [tag], priority }
  const embed = { title, description: text, color, timestamp: new Date(event.at).toISOString() }
  // An app's message may say "@everyone": nobody is to be woken by that.
  return { embeds: [embed], allowed_mentions: { parse: [] } }
}

/** JSON goes to the address above the topic, which is named in it: headers could not carry every letter. */
function ntfyRoot(given: URL): URL {
  const url = withoutCredentials(given)
  url.pathname = given.pathname.slice(0, given.pathname.lastIndexOf('/') + 1)
  return url
}

function topicOf({ pathname }: URL): string {
  return decodeURIComponent(pathname.slice(pathname.lastIndexOf('/') + 1))
}

function withoutCredentials(given: URL): URL {
  const url = new URL(given)
  url.username = ''
  url.password = ''
  url.hash = ''
  return url
}

/** RFC 7617: what stands before the "@" of the address. */
function authorization({ username, password }: URL): Record<string, string> {
  if (username === '' && password === '') return {}
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` }
}
