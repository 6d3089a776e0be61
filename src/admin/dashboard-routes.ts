/**
 * GET / and /dashboard/*: the files of the dashboard. Open to everybody who reaches the listener, as there is no data in them: what
 * they show they ask the API for, with a token. Nothing of it is loaded before the first who looks.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { DashboardFile, DashboardFiles } from './dashboard-files.ts'
import { AdminError } from './problems.ts'

/** What a browser may do with the page: show what came from here, ask here, and nothing else. `map`: hash of its import map. */
const policy = (map: string): string =>
  [
    "default-src 'none'",
    `script-src 'self' '${map}'`,
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self' data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    // Text never becomes markup or code: the browser refuses every function that would make it so.
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ')

type Request = Pick<FastifyRequest, 'headers'>
type Reply = Pick<FastifyReply, 'code' | 'headers' | 'type' | 'send'>

export function dashboardRoutes(app: FastifyInstance): void {
  let read: Promise<DashboardFiles> | undefined

  const files = async (): Promise<DashboardFiles> => {
    read ??= import('./dashboard-files.ts').then(({ readDashboard }) => readDashboard())
    try {
      return await read
    } catch (error) {
      // The next one may find them.
      read = undefined
      throw error
    }
  }

  app.get('/', { config: { scope: 'open' } }, async (request, reply) => {
    const { page, importMap } = await files()
    reply.headers({
      'content-security-policy': policy(importMap),
      'cross-origin-opener-policy': 'same-origin',
    })
    return sendFile(request, reply, page)
  })

  app.get<{ Params: { '*': string } }>(
    '/dashboard/*',
    { config: { scope: 'open' } },
    async (request, reply) => {
      const name = request.params['*']
      const file = (await files()).assets.get(name)
      if (file === undefined)
        throw new AdminError('WAKEDOCK_NOT_FOUND', `The dashboard has no file ${name}. It is at /.`)
      return sendFile(request, reply, file)
    },
  )
}

/** no-cache: kept, and asked for with its ETag each time, so that an update of WakeDock shows at once and costs 304s otherwise. */
function sendFile({ headers }: Request, reply: Reply, { type, plain, gzip, hash }: DashboardFile): unknown {
  const zipped = takesGzip(headers['accept-encoding'])
  // Two representations have two tags (RFC 9110 section 8.8.3.3).
  const etag = `"${hash}${zipped ? '-gzip' : ''}"`
  reply.headers({
    etag,
    'cache-control': 'no-cache',
    vary: 'accept-encoding',
    'referrer-policy': 'no-referrer',
    'cross-origin-resource-policy': 'same-origin',
  })
  if (isKnown(headers['if-none-match'], etag)) return reply.code(304).send()
  if (zipped) reply.headers({ 'content-encoding': 'gzip' })
  return reply.type(type).send(zipped ? gzip : plain)
}

/** RFC 9110 section 12.5.3; an explicit "gzip;q=0" is a no. */
function takesGzip(header: string | readonly string[] | undefined): boolean {
  const codings = String(header ?? '')
    .toLowerCase()
    .split(',')
  return codings.some((coding) => {
    const [name = '', quality = 'q=1'] = coding.split(';').map((part) => part.trim())
    return name === 'gzip' && Number(quality.replace(/^q=/, '')) > 0
  })
}

/** RFC 9110 section 13.1.2: a weak comparison, as caches in between may have made the tag a weak one. */
function isKnown(header: string | undefined, etag: string): boolean {
  const tags = new Set((header ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, '')))
  return tags.has(etag) || tags.has('*')
}
