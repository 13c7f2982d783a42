package control

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestPlanFaults(t *testing.T) {
	r := serve(t, newFake())
	c := Dial(r.socket)
	defer c.Close()
	want := FaultRequest{Event: "evt_1", Faults: []string{"delay:by=1s", "bad-signature"}}
	if err := c.PlanFaults(t.Context(), want); err != nil || !reflect.DeepEqual(r.planned, []FaultRequest{want}) {
		t.Errorf("%v; the session got %+v", err, r.planned)
	}
	err := c.PlanFaults(t.Context(), FaultRequest{Event: "evt_1", Faults: []string{"explosion"}})
	if err == nil || !strings.Contains(err.Error(), "there is no explosion") || len(r.planned) != 1 {
		t.Error(err)
	}
	for _, id := range []string{"", strings.Repeat("x", maxEventID+1)} {
		var invalid *Error
		if err := c.PlanFaults(t.Context(), FaultRequest{Event: id}); !errors.As(err, &invalid) || invalid.Code != CodeInvalid || len(r.planned) != 1 {
			t.Errorf("an id of %d bytes: %v", len(id), err)
		}
	}
}
