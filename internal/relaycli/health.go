package relaycli

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/solatis/solatis-cli/internal/relay/server"
	"github.com/spf13/cobra"
)

// health asks a relay on this machine whether it is alive, for whatever restarts it.
type health struct {
	app         *app
	adminListen string
	ready       bool
}

// healthWithin is how long an answer may take.
const healthWithin = 2 * time.Second

func (a *app) newHealth() *cobra.Command {
	o := &health{app: a}
	cmd := &cobra.Command{
		Use:   "health",
		Short: "Ask the relay on this machine whether it is alive",
		Long:  "Ask the relay at --admin-listen whether it is alive, or with --ready whether it takes requests.\nThe exit code is 0 for yes and 1 for no.",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	declareConfig(cmd.Flags())
	declareAdminListen(cmd.Flags(), &o.adminListen)
	cmd.Flags().BoolVar(&o.ready, "ready", false, "ask whether it takes requests: not while it drains or can't write")
	return cmd
}

func (o *health) run(ctx context.Context) error {
	if o.adminListen == server.NoListener {
		return usageErrorf("admin-listen is %s: there is nothing to ask", server.NoListener)
	}
	if err := checkAddress(o.adminListen); err != nil {
		return usageErrorf("admin-listen %q: %w", o.adminListen, err)
	}
	path := "/healthz"
	if o.ready {
		path = "/readyz"
	}
	ctx, cancel := context.WithTimeout(ctx, healthWithin)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+dialable(o.adminListen)+path, nil)
	if err != nil {
		return err
	}
	// No proxy: the relay is on this machine.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("no relay answers: %w", err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
	if err != nil {
		return fmt.Errorf("the relay's answer breaks off: %w", err)
	}
	text := strings.TrimSpace(string(answer))
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the relay answers %d: %s", resp.StatusCode, text)
	}
	_, err = fmt.Fprintln(o.app.streams.Out, text)
	return err
}

// dialable turns an address to listen on into one to connect to: ":9090" listens on all.
func dialable(address string) string {
	host, port, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err != nil || host != "" && (ip == nil || !ip.IsUnspecified()) {
		return address
	}
	return net.JoinHostPort("localhost", port)
}
