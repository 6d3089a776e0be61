/** What the simulation keeps of each service, and the error by which it says that a rule was broken. */
import type { ServiceRuntime } from '../../src/domain/service-runtime.ts'
import type { StateName } from '../../src/domain/ports.ts'
import type { Service } from '../../src/domain/service.ts'

/** `invariant`: its number in the design, or the name of a rule that has none. */
export class Broken extends Error {
  constructor(invariant: number | string, what: string) {
    super(`invariant ${invariant}: ${what}`)
  }
}

/** One service's past, over renames and changes of its policy. All times on the fake clock. */
export interface Track {
  state: StateName
  /** The state that its last sleep began in. */
  sleptFrom: StateName
  /** In which turn it was last heard to end, or to be stopped. */
  lostIn: number
  wokenAt: number
  /** Its last wake and its last sleep began as so manieth of all: times may be the same. */
  wokenAs: number
  sleptAs: number
  awakeSince: number
  /** By what its clients saw. */
  lastUse: number
  /** The same, and by those of services that had its target before; which count for as long as they are given to drain. */
  lastShared: number
  pinnedUntil: number
  /** When it was last seen to be needed by others. */
  claimedUntil: number
  /** Since and until when something keeps it; null: nothing does. */
  keptSince: number | null
  keptUntil: number
  /** A hand or an operator may have stopped it, or it is a job that is done. */
  excused: boolean
  /** A hand has certainly stopped it, and a pin or its schedule has kept it ever since. */
  handed: boolean
  /** A job that has been told to be done, and has not been woken since. */
  done: boolean
  /** Orders to sleep that may still be carried out. */
  orders: { readonly at: number; readonly force: boolean }[]
  /** It is not to be stopped before, as its target works, or the last stop failed. */
  notBefore: number
  stopFailed: boolean
  /** Told to have begun and not to have ended. */
  wakes: number
  sleeps: number
  /** When a reload took it out of force; null: it is in force. */
  retiredAt: number | null
  /** Its making and its retirement in the order of wakes and sleeps. */
  madeAs: number
  retiredAs: number
  /** Until when a verb of it was seen under way after that. */
  verbUntil: number
  /** The target has been started in this wake, and nothing has come in between that asks for another start. */
  started: boolean
  /** When a verb on it last brought news. */
  newsAt: number
  /** Its first start may have to wait for the end of what had its target before. */
  follows: boolean
  /** Its start hangs. */
  starting: boolean
}

/** Of a service that a config has just put in force. */
export function newTrack(
  runtime: ServiceRuntime,
  { now, madeAs, follows, reachable }: { now: number; madeAs: number; follows: boolean; reachable: boolean },
): Track {
  return {
    state: runtime.state.name,
    sleptFrom: 'asleep',
    lostIn: -1,
    wokenAt: now,
    wokenAs: 0,
    sleptAs: 0,
    awakeSince: now,
    lastUse: -Infinity,
    lastShared: -Infinity,
    pinnedUntil: -Infinity,
    claimedUntil: -Infinity,
    keptSince: null,
    keptUntil: -Infinity,
    // What it hears first after an outage may look like a hand's doing to one that a reload has made meanwhile.
    excused: !reachable,
    handed: false,
    done: false,
    orders: [],
    notBefore: -Infinity,
    stopFailed: false,
    wakes: 0,
    sleeps: 0,
    retiredAt: null,
    madeAs,
    retiredAs: Infinity,
    verbUntil: -Infinity,
    newsAt: -Infinity,
    follows,
    started: false,
    starting: false,
  }
}

/** Whether what replaces it has to wait for its end. */
export function isBefore({ name, target }: Service, next: Service): boolean {
  if (target.key === next.target.key) return true
  return target.kind === 'process' && next.target.kind === 'process' && name === next.name
}
