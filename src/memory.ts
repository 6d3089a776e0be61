/**
 * What keeps a daemon that mostly waits small, and fast when there is something to do: when V8 collects garbage. Its own choices are
 * made for pages and scripts that never rest. All figures: 2026-11-21, Node 24.21, one core, 64 connections (1 MiB answers: 16).
 *
 * One choice can only be made on Node's command line, so it stands in main.ts's first line, in the Dockerfile and in `npm start`:
 * --max-semi-space-size=8 (MiB). Kept at 1, the space for new objects is collected 22 times a thousand requests, and copies what
 * every request under way holds each time; left alone it takes 40 MB more under load. At rest it makes no difference.
 */
import { executionAsyncResource } from 'node:async_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Milliseconds after the start. By then the first look at every container is over; the collection takes about 35. */
const SETTLED = 1_500
/** Bytes of bodies. Below the 64 MiB of outside memory at which V8 (Heap::kExternalAllocationSoftLimit) begins a full collection. */
const RELAYED = 24 * 1024 * 1024

/** An object of process.nextTick(): see rememberTick. */
let tick: object | null = null
let collector: Collect | null = null
let relayedBytes = 0

type Collect = (options: { type: 'major' | 'minor'; execution: 'sync'; flavor?: 'last-resort' }) => void

/**
 * To be called by process.nextTick(). V8 forgets the shape of objects of which none is alive at a full collection; of the object that
 * Node makes for each tick it never learns it again: its keys are computed. One full collection in a quiet moment, and every
 * process.nextTick() takes 300 to 1,100 ns instead of 55, for good. A request has ten, a quarter of its CPU time. So one of these
 * objects is kept alive.
 */
export function rememberTick(): void {
  tick ??= executionAsyncResource()
}

/**
 * A start leaves garbage behind that a daemon with little to do would keep for hours: parsed config, compiled schemas, sources. One
 * full collection gives it back, 20 MB of it.
 *
 * From then on the heap may grow to twice what is alive before the next. In a quiet time V8 brings that limit down to a few
 * megabytes above it, and then collects everything ten times a second for as long as there is traffic: 210 µs a POST of 64 KiB instead
 * of 80.
 */
export function collectAfterStart(): void {
  setTimeout(() => {
    setFlagsFromString('--heap-growing-percent=100')
    collect({ type: 'major', execution: 'sync', flavor: 'last-resort' })
  }, SETTLED).unref()
}

/**
 * So many more bytes of bodies have passed through. Each read from a socket is 64 KiB outside of V8's heap, garbage a moment later.
 * A collection of the young would free it, but V8 does not count it towards one, only towards a full one, at which it waits for
 * 64 MiB. So the young are collected here, in half a millisecond: 780 µs a MiB instead of 1,280, and 145 MB instead of 185.
 */
export function relayed(bytes: number): void {
  relayedBytes += bytes
  if (relayedBytes < RELAYED) return
  relayedBytes = 0
  collect({ type: 'minor', execution: 'sync' })
}

/** Node has no other way to ask for a collection than this. */
function collect(options: Parameters<Collect>[0]): void {
  if (collector === null) {
    setFlagsFromString('--expose-gc')
    const found: unknown = runInNewContext('gc')
    collector = isCollect(found) ? found : () => {}
  }
  collector(options)
}

const isCollect = (value: unknown): value is Collect => typeof value === 'function'
