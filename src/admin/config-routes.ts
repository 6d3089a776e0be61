/** /api/v1/config: what is in force, whether the file on disk could be, and to put it in force. */
import type { FastifyInstance } from 'fastify'
import type { XStatic } from 'typebox/schema'
import { ConfigStatus, viewConfigStatus, type ConfigState } from './config-view.ts'
import { AdminError } from './problems.ts'
import { NoBody, NoQuery, Sentences } from './schemas.ts'

/** Faults are lines with their place; changes are clauses such as "blog added". */
export type ReloadOutcome =
  | { readonly ok: true; readonly changed: readonly string[] }
  | { readonly ok: false; readonly faults: readonly string[] }

/** What a reload would do. */
export type Validation =
  | { readonly ok: true; readonly changes: readonly string[]; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly faults: readonly string[] }

export interface AdminConfig {
  state(): ConfigState
  /** The document in force as it is written, without its secrets: plain JSON. */
  document(): Promise<unknown>
  /** Reads and checks the file, and changes nothing. */
  validate(): Promise<Validation>
  /** Reads the config again and takes it over. */
  reload(): Promise<ReloadOutcome>
}

export const ConfigView = {
  type: 'object',
  required: [...ConfigStatus.required, 'warnings', 'config'],
  properties: {
    ...ConfigStatus.properties,
    warnings: { ...Sentences, description: 'What works, but probably not as meant.' },
    config: {
      type: 'object',
      additionalProperties: true,
      description:
        'The document in force, as it is written in the file: ${NAME} is not replaced. Secrets that stand in it are "[redacted]".',
    },
  },
} as const

export const ReloadView = {
  type: 'object',
  required: ['changed'],
  properties: { changed: { ...Sentences, description: 'What has changed; empty: nothing that matters.' } },
} as const

export const ValidationView = {
  type: 'object',
  required: ['ok'],
  properties: {
    ok: { type: 'boolean', description: 'Whether a reload would take the file over.' },
    changes: { ...Sentences, description: 'What it would change. Only if ok.' },
    warnings: { ...Sentences, description: 'What works, but probably not as meant. Only if ok.' },
    faults: { ...Sentences, description: 'What is wrong, each with its place and a remedy. Only if not ok.' },
  },
} as const
type ValidationView = XStatic<typeof ValidationView>

export function configRoutes(app: FastifyInstance, config: AdminConfig): void {
  app.get(
    '/api/v1/config',
    { config: { scope: 'read' }, schema: { querystring: NoQuery, response: { 200: ConfigView } } },
    async () => {
      const state = config.state()
      return { ...viewConfigStatus(state), warnings: state.warnings, config: await config.document() }
    },
  )

  const order = { querystring: NoQuery, body: NoBody }

  app.post(
    '/api/v1/config/validate',
    { config: { scope: 'operate' }, schema: { ...order, response: { 200: ValidationView } } },
    async (): Promise<ValidationView> => {
      const result = await config.validate()
      if (!result.ok) return { ok: false, faults: [...result.faults] }
      return { ok: true, changes: [...result.changes], warnings: [...result.warnings] }
    },
  )

  app.post(
    '/api/v1/config/reload',
    { config: { scope: 'operate' }, schema: { ...order, response: { 200: ReloadView } } },
    async () => {
      const result = await config.reload()
      if (result.ok) return { changed: result.changed }
      throw new AdminError('WAKEDOCK_CONFIG_REFUSED', result.faults.join('\n'), {
        extensions: { faults: result.faults },
      })
    },
  )
}
