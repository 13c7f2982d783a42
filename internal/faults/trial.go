package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// trial is one run of a gate.
type trial struct {
	programs
	dir     string // of its own
	long    bool
	idle    time.Duration // after which what hasn't arrived counts as lost
	figures []figure
}

// How long nothing has to arrive for the rest to be lost. In a control much is, and the
// wait for it costs the most.
const (
	idlePatience    = patience
	controlPatience = 10 * time.Second
)

// figure is something that a gate counted or measured.
type figure struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

func (t *trial) figure(name, format string, args ...any) {
	t.figures = append(t.figures, figure{name, fmt.Sprintf(format, args...)})
}

// pick returns how much of something a short or a long run has.
func (t *trial) pick(short, long int) int {
	if t.long {
		return long
	}
	return short
}

// sub makes a folder of the trial's.
func (t *trial) sub(name string) (string, error) {
	dir := filepath.Join(t.dir, name)
	return dir, os.MkdirAll(dir, 0o700)
}

// errFailed says that something failed which has been told already.
var errFailed = errors.New("a gate failed")

// cannotRun is why a gate can't run on this machine.
type cannotRun struct{ why string }

func (e *cannotRun) Error() string { return "it can't run here: " + e.why }

// result is how one gate, or one control, went.
type result struct {
	Gate    string   `json:"gate"`
	Control string   `json:"control,omitempty"`
	Passed  bool     `json:"passed"`
	LeftOut bool     `json:"left_out,omitempty"`
	Seconds float64  `json:"seconds"`
	Figures []figure `json:"figures,omitempty"`
	Found   string   `json:"found,omitempty"` // what was wrong; of a control, what the gate found
}

// suite runs gates one after the other, since they share the machine.
type suite struct {
	options
	out     io.Writer
	builder *builder
	results []result
}

func (o options) runAll(ctx context.Context, out io.Writer, chosen []gate) (err error) {
	if o.dir, err = newFolder(o.dir); err != nil {
		return err
	}
	s := &suite{options: o, out: out, builder: newBuilder(o.root, filepath.Join(o.dir, "programs"))}
	for _, g := range chosen {
		if !o.control {
			s.run(ctx, g, nil)
			continue
		}
		for _, c := range g.controls {
			if c.quick || !o.quick {
				s.run(ctx, g, &c)
			}
		}
	}
	if !o.keep || s.failed() == 0 {
		err = os.RemoveAll(o.dir)
	}
	return errors.Join(err, s.report(ctx))
}

// newFolder makes a folder with a short name, since Unix sockets in it have to be nameable.
// It returns its path as strace shows it: absolute and without links.
func newFolder(in string) (string, error) {
	dir, err := os.MkdirTemp(in, "f")
	if err == nil {
		dir, err = filepath.Abs(dir)
	}
	if err == nil {
		dir, err = filepath.EvalSymlinks(dir)
	}
	return dir, err
}

// run runs a gate, or one of its controls, unless it is all to end.
func (s *suite) run(ctx context.Context, g gate, c *control) {
	if ctx.Err() == nil {
		s.add(s.try(ctx, g, c))
	}
}

// try is run without telling how it went.
func (s *suite) try(ctx context.Context, g gate, c *control) result {
	r := result{Gate: g.name}
	t := &trial{dir: filepath.Join(s.dir, fmt.Sprint(len(s.results))), long: s.long, idle: idlePatience}
	var breaks breakage
	if c != nil {
		r.Control, breaks, t.idle = c.name, c.breaks, controlPatience
	}
	fmt.Fprintf(s.out, "=== %s\n", r.title())
	began := time.Now()
	err := os.Mkdir(t.dir, 0o700)
	if err == nil {
		t.programs, err = s.builder.build(ctx, breaks)
	}
	if err == nil {
		err = g.run(ctx, t)
	}
	r.Seconds, r.Figures = time.Since(began).Seconds(), t.figures
	r.judge(c, err)
	if r.Passed || !s.keep {
		_ = os.RemoveAll(t.dir) // the whole folder goes in the end
	}
	return r
}

// judge decides whether an error, or its absence, is right.
func (r *result) judge(c *control, err error) {
	if err != nil {
		r.Found = err.Error()
	}
	var cannot *cannotRun
	switch {
	case errors.As(err, &cannot):
		r.LeftOut = true
	case c == nil:
		r.Passed = err == nil
	case err == nil:
		r.Found = "it stayed green: the gate doesn't see this fault"
	default:
		r.Passed = strings.Contains(r.Found, c.finds)
	}
}

func (r *result) title() string {
	if r.Control == "" {
		return r.Gate
	}
	return r.Gate + ", control " + r.Control
}

// add notes and tells a result.
func (s *suite) add(r result) {
	s.results = append(s.results, r)
	for _, f := range r.Figures {
		fmt.Fprintf(s.out, "    %s: %s\n", f.Name, f.Value)
	}
	how := "passed"
	switch {
	case r.LeftOut:
		how = "left out: " + r.Found
	case r.Passed && r.Control != "":
		how = "went red, as it has to: " + firstLine(r.Found)
	case !r.Passed:
		how = "FAILED: " + r.Found
	}
	fmt.Fprintf(s.out, "--- %s %s (%.0f s)\n", r.title(), how, r.Seconds)
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// failed counts the failures. Where nobody looks, what was left out is one.
func (s *suite) failed() (n int) {
	for _, r := range s.results {
		if !r.Passed && (!r.LeftOut || os.Getenv("CI") != "") {
			n++
		}
	}
	return n
}

// report tells how all went.
func (s *suite) report(ctx context.Context) error {
	passed, what := 0, "gates"
	for _, r := range s.results {
		if r.Passed {
			passed++
		}
		if r.LeftOut {
			fmt.Fprintf(s.out, "left out: %s\n", r.title())
		}
	}
	if s.control {
		what = "controls"
	}
	fmt.Fprintf(s.out, "%d %s passed, %d failed\n", passed, what, s.failed())
	err := s.writeJSON()
	if err == nil && (s.failed() > 0 || ctx.Err() != nil) {
		err = errFailed
	}
	return err
}

func (s *suite) writeJSON() error {
	if s.json == "" {
		return nil
	}
	b, err := json.MarshalIndent(s.results, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(s.json, append(b, '\n'), 0o644)
}
