package relaycli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/solatis/solatis-cli/internal/relay/admin"
	"github.com/solatis/solatis-cli/internal/relay/server"
	"github.com/solatis/solatis-cli/internal/term"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// management is the administration of one relay: by its socket while it runs, else on its
// files, which then are locked against a relay that starts meanwhile.
type management struct {
	admin.Operations
	close func() error
}

// manage opens the administration of the relay with a data folder.
func (a *app) manage(ctx context.Context, data folder) (management, error) {
	if _, err := os.Stat(string(data)); err != nil {
		return management{}, fmt.Errorf("there is no data folder %s: name the relay's own by --data, or start the relay once: %w", data, errors.Unwrap(err))
	}
	client, ok, err := admin.Connect(ctx, string(data))
	if err != nil {
		return management{}, err
	}
	if ok {
		return management{client, client.Close}, nil
	}
	local, err := server.OpenOffline(ctx, string(data), a.now)
	if err != nil {
		return management{}, err
	}
	return management{local, local.Close}, nil
}

// closing closes what was opened, and lets an error come out that nothing else hides.
func closing(err *error, close func() error) { *err = errors.Join(*err, close()) }

// exactly wants n arguments, and names what is missing.
func exactly(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == n {
			return nil
		}
		return fmt.Errorf("%s takes %s: %d arguments were given; see %s --help", cmd.CommandPath(), what, len(args), cmd.CommandPath())
	}
}

// outputFlag is how a list is to be printed.
type outputFlag string

func (o *outputFlag) declare(flags *pflag.FlagSet) {
	flags.StringVar((*string)(o), "output", "plain", "plain, or json: one object a line")
}

func (o outputFlag) check() error { return oneOf("--output", string(o), "plain", "json") }

// table prints rows under their titles, each cell safe for a terminal: names and comments
// came over the network.
func table(w io.Writer, titles []string, rows [][]string) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	for _, row := range append([][]string{titles}, rows...) {
		for i, cell := range row {
			row[i] = term.Sanitize(cell)
			if cell == "" {
				row[i] = "-"
			}
		}
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	return t.Flush()
}

func date(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04")
}
