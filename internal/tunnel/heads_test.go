package tunnel_test

import (
	"strings"
	"testing"

	"github.com/solatis/solatis-cli/internal/wire"
)

// TestHeadsOfUnfinishedRequestsAreBounded: a relay that begins requests and never ends them
// must not fill the agent's memory with heads either. MaxBody is 10, so 320 bytes may be
// under way.
func TestHeadsOfUnfinishedRequestsAreBounded(t *testing.T) {
	long := strings.Repeat("x", 330)
	for name, fill := range map[string]func(*wire.Request){
		"id":            func(r *wire.Request) { r.ID = long },
		"method":        func(r *wire.Request) { r.Method = long },
		"path":          func(r *wire.Request) { r.Path = long },
		"query":         func(r *wire.Request) { r.RawQuery = long },
		"host":          func(r *wire.Request) { r.Host = long },
		"protocol":      func(r *wire.Request) { r.Proto = long },
		"remote":        func(r *wire.Request) { r.Remote = long },
		"header":        func(r *wire.Request) { r.Header = map[string][]string{"X": {"", long}} },
		"header's name": func(r *wire.Request) { r.Header = map[string][]string{long: {""}} },
		"many values":   func(r *wire.Request) { r.Header = map[string][]string{strings.Repeat("x", 33): make([]string, 10)} },
		"empty values":  func(r *wire.Request) { r.Header = map[string][]string{"": make([]string, 400)} },
	} {
		t.Run(name, func(t *testing.T) {
			begun := whole(8, "x")
			begun.Length = 2
			fill(begun)
			heard, _, _ := start(t, []wire.Frame{welcome(7), begun, &wire.Body{Seq: 8, Part: []byte("y")}}, nil)
			expect(t, heard, "connected after 7, 2 wait", "disconnected, final false")
		})
	}
}

// TestFinishedRequestsMakeRoom has four times as much come as may be under way at once.
func TestFinishedRequestsMakeRoom(t *testing.T) {
	frames, want := []wire.Frame{welcome(7)}, []string{"connected after 7, 2 wait"}
	for seq := uint64(8); seq < 16; seq++ {
		begun := whole(seq, "x")
		begun.Length, begun.Header = 2, map[string][]string{"X": {strings.Repeat("x", 160)}}
		frames = append(frames, begun, &wire.Body{Seq: seq, Part: []byte("y")})
		want = append(want, "request "+strings.TrimPrefix(begun.ID, "req_")+" "+begun.ID+` "xy"`)
	}
	heard, _, _ := start(t, frames)
	expect(t, heard, want...)
}
