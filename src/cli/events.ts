/**
 * `wakedock events`: what happens, a line each, until Ctrl-C. A daemon that ends or restarts does not end it.
 */
import { styleText } from 'node:util'
import { complain } from './complain.ts'
import { CLIENT_OPTIONS, createClient, type EventQuery } from './client.ts'
import {
  didYouMean,
  flag,
  stringOption,
  UsageError,
  wantsColor,
  type CliIo,
  type Command,
} from './command.ts'
import { followEvents, type StreamEvent } from './event-reader.ts'
import { EVENT_TYPES, sentenceOf, USUAL_TYPES } from './event-sentences.ts'
import { onInterrupt } from './interrupt.ts'

export const command: Command = {
  name: 'events',
  summary: 'follow what happens, live',
  usage: '[SERVICE] [--types LIST] [--replay]',
  options: {
    ...CLIENT_OPTIONS,
    types: {
      type: 'string',
      value: 'LIST',
      help: 'only events of these types: woke,slept; default: all but "state"',
      list: EVENT_TYPES,
    },
    replay: { type: 'boolean', help: 'first what has happened already, as far as it is in memory' },
    json: { type: 'boolean', help: 'an object a line, as the API gives it; all types' },
  },
  positionals: [0, 1],
  examples: [
    ['wakedock events', 'everything, from now on, until Ctrl-C'],
    ['wakedock events blog --replay', 'one service, and what has happened to it already'],
    ['wakedock events --types wake_failed,sleep_failed --json | jq -r .message', 'for scripts'],
  ],
  notes: [
    `Types: ${EVENT_TYPES.join(', ')}.`,
    'Each line is the time, the service and a sentence: local time on a terminal, ISO 8601 in UTC elsewhere. When the daemon is gone, that is said on standard error, and it is waited for; what happened meanwhile comes when it is back.',
  ].join('\n\n'),
  async run(args, io) {
    const [service] = args.positionals
    const types = checkedTypes(stringOption(args, 'types'))
    const json = flag(args, 'json')
    const replay = flag(args, 'replay')
    const shown = types ?? (json ? undefined : USUAL_TYPES.join(','))
    const query: EventQuery = {
      replay,
      ...(service === undefined ? {} : { service }),
      ...(shown === undefined ? {} : { types: shown }),
    }
    const interrupt = onInterrupt(io)
    const client = await createClient(args, io)
    const tell = (sentence: string): void => complain(io, sentence)
    // A gap after it is news; the one before it is where the memory begins.
    let isBack = false
    try {
      const events = followEvents(client, io, query, interrupt.signal, {
        lost: () => tell(`the daemon at ${client.base} is gone; waiting until it is back`),
        back: () => {
          isBack = true
          tell('the daemon is back')
        },
      })
      for await (const event of events) {
        // Whoever asks for everything in memory knows that it begins somewhere.
        if (event.type === 'gap') {
          if (isBack || !replay) tell('what happened in between is not in its memory any more')
        } else io.stdout.write(`${json ? JSON.stringify(event.data) : line(event, io)}\n`)
      }
      return interrupt.code ?? 0
    } finally {
      await client.close()
    }
  },
}

/** A typing error would be a stream in which nothing ever happens. */
function checkedTypes(text: string | undefined): string | undefined {
  const words = text?.split(',').map((word) => word.trim())
  const unknown = words?.find((word) => !EVENT_TYPES.includes(word))
  if (unknown === undefined) return words?.join(',')
  const meant = didYouMean(unknown, EVENT_TYPES) || `. There are: ${EVENT_TYPES.join(', ')}`
  throw new UsageError(`"${unknown}" is no type of event${meant}`)
}

function line({ type, data }: StreamEvent, io: CliIo): string {
  const { who, text, color } = sentenceOf(type, data)
  const at = new Date(String(data['at']))
  const gap = text.startsWith(':') ? '' : ' '
  if (!io.isTTY && !wantsColor(io)) return `${isoTime(at)} ${who}${gap}${text}`
  const time = io.isTTY ? localTime(at, new Date(io.now())) : isoTime(at)
  if (!wantsColor(io)) return `${time} ${who}${gap}${text}`
  const style = (format: Parameters<typeof styleText>[0], words: string): string =>
    styleText(format, words, { validateStream: false })
  return `${style('gray', time)} ${style('bold', who)}${gap}${color === null ? text : style(color, text)}`
}

function isoTime(at: Date): string {
  return Number.isNaN(at.getTime()) ? '-' : at.toISOString()
}

/** As a clock on the wall shows it: whoever watches compares it with that. With the day where it is another one. */
function localTime(at: Date, now: Date): string {
  if (Number.isNaN(at.getTime())) return '-'
  const two = (number: number): string => String(number).padStart(2, '0')
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(':')
  if (at.toDateString() === now.toDateString()) return time
  return `${[at.getFullYear(), at.getMonth() + 1, at.getDate()].map(two).join('-')} ${time}`
}
