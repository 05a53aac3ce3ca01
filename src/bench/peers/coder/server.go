// The design of the chat example of coder/websocket (once nhooyr.io/websocket): every client has a goroutine that writes and a
// buffered channel; a message is put into each channel under a lock, and a client whose channel is full is cut.
package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"runtime"
	"sync"
	"time"

	"nhooyr.io/websocket"
)

const (
	// The example has 16, less than 20 senders with 8 outstanding each bring at once; with 256 most of 1,000 members were cut.
	buffered     = 1024
	writeTimeout = 5 * time.Second
	readLimit    = 64 << 10
)

type message struct {
	kind websocket.MessageType
	text []byte
}

type client struct {
	conn    *websocket.Conn
	queue   chan *message
	tooLate sync.Once
}

func (c *client) cut() {
	c.tooLate.Do(func() {
		go c.conn.Close(websocket.StatusPolicyViolation, "connection too slow to keep up with messages")
	})
}

type room struct {
	mu      sync.Mutex
	clients map[*client]struct{}
}

func (r *room) publish(m *message) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.clients {
		select {
		case c.queue <- m:
		default:
			c.cut()
		}
	}
}

var (
	roomsMu sync.Mutex
	rooms   = map[string]*room{}
)

func roomOf(name string) *room {
	roomsMu.Lock()
	defer roomsMu.Unlock()
	r := rooms[name]
	if r == nil {
		r = &room{clients: map[*client]struct{}{}}
		rooms[name] = r
	}
	return r
}

func accept(w http.ResponseWriter, req *http.Request) *websocket.Conn {
	conn, err := websocket.Accept(w, req, &websocket.AcceptOptions{
		CompressionMode:    websocket.CompressionDisabled,
		InsecureSkipVerify: true, // pages of other hosts may connect too
	})
	if err != nil {
		return nil // it has answered
	}
	conn.SetReadLimit(readLimit)
	return conn
}

func write(ctx context.Context, conn *websocket.Conn, m *message) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	return conn.Write(ctx, m.kind, m.text)
}

func chat(w http.ResponseWriter, req *http.Request) {
	conn := accept(w, req)
	if conn == nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c := &client{conn: conn, queue: make(chan *message, buffered)}
	r := roomOf(req.URL.Path)
	r.mu.Lock()
	r.clients[c] = struct{}{}
	r.mu.Unlock()
	go func() {
		defer cancel()
		for {
			select {
			case m := <-c.queue:
				if write(ctx, conn, m) != nil {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	for {
		kind, text, err := conn.Read(ctx)
		if err != nil {
			break
		}
		r.publish(&message{kind, text})
	}
	r.mu.Lock()
	delete(r.clients, c)
	r.mu.Unlock()
	conn.Close(websocket.StatusInternalError, "")
}

func echo(w http.ResponseWriter, req *http.Request) {
	conn := accept(w, req)
	if conn == nil {
		return
	}
	ctx := context.Background()
	for {
		kind, text, err := conn.Read(ctx)
		if err != nil || write(ctx, conn, &message{kind, text}) != nil {
			break
		}
	}
	conn.Close(websocket.StatusInternalError, "")
}

func main() {
	http.HandleFunc("/chat/", chat)
	http.HandleFunc("/echo", echo)
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("ready", os.Args[2]+",", runtime.Version())
	log.SetOutput(os.Stderr)
	log.Fatal(http.Serve(listener, nil))
}
