/** Which address reaches a container: one table, a row a situation. */
import t from 'tap'
import { TargetError } from '../../../src/errors.ts'
import { locate } from '../../../src/provider/docker/address.ts'
import type { Vantage } from '../../../src/provider/docker/address.ts'
import type { Container } from '../../../src/provider/docker/container.ts'
import { ownIds } from '../../../src/provider/docker/self.ts'
import { containerTarget } from '../outside.ts'

interface Given {
  networks?: Container['NetworkSettings']['Networks']
  published?: Container['NetworkSettings']['Ports']
  exposed?: string[]
  mode?: string
}

function container({
  networks = {},
  published = {},
  exposed = ['80/tcp'],
  mode = 'bridge',
}: Given): Container {
  return {
    Id: 'a'.repeat(64),
    Name: '/app',
    State: { Status: 'running' },
    Config: { ExposedPorts: Object.fromEntries(exposed.map((port) => [port, {}])) },
    HostConfig: { NetworkMode: mode },
    NetworkSettings: { Networks: networks, Ports: published },
  }
}

const host: Vantage = {
  kind: 'host',
  interfaces: ['127.0.0.1/8', '192.168.1.2/24', '172.17.0.1/16', 'fd00::1/64'],
}
const remote: Vantage = { kind: 'remote', host: 'docker.lan' }
const inside: Vantage = { kind: 'container', networks: new Set(['n-shared']) }

const bridge = { bridge: { NetworkID: 'n-bridge', IPAddress: '172.17.0.5', Gateway: '172.17.0.1' } }
const shared = { web: { NetworkID: 'n-shared', IPAddress: '10.0.0.5', Gateway: '10.0.0.1' } }
const internal = { back: { NetworkID: 'n-back', IPAddress: '172.17.9.9', Gateway: '' } }
const macvlan = { lan: { NetworkID: 'n-lan', IPAddress: '192.168.1.77', Gateway: '192.168.1.1' } }
const v6 = {
  six: { NetworkID: 'n-six', IPAddress: '', GlobalIPv6Address: 'fd00::9', IPv6Gateway: 'fd00::1' },
}
const on = (HostIp: string, HostPort = '8080') => ({ '80/tcp': [{ HostIp, HostPort }] })

const found: [what: string, vantage: Vantage, given: Given, network: string | null, address: string][] = [
  [
    'on the host: a bridge address, before a published port',
    host,
    { networks: bridge, published: on('0.0.0.0') },
    null,
    '172.17.0.5:80',
  ],
  ['on the host: an internal network has no gateway', host, { networks: internal }, null, '172.17.9.9:80'],
  ['on the host: IPv6 only', host, { networks: v6 }, null, 'fd00::9:80'],
  [
    'on the host: the network that leads somewhere',
    host,
    { networks: { ...macvlan, ...bridge } },
    null,
    '172.17.0.5:80',
  ],
  [
    'on the host: macvlan is left for the published port',
    host,
    { networks: macvlan, published: on('0.0.0.0') },
    null,
    '127.0.0.1:8080 relayed',
  ],
  [
    'on the host: published on IPv6 alone',
    host,
    { networks: macvlan, published: on('::') },
    null,
    '::1:8080 relayed',
  ],
  [
    'on the host: IPv4 first',
    host,
    {
      networks: macvlan,
      published: {
        '80/tcp': [
          { HostIp: '::', HostPort: '1' },
          { HostIp: '0.0.0.0', HostPort: '2' },
        ],
      },
    },
    null,
    '127.0.0.1:2 relayed',
  ],
  ['on the host: the host network', host, { mode: 'host' }, null, '127.0.0.1:80'],
  [
    'on the host: the named network, trusted blindly',
    host,
    { networks: { ...bridge, ...macvlan } },
    'lan',
    '192.168.1.77:80',
  ],
  [
    'elsewhere: a published port on the name of the host',
    remote,
    { networks: bridge, published: on('0.0.0.0') },
    null,
    'docker.lan:8080 relayed',
  ],
  [
    'elsewhere: published on one address of the host',
    remote,
    { networks: bridge, published: on('10.1.1.1') },
    null,
    '10.1.1.1:8080 relayed',
  ],
  ['elsewhere: the host network', remote, { mode: 'host' }, null, 'docker.lan:80'],
  ['in a container: the shared network', inside, { networks: { ...bridge, ...shared } }, null, '10.0.0.5:80'],
  ['only UDP beside it', host, { networks: bridge, exposed: ['53/udp', '80/tcp'] }, null, '172.17.0.5:80'],
  [
    'exposed by being published',
    host,
    { networks: bridge, exposed: [], published: on('') },
    null,
    '172.17.0.5:80',
  ],
]

