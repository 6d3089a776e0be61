/**
 * The floor of a stack's wake: its critical path, walked by nothing but calls of the engine. db and cache are started at once; db's
 * HEALTHCHECK is run by exec, back to back, until it passes; then the app is started, and asked until it answers.
 */
import { callEngine } from '../engine-call.ts'
import { answered, passed, type FloorApp } from './wake-floor.ts'
import { readBoot } from './wake.ts'

export interface FloorStack {
  readonly db: FloorApp
  readonly cache: FloorApp
  readonly app: FloorApp
}

/** One wake of the floor's stack, in milliseconds. */
export interface FloorWake {
  /** From the first start call to the first byte of the app's answer. */
  readonly total: number
  /** The engine's start calls of db (cache's is under way at the same time) and of the app. */
  readonly starts: readonly [db: number, app: number]
  /** What db and the app report of themselves: from the start of the process to listening. */
  readonly boots: readonly [db: number, app: number]
}

export async function wakeFloor(socketPath: string, { db, cache, app }: FloorStack): Promise<FloorWake> {
  const from = performance.now()
  const started = start(socketPath, cache)
  const dbStart = await start(socketPath, db)
  await passed(socketPath, db, from)
  // "Started" is all that the app asks of cache: it has been for half a second.
  await started
  const appStart = await start(socketPath, app)
  const first = await answered(app, from)
  const asked = await answered(db, from)
  return {
    total: first.firstByteAt - from,
    starts: [dbStart, appStart],
    boots: [readBoot(asked.body).boot, readBoot(first.body).boot],
  }
}

export async function stopFloor(socketPath: string, stack: FloorStack): Promise<void> {
  const all = [stack.app, stack.cache, stack.db]
  await Promise.all(all.map(({ id }) => callEngine(socketPath, 'POST', `/containers/${id}/stop?t=10`)))
}

/** The start calls and boots that have to follow each other: what no order of things can be faster than. */
export function criticalPath({ starts, boots }: FloorWake): number {
  return [...starts, ...boots].reduce((sum, part) => sum + part)
}

async function start(socketPath: string, { id }: FloorApp): Promise<number> {
  const from = performance.now()
  await callEngine(socketPath, 'POST', `/containers/${id}/start`)
  return performance.now() - from
}
