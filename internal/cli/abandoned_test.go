package cli

import (
	"strings"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/history"
)

// TestWhatAKilledCommandLeftIsCalledSo, and not what a session will go on with.
func TestWhatAKilledCommandLeftIsCalledSo(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for agent, want := range map[string]string{"": "retry 2/5 is overdue; its command may have been killed", "a": "retry 2/5 now"} {
		r := history.Retried{Delivery: history.Delivery{ID: "dlv_1", Agent: agent}, Policy: delivery.Policy{Schedule: delivery.GuideSchedule()}}
		r.Standing = delivery.Standing{State: delivery.Pending, Failed: 2, Due: now.Add(-time.Hour)}
		v := retriesView{app: &app{env: func(string) string { return "" }}}
		if got := v.line(r, now); !strings.Contains(got, want) {
			t.Errorf("agent %q: %s", agent, got)
		}
		r.Standing.Due = now.Add(-time.Second)
		if got := v.line(r, now); !strings.Contains(got, "retry 2/5 now") {
			t.Errorf("just due, agent %q: %s", agent, got)
		}
	}
}
