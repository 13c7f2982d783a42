package history_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/history"
)

// BenchmarkRows is the cost of a page and of a count in a history of 100,000 requests,
// each with a delivery, under filters that match most, few and no rows. The figures that
// the live view wants: a page without a filter within 20 ms, with one within 300 ms; free
// text may take longer.
func BenchmarkRows(b *testing.B) {
	h := open(b, filepath.Join(b.TempDir(), "history.db"))
	fill(b, h, 100_000)
	for _, text := range []string{
		"", "type:document.*", "type:task.*", "status:5xx", "-status:2xx", "status:failed", "sig:bad", "since:1h", "until:1000h",
		"origin:replay", "target:nowhere", "id:evt_zzz", "dup:yes", "solatis", "nothing has this",
	} {
		q := query(b, text)
		b.Run(fmt.Sprintf("page/%s", text), func(b *testing.B) {
			for b.Loop() {
				var enough *history.PartialError
				if _, err := h.Rows(b.Context(), q, history.Key{}, 50); err != nil && !errors.As(err, &enough) {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("count/%s", text), func(b *testing.B) {
			for b.Loop() {
				if _, err := h.Count(b.Context(), q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// fill records n webhooks that were answered, the first of them with 500.
func fill(b *testing.B, h *history.History, n int) {
	for done := 0; done < n; done += 256 {
		batch := batchOf(min(256, n-done), uint64(done))
		if _, err := h.Record(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
		ids := make(chan error, len(batch.Records))
		for i, r := range batch.Records {
			o := delivery.Outcome{Kind: delivery.Answered, Status: 200, Header: map[string][]string{"Content-Length": {"2"}}, Body: []byte("ok")}
			if done+i < 10 {
				o.Status = 500
			}
			go func() {
				ids <- h.AddAttempt(b.Context(), r.Delivery, delivery.Attempt{Number: 1, Started: time.Now(), Outcome: o}, o.Next())
			}()
		}
		for range batch.Records {
			if err := <-ids; err != nil {
				b.Fatal(err)
			}
		}
	}
}
