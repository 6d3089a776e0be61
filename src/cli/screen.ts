/**
 * The whole terminal, for as long as something is watched: what stood there before comes back afterwards, however it ends. The
 * sequences are those of xterm (https://invisible-island.net/xterm/ctlseqs/ctlseqs.html), which every terminal of today knows.
 */
import type { CliIo } from './command.ts'

const ENTER = [
  // Another page: the shell's own stays as it is.
  '\u001b[?1049h',
  // No cursor, and no wrapping: a line that is too long after all (the window has just become narrower) must not scroll the page.
  '\u001b[?25l\u001b[?7l',
].join('')
const LEAVE = '\u001b[?7h\u001b[?25h\u001b[?1049l'
const HOME = '\u001b[H'
const REST_OF_LINE = '\u001b[K'
const REST_OF_SCREEN = '\u001b[J'

export interface Screen {
  /** Takes the place of what is shown. Lines beyond the height are left out. */
  show(lines: readonly string[]): void
  close(): void
}

/** Lines that a terminal has when it does not say how many: that of the first ones. */
const USUAL_ROWS = 24

/** Also closed at the end of the process, and put away while it is stopped. */
export function openScreen(io: Pick<CliIo, 'stdout' | 'rows' | 'onEnd' | 'onPause'>): Screen {
  let open = true
  /** Stopped: what is written now lands on the shell's page. */
  let isAway = false
  let last: readonly string[] = []

  const draw = (): void => {
    if (!open || isAway) return
    const rows = rowsOf(io)
    // Each line is cleared before it is written: behind the last column the cursor stands on that column still.
    const shown = last.slice(0, rows).map((line) => `${REST_OF_LINE}${line}`)
    const rest = shown.length < rows ? `\r\n${REST_OF_SCREEN}` : ''
    io.stdout.write(`${HOME}${shown.join('\r\n')}${rest}`)
  }
  const close = (): void => {
    if (!open) return
    open = false
    if (!isAway) io.stdout.write(LEAVE)
  }
  io.onEnd(close)
  // The shell that comes forward at Ctrl-Z finds its own page, and whoever comes back with "fg" finds this one.
  io.onPause(
    () => {
      if (!open || isAway) return
      isAway = true
      io.stdout.write(LEAVE)
    },
    () => {
      if (!open) return
      isAway = false
      io.stdout.write(ENTER)
      draw()
    },
  )
  io.stdout.write(ENTER)
  return {
    show(lines) {
      last = lines
      draw()
    },
    close,
  }
}

/** Height of the terminal. */
export function rowsOf({ rows }: Pick<CliIo, 'rows'>): number {
  return rows > 0 ? rows : USUAL_ROWS
}
