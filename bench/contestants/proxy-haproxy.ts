/** HAProxy with one thread: the careful one, and the fastest of the field. */
import { openFolder } from '../folder.ts'
import { freePort, startProgram, versionOf } from '../program.ts'
import type { Contestant } from './proxy-contestant.ts'

export const haproxy: Contestant = {
  name: 'haproxy',
  version: () => versionOf('haproxy', '-v'),
  async start(scope, { upstream, services, core }) {
    const port = await freePort()
    const folder = await openFolder(scope)
    const hosts = services.flatMap((group, index) => group.map((host) => `${host} app${index}`))
    const map = await folder.write('hosts.map', `${hosts.join('\n')}\n`)
    const backends = services.map((_, index) => `backend app${index}\n  server app 127.0.0.1:${upstream}`)
    const file = await folder.write(
      'haproxy.cfg',
      `global
  nbthread 1
  maxconn 4000
defaults
  mode http
  timeout connect 5s
  timeout client 300s
  timeout server 300s
  timeout tunnel 300s
frontend all
  bind 127.0.0.1:${port}
  use_backend %[req.hdr(host),field(1,:),lower,map(${map},app0)]
${backends.join('\n')}
`,
    )
    const { pid } = await startProgram(scope, {
      command: ['haproxy', '-db', '-f', file],
      core,
      listens: port,
    })
    return { port, pids: [pid] }
  },
}
