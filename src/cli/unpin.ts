/**
 * `wakedock unpin SERVICE`: its idle time counts again.
 */
import { CLIENT_OPTIONS, createClient } from './client.ts'
import { flag, type Command } from './command.ts'

export const command: Command = {
  name: 'unpin',
  summary: 'end a pin: let a service sleep again',
  usage: 'SERVICE',
  options: CLIENT_OPTIONS,
  positionals: [1, 1],
  examples: [['wakedock unpin blog', 'it may sleep again, once its idle timeout is over']],
  notes: 'That it is not pinned is fine. To put it to sleep at once: wakedock sleep.',
  async run(args, io) {
    const [name = ''] = args.positionals
    const client = await createClient(args, io)
    try {
      const service = await client.unpin(name)
      if (flag(args, 'json')) io.stdout.write(`${JSON.stringify(service, null, 2)}\n`)
      else io.stdout.write(`${service.name} is not pinned; it is ${service.state} now\n`)
      return 0
    } finally {
      await client.close()
    }
  },
}
