import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import t from 'tap'
import { createPeers } from '../../src/proxy/peers.ts'

/** A socket that says it is connected to `address`. */
const from = (address: string | undefined): Socket =>
  Object.defineProperty(new Socket(), 'remoteAddress', { value: address, configurable: true })

t.test('who is trusted', async (t) => {
  const peers = createPeers(['10.0.0.0/8', 'fd00::/8', '192.0.2.7', '2001:db8::1'])
  for (const [address, seen, trusted] of [
    ['10.1.2.3', '10.1.2.3', true],
    ['::ffff:10.1.2.3', '10.1.2.3', true],
    ['11.0.0.1', '11.0.0.1', false],
    ['192.0.2.7', '192.0.2.7', true],
    ['192.0.2.8', '192.0.2.8', false],
    ['fd12::1', 'fd12::1', true],
    ['fe80::1%eth0', 'fe80::1%eth0', false],
    ['2001:db8::1', '2001:db8::1', true],
    ['2001:db8::2', '2001:db8::2', false],
    [undefined, null, true],
  ] as const)
    t.same(peers.of(from(address)), { address: seen, trusted }, String(address))
  t.notOk(createPeers([]).of(from('127.0.0.1')).trusted)
})

t.test('a connection is asked once', async (t) => {
  const peers = createPeers([])
  const socket = from('10.0.0.1')
  const first = peers.of(socket)
  Object.defineProperty(socket, 'remoteAddress', { value: '10.0.0.2' })
  t.equal(peers.of(socket), first)
})

t.test('who the client is', async (t) => {
  const peers = createPeers(['10.0.0.0/8', 'fd00::/8'])
  for (const [peer, forwarded, client, why] of [
    ['203.0.113.5', undefined, '203.0.113.5', 'nobody in between'],
    ['203.0.113.5', '198.51.100.1', '203.0.113.5', 'an untrusted peer is not believed'],
    ['10.0.0.1', undefined, '10.0.0.1', 'a trusted peer that says nothing speaks for itself'],
    ['10.0.0.1', '', '10.0.0.1', 'nor does an empty list say anything'],
    ['10.0.0.1', '198.51.100.1', '198.51.100.1', 'a trusted peer is believed'],
    ['10.0.0.1', '192.0.2.9, 198.51.100.1', '198.51.100.1', 'what the client itself wrote is not'],
    ['10.0.0.1', '192.0.2.9, 198.51.100.1, 10.0.0.2', '198.51.100.1', 'a chain of trusted proxies'],
    ['10.0.0.1', '10.0.0.3,10.0.0.2', '10.0.0.3', 'a client in a trusted network'],
    ['fd00::1', '2001:db8::5', '2001:db8::5', 'IPv6'],
    ['10.0.0.1', '198.51.100.1:4711', '198.51.100.1', 'with a port'],
    ['10.0.0.1', '[2001:db8::5]:4711', '2001:db8::5', 'IPv6 with a port'],
    ['10.0.0.1', '[2001:db8::5]', '2001:db8::5', 'IPv6 in brackets'],
    ['10.0.0.1', '198.51.100.1, unknown', null, 'a word hides who is behind it'],
    ['10.0.0.1', 'unknown, 198.51.100.1', '198.51.100.1', 'and not who is before it'],
    [undefined, '198.51.100.1', '198.51.100.1', 'a unix socket is trusted'],
    [undefined, undefined, null, 'a unix socket has no address'],
  ] as const) {
    const req = new IncomingMessage(from(peer))
    if (forwarded !== undefined) req.headers['x-forwarded-for'] = forwarded
    t.equal(peers.clientOf(req), client, why)
  }
})

t.test('a list that is none is refused', async (t) => {
  t.throws(() => createPeers(['10.0.0.0/33']))
  t.throws(() => createPeers(['nonsense']))
})
