/**
 * `wakedock pin SERVICE`: keeps it awake for some time, or until it is unpinned.
 */
import { Problem } from '../config/problem.ts'
import { parsePositiveDuration } from '../config/units.ts'
import { CLIENT_OPTIONS, createClient } from './client.ts'
import { flag, stringOption, UsageError, type Command } from './command.ts'

export const command: Command = {
  name: 'pin',
  summary: 'keep a service awake',
  usage: 'SERVICE [--for DURATION]',
  options: {
    ...CLIENT_OPTIONS,
    for: {
      type: 'string',
      value: 'DURATION',
      help: 'for so long from now: 90m, 2h, 1h30m; default: until "wakedock unpin"',
    },
  },
  positionals: [1, 1],
  examples: [
    ['wakedock pin blog --for 2h', 'wake it if it sleeps, and do not put it to sleep for two hours'],
    ['wakedock pin blog', 'keep it awake until "wakedock unpin blog"'],
  ],
  notes:
    'A new pin takes the place of the one before. An ordered sleep ends it, and so does a restart of WakeDock.',
  async run(args, io) {
    const [name = ''] = args.positionals
    const duration = stringOption(args, 'for')
    // The daemon would refuse it as well; here it is wrong usage, and nothing has to run to be told so.
    const parsed = duration === undefined ? null : parsePositiveDuration(duration)
    if (parsed instanceof Problem) throw new UsageError(`--for ${parsed.message}: ${parsed.hint}`)
    const client = await createClient(args, io)
    try {
      const service = await client.pin(name, duration)
      const until = duration === undefined ? 'until it is unpinned' : `for ${duration}`
      if (flag(args, 'json')) io.stdout.write(`${JSON.stringify(service, null, 2)}\n`)
      else io.stdout.write(`${service.name} is pinned ${until}; it is ${service.state} now\n`)
      return 0
    } finally {
      await client.close()
    }
  },
}
