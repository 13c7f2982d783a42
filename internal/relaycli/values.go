package relaycli

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/solatis/solatis-cli/internal/relay"
)

// The types of this file are what flags, variables and the settings file take. Each reads
// one text, so that a value is written, and explained when it is wrong, in the same way
// in all three places.

// size is a number of bytes.
type size uint64

var units = []struct {
	name  string
	bytes uint64
}{
	{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1},
}

// Set implements pflag.Value.
func (s *size) Set(text string) error {
	digits := strings.TrimRight(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
	unit := text[len(digits):]
	factor := uint64(1)
	if unit != "" {
		factor = 0
	}
	for _, u := range units {
		if strings.EqualFold(unit, u.name) {
			factor = u.bytes
		}
	}
	n, err := strconv.ParseUint(strings.TrimSpace(digits), 10, 64)
	if factor == 0 || err != nil {
		return fmt.Errorf("%q is no size: it takes bytes, or a whole number of KiB, MiB, GiB or TiB, such as 32MiB", text)
	}
	if n > math.MaxInt64/factor {
		return fmt.Errorf("%q is too large", text)
	}
	*s = size(n * factor)
	return nil
}

// String implements pflag.Value.
func (s *size) String() string {
	for _, u := range units {
		if *s > 0 && uint64(*s)%u.bytes == 0 {
			return strconv.FormatUint(uint64(*s)/u.bytes, 10) + u.name
		}
	}
	return strconv.FormatUint(uint64(*s), 10)
}

// Type implements pflag.Value.
func (s *size) Type() string { return "size" }

// span is a time.Duration that also knows days.
type span time.Duration

// Set implements pflag.Value.
func (s *span) Set(text string) error {
	d, err := parseSpan(text)
	if err != nil || d < 0 {
		return fmt.Errorf("%q is no duration: it takes a number with a unit, such as 30s, 10m, 24h or 7d", text)
	}
	*s = span(d)
	return nil
}

const day = 24 * time.Hour

func parseSpan(text string) (time.Duration, error) {
	days, ok := strings.CutSuffix(text, "d")
	if !ok {
		return time.ParseDuration(text)
	}
	n, err := strconv.ParseUint(days, 10, 64)
	if err != nil || n > uint64(math.MaxInt64/day) {
		return 0, errors.New("no number of days")
	}
	return time.Duration(n) * day, nil
}

// String implements pflag.Value.
func (s *span) String() string {
	d := time.Duration(*s)
	if d > 0 && d%day == 0 {
		return strconv.FormatInt(int64(d/day), 10) + "d"
	}
	text := d.String()
	for _, zero := range []string{"m0s", "h0m"} { // 24h0m0s reads badly
		if strings.HasSuffix(text, zero) {
			text = text[:len(text)-2]
		}
	}
	return text
}

// Type implements pflag.Value.
func (s *span) Type() string { return "duration" }

// pace is a relay.Rate: "100/s", or "100/s,500" with the number that may come at once.
type pace relay.Rate

// Set implements pflag.Value.
func (p *pace) Set(text string) error {
	if text == "off" {
		*p = pace{}
		return nil
	}
	steady, burst, hasBurst := strings.Cut(text, ",")
	count, per, _ := strings.Cut(steady, "/")
	seconds := map[string]float64{"s": 1, "m": 60, "h": 3600}[per]
	n, err := strconv.ParseUint(count, 10, 31)
	if err != nil || n == 0 || seconds == 0 {
		return p.explain(text)
	}
	r := relay.Rate{PerSecond: float64(n) / seconds, Burst: int(n)}
	if hasBurst {
		b, err := strconv.ParseUint(strings.TrimSpace(burst), 10, 31)
		if err != nil || b == 0 {
			return p.explain(text)
		}
		r.Burst = int(b)
	}
	*p = pace(r)
	return nil
}

func (p *pace) explain(text string) error {
	return fmt.Errorf(`%q is no rate: it takes how many in a second, minute or hour, such as 100/s or 600/m, and after a comma how many may come at once, such as 100/s,500; or off`, text)
}

// String implements pflag.Value.
func (p *pace) String() string {
	if p.PerSecond == 0 {
		return "off"
	}
	for _, unit := range []struct {
		name    string
		seconds float64
	}{{"s", 1}, {"m", 60}, {"h", 3600}} {
		if n := math.Round(p.PerSecond * unit.seconds); n >= 1 && math.Abs(n-p.PerSecond*unit.seconds) < 1e-6 {
			return fmt.Sprintf("%.0f/%s,%d", n, unit.name, p.Burst)
		}
	}
	return fmt.Sprintf("%g/s,%d", p.PerSecond, p.Burst)
}

// Type implements pflag.Value.
func (p *pace) Type() string { return "rate" }

// folder is a folder's absolute path. What is relative is meant from where the command
// is started.
type folder string

// Set implements pflag.Value.
func (f *folder) Set(text string) error {
	if text == "" {
		return errors.New("it takes a folder")
	}
	path, err := filepath.Abs(text)
	*f = folder(path)
	return err
}

// String implements pflag.Value.
func (f *folder) String() string { return string(*f) }

// Type implements pflag.Value.
func (f *folder) Type() string { return "folder" }

// prefixes are networks. An address alone is a network of one.
type prefixes []netip.Prefix

// Set implements pflag.Value. Like the lists of pflag it takes commas, and adds where it
// is called again.
func (p *prefixes) Set(text string) error {
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		network, err := netip.ParsePrefix(part)
		if addr, addrErr := netip.ParseAddr(part); addrErr == nil {
			network, err = netip.PrefixFrom(addr.WithZone(""), addr.BitLen()), nil
		}
		if err != nil {
			return fmt.Errorf("%q is no network: it takes addresses and prefixes such as 127.0.0.1 or 10.0.0.0/8", part)
		}
		*p = append(*p, network.Masked())
	}
	return nil
}

// Replace implements pflag.SliceValue.
func (p *prefixes) Replace(all []string) error {
	*p = nil
	for _, one := range all {
		if err := p.Append(one); err != nil {
			return err
		}
	}
	return nil
}

// Append implements pflag.SliceValue.
func (p *prefixes) Append(one string) error { return p.Set(one) }

// GetSlice implements pflag.SliceValue.
func (p *prefixes) GetSlice() (all []string) {
	for _, one := range *p {
		all = append(all, one.String())
	}
	return all
}

// String implements pflag.Value.
func (p *prefixes) String() string { return strings.Join(p.GetSlice(), ",") }

// Type implements pflag.Value.
func (p *prefixes) Type() string { return "networks" }
