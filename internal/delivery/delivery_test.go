package delivery_test

import (
	"testing"

	"github.com/solatis/solatis-cli/internal/delivery"
)

func answered(status int) delivery.Outcome {
	return delivery.Outcome{Kind: delivery.Answered, Status: status}
}

func TestOutcome(t *testing.T) {
	for _, c := range []struct {
		outcome delivery.Outcome
		success bool
		next    delivery.State
		label   string
	}{
		{answered(200), true, delivery.Succeeded, "200"},
		{answered(204), true, delivery.Succeeded, "204"},
		{answered(299), true, delivery.Succeeded, "299"},
		{answered(199), false, delivery.Failed, "199"},
		{answered(300), false, delivery.Failed, "300"},
		{answered(302), false, delivery.Failed, "302"}, // redirects are not followed
		{answered(404), false, delivery.Failed, "404"},
		{answered(410), false, delivery.Failed, "410"},
		{answered(500), false, delivery.Failed, "500"},
		{answered(0), false, delivery.Failed, "0"},
		{delivery.Outcome{Kind: delivery.NoConnect}, false, delivery.Failed, "no-connect"},
		{delivery.Outcome{Kind: delivery.Timeout}, false, delivery.Failed, "timeout"},
		{delivery.Outcome{Kind: delivery.BrokenOff}, false, delivery.Failed, "broken-off"},
		{delivery.Outcome{Kind: delivery.Refused}, false, delivery.Failed, "refused"},
		{delivery.Outcome{Kind: delivery.Interrupted}, false, delivery.Pending, "interrupted"},
		// A status counts only with a complete answer.
		{delivery.Outcome{Kind: delivery.BrokenOff, Status: 200}, false, delivery.Failed, "broken-off"},
		{delivery.Outcome{Kind: delivery.Timeout, Status: 200}, false, delivery.Failed, "timeout"},
		{delivery.Outcome{Kind: delivery.Interrupted, Status: 200}, false, delivery.Pending, "interrupted"},
		{delivery.Outcome{}, false, delivery.Failed, ""},
	} {
		o := c.outcome
		if o.Success() != c.success || o.Next() != c.next || o.Label() != c.label {
			t.Errorf("%s %d: Success %v, Next %q, Label %q; want %v, %q, %q",
				o.Kind, o.Status, o.Success(), o.Next(), o.Label(), c.success, c.next, c.label)
		}
	}
}

func TestFinal(t *testing.T) {
	for state, final := range map[delivery.State]bool{
		delivery.Pending: false, delivery.Held: false,
		delivery.Succeeded: true, delivery.Failed: true, delivery.Exhausted: true, delivery.Cancelled: true,
	} {
		if state.Final() != final {
			t.Errorf("%s: Final is %v", state, state.Final())
		}
	}
}
