/**
 * `wakedock logs SERVICE`: what it prints. Like `docker logs`: what it writes to its standard error goes to ours, so that a pipe
 * gets what the service means as output. Of a stack each line says which part it is of.
 */
import { stripVTControlCharacters } from 'node:util'
import { CLIENT_OPTIONS, createClient, type Client, type LogObject } from './client.ts'
import { flag, stringOption, UsageError, wantsColor, type CliIo, type Command } from './command.ts'

/** SGR, the sequences for colours and the like (ECMA-48 section 8.3.117). */
const ESCAPE = '\u001B'
const COLOR = new RegExp(`(${ESCAPE}\\[[\\d;:]*m)`)

/** The API takes no more. */
const MOST = 99_999

export const command: Command = {
  name: 'logs',
  summary: 'print what a service prints',
  usage: 'SERVICE [--follow] [--tail N]',
  options: {
    ...CLIENT_OPTIONS,
    follow: { type: 'boolean', help: 'go on with what comes, over sleeps and wakes, until Ctrl-C' },
    tail: { type: 'string', value: 'N', help: `so many of the last lines, up to ${MOST}; default 100` },
    timestamps: { type: 'boolean', help: 'the time before each line' },
    json: { type: 'boolean', help: 'an object a line: at, stream, text, and part of a stack' },
  },
  positionals: [1, 1],
  examples: [
    ['wakedock logs blog', 'its last 100 lines'],
    ['wakedock logs blog --follow --tail 0', 'only what comes from now on'],
    ['wakedock logs blog --json | jq -r .text', 'for scripts'],
  ],
  notes:
    'What the service writes to its standard error goes to standard error here as well, except with --json.\nReading a log does not wake the service, and does not keep it awake. It takes a token of the scope operate.',
  async run(args, io) {
    const [name = ''] = args.positionals
    const tail = stringOption(args, 'tail')
    if (tail !== undefined && !/^\d{1,5}$/.test(tail))
      throw new UsageError(`--tail takes a number of lines from 0 to ${MOST}`)
    const [follow, json] = [flag(args, 'follow'), flag(args, 'json')]
    const print = printer(io, { json, timestamps: flag(args, 'timestamps') })
    const client = await createClient(args, io)
    try {
      const lines = await client.logs(name, { tail, follow })
      if (follow && !json) await announce(client, name, io)
      let printed = 0
      for await (const line of lines) {
        print(line)
        printed += 1
      }
      if (follow) io.stderr.write('wakedock: the daemon has ended the log\n')
      else if (printed === 0 && tail !== '0' && !json) await explain(client, name, io)
      return follow ? 1 : 0
    } finally {
      await client.close()
    }
  },
}

/** Nothing may come for hours: whoever waits should know why. */
async function announce(client: Client, name: string, io: CliIo): Promise<void> {
  if (!io.isTTY) return
  const { state } = await client.get(name)
  if (state === 'asleep')
    io.stderr.write(`wakedock: ${name} is asleep; what it prints when it wakes comes here\n`)
}

async function explain(client: Client, name: string, io: CliIo): Promise<void> {
  const { state } = await client.get(name)
  const remedy = state === 'asleep' ? `. If it has never run, start it with: wakedock wake ${name}` : ' yet'
  io.stderr.write(`wakedock: ${name} has printed nothing${remedy}\n`)
}

function printer(io: CliIo, { json, timestamps }: { json: boolean; timestamps: boolean }) {
  return (line: LogObject): void => {
    if (json) return io.stdout.write(`${JSON.stringify(line)}\n`)
    const { at, stream, text, part } = line
    const time = timestamps ? `${at ?? '-'} ` : ''
    const whose = part === undefined ? '' : `${part.slice(part.indexOf('/') + 1)} | `
    const output = stream === 'stderr' ? io.stderr : io.stdout
    output.write(`${time}${whose}${io.isTTY ? shown(text, wantsColor(io)) : text}\n`)
  }
}

/** Of the sequences that act on a terminal only colours pass: an app may print what a visitor sent. */
function shown(text: string, color: boolean): string {
  const pieces = text.split(COLOR)
  return pieces
    .map((piece, index) =>
      index % 2 === 1
        ? color
          ? piece
          : ''
        : stripVTControlCharacters(piece).replaceAll(/[^\P{Cc}\t]/gu, ''),
    )
    .join('')
}
