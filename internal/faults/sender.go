package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/solatis/solatis-cli/internal/signature"
)

// What every event begins with, which idOf relies on.
const eventHead = `{"id":"`

// newBody makes an event of about size bytes whose content only its id decides.
func newBody(id string, size int) []byte {
	seed := sha256.Sum256([]byte(id))
	raw := make([]byte, size*3/4)
	_, _ = rand.NewChaCha8(seed).Read(raw) // never fails
	var b bytes.Buffer
	fmt.Fprintf(&b, eventHead+`%s","event":"document.analyzed","created_at":"2026-01-01T00:00:00Z","data":{"summary":"`, id)
	b.WriteString(base64.StdEncoding.EncodeToString(raw))
	b.WriteString(`"}}`)
	return b.Bytes()
}

// idOf returns the id of an event that newBody made.
func idOf(body []byte) (string, bool) {
	rest, ok := bytes.CutPrefix(body, []byte(eventHead))
	id, _, found := bytes.Cut(rest, []byte(`"`))
	return string(id), ok && found
}

// sender posts events over one connection at a time. It writes HTTP by itself: net/http's
// client posts a second time, unasked, where a kept connection broke.
type sender struct {
	host, path string
	ledger     *ledger
	secret     signature.Secret

	within  time.Duration // for one answer
	conn    net.Conn
	answers *bufio.Reader
	posted  map[string][]string // ids by the local address of their connection, in order
}

func newSender(host, path string, l *ledger) (*sender, error) {
	secret, err := signature.NewSecret(secretText)
	return &sender{host: host, path: path, ledger: l, secret: secret, within: answerWithin, posted: map[string][]string{}}, err
}

// answerWithin is how long the relay may take for one answer, unless it waits for the
// app's; a longer wait is an error of the connection.
const answerWithin = 30 * time.Second

// post sends an event and returns the status of its answer. An error says that no answer
// came: the event may have been taken or not.
func (s *sender) post(ctx context.Context, id string, body []byte) (status int, err error) {
	s.ledger.sent(id, sha256.Sum256(body))
	if s.conn == nil {
		var d net.Dialer
		if s.conn, err = d.DialContext(ctx, "tcp", s.host); err != nil {
			s.conn = nil
			return 0, err
		}
		s.answers = bufio.NewReader(s.conn)
	}
	conn := s.conn
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	if status, err = s.exchange(id, body); err != nil {
		s.close()
		return 0, err
	}
	if status/100 == 2 {
		s.ledger.acknowledge(id)
	}
	return status, nil
}

func (s *sender) exchange(id string, body []byte) (int, error) {
	if err := s.conn.SetDeadline(time.Now().Add(s.within)); err != nil {
		return 0, err
	}
	from := s.conn.LocalAddr().String()
	s.posted[from] = append(s.posted[from], id)
	head := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n%s: %s\r\nContent-Length: %d\r\n\r\n",
		s.path, signature.HeaderName, signature.Sign(s.secret, body), len(body))
	buffers := net.Buffers{[]byte(head), body}
	if _, err := buffers.WriteTo(s.conn); err != nil {
		return 0, err
	}
	resp, err := http.ReadResponse(s.answers, nil)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	// The relay has answered: what becomes of the answer's text changes nothing.
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20))
	if resp.Close || strings.EqualFold(resp.Header.Get("Connection"), "close") {
		s.conn.Close()
		s.conn = nil
	}
	return resp.StatusCode, nil
}

func (s *sender) close() {
	if s.conn != nil {
		s.conn.Close()
		s.conn = nil
	}
}
