// Command nethttp receives Solatis webhooks with nothing but Go's standard library.
// It is an example to copy from; ../README.md says why each step is there.
//
//	solatis listen --forward localhost:3000      # its ready line shows the secret
//	SOLATIS_WEBHOOK_SECRET=whsec_… go run ./docs/handlers/nethttp
//	solatis trigger document.analyzed
package main

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	secret := os.Getenv("SOLATIS_WEBHOOK_SECRET")
	if secret == "" {
		return errors.New("SOLATIS_WEBHOOK_SECRET is not set: copy the signing secret from the ready line of `solatis listen`")
	}

	// Only this machine can connect, which is all that `solatis listen` needs. A
	// deployed handler listens on ":"+port.
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", cmp.Or(os.Getenv("PORT"), "3000")))
	if err != nil {
		return err
	}

	events := make(chan event, 1000)
	go work(events)

	mux := http.NewServeMux()
	mux.Handle("POST /webhooks/solatis", newWebhook(secret, events))
	fmt.Printf("listening on http://%s/webhooks/solatis\n", listener.Addr())
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	return server.Serve(listener)
}

// work does what the events ask for, after they have been answered. What waits here
// is lost when the process ends; a queue on disk, or a table, keeps it.
func work(events <-chan event) {
	for e := range events {
		fmt.Println(e.Type, e.ID)
	}
}
