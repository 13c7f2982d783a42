package relay

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Rates bound how often something may happen.
type Rates struct {
	IP       Rate // requests and agents' connections from one address; an IPv6 /64 counts as one
	Endpoint Rate // requests to one endpoint
	Token    Rate // connections with one token
}

// Rate is a token bucket. The zero Rate is no limit.
type Rate struct {
	PerSecond float64
	Burst     int // how many may come at once
}

// DefaultRates are those of a public relay: far above what a person provokes.
var DefaultRates = Rates{
	IP:       Rate{PerSecond: 100, Burst: 500},
	Endpoint: Rate{PerSecond: 100, Burst: 1000},
	Token:    Rate{PerSecond: 1, Burst: 20},
}

// limiter has a bucket for each key.
type limiter struct {
	Rate

	mu      sync.Mutex // guards what follows
	buckets map[string]*rate.Limiter
	sweepAt int // how many buckets there may be before full ones are dropped
}

// minSweep keeps a small limiter from being swept all the time.
const minSweep = 1024

func newLimiter(r Rate) *limiter {
	return &limiter{Rate: r, buckets: make(map[string]*rate.Limiter), sweepAt: minSweep}
}

// take takes from key's bucket, or reports how long it is until there is something in it.
func (l *limiter) take(key string, now time.Time) (wait time.Duration, ok bool) {
	if l.PerSecond <= 0 {
		return 0, true
	}
	b := l.bucket(key, now)
	r := b.ReserveN(now, 1)
	if wait = r.DelayFrom(now); wait == 0 {
		return 0, true
	}
	r.CancelAt(now)
	return wait, false
}

func (l *limiter) bucket(key string, now time.Time) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	b, ok := l.buckets[key]
	if !ok {
		l.sweep(now)
		b = rate.NewLimiter(rate.Limit(l.PerSecond), max(l.Burst, 1))
		l.buckets[key] = b
	}
	return b
}

// sweep drops full buckets, which are as good as new ones, whenever the number of buckets
// has doubled since: so a flood of keys leaves no more than twice what it had at once.
func (l *limiter) sweep(now time.Time) {
	if len(l.buckets) < l.sweepAt {
		return
	}
	for key, b := range l.buckets {
		if b.TokensAt(now) >= float64(b.Burst()) {
			delete(l.buckets, key)
		}
	}
	l.sweepAt = max(2*len(l.buckets), minSweep)
}

// ipKey is what an address counts as.
func ipKey(remote string) string {
	addr, err := netip.ParseAddr(remote)
	if err != nil {
		return remote
	}
	if addr = addr.Unmap(); addr.Is6() {
		if p, err := addr.WithZone("").Prefix(64); err == nil {
			return p.String()
		}
	}
	return addr.String()
}
