package delivery_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/delivery"
	"pgregory.net/rapid"
)

func TestParseSchedule(t *testing.T) {
	guide := delivery.GuideSchedule()
	for text, want := range map[string]delivery.Schedule{
		"1m,5m,30m,2h,24h":     guide,
		" 1m, 5m ,30m,2h,24h":  guide,
		"60s,300s,0.5h,2h,24h": guide,
		"1h30m":                {90 * time.Minute},
		"250ms":                {250 * time.Millisecond},
		"720h":                 {720 * time.Hour},
	} {
		got, err := delivery.ParseSchedule(text)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	if guide.String() != "1m,5m,30m,2h,24h" {
		t.Errorf("the guide's schedule is %s", guide)
	}
}

func TestParseScheduleRefuses(t *testing.T) {
	for text, named := range map[string]string{
		"5x":                              `"5x"`,
		"":                                `""`,
		"1m,,5m":                          `""`,
		"1m,5m,":                          `""`,
		"5":                               `"5"`,
		"1m 5m":                           `"1m 5m"`,
		"-1m":                             `"-1m"`,
		"0s":                              "max doesn't wait",
		"721h":                            `"721h"`,
		"9999999h":                        `"9999999h"`,
		strings.Repeat("1m,", 100) + "1m": "101 retries",
	} {
		_, err := delivery.ParseSchedule(text)
		if err == nil || !strings.Contains(err.Error(), named) || !strings.Contains(err.Error(), "1m,5m,30m,2h,24h") {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}

func TestScheduleRoundTrip(t *testing.T) {
	delays := rapid.SliceOfN(rapid.Int64Range(1, int64(720*time.Hour)), 1, 100)
	rapid.Check(t, func(t *rapid.T) {
		var schedule delivery.Schedule
		for _, d := range delays.Draw(t, "delays") {
			schedule = append(schedule, time.Duration(d))
		}
		again, err := delivery.ParseSchedule(schedule.String())
		if err != nil || !slices.Equal(again, schedule) {
			t.Fatalf("%s is read as %v, %v", schedule, again, err)
		}
	})
}

func TestSpeed(t *testing.T) {
	for text, want := range map[string]time.Duration{ // of a minute
		"1": time.Minute, "60": time.Second, "3600": time.Minute / 3600, "7": time.Minute / 7, "max": 0,
	} {
		speed, err := delivery.ParseSpeed(text)
		if err != nil || speed.Compress(time.Minute) != want || speed.String() != text {
			t.Errorf("%q: %v, a minute takes %v, %v", text, speed, speed.Compress(time.Minute), err)
		}
	}
	for _, text := range []string{"", "0", "-1", "-60", "1.5", "fast", "Max", "60x", "99999999999999999999"} {
		_, err := delivery.ParseSpeed(text)
		if err == nil || !strings.Contains(err.Error(), "3600") || !strings.Contains(err.Error(), "max") {
			t.Errorf("%q: %v", text, err)
		}
	}
	if zero := delivery.Speed(0); zero.Compress(time.Minute) != time.Minute || zero.String() != "1" {
		t.Errorf("the zero speed is %s", zero)
	}
}

func TestPolicy(t *testing.T) {
	guide := delivery.GuideSchedule()
	for _, c := range []struct {
		policy   delivery.Policy
		valid    bool
		attempts int
	}{
		{delivery.Policy{}, true, 1},
		{delivery.Policy{Schedule: guide}, true, 6},
		{delivery.Policy{Schedule: guide, DisableAfter: 5}, true, 5},
		{delivery.Policy{Schedule: guide, DisableAfter: 6}, true, 6},
		{delivery.Policy{Schedule: guide, DisableAfter: 1}, true, 1},
		{delivery.Policy{Schedule: guide, DisableAfter: 7}, false, 6},
		{delivery.Policy{Schedule: guide, DisableAfter: -1}, false, 6},
	} {
		if err := c.policy.Validate(); (err == nil) != c.valid || err != nil && !strings.Contains(err.Error(), "1 to 6") {
			t.Errorf("%+v: %v", c.policy, err)
		}
		if n := c.policy.Attempts(); n != c.attempts {
			t.Errorf("%+v: %d attempts", c.policy, n)
		}
	}
	if wait, production := (delivery.Policy{Schedule: guide, Speed: 60}).Delay(2); wait != 5*time.Second || production != 5*time.Minute {
		t.Errorf("the second retry comes %v after the first, in production %v", wait, production)
	}
	if wait, production := (delivery.Policy{Schedule: guide, DisableAfter: 5}).Delay(5); wait != 0 || production != 0 {
		t.Errorf("after the last failure comes a retry in %v, in production %v", wait, production)
	}
	for attempt, want := range []string{"0s", "0s", "1m", "6m", "36m", "2h36m", "26h36m", "26h36m"} {
		if got := delivery.Brief((delivery.Policy{Schedule: guide}).Production(attempt)); got != want {
			t.Errorf("attempt %d is made after %s in production, want %s", attempt, got, want)
		}
	}
}

func TestBrief(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", time.Second: "1s", time.Minute: "1m", time.Hour: "1h", 10 * time.Hour: "10h", 70 * time.Minute: "1h10m",
		time.Hour + time.Second: "1h0m1s", 10 * time.Second: "10s", 10 * time.Minute: "10m", 1500 * time.Millisecond: "1.5s",
	} {
		if got := delivery.Brief(d); got != want {
			t.Errorf("%v is %s, want %s", d, got, want)
		}
	}
}
