package sqlitestore_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/relay"
	"github.com/solatis/solatis-cli/internal/relay/sqlitestore"
)

// BenchmarkStore appends requests of 1 KiB from a number of senders, while an agent
// acknowledges and trims them as the relay does: one acknowledgement at a time.
func BenchmarkStore(b *testing.B) {
	for _, senders := range []int{1, 64} {
		for _, limits := range []relay.Limits{{}, relay.DefaultLimits} {
			b.Run(fmt.Sprintf("%d senders, grace %v", senders, limits.Grace), func(b *testing.B) {
				benchmark(b, senders, limits)
			})
		}
	}
}

func benchmark(b *testing.B, senders int, limits relay.Limits) {
	s, err := sqlitestore.Open(b.Context(), filepath.Join(b.TempDir(), "relay.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Resume(b.Context(), "e", "a", event.Position{}, time.Now()); err != nil {
		b.Fatal(err)
	}
	r := &event.Request{ID: "req_1", Method: "POST", Header: event.Header{"Content-Type": {"application/json"}}, Body: make([]byte, 1024)}
	appended := make(chan uint64, senders)
	var acker, sending sync.WaitGroup
	acker.Go(func() {
		for seq := range appended {
			for len(appended) > 0 {
				seq = max(seq, <-appended)
			}
			if err := ackAndTrim(b.Context(), s, seq, limits); err != nil {
				b.Error(err)
			}
		}
	})
	b.ResetTimer()
	var left atomic.Int64
	left.Store(int64(b.N))
	for range senders {
		sending.Go(func() {
			for left.Add(-1) >= 0 {
				seq, err := s.Append(b.Context(), "e", r, limits)
				if err != nil {
					b.Error(err)
				}
				appended <- seq
			}
		})
	}
	sending.Wait()
	close(appended)
	acker.Wait()
}

func ackAndTrim(ctx context.Context, s *sqlitestore.Store, seq uint64, limits relay.Limits) error {
	if err := s.Ack(ctx, "e", "a", seq, time.Now()); err != nil {
		return err
	}
	return s.Trim(ctx, "e", limits, time.Now())
}
