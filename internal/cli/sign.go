package cli

import (
	"fmt"
	"io"

	"github.com/solatis/solatis-cli/internal/signature"
	"github.com/spf13/cobra"
)

func (a *app) newSign() *cobra.Command {
	var secret secretFlags
	cmd := &cobra.Command{
		Use:   "sign [FILE|-]",
		Short: "Print the signature of a body",
		Long: `sign prints what the header ` + signature.HeaderName + ` of a body has to be: the lower-case
hex of HMAC-SHA256 over the bytes of FILE, or of standard input, as they are. A line
end at the end of the file is a part of it.`,
		Example: `  solatis sign event.json
  printf %s "$body" | solatis sign`,
		Args: oneFile,
		RunE: func(_ *cobra.Command, args []string) error {
			body, err := a.readBody(args)
			if err != nil {
				return err
			}
			key, _, err := secret.resolve(a)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(a.streams.Out, signature.Sign(key, body))
			return err
		},
	}
	secret.declare(cmd.Flags())
	return withSettings(cmd)
}

// oneFile is the argument of commands that read a body.
func oneFile(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usageErrorf("%s takes one file, or - for standard input, and got %d", cmd.CommandPath(), len(args))
	}
	return nil
}

// readBody reads the file that was named, or standard input.
func (a *app) readBody(args []string) (body []byte, err error) {
	name := "standard input"
	if len(args) == 1 && args[0] != "-" {
		name = args[0]
		body, err = readInput(name)
	} else if a.streams.InTTY && len(args) == 0 {
		return nil, usageErrorf("say which file, or - for standard input")
	} else {
		body, err = io.ReadAll(io.LimitReader(a.streams.In, maxInput+1))
	}
	switch {
	case err != nil:
		return nil, usageErrorf("the body can't be read: %w", err)
	case len(body) > maxInput:
		return nil, usageErrorf("%s is over %d MiB, which no webhook is", name, maxInput>>20)
	}
	return body, nil
}
