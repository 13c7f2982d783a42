// Solatis-relay is the public side of solatis: a server that takes webhooks for
// developers' machines, keeps them durably, and passes them on. Anyone can host it.
package main

import (
	"os"

	"github.com/solatis/solatis-cli/internal/relaycli"
	"github.com/solatis/solatis-cli/internal/term"
)

func main() {
	os.Exit(relaycli.Main(os.Args[1:], term.System(), os.Getenv))
}
