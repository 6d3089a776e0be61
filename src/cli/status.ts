/**
 * `wakedock status [SERVICE]`: what every service is doing, as a table that fits the terminal; or one service, with why
 * it failed and what to do about it. With --watch, for as long as somebody looks.
 */
import { CLIENT_OPTIONS, createClient } from './client.ts'
import { flag, wantsColor, widthOf, type Command } from './command.ts'
import { statusDetail } from './status-detail.ts'
import { statusTable } from './status-table.ts'
import { watchStatus } from './status-watch.ts'

export const command: Command = {
  name: 'status',
  summary: 'show what the services are doing',
  usage: '[SERVICE] [--watch]',
  options: {
    ...CLIENT_OPTIONS,
    watch: { type: 'boolean', help: 'go on, and show what changes, until Ctrl-C' },
    json: { type: 'boolean', help: 'print what the API answers; with --watch an object a line and change' },
  },
  positionals: [0, 1],
  examples: [
    ['wakedock status', 'all services'],
    ['wakedock status blog', 'one of them, with its last failure and what to do about it'],
    ['wakedock status --watch', 'all services, live'],
    [`wakedock status --json | jq -r '.services[] | select(.state == "awake") | .name'`, 'for scripts'],
  ],
  notes:
    'A narrow terminal gets fewer columns, and a full one with --watch those services that are not asleep first. Colour is for terminals; NO_COLOR=1 turns it off, FORCE_COLOR=1 on. With --watch and no terminal each change is a line. Looking does not keep a service awake.',
  async run(args, io) {
    const client = await createClient(args, io)
    try {
      const [name] = args.positionals
      const json = flag(args, 'json')
      if (flag(args, 'watch')) return await watchStatus(client, io, { service: name, json })
      const answer = name === undefined ? await client.list() : await client.get(name)
      const view = { now: io.now(), color: wantsColor(io), columns: widthOf(io) }
      if (json) io.stdout.write(`${JSON.stringify(answer, null, 2)}\n`)
      else if ('services' in answer) io.stdout.write(statusTable(answer.services, view))
      else io.stdout.write(statusDetail(answer, view))
      return 0
    } finally {
      await client.close()
    }
  },
}
