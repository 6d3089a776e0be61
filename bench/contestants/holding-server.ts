/**
 * The floor of holding: a bare node:http server that lets every request wait, with its body read, and answers all of them when
 * it is told to. What it needs per request is what Node needs for a connection with a request on it. A program of
 * its own: `node holding-server.ts` prints its port; `GET /held` says how many wait, `GET /release` lets them go.
 */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

const held: { response: ServerResponse; chunks: Buffer[] }[] = []

const server = createServer((request, response) => {
  if (request.url === '/held') {
    response.end(String(held.length))
    return
  }
  if (request.url === '/release') {
    for (const one of held.splice(0)) {
      one.response.end(one.chunks.length === 0 ? 'hello\n' : Buffer.concat(one.chunks))
    }
    response.end()
    return
  }
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => held.push({ response, chunks }))
})
server.requestTimeout = 0
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))
