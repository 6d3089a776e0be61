/**
 * `npm run schema`: writes the files that are made from the config schema, most of them in this folder, and the description of the
 * admin API, made from its routes. With `--check` it writes nothing,
 * names those that are out of date, and exits 1.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { generatedDescription } from '../src/admin/openapi.ts'
import { generated } from '../src/config/generate.ts'

const checking = process.argv.includes('--check')
for (const [name, text] of Object.entries({ ...generated(), ...generatedDescription() })) {
  const file = new URL(`../${name}`, import.meta.url)
  const present = await readFile(file, 'utf8').catch(() => '')
  if (present === text) continue
  if (checking) {
    process.exitCode = 1
    console.error(`${name} is out of date; run: npm run schema`)
  } else {
    await writeFile(file, text)
    console.log(`wrote ${name}`)
  }
}
