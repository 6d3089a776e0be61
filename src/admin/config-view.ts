/** The config as the API tells of it: which file is in force, and why a newer one is not. */
import type { XStatic } from 'typebox/schema'
import { Null, Sentences, Text, Time } from './schemas.ts'

/** What the daemon knows of its config. Times are milliseconds since the epoch. */
export interface ConfigState {
  /** Absolute path. */
  readonly file: string
  /** When what is in force now was taken over. */
  readonly loadedAt: number
  /** The last reload, if it was refused. */
  readonly refused: { readonly at: number; readonly faults: readonly string[] } | null
  /** Of what is in force. */
  readonly warnings: readonly string[]
}

export const ConfigStatus = {
  type: 'object',
  required: ['file', 'loaded_at', 'refused'],
  properties: {
    file: Text,
    loaded_at: { ...Time, description: 'When what is in force now was taken over.' },
    refused: {
      description: 'Why the last reload changed nothing; null: it was taken over, or there was none.',
      anyOf: [
        { type: 'object', required: ['at', 'faults'], properties: { at: Time, faults: Sentences } },
        Null,
      ],
    },
  },
} as const

export function viewConfigStatus({ file, loadedAt, refused }: ConfigState): XStatic<typeof ConfigStatus> {
  return {
    file,
    loaded_at: new Date(loadedAt).toISOString(),
    refused: refused && { at: new Date(refused.at).toISOString(), faults: [...refused.faults] },
  }
}
