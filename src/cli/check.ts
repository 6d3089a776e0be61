/**
 * `wakedock check`: the config file, read exactly as the daemon would read it, without a daemon.
 */
import { relative } from 'node:path'
import { formatFault, loadConfig } from '../config/load.ts'
import type { Command } from './command.ts'
import { CONFIG_OPTION, findConfig } from './config-path.ts'

export const command: Command = {
  name: 'check',
  summary: 'validate the config file',
  usage: '[--config FILE]',
  options: { config: CONFIG_OPTION },
  positionals: [0, 0],
  examples: [
    ['wakedock check', 'the file that "wakedock serve" would read'],
    ['wakedock check --config new.yaml', 'another one, before it takes its place'],
  ],
  notes: 'Prints FILE:LINE:COLUMN, what is wrong and what to do. Exit code 0: valid, 1: not.',
  async run(args, io) {
    const file = findConfig(args, io)
    const inside = relative(io.cwd, file)
    const name = inside.startsWith('..') ? file : inside
    const result = await loadConfig(file, io.env)
    const findings = result.ok ? result.warnings : result.faults
    for (const fault of findings) {
      io.stderr.write(`${result.ok ? 'warning: ' : ''}${formatFault({ ...fault, file: name })}\n`)
    }
    if (!result.ok) return 1
    const { services } = result.settings
    const routes = services.reduce((sum, service) => sum + service.routes.length, 0)
    io.stdout.write(`${name} is valid: ${count(services.length, 'service')}, ${count(routes, 'route')}\n`)
    return 0
  },
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
