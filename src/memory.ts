/**
 * What keeps a daemon that mostly waits small.
 *
 * The other half of it can only be said on Node's command line, so it stands in main.ts's first line, in the Dockerfile and in
 * `npm start`: --max-semi-space-size=8. By itself V8 lets the space for new objects grow until it takes a hundred megabytes
 * more under load, and kept too small it copies what every request under way holds, again and again. Of 64 connections
 * (2026-11-21, Node 24.21, RSS and collections a thousand requests): 1 MiB 174 MB and 22, 4 MiB 124 and 5, 8 MiB 132 and 2.5, Node's
 * own 166 and 1.
 */
import { executionAsyncResource } from 'node:async_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

let tick: object | null = null

/**
 * To be called by process.nextTick(). V8 forgets the shape of objects of which none is alive at a full collection; of the object that
 * Node makes for each tick it never learns it again: its keys are computed. One full collection in a quiet moment, and every
 * process.nextTick() takes 300 to 1,100 ns instead of 55, for good (Node 24.21). A request has ten, a quarter of its CPU time. So
 * one of these objects is kept alive.
 */
export function rememberTick(): void {
  tick ??= executionAsyncResource()
}

/** Milliseconds after the start. By then the first look at every container is over; the collection takes about 35. */
const SETTLED = 1_500

/**
 * A start leaves garbage behind that a daemon with little to do would keep for hours: parsed config, compiled schemas,
 * sources. One full collection gives it back, 20 MB of it. Node has no other way to ask for one than this.
 */
export function collectAfterStart(): void {
  setTimeout(() => {
    setFlagsFromString('--expose-gc')
    const collect: unknown = runInNewContext('gc')
    if (typeof collect === 'function') collect({ type: 'major', execution: 'sync', flavor: 'last-resort' })
  }, SETTLED).unref()
}