for (const [what, vantage, given, network, expected] of found) {
  t.test(what, (t) => {
    const one = container(given)
    const address = locate(containerTarget('app'), one, one, network, vantage)
    const text =
      address instanceof TargetError
        ? address.message
        : `${address.host}:${address.port}${address.relayed ? ' relayed' : ''}`
    t.equal(text, expected)
    t.end()
  })
}

const refused: [
  what: string,
  vantage: Vantage,
  given: Given,
  network: string | null,
  message: RegExp,
  hint: RegExp,
][] = [
  ['no port', host, { networks: bridge, exposed: [] }, null, /exposes no TCP port/, /`port:`/],
  [
    'several ports',
    host,
    { networks: bridge, exposed: ['9000/tcp', '80/tcp'] },
    null,
    /: 80, 9000$/,
    /port: 80/,
  ],
  [
    'not on the named network',
    host,
    { networks: bridge },
    'web',
    /not on the network web/,
    /docker network connect web app/,
  ],
  [
    'no way from the host',
    host,
    { networks: macvlan },
    null,
    /only lan.*port 80 is not published/,
    /127\.0\.0\.1:80:80/,
  ],
  ['no network at all', host, { networks: { none: {} } }, null, /on no network/, /Publish/],
  [
    'bound to the loopback of another host',
    remote,
    { networks: bridge, published: on('127.0.0.1') },
    null,
    /only bridge/,
    /Publish/,
  ],
  [
    'no shared network',
    inside,
    { networks: bridge, published: on('0.0.0.0') },
    null,
    /only bridge, where WakeDock is not/,
    /docker network connect bridge/,
  ],
  [
    "the host's network, from a container",
    inside,
    { mode: 'host' },
    null,
    /uses the host's network/,
    /network_mode: host/,
  ],
]

for (const [what, vantage, given, network, message, hint] of refused) {
  t.test(`no address: ${what}`, (t) => {
    const one = container(given)
    t.match(locate(containerTarget('app'), one, one, network, vantage), {
      reason: 'no_address',
      message,
      hint,
    })
    t.end()
  })
}

t.test('the configured port is used whatever the container exposes', (t) => {
  const one = container({ networks: bridge, exposed: ['1/tcp', '2/tcp'] })
  t.match(locate(containerTarget('app', { port: 9 }), one, one, null, host), { port: 9 })
  t.end()
})

t.test('a container that shares the network of another is where that one is', (t) => {
  const own = container({ networks: {}, mode: 'container:b' })
  t.match(locate(containerTarget('app'), own, container({ networks: bridge, exposed: [] }), null, host), {
    host: '172.17.0.5',
    port: 80,
  })
  t.end()
})

const id = 'ab12'.repeat(16)
const line = (root: string, point: string): string =>
  `36 35 98:0 ${root} ${point} rw,noatime master:1 - ext4 /dev/root rw`
const selves: [what: string, mountinfo: string, hostname: string, ids: string[]][] = [
  ['Docker', line(`/var/lib/docker/containers/${id}/hostname`, '/etc/hostname'), 'web', [id]],
  [
    'Docker with a data root of its own',
    line(`/docker-data/containers/${id}/hosts`, '/etc/hosts'),
    id.slice(0, 12),
    [id, id.slice(0, 12)],
  ],
  [
    'Podman',
    line(`/containers/storage/overlay-containers/${id}/userdata/resolv.conf`, '/etc/resolv.conf'),
    'web',
    [id],
  ],
  [
    'a host, which sees the shm of its containers',
    line('/', `/var/lib/docker/containers/${id}/mounts/shm`),
    'nas',
    [],
  ],
  ['no /proc, and a host name that Docker made', '', 'ab12ab12ab12', ['ab12ab12ab12']],
]
for (const [what, mountinfo, hostname, ids] of selves) {
  t.test(`its own container is found: ${what}`, (t) => {
    t.strictSame(ownIds(mountinfo, hostname), ids)
    t.end()
  })
}
