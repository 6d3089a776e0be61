/** What is in use is not put to sleep: idleness is counted from the end of a stream, however long it was silent or busy. */
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { dockerSkip, openDocker } from '../helpers/docker.ts'
import { historyOf } from './engine-events.ts'
import { startWakeDock } from './wakedock.ts'

const SECONDS = 20
const IDLE = { idle_timeout: '3s', min_awake: 0 }
const skip = dockerSkip()

// They only wait: side by side they take no longer than one.
t.jobs = 2

t.test(
  `a response that streams for ${SECONDS} s arrives whole, and the container stops 3 s after its end`,
  { skip, buffered: true },
  async (t) => {
    const docker = await openDocker(t)
    const history = historyOf(docker, 'app')
    await docker.create('app')
    const wakedock = await startWakeDock(t, docker, { app: IDLE })

    let last = 0
    let text = ''
    const reply = await wakedock.send('app', `/stream?seconds=${SECONDS}`, {
      onData(chunk) {
        // The app sends `end` a tenth of a second after the last line. Taken before it, this time cannot be too late by
        // what this process lags behind.
        if (!text.endsWith(`chunk ${SECONDS * 10 - 1}\n`)) last = Date.now()
        text += String(chunk)
      },
    })
    t.equal(reply.status, 200)
    const lines = Array.from({ length: SECONDS * 10 }, (_, n) => `chunk ${n}\n`).join('')
    t.equal(reply.text, `${lines}end\n`)
    t.equal((await wakedock.service('app')).in_flight, 0)

    const died = await history.first('die')
    t.ok(died - last >= 3000, `stopped ${died - last} ms after the last line`)
    t.match(await wakedock.says('app', 'sleep_started'), { reason: 'idle' })
    await wakedock.reaches('app', ['asleep'])
    t.strictSame(
      (await history.all()).map(({ action }) => action),
      ['create', 'start', 'kill', 'die', 'stop'],
      'it was stopped once, and nothing else was done to it',
    )
  },
)

t.test(
  `a WebSocket that is open and silent for ${SECONDS} s works, and the container stops 3 s after its end`,
  { skip, buffered: true },
  async (t) => {
    const docker = await openDocker(t)
    const history = historyOf(docker, 'app')
    await docker.create('app')
    const wakedock = await startWakeDock(t, docker, { app: IDLE })

    const socket = await wakedock.socket('app')
    const ask = async (message: string): Promise<string> => {
      socket.send(message)
      const [answer] = await once(socket, 'message')
      return String(answer)
    }
    t.equal(await ask('hello'), 'hello')
    await delay(SECONDS * 1000)
    t.equal(await ask('still there?'), 'still there?')
    t.match(await wakedock.service('app'), { state: 'awake', in_flight: 1, sleeps_at: null })
    t.equal(await history.count('die'), 0)

    const closing = Date.now()
    socket.close()
    await once(socket, 'close')
    const died = await history.first('die')
    t.ok(died - closing >= 3000, `stopped ${died - closing} ms after the close`)
    await wakedock.reaches('app', ['asleep'])
    t.equal(await history.count('start'), 1)
  },
)
