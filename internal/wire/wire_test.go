package wire_test

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"github.com/solatis/solatis-cli/internal/wire"
	"pgregory.net/rapid"
)

func frames() *rapid.Generator[wire.Frame] {
	return rapid.Custom(func(t *rapid.T) wire.Frame {
		text := rapid.Custom(func(t *rapid.T) string {
			return string(rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "bytes"))
		})
		header := rapid.MapOfN(text, rapid.SliceOfN(text, 1, 3), 1, 5)
		part := rapid.SliceOfN(rapid.Byte(), 1, 200).Draw(t, "part")
		n := rapid.Uint64Range(1, wire.MaxSeq-1).Draw(t, "n")
		switch rapid.IntRange(0, 8).Draw(t, "type") {
		case 0:
			return &wire.Hello{Version: 1, Agent: text.Draw(t, "agent"), Seq: n, Mode: wire.ModeApp, Methods: []string{"POST"}}
		case 1:
			return &wire.Welcome{Version: 1, Epoch: n, Seq: n, Backlog: 3}
		case 2:
			return &wire.Request{Seq: n, ID: "req_1", Path: text.Draw(t, "path"), Header: header.Draw(t, "header"),
				Received: rapid.Int64().Draw(t, "received"), Length: uint64(len(part)), Part: part}
		case 3:
			return &wire.Body{Seq: n, Part: part}
		case 4:
			return &wire.Gap{From: n, To: n + 1, Reason: text.Draw(t, "reason")}
		case 5:
			return &wire.Goodbye{Code: wire.CodeRestart, Reason: text.Draw(t, "reason")}
		case 6:
			return &wire.Ack{Seq: n}
		case 7:
			return &wire.Response{ID: "req_1", Status: 200, Header: header.Draw(t, "header"), Length: uint64(len(part)), Part: part}
		default:
			return &wire.ResponseBody{ID: "req_1", Part: part}
		}
	})
}

func TestEveryFrameComesBackAsItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sent := rapid.SliceOfN(frames(), 1, 6).Draw(t, "frames")
		var buf bytes.Buffer
		if err := wire.Encode(&buf, sent...); err != nil {
			t.Fatal(err)
		}
		var got []wire.Frame
		err := wire.Decode(buf.Bytes(), func(f wire.Frame) error { got = append(got, f); return nil })
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, sent) {
			t.Fatalf("got %+v, sent %+v", got, sent)
		}
	})
}

func TestUnknownFramesAndKeysAreSkipped(t *testing.T) {
	var buf bytes.Buffer
	for _, v := range []any{uint64(99), map[int]any{1: "new"}, uint64(7), map[int]any{1: 5, 42: []string{"new"}}} {
		b, err := cbor.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		buf.Write(b)
	}
	var got []wire.Frame
	if err := wire.Decode(buf.Bytes(), func(f wire.Frame) error { got = append(got, f); return nil }); err != nil {
		t.Fatal(err)
	}
	if want := []wire.Frame{&wire.Ack{Seq: 5}}; !reflect.DeepEqual(got, want) {
		t.Fatalf("got %+v, want %+v", got, want)
	}
}

func TestFramesThatBreakTheRulesAreRefused(t *testing.T) {
	big := make([]byte, wire.MaxPart+1)
	for name, f := range map[string]wire.Frame{
		"seq 0":            &wire.Request{ID: "req_1"},
		"no id":            &wire.Request{Seq: 1},
		"seq too high":     &wire.Request{Seq: wire.MaxSeq + 1, ID: "req_1"},
		"gap too high":     &wire.Gap{From: 1, To: wire.MaxSeq + 1},
		"start too high":   &wire.Welcome{Seq: wire.MaxSeq + 1},
		"hello too high":   &wire.Hello{Mode: wire.ModeApp, Seq: wire.MaxSeq + 1},
		"part over length": &wire.Request{Seq: 1, ID: "req_1", Length: 1, Part: []byte("ab")},
		"part too large":   &wire.Body{Seq: 1, Part: big},
		"range backwards":  &wire.Gap{From: 2, To: 1},
		"status 0":         &wire.Response{ID: "req_1"},
		"no such mode":     &wire.Hello{Mode: "none"},
	} {
		t.Run(name, func(t *testing.T) {
			var buf bytes.Buffer
			if err := wire.Encode(&buf, f); err != nil {
				t.Fatal(err)
			}
			if err := wire.Decode(buf.Bytes(), func(wire.Frame) error { return nil }); err == nil {
				t.Fatal("was accepted")
			}
		})
	}
}

func TestPartsRefuseMoreThanWasAnnounced(t *testing.T) {
	if _, err := wire.NewParts(10, 9, nil); err == nil {
		t.Error("a length over the limit was accepted")
	}
	p, err := wire.NewParts(3, 9, []byte("ab"))
	if err != nil || p.Complete() {
		t.Fatalf("complete %v, err %v", p.Complete(), err)
	}
	if err := p.Add([]byte("cd")); err == nil {
		t.Error("a part too many was accepted")
	}
	if err := p.Add([]byte("c")); err != nil || !p.Complete() || string(p.Bytes()) != "abc" {
		t.Errorf("got %q, complete %v, err %v", p.Bytes(), p.Complete(), err)
	}
}

func FuzzDecode(f *testing.F) {
	var buf bytes.Buffer
	seed := []wire.Frame{
		&wire.Hello{Version: 1, Agent: "a", Mode: wire.ModeApp, Methods: []string{"POST"}},
		&wire.Request{Seq: 1, ID: "req_1", Header: map[string][]string{"A": {"b", "c"}}, Length: 2, Part: []byte("hi")},
		&wire.Response{ID: "req_1", Status: 200, Length: 1, Part: []byte("x")},
		&wire.Gap{From: 1, To: 2}, &wire.Ack{Seq: 1},
	}
	for _, s := range seed {
		buf.Reset()
		if err := wire.Encode(&buf, s); err != nil {
			f.Fatal(err)
		}
		f.Add(bytes.Clone(buf.Bytes()))
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		var got []wire.Frame
		if err := wire.Decode(message, func(f wire.Frame) error { got = append(got, f); return nil }); err != nil {
			return
		}
		var again bytes.Buffer // what was accepted can be said again
		if err := wire.Encode(&again, got...); err != nil {
			t.Fatal(err)
		}
		if err := wire.Decode(again.Bytes(), func(wire.Frame) error { return nil }); err != nil {
			t.Fatal(err)
		}
	})
}
