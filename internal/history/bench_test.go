package history_test

import (
	"bytes"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/history"
	"github.com/solatis/solatis-cli/internal/signature"
)

// webhook returns a request as Solatis sends it, with a body of 1 KiB.
func webhook(now time.Time) *event.Request {
	return &event.Request{
		ID: event.NewRequestID(now), Method: "POST", Host: "localhost:4650", Proto: "http", Remote: "127.0.0.1",
		Header: event.Header{
			"Content-Type":       {"application/json"},
			"User-Agent":         {"Solatis-Webhooks/2.0"},
			"Accept-Encoding":    {"gzip"},
			signature.HeaderName: {"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"},
		},
		Body: bytes.Repeat([]byte("solatis "), 128), Received: now,
	}
}

// batchOf returns n webhooks, each with a delivery, that follow seq.
func batchOf(n int, seq uint64) history.Batch {
	now := time.Now()
	b := history.Batch{Agent: "laptop@local", Position: event.Position{Epoch: 1, Seq: seq + uint64(n)}}
	for i := range n {
		b.Records = append(b.Records, history.Record{
			Request: webhook(now), Endpoint: "local", Seq: seq + uint64(i) + 1,
			EventID: event.NewEventID(now), EventType: "document.analyzed", Verdict: signature.Valid, Disposition: "forward",
			Delivery: event.NewDeliveryID(now), Target: "http://localhost:3000",
		})
	}
	return b
}

// BenchmarkRecord is the cost of a request in a batch of each size. With one to a batch
// it is mostly the disk's.
func BenchmarkRecord(b *testing.B) {
	for _, size := range []int{1, 16, 256} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			h := open(b, filepath.Join(b.TempDir(), "history.db"))
			for done := 0; done < b.N; done += size {
				if _, err := h.Record(b.Context(), batchOf(min(size, b.N-done), uint64(done))); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkAttempt is the cost of an attempt where 16 are under way.
func BenchmarkAttempt(b *testing.B) {
	h := open(b, filepath.Join(b.TempDir(), "history.db"))
	ids := make(chan string, b.N)
	for done := 0; done < b.N; done += 256 {
		batch := batchOf(min(256, b.N-done), uint64(done))
		if _, err := h.Record(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
		for _, r := range batch.Records {
			ids <- r.Delivery
		}
	}
	outcome := delivery.Outcome{Kind: delivery.Answered, Status: 200, Header: map[string][]string{"Date": {"Thu, 01 Jan 2026 00:00:00 GMT"}}, Body: []byte("ok")}
	b.ResetTimer()
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			a := delivery.Attempt{Number: 1, Started: time.Now(), Outcome: outcome}
			if err := h.AddAttempt(b.Context(), <-ids, a, delivery.Succeeded); err != nil {
				b.Error(err)
			}
		}
	})
}
