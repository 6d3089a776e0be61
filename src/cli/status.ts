/**
 * `wakedock status [SERVICE]`: what every service is doing, as a table that fits the terminal; or one service, with why
 * it failed and what to do about it.
 */
import { CLIENT_OPTIONS, createClient } from './client.ts'
import { flag, wantsColor, type Command } from './command.ts'
import { statusDetail } from './status-detail.ts'
import { statusTable } from './status-table.ts'

export const command: Command = {
  name: 'status',
  summary: 'show what the services are doing',
  usage: '[SERVICE]',
  options: CLIENT_OPTIONS,
  positionals: [0, 1],
  examples: [
    ['wakedock status', 'all services'],
    ['wakedock status blog', 'one of them, with its last failure and what to do about it'],
    ['wakedock status --json', 'for scripts'],
  ],
  async run(args, io) {
    const client = await createClient(args, io)
    try {
      const [name] = args.positionals
      const answer = name === undefined ? await client.list() : await client.get(name)
      // Serial lines, and `docker exec -t` at first, are terminals of width 0: they do not know it.
      const columns = io.isTTY && io.columns > 0 ? io.columns : Infinity
      const view = { now: io.now(), color: wantsColor(io), columns }
      if (flag(args, 'json')) io.stdout.write(`${JSON.stringify(answer, null, 2)}\n`)
      else if ('services' in answer) io.stdout.write(statusTable(answer.services, view))
      else io.stdout.write(statusDetail(answer, view))
      return 0
    } finally {
      await client.close()
    }
  },
}
