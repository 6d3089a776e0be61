/**
 * The token of this tab and the theme of this browser. The token is in sessionStorage: it ends with the tab, no other site and no
 * other tab sees it, and it is in no address and no cookie.
 */

const TOKEN = 'wakedock.token'
const THEME = 'wakedock.theme'

export type Theme = 'auto' | 'light' | 'dark'
export const THEMES: readonly Theme[] = ['auto', 'light', 'dark']

/** null: none, and none is needed where WakeDock has none. */
export function readToken(): string | null {
  return attempt(() => sessionStorage.getItem(TOKEN), null)
}

/** null: log out. */
export function keepToken(token: string | null): void {
  attempt(
    () => (token === null ? sessionStorage.removeItem(TOKEN) : sessionStorage.setItem(TOKEN, token)),
    undefined,
  )
}

export function readTheme(): Theme {
  const kept = attempt(() => localStorage.getItem(THEME), null)
  return THEMES.find((theme) => theme === kept) ?? 'auto'
}

/** Shows it at once. `auto` follows the system, now and later. */
export function applyTheme(theme: Theme): void {
  if (theme === 'auto') delete document.documentElement.dataset['theme']
  else document.documentElement.dataset['theme'] = theme
}

export function keepTheme(theme: Theme): void {
  attempt(
    () => (theme === 'auto' ? localStorage.removeItem(THEME) : localStorage.setItem(THEME, theme)),
    undefined,
  )
  applyTheme(theme)
}

/** A browser that is told to keep nothing throws at the very look. The page then works until it is closed. */
function attempt<T>(work: () => T, otherwise: T): T {
  try {
    return work()
  } catch {
    return otherwise
  }
}
