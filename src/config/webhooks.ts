/**
 * The webhooks: the rules about them, and what becomes of them. No fault repeats an address: for some services it is all that
 * somebody needs to post there.
 */
import { WEBHOOK_DEFAULTS } from './defaults.ts'
import type { Findings } from './fault.ts'
import type { LooseConfig } from './loose.ts'
import { Problem, parsed } from './problem.ts'
import type { Config } from './schema.ts'
import type { Path } from './schema-node.ts'
import { Secret, type Webhook } from './settings.ts'
import { isDecodable, parseWebhookUrl } from './values.ts'

/** Of base64 after "whsec_": Standard Webhooks asks for 24 to 64 bytes. */
const STANDARD = /^whsec_(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/
/** With 16 random characters guessing is hopeless. */
const MIN_LENGTH = 16

type LooseWebhook = NonNullable<NonNullable<LooseConfig['webhooks']>[number]>

export function checkWebhooks(config: LooseConfig, findings: Findings): void {
  const taken = new Map<string, Path>()
  for (const [index, hook] of (config.webhooks ?? []).entries()) {
    if (!hook) continue
    const path: Path = ['webhooks', index]
    if (hook.url !== undefined) {
      checkUrl(hook.url, hook.format, [...path, 'url'], findings)
      const { href } = parsed(parseWebhookUrl(hook.url))
      const rival = taken.get(href)
      if (rival)
        findings.fault(
          [...path, 'url'],
          new Problem(`is the same as ${findings.line(rival)}`, 'put their events into one of them'),
        )
      taken.set(href, rival ?? [...path, 'url'])
    }
    if (hook.secret !== undefined) checkSecret(hook, hook.secret, [...path, 'secret'], findings)
  }
}

function checkUrl(text: string, format: LooseWebhook['format'], path: Path, findings: Findings): void {
  const { pathname } = parsed(parseWebhookUrl(text))
  if (format === 'ntfy' && topicOf(pathname) === '')
    findings.fault(path, new Problem('names no topic', 'write it like https://ntfy.sh/my-topic'))
  if (format === 'ntfy' && !isDecodable(topicOf(pathname)))
    findings.fault(
      path,
      new Problem('has a "%" in its topic that stands for no character', 'write %25 for a percent sign'),
    )
  if (format === 'discord' && findings.places.variables(path).length === 0)
    findings.warn(
      path,
      new Problem(
        'stands in the file as it is, and whoever knows it can post there',
        'use ${NAME} from the environment',
      ),
    )
}

function checkSecret({ format }: LooseWebhook, secret: string, path: Path, findings: Findings): void {
  const advice = 'make one with: openssl rand -hex 32'
  const unused = format === 'ntfy' || format === 'discord'
  if (unused)
    findings.warn(
      path,
      new Problem(`is not used: ${format} checks no signature`, 'remove it, or write format: json'),
    )
  if (findings.places.variables(path).length === 0)
    findings.warn(path, new Problem('stands in the file as it is', 'use ${NAME} from the environment'))
  if (secret.startsWith('whsec_') && (!STANDARD.test(secret) || secret === 'whsec_'))
    findings.fault(
      path,
      new Problem('begins with "whsec_", and what follows is not base64', `correct it, or ${advice}`),
    )
  else if (!unused && secret.length < MIN_LENGTH)
    findings.warn(path, new Problem(`is shorter than ${MIN_LENGTH} characters`, advice))
}

/** The last part of the path: what ntfy calls a topic. */
export function topicOf(pathname: string): string {
  return pathname.slice(pathname.lastIndexOf('/') + 1)
}

export function buildWebhooks({ webhooks = [] }: Config): Webhook[] {
  return webhooks.map(
    ({ url, events = WEBHOOK_DEFAULTS.events, secret, format = WEBHOOK_DEFAULTS.format }) => ({
      url: new Secret(url),
      events: [...new Set([events].flat())],
      secret: secret === undefined ? null : new Secret(secret),
      format,
    }),
  )
}
