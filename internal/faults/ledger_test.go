package main

import (
	"bytes"
	"crypto/sha256"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestLedger(t *testing.T) {
	l := newLedger()
	first, second := l.reached(1), l.reached(2)
	l.sent("a", hash{1})
	l.sent("b", hash{2})
	l.acknowledge("a")
	l.acknowledge("a") // twice is once
	l.acknowledge("never sent")
	if !closed(first) || closed(second) {
		t.Error("one acknowledgement is not counted as one")
	}
	if sent, acked := l.counts(); sent != 2 || acked != 1 {
		t.Errorf("%d sent, %d acknowledged", sent, acked)
	}
	if got := l.promised(); len(got) != 1 || got[0] != "a" {
		t.Errorf("promised %v", got)
	}
	other := l.unanswered()
	if sent, acked := other.counts(); sent != 2 || acked != 0 {
		t.Errorf("without answers: %d sent, %d acknowledged", sent, acked)
	}
	l.acknowledge("b")
	if !closed(second) || !closed(l.reached(2)) {
		t.Error("the second acknowledgement is not told")
	}
	if _, acked := other.counts(); acked != 0 {
		t.Error("the copy follows")
	}
}

func TestComplaints(t *testing.T) {
	l := newLedger()
	ok, lost, unsure := hash{1}, hash{2}, hash{3}
	l.sent("ok", ok)
	l.sent("lost", lost)
	l.sent("unsure", unsure)
	l.acknowledge("ok")
	l.acknowledge("lost")
	a := &app{got: map[string]*arrival{}}
	a.take("ok", ok)
	for _, test := range []struct {
		name string
		all  []recorded
		find string // nothing if empty
	}{
		{"all there", []recorded{{"ok", 1, ok}, {"lost", 2, lost}}, ""},
		{"and one that was not promised", []recorded{{"ok", 1, ok}, {"lost", 2, lost}, {"unsure", 3, unsure}}, ""},
		{"one lost", []recorded{{"ok", 1, ok}}, "lost was answered with 2xx, and was lost"},
		{"one twice", []recorded{{"ok", 1, ok}, {"lost", 2, lost}, {"lost", 3, lost}}, "recorded twice"},
		{"another body", []recorded{{"ok", 1, lost}, {"lost", 2, lost}}, "another body"},
		{"one of nobody", []recorded{{"ok", 1, ok}, {"lost", 2, lost}, {"", 3, ok}}, "never sent"},
	} {
		var c complaints
		c.compareHistory(l, "history", test.all)
		wants(t, test.name, &c, test.find)
	}
	var c complaints
	c.compareApp(l, "app", a)
	wants(t, "the app", &c, "lost was answered with 2xx, and was lost")
	a.take("lost", lost)
	c = complaints{}
	c.compareApp(l, "app", a)
	wants(t, "the app, then", &c, "")
	a.take("lost", ok)
	c.compareApp(l, "app", a)
	wants(t, "the app, with a bad repetition", &c, "another body")
}

func wants(t *testing.T, name string, c *complaints, find string) {
	t.Helper()
	err := c.err()
	switch {
	case find == "" && err != nil:
		t.Errorf("%s: found %v", name, err)
	case find != "" && (err == nil || c.n != 1 || !strings.Contains(err.Error(), find)):
		t.Errorf("%s: found %v, want %q alone", name, err, find)
	}
}

func TestOrder(t *testing.T) {
	a := &app{got: map[string]*arrival{}}
	for _, id := range []string{"a", "b", "a", "unknown", "c", "b"} { // repetitions don't count
		a.take(id, hash{})
	}
	all := []recorded{{"a", 1, hash{}}, {"b", 3, hash{}}, {"c", 7, hash{}}}
	var c complaints
	c.compareOrder("order", a, all)
	wants(t, "in order", &c, "")
	all[1].seq = 8
	c.compareOrder("order", a, all)
	wants(t, "out of order", &c, "out of order")
}

func TestBody(t *testing.T) {
	one, again, other := newBody("evt_1", 5000), newBody("evt_1", 5000), newBody("evt_2", 5000)
	if !bytes.Equal(one, again) || bytes.Equal(one, other) || len(one) < 5000 {
		t.Errorf("%d bytes: not what the id decides", len(one))
	}
	if id, ok := idOf(one); !ok || id != "evt_1" {
		t.Errorf("its id is %q, %v", id, ok)
	}
	if id, ok := idOf([]byte(`{"name":"x"}`)); ok {
		t.Errorf("another text has the id %q", id)
	}
}

// TestSender posts to a server that takes one, refuses one, and breaks off one.
func TestSender(t *testing.T) {
	var n atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch n.Add(1) {
		case 2:
			w.WriteHeader(http.StatusServiceUnavailable)
		case 3:
			panic(http.ErrAbortHandler)
		}
	}))
	defer server.Close()
	l := newLedger()
	s, err := newSender(strings.TrimPrefix(server.URL, "http://"), "/", l)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	for i, want := range []int{200, 503, 0, 200} {
		id := string(rune('a' + i))
		status, err := s.post(t.Context(), id, newBody(id, 100))
		if status != want || (err != nil) != (want == 0) {
			t.Errorf("post %d: %d, %v", i, status, err)
		}
	}
	if sent, acked := l.counts(); sent != 4 || acked != 2 {
		t.Errorf("%d sent, %d acknowledged", sent, acked)
	}
	var posts []string
	for _, ids := range s.posted {
		posts = append(posts, strings.Join(ids, ""))
	}
	if len(posts) != 2 || len(posts[0])+len(posts[1]) != 4 {
		t.Errorf("by connection it posted %q", posts)
	}
	if e, known := l.look("d"); !known || e.hash != sha256.Sum256(newBody("d", 100)) {
		t.Error("the ledger has another hash")
	}
}

// TestAppAwaits holds that waiting ends with the last arrival, or when nothing comes.
func TestAppAwaits(t *testing.T) {
	a := &app{got: map[string]*arrival{}, idle: time.Hour}
	a.take("a", hash{})
	all := a.expect([]string{"a", "b", "c"})
	a.take("b", hash{})
	if closed(all) {
		t.Error("it ended too early")
	}
	a.take("c", hash{})
	if !closed(all) {
		t.Error("it doesn't end")
	}
	if err := a.await(t.Context(), []string{"a", "c"}); err != nil {
		t.Error(err)
	}
	a.idle = time.Millisecond
	if err := a.await(t.Context(), []string{"lost"}); err != nil {
		t.Errorf("what doesn't come is for others to see, not %v", err)
	}
}
