// A node made of js-libp2p that takes orders over JSON-RPC, as a node of Bitcoin's line does. It discovers no nodes, and
// dials only those it is told to.
//
// usage: node node.mjs INSTALLED_IN PEERS_HOST PEERS_PORT RPC_HOST RPC_PORT KEY_TYPE
import { createServer } from 'node:http'
import { pathToFileURL } from 'node:url'

// It asks for a newer node.js than Debian has, for this alone.
Promise.withResolvers ??= function () {
  let resolve, reject
  const promise = new Promise((a, b) => { resolve = a; reject = b })
  return { promise, resolve, reject }
}

const [installedIn, host, port, rpcHost, rpcPort, keyType] = process.argv.slice(2)
const load = (name, file = 'dist/src/index.js') => import(pathToFileURL(`${installedIn}/node_modules/${name}/${file}`))
const { createLibp2p } = await load('libp2p')
const { tcp } = await load('@libp2p/tcp')
const { noise } = await load('@chainsafe/libp2p-noise')
const { yamux } = await load('@chainsafe/libp2p-yamux')
const { identify } = await load('@libp2p/identify')
const { ping } = await load('@libp2p/ping')
const { generateKeyPair } = await load('@libp2p/crypto', 'dist/src/keys/index.js')
const { multiaddr } = await load('@multiformats/multiaddr')

const node = await createLibp2p({
  privateKey: await generateKeyPair(keyType, ...(keyType === 'RSA' ? [2048] : [])),
  addresses: { listen: [`/ip4/${host}/tcp/${port}`] },
  transports: [tcp()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  // All peers of a test have one address.
  connectionManager: { inboundConnectionThreshold: Infinity, maxConnections: 1000, maxIncomingPendingConnections: 1000 },
  services: { identify: identify(), ping: ping() },
})

// What is known of each peer, by its id. Those that have left are kept.
const known = new Map()
const of = (id) => {
  if (!known.has(id)) known.set(id, { connected: false, agent: null, observed: null, protocols: [] })
  return known.get(id)
}
node.addEventListener('peer:connect', ({ detail }) => { of(detail.toString()).connected = true })
node.addEventListener('peer:disconnect', ({ detail }) => { of(detail.toString()).connected = false })
node.addEventListener('peer:identify', ({ detail }) => {
  const observed = detail.observedAddr?.toString() ?? null
  Object.assign(of(detail.peerId.toString()), { agent: detail.agentVersion, observed, protocols: detail.protocols })
})
const connection = (id) => node.getConnections().find((connection) => connection.remotePeer.toString() === id)

const methods = {
  getconnectioncount: () => node.getConnections().length,
  whoami: () => node.peerId.toString(),
  whowas: (id) => known.get(id) ?? null,
  ping: async (id) => { await node.services.ping.ping(connection(id).remotePeer); return null },
  dial: (address) => { node.dial(multiaddr(address)).catch((error) => console.log('dial', error)); return null },
}

createServer(async (request, response) => {
  let body = ''
  for await (const part of request) body += part
  const { id, method, params } = JSON.parse(body)
  let answer
  try {
    answer = { id, result: (await methods[method](...params)) ?? null, error: null }
  } catch (error) {
    console.log(method, error)
    answer = { id, result: null, error: error.message }
  }
  response.end(JSON.stringify(answer))
}).listen(Number(rpcPort), rpcHost)
