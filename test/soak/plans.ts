/**
 * The world of the soak: every kind of service that WakeDock knows, with idle times so short that sleeping and waking is what it
 * does all day. Data, from which world.ts makes containers and a config.
 */
import type { ContainerOptions } from '../helpers/docker.ts'

export interface ContainerPlan {
  /** Suffix of its name. */
  readonly name: string
  /** node: test/helpers/app.ts. The others are BusyBox and know nothing of request ids. */
  readonly image: 'node' | 'busybox'
  readonly options?: ContainerOptions
  /** It ends by itself, with exit code 1. */
  readonly crashes?: boolean
}

export interface ServicePlan {
  readonly name: string
  /** The last one gets the requests; none: a url. */
  readonly containers: readonly ContainerPlan[]
  readonly kind: 'container' | 'containers' | 'compose' | 'url'
  /** Seconds. */
  readonly idle: number
  /** As in the config file, without hosts, target and idle_timeout. */
  readonly options?: Readonly<Record<string, unknown>>
  /** Other services that it needs. */
  readonly needs?: readonly string[]
  /** Only others use it. */
  readonly hidden?: boolean
}

/** Seconds a request may wait. */
export const HOLD_TIMEOUT = 20

/** Requests of `narrow` that may wait at once. */
export const NARROW = 2

/** Process 1 of a container ignores SIGTERM unless it says otherwise. */
const FOREVER = `trap 'exit 0' TERM; while :; do sleep 1 & wait; done`

/** Healthy 0.3 s after its start, every time. Docker itself would look only after 10 s. */
function checked(name: string): ContainerPlan {
  const command = ['sh', '-c', `rm -f /tmp/ok; sleep 0.3; touch /tmp/ok; ${FOREVER}`]
  const Healthcheck = { Test: ['CMD-SHELL', 'test -e /tmp/ok'], Interval: 10e9, Timeout: 5e9, Retries: 3 }
  return { name, image: 'busybox', options: { command, config: { Healthcheck } } }
}

function node(name: string, env: Readonly<Record<string, string>> = {}): ContainerPlan {
  return { name, image: 'node', options: { env } }
}

function single(
  name: string,
  idle: number,
  env: Readonly<Record<string, string>> = {},
  rest: Partial<ServicePlan> = {},
): ServicePlan {
  return { name, kind: 'container', containers: [node(name, env)], idle, ...rest }
}

const COMPOSE = 'com.docker.compose'

/** What `docker compose create` would label it with. */
function member(project: string, service: string, dependsOn: string, plan: ContainerPlan): ContainerPlan {
  const labels = {
    [`${COMPOSE}.project`]: project,
    [`${COMPOSE}.service`]: service,
    [`${COMPOSE}.container-number`]: '1',
    [`${COMPOSE}.oneoff`]: 'False',
    [`${COMPOSE}.depends_on`]: dependsOn,
  }
  return { ...plan, options: { ...plan.options, labels } }
}

/** HH:MM in UTC. */
function clock(at: number): string {
  return new Date(at).toISOString().slice(11, 16)
}

/** The services. `project`: a name for the Compose project; `now`: milliseconds since the epoch. */
export function servicePlans(project: string, now: number): ServicePlan[] {
  const opens = { days: 'daily', from: clock(now + 60_000), to: clock(now + 180_000) }
  return [
    single('quick', 1),
    single('plain', 2),
    single('lazy', 5, { BOOT_MS: '300' }),
    single('slow', 3, { BOOT_MS: '2500' }),
    single('tcp', 2, { BOOT_MS: '500' }, { options: { ready: 'tcp' } }),
    {
      name: 'checked',
      kind: 'container',
      idle: 3,
      options: { ready: 'health', stop_timeout: '1s' },
      containers: [
        {
          name: 'checked',
          image: 'busybox',
          options: {
            command: ['sh', '-c', 'sleep 0.2; echo yes > /tmp/index.html; exec httpd -f -p 80 -h /tmp'],
            expose: [80],
            config: {
              Healthcheck: {
                Test: ['CMD-SHELL', 'wget -q -O- http://127.0.0.1/'],
                Interval: 10e9,
                Timeout: 5e9,
                Retries: 3,
              },
            },
          },
        },
      ],
    },
    single('frozen', 1, {}, { options: { sleep_mode: 'pause' } }),
    single('frosty', 3, { BOOT_MS: '800' }, { options: { sleep_mode: 'pause' } }),
    {
      ...single('crashes', 2),
      containers: [{ ...node('crashes', { EXIT_AFTER_MS: '6000' }), crashes: true }],
    },
    {
      ...single('phoenix', 3),
      containers: [
        {
          name: 'phoenix',
          image: 'node',
          crashes: true,
          options: { env: { EXIT_AFTER_MS: '9000' }, host: { RestartPolicy: { Name: 'on-failure' } } },
        },
      ],
    },
    single('polite', 1, { TERM_DELAY_MS: '1500' }),
    single('deaf', 2, { IGNORE_TERM: '1' }, { options: { stop_timeout: '1s' } }),
    single('shop', 2, {}, { needs: ['db'] }),
    single('blog', 4, {}, { needs: ['db'] }),
    { name: 'db', kind: 'container', containers: [checked('db')], idle: 1, hidden: true },
    {
      name: 'stack',
      kind: 'containers',
      containers: [checked('stack-db'), node('stack-cache'), node('stack-app')],
      idle: 3,
    },
    {
      name: 'cloud',
      kind: 'compose',
      idle: 3,
      containers: [
        member(project, 'db', '', checked('cloud-db')),
        member(project, 'job', 'db:service_healthy:false', {
          name: 'cloud-job',
          image: 'busybox',
          options: { command: ['sleep', '0.3'] },
        }),
        member(
          project,
          'app',
          'db:service_healthy:false,job:service_completed_successfully:false',
          node('cloud-app'),
        ),
      ],
    },
    { name: 'nas', kind: 'url', containers: [], idle: 0 },
    single('office', 2, {}, { options: { schedule: [opens], timezone: 'UTC' } }),
    single('worker', 2, {}, { options: { busy: { cpu: '80%' } } }),
    single('narrow', 1, { BOOT_MS: '700' }, { options: { max_held: NARROW } }),
    single('guest', 2),
  ]
}
