// The classic hub with gorilla/websocket: one goroutine owns the room's clients. By default it also writes to them, one after the
// other, the frame encoded once (a PreparedMessage). With -pumps it is the design of gorilla's chat example: the hub hands messages
// to a buffered channel and a writing goroutine for each client, which joins what waits into one frame; a client whose channel is
// full is dropped.
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"runtime"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

const (
	writeWait  = 10 * time.Second
	buffered   = 1024 // gorilla's example has 256, with which most of 1,000 members were dropped under load
	joinedSize = 64 << 10
	readLimit  = 64 << 10
)

var (
	pumps    = flag.Bool("pumps", false, "a writing goroutine for each client")
	version  = flag.String("version", "", "what is told when it is ready")
	upgrader = websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }} // and the HTTP server's buffers of 4 KB
)

type message struct {
	kind int
	text []byte
}

type client struct {
	conn  *websocket.Conn
	queue chan *message // with pumps only
}

type hub struct {
	join, leave chan *client
	said        chan *message
}

func (h *hub) run() {
	clients := map[*client]struct{}{}
	remove := func(c *client) {
		if _, in := clients[c]; !in {
			return
		}
		delete(clients, c)
		if *pumps {
			close(c.queue)
		} else {
			c.conn.Close()
		}
	}
	for {
		select {
		case c := <-h.join:
			clients[c] = struct{}{}
		case c := <-h.leave:
			remove(c)
		case m := <-h.said:
			if *pumps {
				for c := range clients {
					select {
					case c.queue <- m:
					default:
						remove(c)
					}
				}
				continue
			}
			frame, err := websocket.NewPreparedMessage(m.kind, m.text)
			if err != nil {
				continue
			}
			deadline := time.Now().Add(writeWait)
			for c := range clients {
				c.conn.SetWriteDeadline(deadline)
				if c.conn.WritePreparedMessage(frame) != nil {
					remove(c)
				}
			}
		}
	}
}

func (c *client) pump() {
	defer c.conn.Close()
	var joined []byte
	for m := range c.queue {
		text := m.text
		if len(c.queue) > 0 {
			joined = append(joined[:0], text...)
			for n := len(c.queue); n > 0 && len(joined) < joinedSize; n-- {
				next, open := <-c.queue
				if !open {
					break
				}
				joined = append(append(joined, '\n'), next.text...)
			}
			text = joined
		}
		c.conn.SetWriteDeadline(time.Now().Add(writeWait))
		if c.conn.WriteMessage(m.kind, text) != nil {
			return
		}
	}
	c.conn.WriteMessage(websocket.CloseMessage, nil)
}

var (
	hubsMu sync.Mutex
	hubs   = map[string]*hub{}
)

func hubOf(name string) *hub {
	hubsMu.Lock()
	defer hubsMu.Unlock()
	h := hubs[name]
	if h == nil {
		h = &hub{make(chan *client), make(chan *client), make(chan *message, buffered)}
		hubs[name] = h
		go h.run()
	}
	return h
}

func chat(w http.ResponseWriter, req *http.Request) {
	conn, err := upgrader.Upgrade(w, req, nil)
	if err != nil {
		return // it has answered
	}
	conn.SetReadLimit(readLimit)
	c := &client{conn: conn}
	if *pumps {
		c.queue = make(chan *message, buffered)
		go c.pump()
	}
	h := hubOf(req.URL.Path)
	h.join <- c
	defer func() {
		h.leave <- c
		conn.Close()
	}()
	for {
		kind, text, err := conn.ReadMessage()
		if err != nil {
			return
		}
		h.said <- &message{kind, text}
	}
}

func echo(w http.ResponseWriter, req *http.Request) {
	conn, err := upgrader.Upgrade(w, req, nil)
	if err != nil {
		return
	}
	defer conn.Close()
	conn.SetReadLimit(readLimit)
	for {
		kind, text, err := conn.ReadMessage()
		if err != nil {
			return
		}
		conn.SetWriteDeadline(time.Now().Add(writeWait))
		if conn.WriteMessage(kind, text) != nil {
			return
		}
	}
}

func main() {
	flag.Parse()
	http.HandleFunc("/chat/", chat)
	http.HandleFunc("/echo", echo)
	listener, err := net.Listen("tcp", "127.0.0.1:"+flag.Arg(0))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("ready", *version+",", runtime.Version())
	log.Fatal(http.Serve(listener, nil))
}
