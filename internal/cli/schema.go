package cli

import (
	"github.com/solatis/solatis-cli/internal/catalog"
	"github.com/spf13/cobra"
)

func (a *app) newEventsSchema() *cobra.Command {
	return &cobra.Command{
		Use:   "schema TYPE",
		Short: "Print the JSON Schema of an event type",
		Long: `schema prints the JSON Schema (draft 2020-12) of the whole body of an event type. It
is what received events are held against: solatis listen warns where a field is
missing or has another type.

Two payloads are shown in the provider's guide, the other eleven are inferred from
it. The schema says which.`,
		Example: `  solatis events schema document.analyzed
  solatis events schema task.created > task.created.json`,
		ValidArgsFunction: cobra.FixedCompletions(catalog.Names(), cobra.ShellCompDirectiveNoFileComp),
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageErrorf("solatis events schema takes one event type, such as document.analyzed, and got %d; solatis trigger --list shows all", len(args))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			typ, err := catalog.Lookup(args[0])
			if err != nil {
				return &codedError{exitUsage, err}
			}
			_, err = a.streams.Out.Write(typ.Schema())
			return err
		},
	}
}
