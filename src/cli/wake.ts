/**
 * `wakedock wake SERVICE`: starts it now, whatever a backoff says.
 */
import { CLIENT_OPTIONS } from './client.ts'
import type { Command } from './command.ts'
import { order } from './order.ts'

export const command: Command = {
  name: 'wake',
  summary: 'start a service now',
  usage: 'SERVICE [--wait]',
  options: { ...CLIENT_OPTIONS, wait: { type: 'boolean', help: 'return when it is ready, or has failed' } },
  positionals: [1, 1],
  examples: [
    ['wakedock wake blog', 'start it and return'],
    ['wakedock wake blog --wait && curl http://blog.example.com', 'go on when it is ready'],
  ],
  notes:
    'With --wait a terminal shows what it waits for and how long it usually takes, and the exit code is 1 when it fails. Ctrl-C ends the wait, not the wake. A service that nobody uses sleeps again after its idle timeout: see "wakedock pin".',
  run: (args, io) => order('wake', args, io),
}
