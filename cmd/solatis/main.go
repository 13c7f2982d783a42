// Solatis is the developer's tool for Solatis webhooks: it receives them on a local URL,
// verifies, records and forwards them to an app on this machine, and sends them again.
package main

import (
	"os"

	"github.com/solatis/solatis-cli/internal/cli"
	"github.com/solatis/solatis-cli/internal/term"
)

func main() {
	os.Exit(cli.Main(os.Args[1:], term.System(), os.Getenv))
}
