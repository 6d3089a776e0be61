/**
 * The building blocks of the schema: the few shapes that its options have.
 */
import { Type, type TSchema, type TSchemaOptions } from 'typebox'
import { DURATION_PATTERN } from './units.ts'
import type { KindName } from './values.ts'

/** A string that a row of KINDS understands. */
export const text = (kind: KindName, options: TSchemaOptions = {}) =>
  Type.String({ 'x-kind': kind, ...options })

/** One or a list of them, which nearly every option of this file that can be a list allows. */
export const oneOrMany = <T extends TSchema>(item: T, options: TSchemaOptions) =>
  Type.Union([item, Type.Array(item, { minItems: 1 })], options)

/** An object that knows exactly these keys. */
export const section = <T extends Record<string, TSchema>>(properties: T, options: TSchemaOptions) =>
  Type.Object(properties, { additionalProperties: false, ...options })

/** For editors: the grammar, or a reference to the environment, which only loading can resolve. */
export const orReference = (pattern: string): string => `${pattern}|\\$\\{`

/** A duration that may be 0. */
export const duration = (options: TSchemaOptions) =>
  Type.Union([Type.String({ pattern: orReference(DURATION_PATTERN) }), Type.Literal(0)], {
    'x-kind': 'duration',
    ...options,
  })

export const positiveDuration = (options: TSchemaOptions) =>
  Type.String({ 'x-kind': 'positive-duration', pattern: orReference(DURATION_PATTERN), ...options })
