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
  run: (args, io) => order('wake', args, io),
}
