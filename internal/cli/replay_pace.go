package cli

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/time/rate"
)

// replayPace says how fast several events follow each other. None is sent before the one
// before it was answered.
type replayPace struct {
	rate  string
	speed string

	limit  *rate.Limiter // nil for no limit
	factor float64       // how much faster than they came; 0 for no such wait
}

func (p *replayPace) declare(f *pflag.FlagSet) {
	f.StringVar(&p.rate, "rate", "", "with several, at most so many: 10/s, 100/m or 5, which is 5/s")
	f.StringVar(&p.speed, "speed", "max", "how fast several are sent: original keeps the time between them, 10x shortens it, max waits only for each answer")
}

// parse reads both flags.
func (p *replayPace) parse() error {
	switch p.speed {
	case "max":
	case "original":
		p.factor = 1
	default:
		number, isFactor := strings.CutSuffix(p.speed, "x")
		factor, err := strconv.ParseFloat(number, 64)
		if !isFactor || err != nil || !(factor >= 0.01 && factor <= 1e6) {
			return usageErrorf("--speed %q: it takes original, max, or how much faster, as in 10x", p.speed)
		}
		p.factor = factor
	}
	if p.rate == "" {
		return nil
	}
	if p.factor != 0 {
		return usageErrorf("--rate %s and --speed %s: give one of both", p.rate, p.speed)
	}
	limit, err := parseRate(p.rate)
	p.limit = rate.NewLimiter(limit, 1)
	return err
}

// wait returns when an event's turn has come that was received so long after the first.
// begun is when that was sent.
func (p *replayPace) wait(ctx context.Context, begun time.Time, after time.Duration) error {
	if p.limit != nil {
		return p.limit.Wait(ctx)
	}
	if p.factor == 0 {
		return ctx.Err()
	}
	due := time.NewTimer(time.Duration(float64(after)/p.factor) - time.Since(begun))
	defer due.Stop()
	select {
	case <-due.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}
