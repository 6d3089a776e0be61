/** Node's flag for the size of young memory (src/memory.ts) cannot be set by the program itself, so it stands in three places. */
import { readFile } from 'node:fs/promises'
import t from 'tap'

const FLAG = '--max-semi-space-size=8'

t.test('every way to start WakeDock has the flag that keeps it small under load', async (t) => {
  for (const [file, start] of [
    ['../src/main.ts', `#!/usr/bin/env -S node ${FLAG}\n`],
    ['../Dockerfile', `ENTRYPOINT ["node", "${FLAG}", "dist/main.js"]`],
    ['../package.json', `exec node ${FLAG} src/main.ts serve`],
    ['../README.md', `node ${FLAG} dist/main.js`],
  ] as const)
    t.ok((await readFile(new URL(file, import.meta.url), 'utf8')).includes(start), `${file}: ${start}`)
})
