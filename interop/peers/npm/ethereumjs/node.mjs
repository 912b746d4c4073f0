// A node made of @ethereumjs/devp2p that takes orders over JSON-RPC, as a node of Bitcoin's line does. It discovers
// no nodes, and dials only those it is told to.
//
// usage: node node.mjs INSTALLED_IN PEERS_HOST PEERS_PORT RPC_HOST RPC_PORT MAX_PEERS
import { createServer } from 'node:http'
import { createRequire } from 'node:module'

const [installedIn, host, port, rpcHost, rpcPort, maxPeers] = process.argv.slice(2)
const require = createRequire(`${installedIn}/`)
const { ETH, RLPx } = require('@ethereumjs/devp2p')
const { Common, Hardfork, Mainnet } = require('@ethereumjs/common')

const hex = (bytes) => Buffer.from(bytes).toString('hex')
const bytes = (digits) => Uint8Array.from(Buffer.from(digits, 'hex'))

const common = new Common({ chain: Mainnet, hardfork: Hardfork.Prague })
const genesis = bytes('d4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3')
const rlpx = new RLPx(bytes('42'.repeat(32)), {
  common,
  maxPeers: Number(maxPeers),
  listenPort: Number(port),
  capabilities: [ETH.eth67, ETH.eth68],
  clientId: new TextEncoder().encode('ethereumjs-devp2p/interop'),
})

// What is known of each peer, by its id. Those that have left are kept.
const known = new Map()
const answering = new Map()

rlpx.events.on('peer:added', (peer) => {
  const hello = peer.getHelloMessage()
  const id = hex(hello.id)
  const eth = peer.getProtocols()[0]
  const info = { id, subver: hello.clientId, eth: eth.getVersion(), status: null, pongs: 0, connected: true, left: null }
  known.set(id, info)
  answering.set(id, peer)
  const handlePong = peer._handlePong.bind(peer)
  peer._handlePong = () => { info.pongs += 1; handlePong() }
  eth.events.on('status', (status) => { info.status = { genesis: hex(status.genesisHash), head: hex(status.bestHash) } })
  eth.events.on('error', (error) => console.log(id, error.message))
  // GetBlockHeaders, whose answer proves to a peer that its Status was accepted: a BlockHeaders without any.
  eth.events.on('message', (code, payload) => { if (code === 3) eth.sendMessage(4, [payload[0], []]) })
  eth.sendStatus({ td: bytes('0400000000'), bestHash: genesis, genesisHash: genesis, latestBlock: bytes('0165a0bc') })
})
rlpx.events.on('peer:removed', (peer, reason) => {
  const info = peer.getId() && known.get(hex(peer.getId()))
  if (info) Object.assign(info, { connected: false, left: reason ?? null })
})
rlpx.events.on('peer:error', (peer, error) => console.log('peer:error', error.message))
rlpx.events.on('error', (error) => console.log('error', error.message))
rlpx.listen(Number(port), host)

const methods = {
  getconnectioncount: () => rlpx.getPeers().length,
  getpeerinfo: () => [...known.values()].filter((info) => info.connected),
  whoami: () => hex(rlpx.id),
  whowas: (id) => known.get(id) ?? null,
  ping: (id) => { answering.get(id)._sendPing(); return null },
  dial: async (id, address, tcpPort) => { await rlpx.connect({ id: bytes(id), address, tcpPort }); return null },
}

createServer(async (request, response) => {
  let body = ''
  for await (const part of request) body += part
  const { id, method, params } = JSON.parse(body)
  let answer
  try {
    answer = { id, result: (await methods[method](...params)) ?? null, error: null }
  } catch (error) {
    answer = { id, result: null, error: error.message }
  }
  response.end(JSON.stringify(answer))
}).listen(Number(rpcPort), rpcHost)
