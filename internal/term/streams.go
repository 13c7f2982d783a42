// Package term is how solatis speaks to a terminal, and to whatever stands in for one.
//
// Streams are standard input, output and error, passed in rather than reached for.
// UseColor decides once for each stream whether it is coloured, and a Palette carries
// the decision out. Sanitize is the only way for text that came over the network to
// reach a terminal. A Printer shows what happens in a session: Plain for people, JSON
// for programs.
package term

import (
	"io"
	"os"

	"github.com/mattn/go-colorable"
	"github.com/mattn/go-isatty"
)

// Streams are a process's standard streams, and which of them are terminals.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer

	InTTY, OutTTY, ErrTTY bool
}

// System returns the process's own streams. On Windows the writers turn colours into
// what an old console understands.
func System() Streams {
	return Streams{
		In:     os.Stdin,
		Out:    colorable.NewColorable(os.Stdout),
		Err:    colorable.NewColorable(os.Stderr),
		InTTY:  isTerminal(os.Stdin),
		OutTTY: isTerminal(os.Stdout),
		ErrTTY: isTerminal(os.Stderr),
	}
}

func isTerminal(f *os.File) bool {
	return isatty.IsTerminal(f.Fd()) || isatty.IsCygwinTerminal(f.Fd())
}
