/**
 * What somebody can do here, and what they are told of it: every order ends in one sentence on the screen, which a screen reader says
 * too. Orders wait for their end, so that the sentence is true.
 */
import type { ServiceView } from '../admin/service-view.ts'
import type { Api } from './api.ts'
import { ApiError, sentencesOf } from './api.ts'
import { clockTime, count, took } from './format.ts'
import { withOrder, withOutcome, type Store } from './store.ts'

export interface Validation {
  readonly ok: boolean
  readonly changes?: readonly string[]
  readonly warnings?: readonly string[]
  readonly faults?: readonly string[]
}

export interface Actions {
  wake(name: string): Promise<void>
  /** Resolves to why it has to be asked first: others need it. null: it is done, or refused. */
  sleep(name: string, force: boolean): Promise<string | null>
  /** Like "2h"; null: until it is unpinned. */
  pin(name: string, duration: string | null): Promise<void>
  unpin(name: string): Promise<void>
  reload(): Promise<void>
  validate(): Promise<void>
  /** Takes an outcome off the screen. */
  dismiss(id: number): void
}

/** Milliseconds that good news stay. Bad news stay until they are closed. */
const GOOD_NEWS = 8_000

/** `now`: the server's wall clock. `refresh`: the overview has changed. */
export function createActions(api: Api, store: Store, now: () => number, refresh: () => void): Actions {
  let last = 0

  const dismiss = (id: number): void =>
    store.change(({ outcomes }) => ({ outcomes: outcomes.filter((outcome) => outcome.id !== id) }))

  const tell = (ok: boolean, text: string, details: readonly string[] = []): void => {
    last++
    const id = last
    store.change((known) => withOutcome(known, { id, ok, text, details }))
    if (ok && details.length === 0) setTimeout(() => dismiss(id), GOOD_NEWS)
  }

  /** Never rejects: whatever goes wrong is told. `failed`: the beginning of that sentence. */
  const order = async (
    name: string,
    what: string,
    failed: string,
    work: () => Promise<void>,
  ): Promise<ApiError | null> => {
    if (store.known.orders.get(name) === what) return null
    store.change((known) => withOrder(known, name, what))
    try {
      await work()
      return null
    } catch (error) {
      if (error instanceof ApiError && error.code === 'WAKEDOCK_NEEDED') return error
      tell(false, `${failed} ${sentencesOf(error)}`)
      return null
    } finally {
      store.change((known) => withOrder(known, name, null))
    }
  }

  const path = (name: string, verb: string): string => `api/v1/services/${encodeURIComponent(name)}/${verb}`

  return {
    dismiss,
    async wake(name) {
      await order(name, 'wake', `${name} was not woken.`, async () => {
        const view = await api.ask<ServiceView>(path(name, 'wake?wait=true'), { method: 'POST', body: {} })
        const wake = view.last_wake
        tell(true, `${name} is awake${wake === null ? '' : `. Its last wake took ${took(wake.total_ms)}`}.`)
      })
    },
    async sleep(name, force) {
      const needed = await order(
        name,
        force ? 'force' : 'sleep',
        `${name} was not put to sleep.`,
        async () => {
          await api.ask(path(name, 'sleep?wait=true'), { method: 'POST', body: { force } })
          tell(true, `${name} is asleep.`)
        },
      )
      return needed?.message ?? null
    },
    async pin(name, duration) {
      await order(name, 'pin', `${name} was not pinned.`, async () => {
        const body = duration === null ? {} : { for: duration }
        const view = await api.ask<ServiceView>(path(name, 'pin'), { method: 'PUT', body })
        const until = view.pinned_until
        const end = until === null ? 'until it is unpinned' : `until ${clockTime(until, now())}`
        tell(true, `${name} is kept awake ${end}.`)
      })
    },
    async unpin(name) {
      await order(name, 'pin', `${name} was not unpinned.`, async () => {
        await api.ask(path(name, 'pin'), { method: 'DELETE' })
        tell(true, `${name} is no longer pinned: its idle time counts again.`)
      })
    },
    async reload() {
      await order(CONFIG, 'reload', 'The config was not reloaded.', async () => {
        try {
          const { changed } = await api.ask<{ changed: readonly string[] }>('api/v1/config/reload', {
            method: 'POST',
            body: {},
          })
          const nothing = changed.length === 0
          tell(
            true,
            nothing ? 'The config was reloaded; nothing has changed.' : 'The config was reloaded:',
            changed,
          )
        } catch (error) {
          if (!(error instanceof ApiError) || error.faults.length === 0) throw error
          tell(false, 'The config has faults, so the one before stays in force:', error.faults)
        }
      })
      refresh()
    },
    async validate() {
      await order(CONFIG, 'validate', 'The config was not checked.', async () => {
        const answer = await api.ask<Validation>('api/v1/config/validate', { method: 'POST', body: {} })
        const { ok, faults = [], changes = [], warnings = [] } = answer
        if (!ok) return tell(false, `The file has ${count(faults.length, 'fault')}:`, faults)
        const details = [...changes, ...warnings.map((warning) => `Warning: ${warning}`)]
        tell(
          true,
          `The file is good. ${changes.length === 0 ? 'A reload would change nothing.' : 'A reload would change:'}`,
          details,
        )
      })
    },
  }
}

/** Orders of the config stand where those of a service do; no service can have this name. */
export const CONFIG = '\0config'
