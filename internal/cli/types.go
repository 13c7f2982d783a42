package cli

import (
	"github.com/solatis/solatis-cli/internal/catalog"
	"github.com/spf13/cobra"
)

func (a *app) newTypes() *cobra.Command {
	var lang string
	cmd := &cobra.Command{
		Use:   "types",
		Short: "Print types for a handler, made from the event schemas",
		Long: `types prints declarations of all 13 event types for the language of your handler.
They are made from the same schemas that solatis events schema prints.

They say what a verified body holds and verify nothing: check the signature of the
raw body first.`,
		Example: `  solatis types --lang typescript > solatis-events.ts`,
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if err := oneOf("--lang", lang, "typescript"); err != nil {
				return err
			}
			_, err := a.streams.Out.Write(catalog.TypeScript())
			return err
		},
	}
	cmd.Flags().StringVar(&lang, "lang", "typescript", "the language: typescript")
	complete(cmd, "lang", cobra.FixedCompletions([]string{"typescript"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}
