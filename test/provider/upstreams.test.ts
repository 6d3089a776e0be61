/** One Upstream for one run at one address: what makes it another one. */
import t from 'tap'
import type { TargetStatus, Upstream } from '../../src/domain/ports.ts'
import { createCanon } from '../../src/provider/upstreams.ts'
import { containerTarget } from './outside.ts'

const PLAIN: Upstream = {
  protocol: 'https',
  host: '192.0.2.1',
  port: 443,
  generation: 'id 2026-11-21',
  relayed: false,
  healthcheck: false,
}
const TLS = { ca: 'PEM', serverName: 'blog', insecure: false }
const BASE: Upstream = { ...PLAIN, tls: TLS }
const running = (upstream: Upstream): TargetStatus => ({ state: 'running', upstream, health: null })

t.test('a run that is the same keeps its upstream, and with it its connections', async (t) => {
  const canon = createCanon()
  const seen = (upstream: Upstream): Upstream | null => {
    const status = canon(containerTarget('app'), running(upstream))
    return status.state === 'running' ? status.upstream : null
  }
  // Every reading of the config makes new objects.
  t.equal(seen(structuredClone(BASE)), seen(BASE))
  const others: Upstream[] = [
    { ...BASE, generation: 'another run' },
    { ...BASE, host: '192.0.2.2' },
    { ...BASE, port: 444 },
    { ...PLAIN, protocol: 'http' },
    { ...BASE, relayed: true },
    { ...BASE, healthcheck: true },
    PLAIN,
    { ...BASE, tls: { ...TLS, ca: 'another' } },
    { ...BASE, tls: { ...TLS, serverName: 'wiki' } },
    { ...BASE, tls: { ...TLS, insecure: true } },
  ]
  for (const other of others) {
    seen(BASE)
    t.equal(seen(other), other, JSON.stringify(other))
  }
})

t.test('what does not run has none', async (t) => {
  t.same(createCanon()(containerTarget('app'), { state: 'paused' }), { state: 'paused' })
})
