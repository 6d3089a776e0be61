/**
 * A reverse proxy as its readme shows it, with connections kept to the app: `node http-proxy-3-server.ts PORT UPSTREAM_PORT`. No
 * routing, no metrics, no accounting: what a proxy in Node costs before it does anything of use.
 */
import { Agent, createServer } from 'node:http'
import httpProxy from 'http-proxy-3'

const [port, upstream] = process.argv.slice(2)
const proxy = httpProxy.createProxyServer({
  target: `http://127.0.0.1:${upstream}`,
  agent: new Agent({ keepAlive: true }),
})
// Refusals are counted by the load generator; without a listener the first failure would end the process.
proxy.on('error', (_error, _request, response) => {
  if ('writeHead' in response) response.writeHead(502)
  response.end()
})
const server = createServer((request, response) => proxy.web(request, response))
server.on('upgrade', (request, socket, head) => proxy.ws(request, socket, head))
server.keepAliveTimeout = 300_000
server.listen(Number(port), '127.0.0.1', 4096)
