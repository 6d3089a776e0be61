/** The table of commands. Each is loaded when it is used: `wakedock status` has no need of the daemon's libraries. */
import type { Command, CommandHelp } from './command.ts'
import type { ServeIo } from './serve.ts'

/** In the order of the help. */
export const COMMANDS: Readonly<Record<string, () => Promise<{ command: Command<ServeIo> }>>> = {
  serve: () => import('./serve.ts'),
  check: () => import('./check.ts'),
  reload: () => import('./reload.ts'),
  status: () => import('./status.ts'),
  events: () => import('./events.ts'),
  logs: () => import('./logs.ts'),
  wake: () => import('./wake.ts'),
  sleep: () => import('./sleep.ts'),
  pin: () => import('./pin.ts'),
  unpin: () => import('./unpin.ts'),
  completion: () => import('./completion.ts'),
}

/** All of them, for what tells of them. */
export async function allCommands(): Promise<CommandHelp[]> {
  const loaded = await Promise.all(Object.values(COMMANDS).map((load) => load()))
  return loaded.map(({ command }) => command)
}
