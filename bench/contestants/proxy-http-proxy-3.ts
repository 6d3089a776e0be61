/** http-proxy-3 as a contestant: http-proxy-3-server.ts in a process of its own. */
import { fileURLToPath } from 'node:url'
import library from 'http-proxy-3/package.json' with { type: 'json' }
import { freePort, startProgram } from '../program.ts'
import type { Contestant } from './proxy-contestant.ts'

const SERVER = fileURLToPath(new URL('./http-proxy-3-server.ts', import.meta.url))

export const httpProxy3: Contestant = {
  name: 'http-proxy-3',
  version: () => library.version,
  async start(scope, { upstream, core }) {
    const port = await freePort()
    const { pid } = await startProgram(scope, {
      command: [process.execPath, SERVER, String(port), String(upstream)],
      core,
      listens: port,
      env: { NODE_ENV: 'production' },
    })
    return { port, pids: [pid] }
  },
}
