// Rooms on the library under Centrifugo: a channel per game with history and recovery on, so that members see one order
// and who reconnects is given what it missed. History is in memory, as the library's own broker keeps it.
//
// Done for its speed: clients publish by one-way messages, for which no acknowledgement is written (they see their own
// message come back); no presence, no join and leave messages, no compression, pooled write buffers, small read buffers.
// The library can keep the stacks of idle connections smaller, at the price of a goroutine for every message; that is
// left off, because messages are what most workloads count.
package main

import (
	"context"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/centrifugal/centrifuge"
)

// history is more than an evening of the bench says in one room.
const history = 20_000

func main() {
	node, err := centrifuge.New(centrifuge.Config{
		LogLevel:   centrifuge.LogLevelError,
		LogHandler: func(e centrifuge.LogEntry) { log.Println(e.Message, e.Fields) },
	})
	if err != nil {
		log.Fatal(err)
	}
	node.OnConnecting(func(context.Context, centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		return centrifuge.ConnectReply{Credentials: &centrifuge.Credentials{}}, nil
	})
	node.OnConnect(func(client *centrifuge.Client) {
		// A connection is in one room; its handlers are called one after the other.
		room := ""
		client.OnSubscribe(func(e centrifuge.SubscribeEvent, done centrifuge.SubscribeCallback) {
			room = e.Channel
			done(centrifuge.SubscribeReply{Options: centrifuge.SubscribeOptions{EnableRecovery: true}}, nil)
		})
		client.OnMessage(func(e centrifuge.MessageEvent) {
			if _, err := node.Publish(room, e.Data, centrifuge.WithHistory(history, time.Hour)); err != nil {
				log.Println(err)
			}
		})
	})
	if err := node.Run(); err != nil {
		log.Fatal(err)
	}
	handler := centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{
		ReadBufferSize:     1024,
		UseWriteBufferPool: true,
	})
	http.Handle("/connection/websocket", handler)
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], nil))
}
