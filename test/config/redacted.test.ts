/** What of a config file may be shown: everything but its secrets, as it is written. */
import t from 'tap'
import { loadConfigText } from '../../src/config/load.ts'
import { redactedDocument } from '../../src/config/redacted.ts'

const TEXT = `
# a comment
listen: ["127.0.0.1:8080", ":\${PORT:-8081}"]
admin:
  tokens:
    - { name: ops, token: "hunter2-hunter2-hunter2", scope: operate }
    - { name: env, token: "\${WAKEDOCK_TOKEN}" }
    - { name: both, token: "\${NOTHING:-hunter2-hunter2-hunter3}" }
    - { name: mixed, token: "hunter2-\${WAKEDOCK_TOKEN}" }
    - { name: file, token_file: /run/secrets/hunter }
docker: { host: "tcp://192.0.2.1:2375" }
defaults: &policy
  idle_timeout: 10m
webhooks:
  - { url: "https://discord.example/api/webhooks/hunter2", secret: "hunter2-of-the-webhook", format: json }
services:
  notes:
    <<: *policy
    hosts: notes.example.com
    port: 8181
    process:
      command: [node, app.js, --password=hunter2]
      env: { API_KEY: hunter2, HOME_OF: "\${HOME}", DEBUG: true, LEVEL: 3 }
  wiki: { hosts: "\${HOST:-wiki.example.com}", container: wiki, tls: null, scheme: http }
`

const env = { WAKEDOCK_TOKEN: 'from-the-environment-1', HOME: '/home/me' }

t.test('the file is one that is taken', async (t) => {
  const result = await loadConfigText(TEXT.replace(', tls: null', ''), '/etc/wakedock.yaml', env, () =>
    Promise.resolve('a-token-from-a-file'),
  )
  t.strictSame(result.ok ? [] : result.faults, [])
  t.match(result.ok ? result.text.reveal() : '', /# a comment/)
})

t.test('it is shown as it is written, without a secret', (t) => {
  const shown = redactedDocument(TEXT)
  t.strictSame(shown, {
    listen: ['127.0.0.1:8080', ':${PORT:-8081}'],
    admin: {
      tokens: [
        { name: 'ops', token: '[redacted]', scope: 'operate' },
        { name: 'env', token: '${WAKEDOCK_TOKEN}' },
        { name: 'both', token: '${NOTHING:-[redacted]}' },
        { name: 'mixed', token: '[redacted]' },
        { name: 'file', token_file: '/run/secrets/hunter' },
      ],
    },
    docker: { host: 'tcp://192.0.2.1:2375' },
    defaults: { idle_timeout: '10m' },
    webhooks: [{ url: '[redacted]', secret: '[redacted]', format: 'json' }],
    services: {
      notes: {
        idle_timeout: '10m',
        hosts: 'notes.example.com',
        port: 8181,
        process: {
          command: ['[redacted]', '[redacted]', '[redacted]'],
          env: { API_KEY: '[redacted]', HOME_OF: '${HOME}', DEBUG: '[redacted]', LEVEL: '[redacted]' },
        },
      },
      wiki: { hosts: '${HOST:-wiki.example.com}', container: 'wiki', tls: null, scheme: 'http' },
    },
  })
  t.notMatch(JSON.stringify(shown), /hunter2/)
  t.end()
})

const ODD: readonly (readonly [what: string, text: string, shown: unknown])[] = [
  [
    'who logs in to a url is a secret',
    'docker: { host: "tcp://admin:hunter2@192.0.2.1:2375" }',
    { docker: { host: 'tcp://[redacted]@192.0.2.1:2375' } },
  ],
  ['an empty file is an empty document', '', {}],
  [
    'a key that no schema describes is a secret',
    'strange: { a: [1, x] }',
    { strange: { a: ['[redacted]', '[redacted]'] } },
  ],
  [
    'a secret by its name is one wherever it stands',
    'caddy: { password: x }\nlog: { token: y }',
    { caddy: { password: '[redacted]' }, log: { token: '[redacted]' } },
  ],
  [
    'a key named like a prototype is a key',
    'services: { a: { process: { env: { __proto__: x } } } }',
    { services: { a: { process: { env: JSON.parse('{"__proto__":"[redacted]"}') } } } },
  ],
]

for (const [what, text, shown] of ODD) {
  t.test(what, (t) => {
    t.equal(JSON.stringify(redactedDocument(text)), JSON.stringify(shown))
    t.end()
  })
}
