package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/solatis/solatis-cli/internal/signature"
)

const (
	bodySize   = 1024 // bytes
	sentHeader = "X-Bench-Sent"
	// sentBlank is where stamp puts the time of sending: 19 digits until the year 2286.
	sentBlank = "0000000000000000000"

	// answerWithin bounds a single exchange, so that a stuck variant fails the run.
	answerWithin = 10 * time.Second

	// secretText signs the load, and is the secret of the sessions that verify it.
	secretText = "whsec_of_the_benchmark_and_of_nothing_else"
)

// sender is one connection of a load. It writes HTTP by itself: net/http's client takes
// as much CPU as what is measured, and two cores are soon full.
type sender struct {
	target *url.URL
	secret signature.Secret
	prefix string        // of its event ids
	every  time.Duration // between events, at least
	number int
}

// post posts events until a time and returns how long each round trip took.
func (s *sender) post(ctx context.Context, until time.Time) ([]time.Duration, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", s.target.Host)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	answers := bufio.NewReader(conn)
	var took []time.Duration
	next := time.Now()
	for now := next; now.Before(until); {
		if next = next.Add(s.every); now.Before(next) && s.every > 0 {
			wait(ctx, next.Sub(now))
		}
		if err := conn.SetDeadline(now.Add(answerWithin)); err != nil {
			return nil, err
		}
		request := s.next()
		began := time.Now()
		if _, err := conn.Write(stamp(request, began)); err != nil {
			return nil, err
		}
		if err := readAnswer(answers); err != nil {
			return nil, err
		}
		now = time.Now()
		took = append(took, now.Sub(began))
	}
	return took, nil
}

func readAnswer(r *bufio.Reader) error {
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("the load was answered %s: %s", resp.Status, body)
	}
	return err
}

// next makes and signs the next event, as it goes over the wire but for the time of
// sending: the making is not on the way that is measured.
func (s *sender) next() []byte {
	s.number++
	body := s.body()
	r := make([]byte, 0, bodySize+512)
	r = fmt.Appendf(r, "POST %s HTTP/1.1\r\n%s: %s\r\n", s.target.RequestURI(), sentHeader, sentBlank)
	r = fmt.Appendf(r, "Host: %s\r\nUser-Agent: Solatis-Webhooks/1.0\r\nContent-Type: application/json\r\n", s.target.Host)
	r = fmt.Appendf(r, "%s: %s\r\nContent-Length: %d\r\n\r\n", signature.HeaderName, signature.Sign(s.secret, body), len(body))
	return append(r, body...)
}

// stamp writes the time of sending into a request from next.
func stamp(request []byte, at time.Time) []byte {
	const before = "\r\n" + sentHeader + ": "
	i := bytes.Index(request, []byte(before))
	copy(request[i+len(before):], strconv.FormatInt(at.UnixNano(), 10))
	return request
}

func (s *sender) body() []byte {
	head := fmt.Sprintf(`{"id":"%s%06d","event":"document.analyzed","created_at":"2026-01-01T00:00:00Z","data":{"document_id":"doc_xyz789","status":"completed","summary":"`, s.prefix, s.number)
	const tail = `"}}`
	return []byte(head + strings.Repeat("a", bodySize-len(head)-len(tail)) + tail)
}
