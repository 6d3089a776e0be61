/**
 * `wakedock sleep SERVICE`: stops it once its requests have ended; with --force at once.
 */
import { CLIENT_OPTIONS } from './client.ts'
import type { Command } from './command.ts'
import { order } from './order.ts'

export const command: Command = {
  name: 'sleep',
  summary: 'put a service to sleep now',
  usage: 'SERVICE [--wait] [--force]',
  options: {
    ...CLIENT_OPTIONS,
    wait: { type: 'boolean', help: 'return when it is asleep, or the order was called off' },
    force: { type: 'boolean', help: 'cut requests in flight; put to sleep first what needs it' },
  },
  positionals: [1, 1],
  examples: [
    ['wakedock sleep blog', 'once its requests have ended (drain_timeout at most)'],
    ['wakedock sleep blog --force --wait', 'cut them, and return when it is asleep'],
  ],
  notes: [
    'A request that arrives while the others are waited for calls the sleep off. Ctrl-C ends a wait, not the order.',
    'While other services need it, it stays awake, unless --force is given. An ordered sleep ends a pin, and goes before a schedule.',
  ].join('\n\n'),
  run: (args, io) => order('sleep', args, io),
}
