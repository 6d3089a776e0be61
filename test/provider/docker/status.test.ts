/** What an inspection says of a container's health, and of one that nobody sends requests to. */
import t from 'tap'
import type { Health, TargetStatus } from '../../../src/domain/ports.ts'
import type { Container, Healthcheck } from '../../../src/provider/docker/container.ts'
import { healthcheckOf } from '../../../src/provider/docker/healthcheck.ts'
import { markOf, statusOf } from '../../../src/provider/docker/status.ts'
import { createCanon } from '../../../src/provider/upstreams.ts'
import { containerTarget } from '../outside.ts'

const app = containerTarget('app')
const ON_HOST = { kind: 'host', interfaces: [] } as const

function container({ health, check, ports = ['80/tcp'] }: Given = {}): Container {
  return {
    Id: 'a'.repeat(64),
    Name: '/app',
    State: { Status: 'running', StartedAt: 's', ...(health !== undefined && { Health: { Status: health } }) },
    Config: { ExposedPorts: Object.fromEntries(ports.map((port) => [port, {}])), Healthcheck: check },
    HostConfig: { NetworkMode: 'host' },
    NetworkSettings: {},
  }
}
interface Given {
  health?: string
  check?: Healthcheck
  ports?: string[]
}

const see = (given: Given): TargetStatus => statusOf(app, container(given), container(given), null, ON_HOST)

const healths: [said: string | undefined, health: Health][] = [
  ['starting', 'starting'],
  ['healthy', 'healthy'],
  ['unhealthy', 'unhealthy'],
  ['none', null],
  ['', null],
  [undefined, null],
]
for (const [said, health] of healths) {
  t.test(`Docker says of its health: ${said}`, (t) => {
    t.match(see(said === undefined ? {} : { health: said }), { state: 'running', health })
    t.end()
  })
}

const checks: [what: string, check: Healthcheck | undefined, shell: string[] | null, found: object | null][] =
  [
    ['no check', undefined, null, null],
    ['one that was taken away', { Test: ['NONE'] }, null, null],
    ['an empty one', { Test: [] }, null, null],
    ['a kind without a command', { Test: ['CMD'] }, null, null],
    ['a kind that nobody knows', { Test: ['HTTP', '/'] }, null, null],
    [
      'a command',
      { Test: ['CMD', 'pg_isready', '-q'] },
      null,
      { command: ['pg_isready', '-q'], timeout: 30_000 },
    ],
    [
      'a line for the shell',
      { Test: ['CMD-SHELL', 'test -e /ok'], Timeout: 2.5e9 },
      null,
      { command: ['/bin/sh', '-c', 'test -e /ok'], timeout: 2500 },
    ],
    [
      "a line for the image's own shell",
      { Test: ['CMD-SHELL', 'test -e /ok'], Timeout: 0 },
      ['/bin/bash', '-eo', 'pipefail', '-c'],
      { command: ['/bin/bash', '-eo', 'pipefail', '-c', 'test -e /ok'], timeout: 30_000 },
    ],
  ]
for (const [what, check, Shell, found] of checks) {
  t.test(`the HEALTHCHECK: ${what}`, (t) => {
    const base = container(check === undefined ? {} : { check })
    t.strictSame(healthcheckOf({ ...base, Config: { ...base.Config, Shell } }), found)
    t.match(see(check === undefined ? {} : { check }), { upstream: { healthcheck: found !== null } })
    t.end()
  })
}

t.test('a change of its health is news, and the same run all the while', (t) => {
  const canon = createCanon()
  const check = { Test: ['CMD', 'true'] }
  const seen = ['starting', 'starting', 'healthy', 'unhealthy'].map((health) => {
    const status = canon(app, see({ health, check }))
    return { status, mark: markOf(container({ health, check }), status) }
  })
  t.equal(seen[0]?.mark, seen[1]?.mark)
  t.equal(new Set(seen.map(({ mark }) => mark)).size, 3)
  const upstreams = seen.map(({ status }) => (status.state === 'running' ? status.upstream : null))
  t.equal(new Set(upstreams).size, 1, 'one object')
  t.strictSame(
    seen.map(({ status }) => (status.state === 'running' ? status.health : null)),
    ['starting', 'starting', 'healthy', 'unhealthy'],
    'but the health is that of the moment',
  )
  t.end()
})

t.test('a part of a stack needs neither port nor address', (t) => {
  const many = container({ ports: [] })
  t.match(statusOf(app, many, many, null, ON_HOST), { state: 'unusable' })
  t.match(statusOf({ ...app, addressed: false }, many, many, null, null), {
    state: 'running',
    upstream: { host: '', port: 0, relayed: false, generation: `${'a'.repeat(64)}@s` },
  })
  t.end()
})
