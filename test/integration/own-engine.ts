/**
 * A dockerd of a test's own, which it can end and start again. Its data, its socket and its network namespace are its own:
 * beside another engine on this machine it would otherwise empty that one's iptables chains and take its docker0 (see
 * .ci/run). Nothing reaches its containers from outside: it is for tests of what the engine says.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Docker from 'dockerode'
import { dockerSkip, until, type Scope } from '../helpers/docker.ts'

export interface OwnEngine {
  /** unix:///… */
  readonly host: string
  readonly api: Docker
  /** Resolves when it answers. */
  start(): Promise<void>
  /** Ends it in order, and its containers with it. Resolves when it has ended. */
  end(): Promise<void>
}

const PATIENCE = 60_000

/** For tap's `skip` option, as dockerSkip(); it takes root as well. */
export function ownEngineSkip(): string | false {
  const needed = process.env['WAKEDOCK_TEST_REQUIRE'] === '1' || process.getuid?.() === 0
  return dockerSkip() || (needed ? false : 'needs root, to start a Docker Engine')
}

/** Not started yet. At the end of the test nothing of it is left. */
export async function ownEngine(t: Scope): Promise<OwnEngine> {
  // Short: the path of a unix socket has at most 107 bytes, and dockerd's own are deep.
  const work = await mkdtemp(join(tmpdir(), 'wd-'))
  const socketPath = join(work, 'docker.sock')
  const api = new Docker({ host: '', socketPath })
  let daemon: ChildProcess | null = null

  t.teardown(async () => {
    if (daemon !== null) await end()
    // Its own network namespace stays mounted.
    const left = await readdir(join(work, 'exec/netns')).catch(() => [])
    for (const name of left) await once(spawn('umount', [join(work, 'exec/netns', name)]), 'exit')
    await rm(work, { recursive: true, force: true })
  })

  async function start(): Promise<void> {
    const folders = ['--data-root', join(work, 'data'), '--exec-root', join(work, 'exec')]
    const args = [...folders, '--pidfile', join(work, 'pid'), '--host', `unix://${socketPath}`]
    const script = 'PATH=$PATH:/usr/sbin:/sbin; ip link set lo up && exec dockerd "$@"'
    // `unshare` and `bash` become dockerd, one after the other: the pid stays.
    const child = spawn('unshare', ['--net', 'bash', '-c', script, 'dockerd', ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    daemon = child
    child.stderr.pipe(createWriteStream(join(work, 'log')))
    await until(
      'dockerd answers',
      async () => {
        if (child.exitCode !== null) throw new Error(`dockerd ended:\n${await lastLines(join(work, 'log'))}`)
        return api.ping().then(
          () => true,
          () => false,
        )
      },
      PATIENCE,
    )
  }

  async function end(): Promise<void> {
    const child = daemon
    daemon = null
    if (child === null || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    await exited
  }

  return { host: `unix://${socketPath}`, api, start, end }
}

async function lastLines(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => '')
  return text.split('\n').slice(-10).join('\n')
}
