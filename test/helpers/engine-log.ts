/**
 * What an engine says has happened to the containers of one test. It remembers only the last 256 events of all its containers
 * (moby: daemon/events/events.go, eventsLimit), and one HEALTHCHECK that is run is three: so it is listened to from the
 * beginning, and asked again only for what may be on its way.
 */
import { createInterface } from 'node:readline'
import type Docker from 'dockerode'

export interface LoggedEvent {
  /** The container's. */
  readonly name: string
  /** create, start, kill, die, stop, pause, "health_status: healthy" … */
  readonly action: string
  /** Milliseconds since the Unix epoch. Engine and test share a machine, and with it a clock. */
  readonly at: number
}

export interface EngineLog {
  /** Everything up to now, in order. */
  all(): Promise<LoggedEvent[]>
  close(): void
}

interface Told {
  readonly Action: string
  readonly timeNano: number
  readonly Actor: { readonly ID: string; readonly Attributes: { readonly name: string } }
}

/** Listens to containers with this label (`name=value`) from now on. */
export async function openEngineLog(api: Docker, label: string): Promise<EngineLog> {
  const since = Date.now() / 1000
  const filters: { type: 'container'[]; label: string[] } = { type: ['container'], label: [label] }
  const known = new Map<string, Told>()
  const note = (line: string): void => {
    if (line === '') return
    const told: Told = JSON.parse(line)
    known.set(`${told.timeNano} ${told.Actor.ID} ${told.Action}`, told)
  }
  const live = await api.getEvents({ since, filters })
  createInterface({ input: live }).on('line', note)

  return {
    async all() {
      const latest = await api.getEvents({ since, until: Date.now() / 1000, filters })
      for await (const line of createInterface({ input: latest })) note(line)
      return [...known.values()]
        .toSorted((a, b) => a.timeNano - b.timeNano)
        .map(({ Action, timeNano, Actor }) => ({
          name: Actor.Attributes.name,
          action: Action,
          at: timeNano / 1e6,
        }))
    },
    close() {
      // Its socket closes with it.
      if ('destroy' in live && typeof live.destroy === 'function') live.destroy()
    },
  }
}
