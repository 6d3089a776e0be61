/** The beginning: puts the parts together, asks for what there is, and keeps it live. */
import { render } from 'preact'
import { h } from './h.ts'
import type { OverviewView } from '../admin/overview-route.ts'
import { createActions } from './actions.ts'
import { createApi, sentencesOf } from './api.ts'
import { App } from './app.ts'
import { Provider, type Dashboard } from './hooks.ts'
import { followEvents } from './live.ts'
import { readPlace, writePlace } from './location.ts'
import type { Past } from './past.ts'
import { applyTheme, keepToken, readTheme, readToken } from './session.ts'
import { soon } from './soon.ts'
import { createStore, NOTHING_KNOWN, takeIn, takePast, takePasts } from './store.ts'

/** Milliseconds between two looks at the overview. No event tells of what has been saved. */
const LOOK = 5_000
/** Events after which it says something else at once. */
const TELLING: ReadonlySet<string> = new Set([
  'reloaded',
  'reload_refused',
  'provider_lost',
  'provider_back',
  'state',
])

const store = createStore(soon)
let token = readToken()
/** Milliseconds that the server's wall clock is ahead of this one. */
let ahead = 0
let stop = (): void => undefined

const api = createApi(
  () => token,
  (error) => {
    const why = token === null ? '' : `${error.message} Look it up in the config, and try again.`
    logOut(why)
  },
)

function logOut(why: string): void {
  stop()
  token = null
  keepToken(null)
  // Nothing that the token let in stays on the page.
  store.change(() => ({ ...NOTHING_KNOWN, login: { why } }))
}

function logIn(next: string | null): void {
  if (next === null) return logOut('')
  // No header can hold it, and the browser would only say that nothing was sent.
  if (!/^[\x21-\x7E]+$/.test(next))
    return logOut(
      'That is no token: it would be one line without blanks and accents. Look it up in the config.',
    )
  token = next
  void tryToken(next)
}

/** Kept only once it has proved good: a typing error is not to come back with the next page. Never rejects. */
async function tryToken(next: string): Promise<void> {
  try {
    const overview = await api.ask<OverviewView>('api/v1/system/overview')
    if (token !== next) return
    keepToken(next)
    take(overview)
    store.change(() => ({ login: null }))
    begin()
  } catch (error) {
    if (token === next) logOut(sentencesOf(error))
  }
}

function take(overview: OverviewView): void {
  ahead = Date.parse(overview.started_at) + overview.uptime_ms - Date.now()
  store.change(({ services }) => ({
    overview,
    // Without any service no event would ever say so.
    services: services ?? (overview.services.total === 0 ? new Map() : null),
  }))
}

/** What goes wrong here is told by the stream, which is tried again; or it has led to the login. */
function look(): void {
  api.ask<OverviewView>('api/v1/system/overview').then(take, () => undefined)
}

/** Behind another tab only events are followed: the title says how many services have failed. */
function lookIfSeen(): void {
  if (document.visibilityState === 'visible') look()
}

/** After a wake: how long it took, and how long the next one will. Only of one service: all of them may be megabytes. */
function lookBack(service: string): void {
  api.ask<Past>(`api/v1/services/${encodeURIComponent(service)}/history`).then(
    (past) => store.change((known) => takePast(known, service, past)),
    () => undefined,
  )
}

/** Keeps everything live until a token is asked for. */
function begin(): void {
  /** What the stream tells at first has been told by the history. */
  let live = false
  let soon: ReturnType<typeof setTimeout> | undefined
  const timer = setInterval(lookIfSeen, LOOK)
  document.addEventListener('visibilitychange', lookIfSeen)
  const end = followEvents({
    api,
    opened() {
      live = false
      store.change(() => ({ link: 'live', lostWhy: '' }))
      look()
      api.ask<{ services: Record<string, Past> }>('api/v1/history').then(
        ({ services }) => {
          live = true
          store.change((known) => takePasts(known, services))
        },
        () => undefined,
      )
    },
    heard(type, data) {
      store.change((known) => ({ ...takeIn(known, type, data), liveAt: Date.now() }))
      if (live && (type === 'woke' || type === 'wake_failed') && isOfService(data)) lookBack(data.service)
      if (!TELLING.has(type)) return
      // A burst of events is one look.
      clearTimeout(soon)
      soon = setTimeout(look, 100)
    },
    lost: (why) => store.change(() => ({ link: 'lost', lostWhy: why })),
  })
  stop = () => {
    end()
    clearInterval(timer)
    clearTimeout(soon)
    document.removeEventListener('visibilitychange', lookIfSeen)
    stop = () => undefined
  }
}

function isOfService(data: unknown): data is { service: string } {
  return typeof data === 'object' && data !== null && 'service' in data && typeof data.service === 'string'
}

const now = (): number => Date.now() + ahead

const dashboard: Dashboard = {
  api,
  store,
  actions: createActions(api, store, now, look),
  now,
  place: () => readPlace(location.hash),
  go(change, keep) {
    const hash = writePlace({ ...readPlace(location.hash), ...change })
    if (hash === location.hash) return
    if (keep !== 'replace') location.hash = hash
    else {
      history.replaceState(null, '', hash)
      // It says so only where somebody else has changed the address.
      dispatchEvent(new Event('hashchange'))
    }
  },
  logIn,
}

applyTheme(readTheme())
const root = document.querySelector('#app')
if (root !== null) render(h(Provider, { value: dashboard }, h(App, null)), root)
begin()
