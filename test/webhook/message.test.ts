/** What is sent: each format's body, the headers, and the signature by the words of its specification. */
import { createHmac } from 'node:crypto'
import t from 'tap'
import { viewEvent } from '../../src/admin/event-view.ts'
import { messageOf } from '../../src/webhook/message.ts'
import type { Told } from '../../src/webhook/sentences.ts'
import { sign } from '../../src/webhook/signature.ts'
import { hookTo } from './receiver.ts'

const AT = Date.UTC(2026, 10, 21, 10, 0, 0)
const base = { id: 'abc-1', at: AT }
const woke: Told = {
  ...base,
  type: 'woke',
  service: 'blog',
  trigger: 'request',
  startMs: 800.4,
  readyMs: 400,
}
const why = { reason: 'exited', message: 'it ended', hint: 'See its log.' } as const
const failed: Told = { ...base, type: 'wake_failed', service: 'blog', trigger: 'pin', retryIn: 5000, ...why }
const options = { view: viewEvent, version: '1.2.3', now: AT + 5_999 }

t.test('the signature is that of the specification', (t) => {
  // The example of standard-webhooks/spec/standard-webhooks.md, as its libraries test it.
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
  const body = '{"test": 2432232314}'
  t.equal(
    sign(secret, 'msg_p5jXN8AQM9LWM0D4loKWxJek', 1_614_265_330, body),
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  )
  const own = createHmac('sha256', 'any words').update('id.7.x').digest('base64')
  t.equal(sign('any words', 'id', 7, 'x'), `v1,${own}`, 'a secret of another form is its own bytes')
  t.end()
})

t.test('json: the words of the event stream, signed', (t) => {
  const hook = hookTo('https://hooks.example.com/a?b=c', { secret: 'a secret of mine' })
  const { url, headers, body } = messageOf(hook, woke, options)
  t.equal(url.href, 'https://hooks.example.com/a?b=c')
  t.strictSame(JSON.parse(body), {
    id: 'abc-1',
    at: '2026-11-21T10:00:00.000Z',
    type: 'woke',
    service: 'blog',
    trigger: 'request',
    start_ms: 800,
    ready_ms: 400,
  })
  const seconds = Math.floor(AT / 1000) + 5
  t.strictSame(headers, {
    'content-type': 'application/json',
    'user-agent': 'WakeDock/1.2.3',
    'webhook-id': 'abc-1',
    'webhook-timestamp': String(seconds),
    'webhook-signature': sign('a secret of mine', 'abc-1', seconds, body),
  })
  t.notHas(messageOf(hookTo('https://hooks.example.com'), woke, options).headers, {
    'webhook-signature': /./,
  })
  t.end()
})

t.test('credentials in the address are a header, and not in the address', (t) => {
  const cases: [url: string, sent: string, pair: string][] = [
    ['https://me:p%40ss@hooks.example.com/x', 'https://hooks.example.com/x', 'me:p@ss'],
    ['https://:tk_1@hooks.example.com/', 'https://hooks.example.com/', ':tk_1'],
  ]
  for (const [given, sent, pair] of cases) {
    const { url, headers } = messageOf(hookTo(given), woke, options)
    t.equal(url.href, sent)
    t.equal(headers['authorization'], `Basic ${Buffer.from(pair).toString('base64')}`)
  }
  t.end()
})

t.test('ntfy: its JSON form, at the address above the topic, unsigned', (t) => {
  const hook = hookTo('https://ntfy.example.com/under/my%20lab?auth=1', { format: 'ntfy', secret: 'x' })
  const { url, headers, body } = messageOf(hook, failed, options)
  t.equal(url.href, 'https://ntfy.example.com/under/?auth=1')
  t.notOk('webhook-signature' in headers)
  t.strictSame(JSON.parse(body), {
    topic: 'my lab',
    title: 'blog could not be woken',
    message: 'it ended. See its log.',
    tags: ['rotating_light'],
    priority: 4,
  })
  t.end()
})

t.test('discord: an embed that pings nobody', (t) => {
  const { body } = messageOf(
    hookTo('https://discord.com/api/webhooks/1/a', { format: 'discord' }),
    woke,
    options,
  )
  t.strictSame(JSON.parse(body), {
    embeds: [
      {
        title: 'blog is awake',
        description: 'Woken for a request; it took 1.2 s.',
        color: 0x2e_a0_43,
        timestamp: '2026-11-21T10:00:00.000Z',
      },
    ],
    allowed_mentions: { parse: [] },
  })
  t.end()
})

const said: [event: Told, title: string, text: string][] = [
  [{ ...base, type: 'slept', service: 'blog', cause: 'idle', tookMs: 5 }, 'blog sleeps', 'Nobody used it.'],
  [
    { ...base, type: 'slept', service: 'blog', cause: 'operator', tookMs: 5 },
    'blog sleeps',
    'An operator has put it to sleep.',
  ],
  [
    { ...base, type: 'sleep_failed', service: 'blog', cause: 'idle', ...why, message: 'it hangs.' },
    'blog could not be put to sleep',
    'it hangs. See its log.',
  ],
  [
    { ...base, type: 'reload_refused', by: 'SIGHUP', faults: ['a:1:1 b', 'a:2:1 c'] },
    'The config was refused',
    'WakeDock goes on with the one it had.\na:1:1 b\na:2:1 c',
  ],
]
for (const [event, title, text] of said) {
  t.test(`${event.type} for people: ${title}`, (t) => {
    const { body } = messageOf(hookTo('https://ntfy.sh/a', { format: 'ntfy' }), event, options)
    t.match(JSON.parse(body), { title, message: text })
    t.end()
  })
}

t.test('a message that is too long is cut', (t) => {
  const long: Told = { ...failed, message: 'x'.repeat(5_000) }
  const { body } = messageOf(hookTo('https://ntfy.sh/a', { format: 'ntfy' }), long, options)
  t.match(JSON.parse(body), { message: /^x{1000}…$/ })
  t.end()
})
