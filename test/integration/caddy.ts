/**
 * The example of examples/caddy-docker, run: its Caddyfile and its wakedock.yaml with names and ports replaced and
 * nothing else, and a client that speaks HTTP/2 over TLS to it.
 */
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import {
  connect,
  constants,
  type ClientHttp2Session,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2'
import { join } from 'node:path'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { startDaemon, type Daemon } from '../helpers/daemon.ts'
import { until, type Scope, type TestDocker } from '../helpers/docker.ts'
import { folder, freePort, startProgram } from '../helpers/programs.ts'

const EXAMPLE = fileURLToPath(new URL('../../examples/caddy-docker/', import.meta.url))

/** The client's own address: another one than Caddy's, so that X-Forwarded-For tells them apart. */
export const CLIENT = '127.0.0.2'

export interface Caddy {
  readonly port: number
  /** The certificate of Caddy's own authority, PEM. */
  readonly ca: string
  /** An HTTP/2 connection, closed at the end of the test. */
  session(host: string): Promise<ClientHttp2Session>
}

export interface Reply {
  readonly headers: IncomingHttpHeaders
  readonly status: number
  readonly body: Buffer
}

/** Replaces every occurrence; an example that no longer contains it must fail here, not be tested as something else. */
function replaced(text: string, from: string, to: string): string {
  if (!text.includes(from)) throw new Error(`examples/caddy-docker no longer contains "${from}"`)
  return text.replaceAll(from, to)
}

/**
 * WakeDock with the example's one service, once per name; the containers have the same names in `docker`. Another idle
 * timeout than the example's is all there is to it: no minimum is in its way. `listen`: as in the config.
 */
export async function startExample(
  t: Scope,
  docker: TestDocker,
  names: readonly string[],
  { idleTimeout = '15m', listen = '127.0.0.1:0' } = {},
): Promise<Daemon> {
  const example = await readFile(join(EXAMPLE, 'wakedock.yaml'), 'utf8')
  const [head = '', service = ''] = example.split('services:\n')
  const services = names.map((name) => {
    const named = replaced(
      replaced(service, 'whoami', name),
      `container: ${name}`,
      `container: ${docker.name(name)}`,
    )
    return replaced(named, 'idle_timeout: 15m', `idle_timeout: ${idleTimeout}`)
  })
  const top = replaced(head, '127.0.0.1:8080', listen)
  return startDaemon(t, {
    config: [
      top,
      `docker: { host: "${docker.host}" }`,
      'defaults: { min_awake: 0s }',
      'services:',
      ...services,
    ].join('\n'),
  })
}

/** Caddy with the example's Caddyfile in front of `proxy` (host:port or unix:/path), for NAME.localhost of each name. */
export async function startCaddy(t: Scope, proxy: string, names: readonly string[]): Promise<Caddy> {
  const [home, port, plain] = [await folder(t), await freePort(), await freePort()]
  const example = await readFile(join(EXAMPLE, 'Caddyfile'), 'utf8')
  const hosts = names.map((name) => `${name}.localhost`).join(', ')
  const site = replaced(
    replaced(example, 'whoami.localhost', hosts),
    '127.0.0.1:8080',
    proxy.replace(/^unix:/, 'unix/'),
  )
  // Its own authority must not end in this machine's trust store, and ports 80, 443 and 2019 may be somebody's.
  const global = `{\n\tadmin off\n\tskip_install_trust\n\thttp_port ${plain}\n\thttps_port ${port}\n}\n`
  const file = join(home, 'Caddyfile')
  await writeFile(file, global + site)
  const env = { HOME: home, XDG_DATA_HOME: home, XDG_CONFIG_HOME: home }
  const caddy = startProgram(t, 'caddy', ['run', '--config', file, '--adapter', 'caddyfile'], { env })
  await caddy.printed('serving initial configuration')
  const root = join(home, 'caddy/pki/authorities/local/root.crt')
  const ca = await until('Caddy has made its authority', () => readFile(root, 'utf8').catch(() => null))
  const open = async (servername: string): Promise<TLSSocket> => {
    const address = { host: '127.0.0.1', port, localAddress: CLIENT }
    const socket = connectTls({ ...address, ca, servername, ALPNProtocols: ['h2'] })
    await once(socket, 'secureConnect')
    return socket
  }
  // Certificates are made after the start, and until then a handshake is refused.
  for (const name of names) {
    const probe = await until(`Caddy has a certificate for ${name}`, () =>
      open(`${name}.localhost`).catch(() => null),
    )
    probe.destroy()
  }

  return {
    port,
    ca,
    async session(host) {
      const socket = await open(host)
      const session = connect(`https://${host}:${port}`, { createConnection: () => socket })
      t.teardown(() => session.destroy())
      return session
    },
  }
}

/** One exchange on an HTTP/2 connection, to the end of its answer. Rejects when that is cut short. */
export async function exchange(
  session: ClientHttp2Session,
  path: string,
  options: {
    method?: string
    headers?: OutgoingHttpHeaders
    body?: Buffer
    onData?: () => void
  } = {},
): Promise<Reply> {
  const { method = 'GET', headers, body } = options
  const stream = session.request({
    ...headers,
    [constants.HTTP2_HEADER_METHOD]: method,
    [constants.HTTP2_HEADER_PATH]: path,
  })
  stream.end(body)
  const [answer] = (await once(stream, 'response')) as [IncomingHttpHeaders]
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  await once(stream, 'close')
  if (stream.rstCode !== constants.NGHTTP2_NO_ERROR) throw new Error(`stream reset: ${stream.rstCode}`)
  return {
    headers: answer,
    status: Number(answer[constants.HTTP2_HEADER_STATUS]),
    body: Buffer.concat(chunks),
  }
}
