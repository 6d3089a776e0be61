/**
 * The words that the API's answers have in common, as JSON Schemas. Written as the JSON they are; their types are read off by
 * typebox at compile time only: loading typebox's builders for twenty schemas costs every daemon 5 MiB of RSS (measured on
 * Node 24.21).
 */

/** A point in time: ISO 8601 in UTC, with milliseconds. */
export const Time = { type: 'string', format: 'date-time' } as const
export const Milliseconds = { type: 'integer', minimum: 0 } as const
export const Count = { type: 'integer', minimum: 0 } as const
export const Bytes = { type: 'integer', minimum: 0 } as const
export const Text = { type: 'string' } as const
export const Null = { type: 'null' } as const
export const TimeOrNull = { anyOf: [Time, Null] } as const
export const Names = { type: 'array', items: Text } as const
/** For people: each complete in itself. */
export const Sentences = { type: 'array', items: Text } as const
export const State = { enum: ['asleep', 'waking', 'awake', 'draining', 'stopping', 'failed'] } as const

export const LastWake = {
  type: 'object',
  required: ['at', 'trigger', 'outcome', 'start_ms', 'ready_ms', 'total_ms'],
  properties: {
    at: Time,
    trigger: { enum: ['request', 'operator', 'external', 'dependent', 'pin', 'schedule'] },
    outcome: { enum: ['ready', 'failed', 'timeout'] },
    start_ms: { ...Milliseconds, description: 'Until it ran; 0 where nothing had to be started.' },
    ready_ms: { ...Milliseconds, description: 'From there until it was ready, or the wake was given up.' },
    total_ms: Milliseconds,
  },
} as const

export const Params = {
  type: 'object',
  required: ['name'],
  properties: { name: { type: 'string', description: 'Name of the service, as in the config.' } },
} as const
export const NoQuery = { type: 'object', properties: {}, additionalProperties: false } as const
/** The same, for a body. */
export const NoBody = { type: 'object', properties: {}, additionalProperties: false } as const
