package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// maxBody is the largest body that is read, in bytes.
const maxBody = 32 << 20

// event is the part of a Solatis event that this example looks at.
type event struct {
	ID   string `json:"id"`    // the same on every retry
	Type string `json:"event"` // such as "document.analyzed"
}

// webhook verifies a request, drops what it has seen before and hands the rest on.
type webhook struct {
	secret []byte
	seen   *recentIDs
	events chan<- event
}

func newWebhook(secret string, events chan<- event) *webhook {
	return &webhook{secret: []byte(secret), seen: newRecentIDs(10_000), events: events}
}

func (h *webhook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// The signature covers the bytes as they came, so they are read before anything
	// looks at them.
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		http.Error(w, "body too large", http.StatusRequestEntityTooLarge)
		return
	} else if err != nil {
		http.Error(w, "body incomplete", http.StatusBadRequest)
		return
	}

	if !h.verified(r.Header.Values("X-Solatis-Signature"), body) {
		fmt.Println("refused: no valid signature")
		http.Error(w, "invalid signature", http.StatusUnauthorized)
		return
	}

	var e event
	if err := json.Unmarshal(body, &e); err != nil || e.ID == "" {
		// It is signed, so it is from Solatis, and a retry would bring the same bytes:
		// take note of it rather than have it sent again.
		fmt.Println("ignored: signed, but not an event")
		fmt.Fprintln(w, "ignored")
		return
	}
	if !h.seen.add(e.ID) {
		fmt.Println(e.Type, e.ID, "duplicate")
		fmt.Fprintln(w, "duplicate")
		return
	}
	h.events <- e // waits when the queue is full: slow is better than forgotten
	fmt.Fprintln(w, "OK")
}

// verified reports whether there is exactly one signature and it is that of body.
func (h *webhook) verified(signatures []string, body []byte) bool {
	if len(signatures) != 1 {
		return false
	}
	mac := hmac.New(sha256.New, h.secret)
	mac.Write(body)
	want := hex.EncodeToString(mac.Sum(nil))
	return hmac.Equal([]byte(signatures[0]), []byte(want)) // takes the same time however much matches
}
