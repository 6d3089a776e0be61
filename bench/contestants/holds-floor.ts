/** The floor of holding, as a contestant: holding-server.ts in a process of its own. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Holder } from './holds.ts'

const SERVER = fileURLToPath(new URL('./holding-server.ts', import.meta.url))

export async function startFloor(scope: { teardown(callback: () => unknown): void }): Promise<Holder> {
  const child = spawn(process.execPath, [SERVER], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const end = async (): Promise<null> => {
    child.kill('SIGTERM')
    await ended
    return null
  }
  scope.teardown(end)
  const port = await new Promise<number>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', (line) => resolve(Number(line)))
    child.once('close', () => reject(new Error('the floor ended while it started')))
    child.once('error', reject)
  })
  if (child.pid === undefined) throw new Error('the floor has no process id')
  const ask = async (path: string): Promise<string> => (await fetch(`http://127.0.0.1:${port}${path}`)).text()
  return {
    pid: child.pid,
    port,
    held: async () => Number(await ask('/held')),
    release: async () => void (await ask('/release')),
    end,
  }
}
