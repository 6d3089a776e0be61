/** A short run of the fuzz with a new seed each time: what it finds, it prints in a form that can be run again. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url))

t.test('odd requests and odd answers of a few seconds find nothing', async (t) => {
  const child = spawn(process.execPath, [MAIN, '--seconds', '8'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'close')])
  t.comment(said)
  t.equal(code, 0, said)
})
