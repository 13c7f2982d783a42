package cli

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/solatis/solatis-cli/internal/term"
)

// TestAnInterruptHidesNoOtherError: ^C itself needs no word, but what went wrong beside it does.
func TestAnInterruptHidesNoOtherError(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for want, err := range map[string]error{
		"":                              ctx.Err(),
		"solatis: the disk is full\n":   errors.Join(ctx.Err(), errors.New("the disk is full")),
		"solatis: it is\nanother one\n": errors.Join(errors.New("it is"), ctx.Err(), errors.New("another one")),
	} {
		var said strings.Builder
		a := &app{streams: term.Streams{Err: &said}, running: true}
		if code := a.exitCode(ctx, err); code != exitInterrupted || said.String() != want {
			t.Errorf("%v: code %d, %q", err, code, said.String())
		}
	}
}
