/** Makes the plans real: containers on the engine, a config for WakeDock, and the record of what the apps have executed. */
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { hostOf } from '../integration/wakedock.ts'
import type { Scope, TestDocker } from '../helpers/docker.ts'
import { follow, freePort } from '../helpers/programs.ts'
import { HOLD_TIMEOUT, servicePlans, type ContainerPlan, type ServicePlan } from './plans.ts'

export interface World {
  readonly services: readonly ServicePlan[]
  /** Every container of them. */
  readonly containers: readonly ContainerPlan[]
  /** Removes what has its name, running or not, and makes it anew, not started. */
  create(plan: ContainerPlan): Promise<void>
  /** Writes the config. Idle times (seconds) may differ from the plans; `absent` services are left out. */
  configure(changes: { idle: ReadonlyMap<string, number>; absent: ReadonlySet<string> }): Promise<void>
  /** How often each request id was executed, by all runs of all containers. */
  executed(): Promise<Map<string, number>>
  readonly proxyPort: number
  readonly adminPort: number
  readonly configFile: string
}

const APP = fileURLToPath(new URL('../helpers/app.ts', import.meta.url))
const RECORDS = '/records'

/** `engine`: how WakeDock reaches it; `lastly`: for what goes after the containers. */
export async function makeWorld(
  { t, lastly }: { t: Scope; lastly: Scope },
  docker: TestDocker,
  engine: string,
  configFile: string,
): Promise<World> {
  const project = docker.name('cloud')
  const services = servicePlans(project, Date.now())
  const containers = services.flatMap((service) => service.containers)
  const [proxyPort, adminPort, urlPort] = [await freePort(), await freePort(), await freePort()]
  const volume = docker.name('records')
  await docker.api.createVolume({ Name: volume, Labels: { 'test.wakedock': docker.name('soak') } })
  lastly.teardown(() => docker.api.getVolume(volume).remove({ force: true }))
  const url = follow(t, 'the url service', [process.execPath, APP], {
    env: { PORT: String(urlPort), NODE_NO_WARNINGS: '1' },
    group: true,
  })

  const create: World['create'] = async (plan) => {
    const { options = {} } = plan
    const node = plan.image === 'node'
    await docker.create(plan.name, {
      ...options,
      ...(node ? {} : { image: docker.busyboxImage }),
      env: { ...options.env, ...(node ? { RECORD: `${RECORDS}/${plan.name}` } : {}) },
      host: { ...options.host, ...(node ? { Binds: [`${volume}:${RECORDS}`] } : {}) },
    })
  }
  // One that is never started, so that the records can be read from it whatever became of the others.
  const keeper = await docker.create('records', { host: { Binds: [`${volume}:${RECORDS}`] } })
  await Promise.all(containers.map(create))
  await url.printed('listening')

  const target = (service: ServicePlan): Record<string, unknown> => {
    const names = service.containers.map(({ name }) => docker.name(name))
    switch (service.kind) {
      case 'container':
        return { container: names[0] }
      case 'containers':
        return { containers: names }
      case 'compose':
        return { compose: `${project}/app` }
      case 'url':
        return { url: `http://127.0.0.1:${urlPort}` }
    }
  }

  return {
    services,
    containers,
    create,
    proxyPort,
    adminPort,
    configFile,
    async configure({ idle, absent }) {
      const named = services
        .filter(({ name }) => !absent.has(name))
        .map((service) => [
          service.name,
          {
            ...(service.hidden === true ? {} : { hosts: hostOf(service.name) }),
            ...target(service),
            ...(service.kind === 'url'
              ? {}
              : {
                  idle_timeout: `${idle.get(service.name) ?? service.idle}s`,
                  min_awake: 0,
                  start_timeout: `${HOLD_TIMEOUT}s`,
                  hold_timeout: `${HOLD_TIMEOUT}s`,
                  stop_timeout: '3s',
                }),
            ...(service.needs === undefined ? {} : { depends_on: service.needs }),
            ...service.options,
          },
        ])
      const lines = {
        listen: `127.0.0.1:${proxyPort}`,
        admin: { listen: `127.0.0.1:${adminPort}` },
        log: { level: 'debug', format: 'json' },
        docker: { host: engine },
        services: Object.fromEntries(named),
      }
      await writeFile(configFile, Object.entries(lines).map(yamlLine).join(''))
    },
    async executed() {
      const archive = await keeper.handle.getArchive({ path: RECORDS })
      const tar = spawn('tar', ['-xO'], { stdio: ['pipe', 'pipe', 'inherit'] })
      archive.pipe(tar.stdin)
      const counts = new Map<string, number>()
      for (const id of (await text(tar.stdout)).split('\n')) {
        if (id !== '') counts.set(id, (counts.get(id) ?? 0) + 1)
      }
      return counts
    },
  }
}

/** JSON is YAML. */
function yamlLine([key, value]: [string, unknown]): string {
  return `${key}: ${JSON.stringify(value)}\n`
}
