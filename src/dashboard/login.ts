/** The way in where the API asks for a token. It says what was wrong with one, and where tokens come from. */
import type { VNode } from 'preact'
import { h } from './h.ts'
import { useEffect, useRef, useState } from 'preact/hooks'
import { useDashboard } from './hooks.ts'
import { Logo } from './logo.ts'
import type { Known } from './store.ts'

/** `login`: another object after each attempt, though the answer may be the same. */
export function Login({ login }: { login: NonNullable<Known['login']> }): VNode {
  const { why } = login
  const { logIn } = useDashboard()
  const input = useRef<HTMLInputElement>(null)
  const [busy, setBusy] = useState(false)
  // An answer has come: the field is ready for another one.
  useEffect(() => {
    setBusy(false)
    input.current?.focus()
    input.current?.select()
  }, [login])
  return h('main', { class: 'login' }, [
    h(
      'form',
      {
        onSubmit: (event) => {
          event.preventDefault()
          const token = input.current?.value.trim() ?? ''
          if (token === '') return input.current?.focus()
          setBusy(true)
          logIn(token)
        },
      },
      [
        h(Logo, null),
        h('h1', null, 'Log in to WakeDock'),
        h('label', { for: 'token' }, 'Token'),
        h('input', {
          ref: input,
          id: 'token',
          type: 'password',
          // A password manager may keep it; the page itself does so until the tab is closed.
          autocomplete: 'current-password',
          spellcheck: false,
          required: true,
          'aria-invalid': why !== '',
          'aria-describedby': 'token-help',
          onInput: () => setBusy(false),
        }),
        h('p', { class: 'bad', role: 'alert' }, why),
        h(
          'button',
          { type: 'submit', class: 'button main', 'aria-disabled': busy ? 'true' : undefined },
          busy ? 'Asking…' : 'Log in',
        ),
        h('p', { id: 'token-help', class: 'quiet' }, [
          'One of ',
          h('code', null, 'admin.tokens'),
          ' in the config of WakeDock. It is kept in this tab only, until you close it or log out.',
        ]),
      ],
    ),
  ])
}
