/** The app behind the proxies where nginx is not installed: `node origin-server.ts PORT`. See origin.ts. */
import { createServer } from 'node:http'

const BODIES: Readonly<Record<string, Buffer>> = {
  '/1k': Buffer.alloc(1024, 'wakedock '),
  '/1m': Buffer.alloc(2 ** 20, 'wakedock '),
}

const server = createServer((request, response) => {
  const body = BODIES[request.url ?? '']
  if (body !== undefined) {
    response
      .writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': body.length })
      .end(body)
    return
  }
  let received = 0
  request.on('data', (chunk: Buffer) => (received += chunk.length))
  request.on('end', () => response.writeHead(request.url === '/post' ? 200 : 404).end(String(received)))
})
// As the proxies expect of an app: connections stay open between two rounds.
server.keepAliveTimeout = 300_000
server.listen(Number(process.argv[2]), '127.0.0.1', 4096)
