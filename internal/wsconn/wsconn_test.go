package wsconn_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/wsconn"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pair returns the two ends of a websocket over loopback.
func pair(t *testing.T) (client, server *wsconn.Conn) {
	t.Helper()
	accepted := make(chan *wsconn.Conn, 1)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := wsconn.Accept(w, r)
		if err != nil {
			t.Error(err)
			return
		}
		accepted <- c
	}))
	t.Cleanup(srv.Close)
	client, err := wsconn.Dial(t.Context(), "ws"+strings.TrimPrefix(srv.URL, "http"), wsconn.DialOptions{})
	if err != nil {
		t.Fatal(err)
	}
	server = <-accepted
	t.Cleanup(client.Abort)
	t.Cleanup(server.Abort)
	return client, server
}

func TestWritesOfManyArriveWholeAndInOrderPerWriter(t *testing.T) {
	client, server := pair(t)
	const writers, each = 8, 2000
	var wg sync.WaitGroup
	for w := range byte(writers) {
		wg.Go(func() {
			for i := range each {
				if err := client.Write([]byte{w, byte(i >> 8), byte(i)}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	go func() { wg.Wait(); client.Close(time.Second) }()
	var next [writers]int
	messages := 0
	for {
		m, err := server.Read()
		if err != nil {
			break
		}
		messages++
		for ; len(m) > 0; m = m[3:] {
			if got := int(m[1])<<8 | int(m[2]); got != next[m[0]] {
				t.Fatalf("writer %d: got %d, want %d", m[0], got, next[m[0]])
			}
			next[m[0]]++
		}
	}
	for w, n := range next {
		if n != each {
			t.Errorf("writer %d: %d of %d arrived", w, n, each)
		}
	}
	if messages >= writers*each {
		t.Errorf("%d messages for %d writes: nothing was coalesced", messages, writers*each)
	}
}

func TestCloseSendsWhatIsQueued(t *testing.T) {
	client, server := pair(t)
	if err := client.Write([]byte("last words")); err != nil {
		t.Fatal(err)
	}
	go client.Close(time.Second)
	if m, err := server.Read(); err != nil || string(m) != "last words" {
		t.Fatalf("got %q, %v", m, err)
	}
	if _, err := server.Read(); err == nil {
		t.Fatal("the connection is still open")
	}
	if err := client.Write([]byte("x")); !errors.Is(err, wsconn.ErrClosed) {
		t.Fatalf("a write after Close: %v", err)
	}
}

func TestAWriterThatWaitsIsLetGoByAbort(t *testing.T) {
	client, server := pair(t)
	go server.Abort()
	chunk := bytes.Repeat([]byte("x"), wsconn.MaxWrite)
	for { // the peer reads nothing, so this ends only through the abort
		if err := client.Write(chunk); err != nil {
			return
		}
	}
}

func TestAWebPageIsRefused(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, err := wsconn.Accept(w, r); err == nil {
			c.Abort()
			t.Error("was accepted")
		}
	}))
	defer srv.Close()
	_, err := wsconn.Dial(context.Background(), "ws"+strings.TrimPrefix(srv.URL, "http"),
		wsconn.DialOptions{Header: http.Header{"Origin": {srv.URL}}})
	var refused *wsconn.StatusError
	if !errors.As(err, &refused) || refused.Code != http.StatusForbidden {
		t.Fatalf("got %v, want 403", err)
	}
}

func TestAMessageOverTheLimitEndsTheConnection(t *testing.T) {
	client, _ := pair(t)
	if err := client.Write(make([]byte, wsconn.MaxWrite+1)); err == nil {
		t.Fatal("was accepted")
	}
}
