/**
 * The two verbs share everything but the verb.
 */
import { createClient } from './client.ts'
import { flag, type Arguments, type CliIo } from './command.ts'

/** Sends the order and says what came of it. Throws CliError. */
export async function order(verb: 'wake' | 'sleep', args: Arguments, io: CliIo): Promise<number> {
  const [name = ''] = args.positionals
  const client = await createClient(args, io)
  try {
    const wait = flag(args, 'wait')
    const service = await client.order(name, verb, { wait, force: flag(args, 'force') })
    if (flag(args, 'json')) io.stdout.write(`${JSON.stringify(service, null, 2)}\n`)
    else io.stdout.write(`${service.name} is ${service.state}\n`)
    return 0
  } finally {
    await client.close()
  }
}
