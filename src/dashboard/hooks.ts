/**
 * What components share: the store, the seconds, and the place in the address. Labels that change with time are each drawn again
 * by themselves, and only when their text is another one: a page of 500 rows is not drawn anew every second.
 */
import { createContext } from 'preact'
import { useContext, useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { Actions } from './actions.ts'
import type { Api } from './api.ts'
import type { Place } from './location.ts'
import type { Known, Store } from './store.ts'

/** What every component may reach. One object for the life of the page. */
export interface Dashboard {
  readonly api: Api
  readonly store: Store
  readonly actions: Actions
  /** The server's wall clock, as far as it is known: times of the API are of that one. */
  readonly now: () => number
  /** Opens something else. Without `keep` the place before is one step back. */
  readonly go: (change: Partial<Place>, keep?: 'replace') => void
  readonly place: () => Place
  /** Tries a token; null logs out. */
  readonly logIn: (token: string | null) => void
}

const Context = createContext<Dashboard | null>(null)
export const { Provider } = Context

export function useDashboard(): Dashboard {
  const dashboard = useContext(Context)
  if (dashboard === null) throw new Error('no dashboard around this component')
  return dashboard
}

/** A part of what is known; the component is drawn again when that part is another one. */
export function useKnown<T>(choose: (known: Known) => T): T {
  const { store } = useDashboard()
  const [, again] = useState({})
  const chosen = choose(store.known)
  const current = useRef({ choose, chosen })
  current.current = { choose, chosen }
  useLayoutEffect(
    () =>
      store.follow(() => {
        const { choose, chosen } = current.current
        if (!Object.is(choose(store.known), chosen)) again({})
      }),
    [store],
  )
  return chosen
}

const listeners = new Set<() => void>()
let timer: ReturnType<typeof setInterval> | undefined

/** One timer for the page. A hidden page is not looked at. */
function everySecond(listener: () => void): () => void {
  listeners.add(listener)
  timer ??= setInterval(() => {
    if (document.visibilityState === 'visible') for (const each of listeners) each()
  }, 1_000)
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

/** A value that depends on the time: looked at every second, drawn when it is another one. Primitive values only. */
export function useTicking<T extends string | number | null>(make: (now: number) => T): T {
  const { now } = useDashboard()
  const [, again] = useState<T>()
  const value = make(now())
  const current = useRef(make)
  current.current = make
  useEffect(() => everySecond(() => again(current.current(now()))), [now])
  return value
}

/** The address has changed by a link, a button of the browser, or by hand. */
export function useEventOf(type: 'hashchange' | 'keydown', listener: (event: Event) => void): void {
  const current = useRef(listener)
  current.current = listener
  useEffect(() => {
    const own = (event: Event): void => current.current(event)
    addEventListener(type, own)
    return () => removeEventListener(type, own)
  }, [type])
}
