/** A WakeDock process of which only the memory is wanted, and what the kernel says about a process's memory. */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from '../test/helpers/docker.ts'

/** MiB, from /proc/PID/status (proc_pid_status(5)). */
export interface Memory {
  /** VmRSS: everything resident. */
  readonly rss: number
  /** RssAnon: heap, stacks and buffers; not the pages of the node binary and its libraries. */
  readonly anon: number
  /** VmHWM: the most that was ever resident. */
  readonly peak: number
}

export function readMemory(pid: number | 'self'): Memory {
  return parseMemory(readFileSync(`/proc/${pid}/status`, 'utf8'))
}

/** @throws Error when the text is not a process's status: a kernel thread and a zombie have no memory. */
export function parseMemory(status: string): Memory {
  const of = (field: string): number => {
    const [, kib] = status.match(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm')) ?? []
    if (kib === undefined) throw new Error(`/proc/PID/status has no ${field}`)
    return Number(kib) / 1024
  }
  return { rss: of('VmRSS'), anon: of('RssAnon'), peak: of('VmHWM') }
}

/**
 * Starts WakeDock and resolves to its process id when the engine has answered it and it listens. Unlike test/helpers/daemon.ts
 * it takes flags for node and any log format.
 */
export async function startProcess(
  scope: { teardown(callback: () => unknown): void },
  options: { main: string; flags: readonly string[]; config: string },
): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'wakedock-bench-'))
  const file = join(folder, 'wakedock.yaml')
  await writeFile(file, `listen: "127.0.0.1:0"\nadmin: { listen: "127.0.0.1:0" }\n${options.config}`)
  const child = spawn(process.execPath, [...options.flags, options.main, 'serve', '--config', file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  scope.teardown(async () => {
    child.kill('SIGTERM')
    await ended
    await rm(folder, { recursive: true, force: true })
  })
  const admin = await new Promise<string>((resolve, reject) => {
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      const [address] = /http:\/\/127\.0\.0\.1:\d+/.exec(output) ?? []
      if (address !== undefined) resolve(address)
    })
    child.once('close', () => reject(new Error(`WakeDock ended while it started:\n${output}`)))
    child.once('error', reject)
  })
  await until('the engine answers', async () => (await fetch(`${admin}/readyz`)).ok)
  if (child.pid === undefined) throw new Error('WakeDock has no process id')
  return child.pid
}
