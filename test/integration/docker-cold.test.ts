/** Two hundred requests meet one sleeping container, and the container notices one wake. */
import { createHash, randomBytes } from 'node:crypto'
import t from 'tap'
import { dockerSkip, openDocker } from '../helpers/docker.ts'
import { historyOf } from './engine-events.ts'
import { startWakeDock } from './wakedock.ts'

const REQUESTS = 200

t.test(
  '200 concurrent cold requests are answered by one start, each with its own bytes',
  { skip: dockerSkip() },
  async (t) => {
    const docker = await openDocker(t)
    const history = historyOf(docker, 'app')
    await docker.create('app', { env: { BOOT_MS: '1000' } })
    const wakedock = await startWakeDock(t, docker, { app: {} })

    const wrong: string[] = []
    let held = 0
    const post = async (): Promise<void> => {
      const body = randomBytes(65_536)
      const reply = await wakedock.send('app', '/echo', { method: 'POST', body })
      const sum = createHash('sha256').update(body).digest('hex')
      if ('server-timing' in reply.headers) held += 1
      if (reply.status !== 200) wrong.push(`POST ${reply.status} ${reply.code}`)
      else if (reply.headers['x-sha256'] !== sum) wrong.push('POST: the app received other bytes')
      else if (!reply.body.equals(body)) wrong.push('POST: other bytes came back')
    }
    const get = async (n: number): Promise<void> => {
      const reply = await wakedock.send('app', `/headers?n=${n}`)
      if ('server-timing' in reply.headers) held += 1
      if (reply.status !== 200) wrong.push(`GET ${reply.status} ${reply.code}`)
      else if (JSON.parse(reply.text).url !== `/headers?n=${n}`) wrong.push(`GET ${n}: ${reply.text}`)
    }
    await Promise.all(Array.from({ length: REQUESTS }, (_, n) => (n % 2 === 0 ? get(n) : post())))

    t.strictSame(wrong, [])
    // The app boots for a second: a machine that cannot bring them in by then has shown nothing.
    t.ok(held > REQUESTS / 2, `${held} of ${REQUESTS} were held`)
    t.equal(await history.count('start'), 1, 'starts in Docker’s own record')
    t.equal(wakedock.log.filter(({ event }) => event === 'wake_started').length, 1)
    const { requests } = JSON.parse((await wakedock.send('app', '/boot')).text)
    t.equal(requests, REQUESTS + 2, 'the app saw them, this question, and one probe that passed')
  },
)
