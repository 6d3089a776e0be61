/**
 * How https targets are checked, from a config without faults; and the files with authorities that it names, which are read and
 * looked into at every load: a file that holds none would show only when the first request fails.
 */
import { X509Certificate } from 'node:crypto'
import { resolve } from 'node:path'
import type { Tls } from '../domain/service.ts'
import { nameFor } from './build-service.ts'
import { TLS_DEFAULTS } from './defaults.ts'
import type { Findings } from './fault.ts'
import { services, type LooseConfig } from './loose.ts'
import type { DefaultsConfig } from './policy-schema.ts'
import { Problem, parsed } from './problem.ts'
import { parseServerName } from './route.ts'
import type { Path } from './schema-node.ts'
import type { ServiceConfig } from './service-schema.ts'
import type { Authorities } from './settings.ts'
import type { ReadFile } from './tokens.ts'

/** `host`: that of a url. A section of the service itself goes before that of the defaults, key by key. */
export function buildTls(
  own: ServiceConfig,
  defaults: DefaultsConfig,
  authorities: Authorities,
  host?: string,
): Tls {
  const merged = { ...TLS_DEFAULTS, ...defaults.tls, ...own.tls }
  const name = merged.server_name === null ? null : parsed(parseServerName(merged.server_name))
  const ca = merged.ca_file === null ? null : authorities.get(merged.ca_file)
  if (ca === undefined) throw new Error('a ca_file passed validation without having been read')
  // Who names an authority for one service wants it asked, whatever all others do.
  const insecure = own.tls?.insecure_skip_verify ?? (own.tls?.ca_file ? false : merged.insecure_skip_verify)
  return { ca, serverName: name ?? host ?? publicName(own), insecure }
}

/**
 * What a client would ask for if there were no proxy: a certificate of a public authority can be for nothing else, and a
 * target with several chooses by it.
 */
function publicName(own: ServiceConfig): string {
  const inside = own.container ?? own.containers?.at(-1) ?? own.compose?.split('/').at(-1)
  return nameFor(own) ?? inside ?? 'localhost'
}

/** Reads every ca_file of `config`, and reports those that are of no use. */
export async function readAuthorities(
  config: LooseConfig,
  folder: string,
  readFile: ReadFile,
  findings: Findings,
): Promise<Authorities> {
  const authorities = new Map<string, string>()
  for (const [path, { tls }] of [[['defaults'], config.defaults ?? {}] as const, ...services(config)]) {
    const file = tls?.ca_file
    if (typeof file !== 'string') continue
    const here: Path = [...path, 'tls', 'ca_file']
    try {
      const found = certificatesIn(await readFile(resolve(folder, file)))
      if (found instanceof Problem) findings.fault(here, found)
      else authorities.set(file, found)
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'an unknown error'
      findings.fault(
        here,
        new Problem(`cannot be read (${code})`, 'check that the file exists and may be read'),
      )
    }
  }
  return authorities
}

/** Only the certificates: what else the file holds (a private key, perhaps) is not kept in memory. */
function certificatesIn(text: string): string | Problem {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g) ?? []
  if (blocks.length === 0)
    return new Problem(
      'holds no certificate',
      'name a PEM file; "openssl x509 -inform der -in FILE" makes one of a binary one',
    )
  const broken = blocks.findIndex((block) => !isCertificate(block))
  if (broken >= 0)
    return new Problem(
      `holds a certificate that cannot be read (number ${broken + 1})`,
      'copy it again, whole',
    )
  return blocks.join('\n')
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== null
  } catch {
    return false
  }
}
