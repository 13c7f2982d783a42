package cli

import (
	"context"
	"fmt"
	"strings"

	"al.essio.dev/pkg/shellescape"
	"github.com/solatis/solatis-cli/internal/control"
	"github.com/solatis/solatis-cli/internal/curl"
	"github.com/solatis/solatis-cli/internal/send"
	"github.com/solatis/solatis-cli/internal/signature"
)

// printEvents prints what would be sent, each event on a line of its own or as a command.
func (o *triggerOptions) printEvents(ctx context.Context, m *maker, s sample) error {
	show := func(s sample) (string, error) { return string(s.body), nil }
	if o.print == printCurl {
		commands, err := o.newCommands()
		if err != nil {
			return err
		}
		defer commands.close()
		show = func(s sample) (string, error) { return commands.of(ctx, s) }
	}
	for {
		text, err := show(s)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(o.app.streams.Out, "%s\n", text); err != nil || m.made == o.count {
			return err
		}
		if s, err = m.next(); err != nil {
			return err
		}
	}
}

// commands makes curl commands that send events to where trigger would.
type commands struct {
	url, socket string
	sign        func(context.Context, []byte) (string, error)
	close       func()
}

func (o *triggerOptions) newCommands() (commands, error) {
	if o.to == "" {
		return o.commandsForSession()
	}
	target, err := send.ParseTarget(o.to)
	if err != nil {
		return commands{}, usageErrorf("--to: %w", err)
	}
	secret, _, err := o.secret.resolve(o.app)
	c := commands{close: func() {}}
	c.url, c.socket = targetURL(target)
	c.sign = func(_ context.Context, body []byte) (string, error) { return signature.Sign(secret, body), nil }
	return c, err
}

// targetURL is a target as curl takes it. For a Unix socket the URL says only what the app
// sees.
func targetURL(t send.Target) (url, socket string) {
	socket, isSocket := strings.CutPrefix(t.Address(), "unix:")
	rest, isAddress := strings.CutPrefix(t.String(), t.Address())
	if !isSocket || !isAddress {
		return t.String(), ""
	}
	return "http://localhost" + strings.TrimPrefix(rest, ":"), socket
}

// commandsForSession leaves it to the session to sign, as trigger itself does.
func (o *triggerOptions) commandsForSession() (commands, error) {
	info, err := o.app.chooseSession(o.session)
	if err != nil {
		return commands{}, err
	}
	if _, err := ingestTransport(info); err != nil {
		return commands{}, err
	}
	w := &bySession{app: o.app, client: control.Dial(info.Socket)}
	if w.secret, err = o.secret.given(o.app.env); err != nil {
		return commands{}, err
	}
	if info.RelayCA != "" {
		fmt.Fprintf(o.app.streams.Err, "the session trusts a certificate authority of its own: add --cacert %s\n", shellescape.Quote(info.RelayCA))
	}
	return commands{url: info.URL, sign: w.sign, close: w.client.Close}, nil
}

func (c commands) of(ctx context.Context, s sample) (string, error) {
	sign, err := c.sign(ctx, s.body)
	return curl.Socket(c.socket, "POST", c.url, headerOf(sign), s.body), err
}
