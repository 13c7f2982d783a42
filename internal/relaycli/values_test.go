package relaycli

import (
	"testing"
	"time"

	"github.com/spf13/pflag"
	"pgregory.net/rapid"
)

func TestValues(t *testing.T) {
	for _, c := range []struct {
		value      pflag.Value
		text, want string // want is empty where text is refused
	}{
		{new(size), "0", "0"},
		{new(size), "1024", "1KiB"},
		{new(size), "32MiB", "32MiB"},
		{new(size), "1 gib", "1GiB"},
		{new(size), "10B", "10B"},
		{new(size), "1.5GiB", ""},
		{new(size), "1MB", ""}, // is it a million?
		{new(size), "-1", ""},
		{new(size), "", ""},
		{new(size), "MiB", ""},
		{new(size), "8388608TiB", ""},
		{new(span), "90s", "1m30s"},
		{new(span), "1h", "1h"},
		{new(span), "24h", "1d"},
		{new(span), "90d", "90d"},
		{new(span), "0", "0s"},
		{new(span), "-1h", ""},
		{new(span), "-1d", ""},
		{new(span), "1.5d", ""},
		{new(span), "999999999d", ""},
		{new(span), "d", ""},
		{new(span), "10", ""},
		{new(pace), "100/s", "100/s,100"},
		{new(pace), "100/s,500", "100/s,500"},
		{new(pace), "600/m, 10", "10/s,10"},
		{new(pace), "1/h,3", "1/h,3"},
		{new(pace), "off", "off"},
		{new(pace), "0/s", ""},
		{new(pace), "100", ""},
		{new(pace), "100/d", ""},
		{new(pace), "100/s,", ""},
		{new(pace), "1/s,0", ""},
		{new(prefixes), "10.1.2.3/8", "10.0.0.0/8"},
		{new(prefixes), "127.0.0.1, ::1", "127.0.0.1/32,::1/128"},
		{new(prefixes), "localhost", ""},
		{new(prefixes), "", ""},
	} {
		err := c.value.Set(c.text)
		switch {
		case c.want == "" && err == nil:
			t.Errorf("%s %q is taken, as %s", c.value.Type(), c.text, c.value)
		case c.want != "" && err != nil:
			t.Errorf("%s %q: %v", c.value.Type(), c.text, err)
		case c.want != "" && c.value.String() != c.want:
			t.Errorf("%s %q is %s instead of %s", c.value.Type(), c.text, c.value, c.want)
		}
	}
}

// TestValuesReadWhatTheyWrite: config example writes defaults by String.
func TestValuesReadWhatTheyWrite(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Uint64Max(1<<50).Draw(t, "n")
		per := rapid.SampledFrom([]float64{1, 60, 3600}).Draw(t, "per")
		s, d := size(n), span(time.Duration(n))
		p := pace{PerSecond: float64(1+n%1_000_000) / per, Burst: int(1 + n%1000)}
		var s2 size
		var d2 span
		var p2 pace
		if err := s2.Set(s.String()); err != nil || s2 != s {
			t.Errorf("%d is written %s and read %d, %v", s, s.String(), s2, err)
		}
		if err := d2.Set(d.String()); err != nil || d2 != d {
			t.Errorf("%d is written %s and read %d, %v", d, d.String(), d2, err)
		}
		if err := p2.Set(p.String()); err != nil || p2.Burst != p.Burst || p2.PerSecond/p.PerSecond > 1.000001 || p.PerSecond/p2.PerSecond > 1.000001 {
			t.Errorf("%v is written %s and read %v, %v", p, p.String(), p2, err)
		}
	})
}
