/**
 * `wakedock status --watch`: the view of `wakedock status`, kept up to date from the event stream. On a terminal it is drawn over
 * itself; elsewhere each change is a line of its own, so that it can go into a file or a pipe.
 */
import type { ServiceView } from '../admin/service-view.ts'
import { count } from '../log-sentences.ts'
import { complain } from './complain.ts'
import { isView, type Client } from './client.ts'
import { canRedraw, wantsColor, widthOf, type CliIo } from './command.ts'
import { followEvents, type StreamEvent, type Watcher } from './event-reader.ts'
import { onInterrupt } from './interrupt.ts'
import { openScreen, rowsOf } from './screen.ts'
import { statusDetail } from './status-detail.ts'
import { headLine, statusFrame } from './status-frame.ts'
import { plain } from './status-words.ts'

/** Milliseconds: what is shown counts seconds. */
const REDRAW = 1_000
/** Milliseconds that changes are gathered for: hundreds of views come at once at first. */
const GATHER = 50

export interface WatchOptions {
  /** undefined: all of them. */
  readonly service: string | undefined
  readonly json: boolean
}

/** Until a signal ends it. Resolves to the exit code; throws CliError. */
export async function watchStatus(client: Client, io: CliIo, options: WatchOptions): Promise<number> {
  const { service, json } = options
  const interrupt = onInterrupt(io)
  // Asked first: it says what is wrong with the name or the token before the screen is taken.
  const first = service === undefined ? (await client.list()).services : [await client.get(service)]
  const views = new Map(first.map((view) => [view.name, view]))
  const output = !json && canRedraw(io, io.isTTY) ? drawing(client, io, options) : appending(io, json)
  const query = {
    services: true,
    // Of the events themselves nothing is needed, and "none" cannot be said.
    types: 'service_removed',
    ...(service === undefined ? {} : { service }),
  }
  try {
    output.changed(views)
    const watcher: Watcher = {
      lost: () => output.lost(),
      back() {
        output.back()
        // The daemon tells of all services anew, but not of those that went while nobody listened.
        void forget(client, views).then(() => output.changed(views))
      },
    }
    for await (const event of followEvents(client, io, query, interrupt.signal, watcher)) {
      if (apply(event, views)) output.changed(views)
    }
    return interrupt.code ?? 0
  } finally {
    output.close()
  }
}

/** Takes out what is not in the config any more. */
async function forget(client: Client, views: Map<string, ServiceView>): Promise<void> {
  try {
    const names = new Set((await client.list()).services.map(({ name }) => name))
    for (const name of views.keys()) if (!names.has(name)) views.delete(name)
  } catch {
    // It is gone again, and this is done again when it is back.
  }
}

/** Whether it has changed anything. */
function apply({ type, data }: StreamEvent, views: Map<string, ServiceView>): boolean {
  if (type === 'service' && isView(data)) {
    views.set(data.name, data)
    return true
  }
  return type === 'service_gone' && views.delete(String(data['name']))
}

interface WatchOutput extends Watcher {
  changed(views: ReadonlyMap<string, ServiceView>): void
  close(): void
}

function drawing(client: Client, io: CliIo, { service }: WatchOptions): WatchOutput {
  const screen = openScreen(io)
  let views: ReadonlyMap<string, ServiceView> = new Map()
  let trouble: string | null = null
  let timer: { cancel(): void } | null = null
  let isSoon = false

  const lines = (): string[] => {
    const columns = widthOf(io)
    const view = { now: io.now(), color: wantsColor(io), columns, trouble }
    if (service === undefined) return statusFrame([...views.values()], { ...view, rows: rowsOf(io) })
    const one = views.get(service)
    const detail = one === undefined ? `${service} is not in the config any more.\n` : statusDetail(one, view)
    return [headLine([...views.values()], view), '', ...detail.trimEnd().split('\n')]
  }
  const draw = (): void => {
    timer?.cancel()
    isSoon = false
    const shown = lines()
    const rows = rowsOf(io)
    screen.show(shown.length > rows ? [...shown.slice(0, rows - 1), '…'] : shown)
    timer = io.setTimer(REDRAW, draw)
  }
  const drawSoon = (): void => {
    if (isSoon) return
    isSoon = true
    timer?.cancel()
    timer = io.setTimer(GATHER, draw)
  }
  io.onResize(draw)
  draw()
  return {
    changed(next) {
      views = next
      drawSoon()
    },
    lost() {
      trouble = `${client.base} does not answer; waiting until it is back`
      draw()
    },
    back() {
      trouble = null
      drawSoon()
    },
    close() {
      timer?.cancel()
      screen.close()
    },
  }
}

function appending(io: CliIo, json: boolean): WatchOutput {
  const said = new Map<string, string>()
  const say = (name: string, text: string): void => {
    if (said.get(name) === text) return
    said.set(name, text)
    io.stdout.write(`${json ? text : `${new Date(io.now()).toISOString()} ${name} ${text}`}\n`)
  }
  const tell = (sentence: string): void => complain(io, sentence)
  return {
    changed(views) {
      for (const view of views.values()) say(view.name, json ? JSON.stringify(view) : sentence(view))
      for (const name of said.keys()) {
        if (views.has(name)) continue
        say(name, json ? JSON.stringify({ name, removed: true }) : 'is not in the config any more')
      }
    },
    lost: () => tell('the daemon is gone; waiting until it is back'),
    back: () => tell('the daemon is back'),
    close: () => undefined,
  }
}

/** Without times, which would make a change of everything. */
function sentence({ state, in_flight: inFlight, held, failure }: ServiceView): string {
  const uses = [
    ...(inFlight > 0 ? [`${inFlight} in flight`] : []),
    ...(held > 0 ? [`${count(held, 'request')} held`] : []),
    ...(failure === null ? [] : [plain(failure.message)]),
  ]
  return `is ${state}${uses.length > 0 ? `: ${uses.join(', ')}` : ''}`
}
