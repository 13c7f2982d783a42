package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/catalog"
	"github.com/solatis/solatis-cli/internal/filter"
	"github.com/solatis/solatis-cli/internal/history"
	"github.com/spf13/pflag"
)

// replayChoice are the flags that choose several events.
type replayChoice struct {
	last                        string
	since, until, event, status string
	newest                      int // of --last; 0 for all
}

// rangeFlags are their names.
var rangeFlags = []string{"last", "since", "until", "event", "status"}

func (c *replayChoice) declare(f *pflag.FlagSet) {
	f.StringVar(&c.last, "last", "", "the newest N that match")
	f.StringVar(&c.since, "since", "", "received since then: so long ago as in 42m, a date, or an RFC 3339 time")
	f.StringVar(&c.until, "until", "", "received before then; the day of a date is part of it")
	f.StringVar(&c.event, "event", "", "of this type, such as 'document.*'")
	f.StringVar(&c.status, "status", "", "whose last delivery ended like this: failed, 2xx, 500, timeout …")
}

// query returns the flags as a filter, or says which one is wrong.
func (c *replayChoice) query(now time.Time) (q filter.Query, err error) {
	if c.last != "" {
		if c.newest, err = strconv.Atoi(c.last); err != nil || c.newest < 1 {
			return q, usageErrorf("--last %s: it takes how many of the newest, 1 or more", c.last)
		}
	}
	for _, f := range []struct {
		name  string
		key   filter.Key
		value string
	}{
		{"since", filter.Since, c.since}, {"until", filter.Until, c.until}, {"event", filter.Type, c.event}, {"status", filter.Status, c.status},
	} {
		if f.value == "" {
			continue
		}
		t, err := filter.NewTerm(f.key, f.value, now)
		if err != nil {
			return q, usageErrorf("--%s: %w", f.name, err)
		}
		q.Terms = append(q.Terms, t)
	}
	return q, nil
}

// String is the choice as it was typed.
func (c *replayChoice) String() string {
	var parts []string
	for i, value := range []string{c.last, c.since, c.until, c.event, c.status} {
		if value != "" {
			parts = append(parts, "--"+rangeFlags[i]+" "+value)
		}
	}
	return strings.Join(parts, " ")
}

// take returns what matches, newest first, and how many it left out because a session
// refused them: nobody wants what a stranger sent to be delivered along with the rest.
func (c *replayChoice) take(ctx context.Context, h *history.History, q filter.Query) (list []history.Summary, left int, err error) {
	for limit := c.newest; ; limit *= 4 {
		all, err := h.Requests(ctx, q, limit)
		if err != nil {
			return nil, 0, err
		}
		list, left = sift(all, c.newest)
		if c.newest == 0 || len(list) == c.newest || len(all) < limit {
			return list, left, nil
		}
	}
}

// sift takes the first that no session refused, all of them for 0, and counts those that
// one did refuse before.
func sift(all []history.Summary, first int) (list []history.Summary, left int) {
	for _, s := range all {
		switch d := activity.Disposition(s.Disposition); {
		case first > 0 && len(list) == first:
			return list, left
		case d == activity.BadSign || d == activity.BadRequest:
			left++
		default:
			list = append(list, s)
		}
	}
	return list, left
}

// nothing says that nothing matches, and why that may be.
func (c *replayChoice) nothing(q filter.Query) error {
	if c.event != "" {
		if _, err := catalog.Match(c.event); err != nil {
			return usageErrorf("--event: %w", err)
		}
	}
	if q.IsZero() {
		return errNothingRecorded
	}
	return fmt.Errorf("nothing that is recorded matches %s; solatis events list shows what there is", c)
}
