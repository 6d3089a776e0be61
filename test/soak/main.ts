/**
 * `npm run soak`: the simulation of test/invariants/ once more, for real. A real engine, WakeDock as production runs it, 20
 * services with visitors, and people with a docker command line; at the end every request is accounted for. Not in CI.
 *
 *   WAKEDOCK_TEST_DOCKER_HOST=unix:///path/docker.sock npm run soak -- --minutes 10 --seed 7
 *
 * --show 'TIMEOUT|refused' prints the honest failures whose code and cause fit as it does the lost requests: with all
 * that happened around them. Exit code 0: nothing was lost and all agree; 1: something was; 2: it could not run. Ctrl-C ends it early, with its
 * account; a second one at once. What it has created is removed in any case.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { dockerSkip, openDocker, type Scope } from '../helpers/docker.ts'
import { account } from './account.ts'
import { Chaos } from './chaos.ts'
import { build, WakeDock } from './daemon.ts'
import { followEngine } from './engine-events.ts'
import { settle } from './settle.ts'
import { Traffic } from './traffic.ts'
import { makeWorld } from './world.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string' },
    show: { type: 'string' },
  },
})
const minutes = Number(values.minutes)
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed)

/** The parts of a day at which WakeDock itself is ended, and how. */
const ENDS = [
  [0.35, 'SIGKILL'],
  [0.7, 'SIGTERM'],
] as const

const endings: (() => unknown)[] = []
const scope: Scope = { teardown: (callback) => void endings.push(callback) }
/** For what others still use until they end themselves. */
const lastly: Scope = { teardown: (callback) => void endings.unshift(callback) }

let cleaning: Promise<void> | null = null

/** However many ask for it: once, and all of them wait for its end. */
function cleanUp(): Promise<void> {
  return (cleaning ??= endAll())
}

async function endAll(): Promise<void> {
  for (let end = endings.pop(); end !== undefined; end = endings.pop()) {
    try {
      await end()
    } catch (error) {
      console.error('could not clean up:', error)
    }
  }
}

/** Does not wait for the account; what it finds while all is taken away is no finding. */
function leave(code: number): void {
  left = true
  stop.abort()
  void cleanUp().then(() => process.exit(code))
}

let left = false

/** Aborted when it is time to end. */
const stop = new AbortController()
process.on('SIGINT', () => {
  if (stop.signal.aborted) leave(130)
  stop.abort()
})
process.on('SIGTERM', () => leave(143))

async function soak(): Promise<boolean> {
  console.log(`seed ${seed}, ${minutes} minutes`)
  const docker = await openDocker(scope)
  const folder = await mkdtemp(join(tmpdir(), 'wakedock-soak-'))
  scope.teardown(() => rm(folder, { recursive: true, force: true }))
  const main = await build(folder)
  const relay = await docker.relay()
  const world = await makeWorld({ t: scope, lastly }, docker, relay.host, join(folder, 'wakedock.yaml'))
  const engine = await followEngine(scope, docker)

  const wakedock = new WakeDock(scope, main, world)
  const traffic = new Traffic(seed, world.proxyPort)
  const chaos = new Chaos({ seed, world, docker, relay, wakedock })
  await world.configure(chaos)
  await wakedock.start()
  console.log(`${world.services.length} services, ${world.containers.length} containers`)

  const begun = performance.now()
  const length = minutes * 60_000
  const visits = world.services
    .filter(({ hidden }) => hidden !== true)
    .map((service) => traffic.visit(service, () => chaos.idle.get(service.name) ?? service.idle, stop.signal))
  const disorder = chaos.run(stop.signal)
  // What is being created has to be there before it can be removed.
  scope.teardown(() => disorder)
  const ends = ENDS.map(async ([part, signal]) => {
    await delay(part * length, undefined, { signal: stop.signal }).catch(() => undefined)
    if (!stop.signal.aborted) await chaos.killWakeDock(signal)
  })
  while (!stop.signal.aborted) {
    const left = begun + length - performance.now()
    await delay(Math.max(0, Math.min(left, 15_000)), undefined, { signal: stop.signal }).catch(
      () => undefined,
    )
    if (performance.now() - begun >= length) stop.abort()
    wakedock.measure()
    const seconds = Math.round((performance.now() - begun) / 1000)
    const unanswered = traffic.sent.filter(({ outcome }) => outcome.type !== 'answered').length
    console.log(
      `${seconds} s: ${traffic.sent.length} requests over, ${unanswered} of them not answered, ${traffic.inFlight} in flight, ${chaos.acts.length} deeds`,
    )
    if (wakedock.fell) stop.abort()
  }
  await Promise.all([...visits, ...ends, disorder])
  console.log('waiting for the last requests, and for sleep')
  await traffic.ended()
  const complaints = wakedock.fell ? ['WakeDock has ended by itself'] : await settle(wakedock, docker)
  wakedock.measure()
  const executed = await world.executed()
  return account({
    world,
    traffic,
    chaos,
    wakedock,
    engine: await engine.all(),
    executed,
    complaints,
    show: values.show === undefined ? null : new RegExp(values.show),
  })
}

if (dockerSkip() !== false || !(minutes > 0) || !Number.isInteger(seed)) {
  console.error(
    'usage: WAKEDOCK_TEST_DOCKER_HOST=unix:///path/docker.sock npm run soak -- [--minutes 10] [--seed N] [--show PATTERN]',
  )
  process.exit(2)
}
try {
  process.exitCode = (await soak()) ? 0 : 1
} catch (error) {
  if (!left) console.error(error)
  process.exitCode = 2
}
await cleanUp()
if (!left) process.exit()
