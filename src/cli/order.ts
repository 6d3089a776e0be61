/**
 * The two verbs share everything but the verb: the order, the wait for its end and what is said of it.
 */
import type { ServiceView } from '../admin/service-view.ts'
import { formatDuration } from '../duration.ts'
import { count } from '../log-sentences.ts'
import { complain } from './complain.ts'
import { createClient, type Client } from './client.ts'
import { flag, type Arguments, type CliIo } from './command.ts'
import { onInterrupt } from './interrupt.ts'
import { showProgress, type Verb } from './progress.ts'

/** Sends the order and says what came of it. Throws CliError. */
export async function order(verb: Verb, args: Arguments, io: CliIo): Promise<number> {
  const [name = ''] = args.positionals
  const force = flag(args, 'force')
  const client = await createClient(args, io)
  const say = (service: ServiceView, sentence: string): void =>
    io.stdout.write(flag(args, 'json') ? `${JSON.stringify(service, null, 2)}\n` : `${sentence}\n`)
  try {
    if (flag(args, 'wait')) return await orderAndWait(client, io, { verb, name, force, say })
    const service = await client.order(name, verb, { wait: false, force })
    say(service, `${service.name} ${underWay(service)}`)
    return 0
  } finally {
    await client.close()
  }
}

interface Waiting {
  readonly verb: Verb
  readonly name: string
  readonly force: boolean
  readonly say: (service: ServiceView, sentence: string) => void
}

async function orderAndWait(client: Client, io: CliIo, { verb, name, force, say }: Waiting): Promise<number> {
  // To tell an order that did something from one that had nothing to do.
  const before = await client.get(name)
  const interrupt = onInterrupt(io)
  const begun = io.now()
  const endProgress = showProgress(client, io, verb, name)
  try {
    const ended = client.order(name, verb, { wait: true, force })
    const result = await Promise.race([ended, interrupt.came])
    endProgress()
    if (typeof result === 'number') {
      // The order was given: the daemon carries it out, whoever has lost interest.
      ended.catch(() => undefined)
      complain(io, goesOn(verb, name))
      return result
    }
    const took = formatDuration(io.now() - begun)
    const done = verb === 'wake' ? 'awake' : 'asleep'
    const isDone = result.state === done
    const already = isDone && before.state === done
    say(result, `${name} is ${result.state}${already ? ' already' : isDone ? `, after ${took}` : ''}`)
    return 0
  } finally {
    endProgress()
  }
}

/** What an order has set off. */
function underWay({ state, in_flight: inFlight }: ServiceView): string {
  if (state === 'draining' && inFlight > 0)
    return `is draining: it stops when ${count(inFlight, 'request')} ${inFlight === 1 ? 'has' : 'have'} ended`
  return `is ${state}`
}

function goesOn(verb: Verb, name: string): string {
  const undo = verb === 'wake' ? 'sleep' : 'wake'
  return `${name} goes on to ${verb}; see "wakedock status ${name}", or call it off with "wakedock ${undo} ${name}"`
}
