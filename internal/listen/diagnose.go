package listen

import (
	"time"

	"golang.org/x/time/rate"
)

// diagnoses bounds the time that goes into explaining bad signatures. Anybody who knows
// the URL may send those, and what is received is recorded by the same goroutine.
type diagnoses struct{ budget *rate.Limiter }

// Of the time that passes a tenth may go into diagnoses, and some at once after a while
// without any. It is counted in microseconds.
const (
	diagnosesPerSecond = 100_000
	diagnosesAtOnce    = 500_000
)

func newDiagnoses() diagnoses {
	return diagnoses{rate.NewLimiter(diagnosesPerSecond, diagnosesAtOnce)}
}

// may reports whether there is time for a diagnosis.
func (d diagnoses) may(now time.Time) bool { return d.budget.TokensAt(now) > 0 }

// took counts what a diagnosis has taken.
func (d diagnoses) took(now time.Time, spent time.Duration) {
	for left := spent.Microseconds(); left > 0; left -= diagnosesAtOnce {
		d.budget.ReserveN(now, int(min(left, diagnosesAtOnce))) // into debt, if need be
	}
}

// diagnose says in a line what is wrong with a signature, "" where that isn't known.
func (s *Session) diagnose(in *judged) string {
	started := s.Now()
	if in.verdict.OK() || s.Diagnose == nil || !s.diagnoses.may(started) {
		return ""
	}
	text := s.Diagnose(in.request)
	ended := s.Now()
	s.diagnoses.took(ended, ended.Sub(started))
	return text
}
