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

t.test('a list that is none is refused', async (t) => {
  t.throws(() => createPeers(['10.0.0.0/33']))
  t.throws(() => createPeers(['nonsense']))
})
