/**
 * Certificates for tests, made by openssl: an authority of our own and what it signs. Nothing in Node makes them.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { folder, runProgram, type Scope } from './programs.ts'

export interface Issued {
  /** PEM. */
  readonly cert: string
  readonly key: string
}

export interface Authority {
  /** Its certificate, PEM. */
  readonly pem: string
  /** `names` as in subjectAltName: "DNS:app.internal", "IP:127.0.0.1". `days` from now until it ends; negative: it has ended. */
  issue(names: string, days?: number): Promise<Issued>
}

const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

async function openssl(cwd: string, args: readonly string[]): Promise<void> {
  const { code, stderr } = await runProgram('openssl', args, { cwd })
  if (code !== 0) throw new Error(`openssl ${args.join(' ')}\n${stderr}`)
}

export async function createAuthority(t: Scope): Promise<Authority> {
  const home = await folder(t)
  const read = (name: string): Promise<string> => readFile(join(home, name), 'utf8')
  const root = ['-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=test']
  await openssl(home, ['req', '-x509', ...EC, ...root])
  let issued = 0
  return {
    pem: await read('ca.pem'),
    async issue(names, days = 1) {
      const name = `leaf${issued++}`
      await writeFile(join(home, `${name}.ext`), `subjectAltName=${names}\n`)
      const request = ['-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', '/CN=leaf']
      await openssl(home, ['req', '-new', ...EC, ...request])
      const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', String(days)]
      const files = ['-in', `${name}.csr`, '-extfile', `${name}.ext`, '-out', `${name}.pem`]
      await openssl(home, ['x509', '-req', ...by, ...files])
      return { cert: await read(`${name}.pem`), key: await read(`${name}.key`) }
    },
  }
}
