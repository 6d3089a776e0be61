/** Which variables of WakeDock's environment a local process gets. */
import t from 'tap'
import { inheritable } from '../../src/config/inheritable.ts'
import { Secret, type Webhook } from '../../src/config/settings.ts'

const hook = (url: string, secret: string | null = null): Webhook => ({
  url: new Secret(url),
  secret: secret === null ? null : new Secret(secret),
  events: ['failed'],
  format: 'json',
})

const SETTINGS = {
  admin: {
    listen: { kind: 'tcp', host: '127.0.0.1', port: 9090 },
    tokens: [{ name: 'ops', scope: 'operate', token: new Secret('token-of-ops') }],
  },
  webhooks: [
    hook('https://discord.com/api/webhooks/123/a-long-discord-token'),
    hook('https://:tk_a-long-ntfy-token@ntfy.home.example.com:8443/homelab?key=a-long-key-in-query', 'signs'),
  ],
} as const

const CASES: readonly (readonly [what: string, variable: string, value: string, inherited: boolean])[] = [
  ['what is nobody else’s business', 'PATH', '/usr/bin', true],
  ['a setting of WakeDock', 'WAKEDOCK_CONFIG', '/etc/wakedock.yaml', false],
  ['a token', 'OPS', 'token-of-ops', false],
  ['an address', 'DISCORD', 'https://discord.com/api/webhooks/123/a-long-discord-token', false],
  ['the last part of an address', 'DISCORD', 'a-long-discord-token', false],
  ['a password in an address', 'NTFY', 'tk_a-long-ntfy-token', false],
  ['a value of a query', 'KEY', 'a-long-key-in-query', false],
  ['what signs', 'KEY', 'signs', false],
  ['the host of an address', 'NTFY_HOST', 'ntfy.home.example.com:8443', true],
  ['its name', 'NTFY_HOST', 'ntfy.home.example.com', true],
  ['a short part of an address', 'USER', 'homelab', true],
  ['an empty one', 'EMPTY', '', true],
]

for (const [what, variable, value, inherited] of CASES) {
  t.test(`${what} is ${inherited ? '' : 'not '}inherited`, (t) => {
    t.strictSame(inheritable({ [variable]: value }, SETTINGS), inherited ? { [variable]: value } : {})
    t.end()
  })
}

t.test('a webhook that signs nothing hides nothing that is not set', (t) => {
  const webhooks = [hook('https://a.example.com')]
  t.strictSame(inheritable({ UNSET: undefined }, { ...SETTINGS, webhooks }), { UNSET: undefined })
  t.end()
})
