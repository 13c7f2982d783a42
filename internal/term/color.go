package term

import (
	"fmt"

	"github.com/fatih/color"
)

// ColorMode is what --color says.
type ColorMode string

// The modes.
const (
	ColorAuto   ColorMode = "auto"   // as the environment says, else where there is a terminal
	ColorAlways ColorMode = "always" // everywhere
	ColorNever  ColorMode = "never"  // nowhere
)

// ParseColorMode reads the value of --color.
func ParseColorMode(s string) (ColorMode, error) {
	switch m := ColorMode(s); m {
	case ColorAuto, ColorAlways, ColorNever:
		return m, nil
	}
	return "", fmt.Errorf("--color %q: use auto, always or never", s)
}

// UseColor decides whether a stream is coloured. What comes first of these wins: the
// mode, unless it is auto; NO_COLOR; CLICOLOR_FORCE; TERM=dumb; whether the stream is
// a terminal. lookup is os.LookupEnv or stands in for it.
func UseColor(mode ColorMode, lookup func(string) (string, bool), tty bool) bool {
	get := func(name string) string {
		value, _ := lookup(name)
		return value
	}
	force := get("CLICOLOR_FORCE")
	switch {
	case mode == ColorAlways:
		return true
	case mode == ColorNever, get("NO_COLOR") != "":
		return false
	case force != "" && force != "0":
		return true
	case get("TERM") == "dumb":
		return false
	}
	return tty
}

// Palette colours text for one stream, or leaves it as it is. Each of its colours holds
// the decision itself, since that of package color looks at standard output alone.
type Palette struct {
	good, bad, warn, faint, strong *color.Color
}

// NewPalette returns a palette that colours or, if not enabled, leaves text alone.
func NewPalette(enabled bool) Palette {
	set := func(attributes ...color.Attribute) *color.Color {
		c := color.New(attributes...)
		if enabled {
			c.EnableColor()
		} else {
			c.DisableColor()
		}
		return c
	}
	return Palette{
		good:   set(color.FgGreen),
		bad:    set(color.FgRed),
		warn:   set(color.FgYellow),
		faint:  set(color.Faint),
		strong: set(color.Bold),
	}
}

// Good is for what succeeded.
func (p Palette) Good(s string) string { return p.good.Sprint(s) }

// Bad is for what failed.
func (p Palette) Bad(s string) string { return p.bad.Sprint(s) }

// Warn is for what deserves a look.
func (p Palette) Warn(s string) string { return p.warn.Sprint(s) }

// Faint is for what is there if it is looked for.
func (p Palette) Faint(s string) string { return p.faint.Sprint(s) }

// Strong is for what is looked for first.
func (p Palette) Strong(s string) string { return p.strong.Sprint(s) }
