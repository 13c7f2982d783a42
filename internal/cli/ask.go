package cli

import (
	"bufio"
	"context"
	"fmt"
	"strings"

	"golang.org/x/term"
)

// answer is what a person typed, or why nothing can be read.
type answer struct {
	text string
	err  error
}

// await returns what read reads, or ends with ctx: a person who is asked may also press
// ^C. The goroutine that reads then ends with the process.
func await(ctx context.Context, read func() (string, error)) (string, error) {
	answered := make(chan answer, 1)
	go func() {
		text, err := read()
		answered <- answer{text, err}
	}()
	select {
	case a := <-answered:
		return a.text, a.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// askHidden asks for a secret on the terminal, which doesn't show what is typed.
func (a *app) askHidden(ctx context.Context, question string) (string, error) {
	in, ok := a.streams.In.(interface{ Fd() uintptr })
	if !ok {
		return "", fmt.Errorf("there is no terminal to ask on")
	}
	fd := int(in.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", fmt.Errorf("the terminal can't be asked: %w", err)
	}
	defer term.Restore(fd, before) // whatever happens, the next command shows again what is typed
	fmt.Fprint(a.streams.Err, question)
	defer fmt.Fprintln(a.streams.Err)
	text, err := await(ctx, func() (string, error) {
		typed, err := term.ReadPassword(fd)
		return string(typed), err
	})
	return strings.TrimSpace(text), err
}

// ask asks for a line, and returns what there is without one if it is empty.
func (a *app) ask(ctx context.Context, in *bufio.Reader, question, otherwise string) (string, error) {
	if otherwise != "" {
		question += " [" + otherwise + "]"
	}
	fmt.Fprint(a.streams.Err, question+": ")
	text, err := await(ctx, func() (string, error) { return in.ReadString('\n') })
	if err != nil {
		return "", err
	}
	if text = strings.TrimSpace(text); text == "" {
		text = otherwise
	}
	return text, nil
}
