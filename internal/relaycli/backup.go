package relaycli

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/solatis/solatis-cli/internal/relay/server"
	"github.com/spf13/cobra"
)

func (a *app) newBackup() *cobra.Command {
	var data folder
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Write a copy of all requests, tokens and endpoints into a new file",
		Long: `Write a copy of all requests, tokens and endpoints into a new file. The relay may be
running meanwhile, and goes on taking requests. The copy holds what had been answered
with 200 when the command began, and can be given to solatis-relay restore.

Certificates are not in it: they are to be had anew. Keep the file as safe as the relay:
the requests in it are readable, and the tokens, of which it has only hashes, are not.`,
		Args: exactly(1, "the file to write"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.backup(cmd.Context(), data, args[0]) },
	}
	declareConfig(cmd.Flags())
	declareData(cmd.Flags(), &data)
	return cmd
}

func (a *app) backup(ctx context.Context, data folder, path string) (err error) {
	m, err := a.manage(ctx, data)
	if err != nil {
		return err
	}
	defer closing(&err, m.close)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s is there already: a backup overwrites nothing; name a new file", path)
	}
	if err != nil {
		return fmt.Errorf("the backup can't be written: %w", err)
	}
	err = m.Backup(ctx, f)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		// Half a backup must not be taken for one.
		return fmt.Errorf("the backup failed, and %s is removed: %w", path, errors.Join(err, os.Remove(path)))
	}
	a.note("The backup is complete: %s", path)
	return nil
}

func (a *app) newRestore() *cobra.Command {
	var data folder
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Fill an empty data folder from a backup",
		Long: `Fill an empty data folder from a backup. Nothing is put there before all of it is found
to be whole, and nothing is replaced.

What the relay took after the backup was made is lost to it. Agents that have such
requests keep them; they notice by the log's new epoch that the relay's numbers begin
anew after the backup, and go on from there.`,
		Args: exactly(1, "the file to read"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.restore(cmd.Context(), data, args[0]) },
	}
	declareConfig(cmd.Flags())
	declareData(cmd.Flags(), &data)
	return cmd
}

func (a *app) restore(ctx context.Context, data folder, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("the backup can't be read: %w", err)
	}
	defer f.Close()
	if err := server.Restore(ctx, f, string(data)); err != nil {
		return err
	}
	a.note("Restored into %s. Start the relay there: agents go on from the backup, in a new epoch.", data)
	return nil
}

func (a *app) newCheck() *cobra.Command {
	var data folder
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Look for damage in the data folder",
		Long:  "Read both databases from their beginning to their end, hold them against their own rules, and\nreport all that is wrong. The relay may be running meanwhile. Nothing is changed.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			all := server.Check(cmd.Context(), string(data))
			for _, finding := range all {
				a.report(finding)
			}
			if len(all) > 0 {
				return errSaid
			}
			_, err := fmt.Fprintf(a.streams.Out, "%s is in good order\n", data)
			return err
		},
	}
	declareConfig(cmd.Flags())
	declareData(cmd.Flags(), &data)
	return cmd
}
