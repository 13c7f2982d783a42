package listen

import (
	"testing"
	"time"
)

// TestDiagnosesTakeATenthOfTheTime at most, however long one takes.
func TestDiagnosesTakeATenthOfTheTime(t *testing.T) {
	for _, each := range []time.Duration{100 * time.Microsecond, 20 * time.Millisecond, 3 * time.Second} {
		d := newDiagnoses()
		start := time.Unix(1_700_000_000, 0)
		now, spent, made := start, time.Duration(0), 0
		for now.Sub(start) < time.Minute {
			if d.may(now) {
				now = now.Add(each)
				d.took(now, each)
				spent += each
				made++
			}
			now = now.Add(time.Millisecond) // until the next bad signature
		}
		most := now.Sub(start)/10 + diagnosesAtOnce*time.Microsecond + each
		if spent > most || spent < now.Sub(start)/20 {
			t.Errorf("%v each: %d were made, which took %v of %v", each, made, spent, now.Sub(start))
		}
	}
}
