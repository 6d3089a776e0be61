/**
 * A WakeDock reduced to its process provider, as a process of its own that a test can kill: starts one target, says so,
 * and stays. Arguments: the scope, and the target as JSON.
 */
import { env, argv } from 'node:process'
import type { ProcessTarget } from '../../../src/domain/service.ts'
import { createProcessProvider } from '../../../src/provider/process/provider.ts'
import { clock } from '../../../src/clock.ts'
import { processTarget } from '../outside.ts'

const [, , scope = '', name = '', port = '0', ...command] = argv
const [program = '', ...rest] = command
const target: ProcessTarget = processTarget(name, [program, ...rest], Number(port))
const provider = createProcessProvider({ clock: clock, scope, env: () => env, log: () => {} })
const status = await provider.start(target)
console.log(JSON.stringify(status))
setInterval(() => {}, 60_000)
