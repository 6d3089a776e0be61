/** What counts as use beside requests, and what does not: a container at work, and streams that are open but silent. */
import { once } from 'node:events'
import t from 'tap'
import { dockerSkip, openDocker, until, type ContainerOptions, type TestDocker } from '../helpers/docker.ts'
import { historyOf } from './engine-events.ts'
import { startWakeDock } from './wakedock.ts'

const skip = dockerSkip()
const FLEETING = { idle_timeout: '1s', min_awake: 0 }

// They mostly wait.
t.jobs = 2

/** Serves, and does this beside it. */
function web(docker: TestDocker, work: string): ContainerOptions {
  const command = `trap 'exit 0' TERM; echo hi >/tmp/index.html; httpd -p 80 -h /tmp; ${work}`
  return { image: docker.busyboxImage, command: ['sh', '-c', command], expose: [80] }
}

t.test(
  'a container that burns CPU time is not put to sleep, one that does nothing is',
  { skip, buffered: true },
  async (t) => {
    const docker = await openDocker(t)
    const burns = historyOf(docker, 'burns')
    await docker.create('burns', web(docker, 'while :; do :; done'))
    await docker.create('rests', web(docker, 'sleep 9999 & wait'))
    // A machine that is busy with other things leaves it only a small part of a core.
    const policy = { ...FLEETING, busy: { cpu: '1%' } }
    const wakedock = await startWakeDock(t, docker, { burns: policy, rests: policy })
    t.equal((await wakedock.send('burns')).status, 200)
    t.equal((await wakedock.send('rests')).status, 200)

    const line = await wakedock.says('burns', 'sleep_postponed')
    t.match(line.msg, /burns is not put to sleep yet: it works \(CPU [\d.]+ %/)
    t.ok(Number(line['cpu']) >= 0.01, `${String(line['cpu'])} cores`)
    await wakedock.reaches('rests', ['asleep'])
    t.notOk(wakedock.log.some(({ event, service }) => event === 'sleep_postponed' && service === 'rests'))
    t.match(await wakedock.service('burns'), { state: 'awake', last_sleep: null })
    t.equal(await burns.count('die'), 0)
    t.match(await wakedock.cli('sleep', 'burns', '--wait'), { code: 0 }, 'an order does not ask')
  },
)

t.test(
  'a container with traffic that does not count as use is not put to sleep where its network is watched',
  { skip, buffered: true },
  async (t) => {
    const docker = await openDocker(t)
    await docker.create('app')
    const policy = { ...FLEETING, busy: { network: '10KiB/s' }, ignore: { user_agents: ['backup'] } }
    const wakedock = await startWakeDock(t, docker, { app: policy })
    t.equal((await wakedock.send('app')).status, 200)
    const backup = { method: 'POST', body: Buffer.alloc(65_536), headers: { 'user-agent': 'backup/1' } }
    const line = await until(
      'its sleep is postponed',
      async () => {
        await wakedock.send('app', '/echo', backup)
        return wakedock.log.find(({ event }) => event === 'sleep_postponed')
      },
      60_000,
    )
    t.match(line.msg, /network [\d.]+ [KM]iB\/s/)
    await wakedock.reaches('app', ['asleep'])
  },
)

t.test(
  'with stream_idle_timeout a silent WebSocket lets its service sleep, and one that talks does not',
  { skip, buffered: true },
  async (t) => {
    const docker = await openDocker(t)
    const talks = historyOf(docker, 'talks')
    await docker.create('talks')
    await docker.create('silent')
    const policy = { ...FLEETING, stream_idle_timeout: '2s' }
    const wakedock = await startWakeDock(t, docker, { talks: policy, silent: policy })

    const talking = await wakedock.socket('talks')
    const chat = setInterval(() => talking.send('still here'), 100)
    t.teardown(() => clearInterval(chat))
    const silent = await wakedock.socket('silent')
    const closed = once(silent, 'close')
    t.match(await wakedock.service('silent'), { state: 'awake', in_flight: 1 })
    await wakedock.reaches('silent', ['asleep'])
    await closed
    t.match(await wakedock.says('silent', 'sleep_started'), { reason: 'idle' })
    t.match(await wakedock.service('talks'), { state: 'awake', in_flight: 1, last_sleep: null })
    t.equal(await talks.count('die'), 0)

    clearInterval(chat)
    await wakedock.reaches('talks', ['asleep'])
    t.equal((await wakedock.send('silent')).status, 200)
  },
)
