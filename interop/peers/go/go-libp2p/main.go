// A node made of go-libp2p that takes orders over JSON-RPC, as a node of Bitcoin's line does. It discovers no peers and
// dials only what it is told to.
//
// usage: go-libp2p [-security noise+tls] [-early=false] PEERS_HOST PEERS_PORT RPC_HOST RPC_PORT
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/event"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	"github.com/libp2p/go-libp2p/p2p/net/upgrader"
	"github.com/libp2p/go-libp2p/p2p/protocol/ping"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	libp2ptls "github.com/libp2p/go-libp2p/p2p/security/tls"
)

// How long a dial or a ping may take.
const patience = time.Minute

// What is known of a peer, also after it has left.
type known struct {
	Connected bool     `json:"connected"`
	Agent     string   `json:"agent,omitempty"`
	Protocols []string `json:"protocols"`
	// How often an identify exchange ended well, and the errors of the others.
	Identified int      `json:"identified"`
	Failed     []string `json:"failed"`
}

type node struct {
	host  host.Host
	lock  sync.Mutex
	peers map[peer.ID]*known
}

func main() {
	order := flag.String("security", "tls+noise", "noise and tls, in the order of preference")
	early := flag.Bool("early", true, "names muxers within the security handshake")
	flag.Parse()
	if flag.NArg() != 4 {
		log.Fatal("usage: go-libp2p [flags] PEERS_HOST PEERS_PORT RPC_HOST RPC_PORT")
	}
	options := append(security(*order, *early),
		libp2p.ListenAddrStrings(fmt.Sprintf("/ip4/%s/tcp/%s", flag.Arg(0), flag.Arg(1))),
		libp2p.Muxer(yamux.ID, yamux.DefaultTransport),
		libp2p.DisableMetrics(), libp2p.DisableRelay(),
		// All peers of a test have one address.
		libp2p.ResourceManager(&network.NullResourceManager{}))
	h, err := libp2p.New(options...)
	if err != nil {
		log.Fatal(err)
	}
	n := &node{host: h, peers: map[peer.ID]*known{}}
	if err := n.watch(); err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.ListenAndServe(flag.Arg(2)+":"+flag.Arg(3), http.HandlerFunc(n.serve)))
}

func security(order string, early bool) (options []libp2p.Option) {
	for _, name := range strings.Split(order, "+") {
		muxers := func(all []upgrader.StreamMuxer) []upgrader.StreamMuxer {
			if early {
				return all
			}
			return nil
		}
		switch name {
		case "noise":
			options = append(options, libp2p.Security(noise.ID,
				func(id protocol.ID, key crypto.PrivKey, all []upgrader.StreamMuxer) (*noise.Transport, error) {
					return noise.New(id, key, muxers(all))
				}))
		case "tls":
			options = append(options, libp2p.Security(libp2ptls.ID,
				func(id protocol.ID, key crypto.PrivKey, all []upgrader.StreamMuxer) (*libp2ptls.Transport, error) {
					return libp2ptls.New(id, key, muxers(all))
				}))
		default:
			log.Fatalf("no security protocol %q", name)
		}
	}
	return
}

// of gives what is known of a peer; the lock is held.
func (n *node) of(id peer.ID) *known {
	if n.peers[id] == nil {
		n.peers[id] = &known{Protocols: []string{}, Failed: []string{}}
	}
	return n.peers[id]
}

func (n *node) watch() error {
	n.host.Network().Notify(&network.NotifyBundle{
		ConnectedF: func(_ network.Network, c network.Conn) {
			n.lock.Lock()
			defer n.lock.Unlock()
			n.of(c.RemotePeer()).Connected = true
		},
		DisconnectedF: func(all network.Network, c network.Conn) {
			n.lock.Lock()
			defer n.lock.Unlock()
			n.of(c.RemotePeer()).Connected = all.Connectedness(c.RemotePeer()) == network.Connected
		},
	})
	events, err := n.host.EventBus().Subscribe([]any{new(event.EvtPeerIdentificationCompleted), new(event.EvtPeerIdentificationFailed)})
	if err != nil {
		return err
	}
	go func() {
		for e := range events.Out() {
			log.Printf("%T %+v", e, e)
			n.lock.Lock()
			switch e := e.(type) {
			case event.EvtPeerIdentificationCompleted:
				of := n.of(e.Peer)
				of.Agent, of.Protocols = e.AgentVersion, protocol.ConvertToStrings(e.Protocols)
				of.Identified++
			case event.EvtPeerIdentificationFailed:
				of := n.of(e.Peer)
				of.Failed = append(of.Failed, fmt.Sprint(e.Reason))
			}
			n.lock.Unlock()
		}
	}()
	return nil
}

func (n *node) serve(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		Method string   `json:"method"`
		Params []string `json:"params"`
	}
	answer := map[string]any{"result": nil, "error": nil}
	err := json.NewDecoder(r.Body).Decode(&ask)
	if err == nil {
		answer["result"], err = n.call(ask.Method, ask.Params)
	}
	if err != nil {
		answer["error"] = err.Error()
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func (n *node) call(method string, params []string) (any, error) {
	if len(params) == 0 {
		switch method {
		case "whoami":
			return n.host.ID(), nil
		case "tally":
			return n.tally(), nil
		}
	}
	if len(params) != 1 {
		return nil, errors.New("whoami or tally, or dial, whowas or ping with one parameter")
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	if method == "dial" {
		to, err := peer.AddrInfoFromString(params[0])
		if err != nil {
			cancel()
			return nil, err
		}
		go func() {
			defer cancel()
			if err := n.host.Connect(ctx, *to); err != nil {
				log.Print("dial: ", err)
			}
		}()
		return nil, nil
	}
	defer cancel()
	id, err := peer.Decode(params[0])
	if err != nil {
		return nil, err
	}
	switch method {
	case "whowas":
		n.lock.Lock()
		defer n.lock.Unlock()
		if n.peers[id] == nil {
			return nil, nil
		}
		copied := *n.peers[id]
		return copied, nil
	case "ping":
		result := <-ping.Ping(ctx, n.host, id)
		return nil, result.Error
	}
	return nil, fmt.Errorf("no method %q", method)
}

// tally sums up how identify went with all peers.
func (n *node) tally() any {
	n.lock.Lock()
	defer n.lock.Unlock()
	identified, failed := 0, []string{}
	for _, peer := range n.peers {
		identified += peer.Identified
		failed = append(failed, peer.Failed...)
	}
	return map[string]any{"identified": identified, "failed": failed}
}
