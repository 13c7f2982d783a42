package cli

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/solatis/solatis-cli/internal/curl"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/term"
)

// showPlan says what would be sent and where.
func (o *replayOptions) showPlan(ctx context.Context, w *replayWay, all []*replayed) error {
	out := o.app.streams.Out
	for _, r := range all {
		original, err := w.history.Request(ctx, r.Request)
		if err != nil {
			return err
		}
		how := ""
		if r.edited != nil {
			how = ", signed anew"
		}
		fmt.Fprintf(out, "%s of %s would go to %s (%s%s)\n", term.Sanitize(name(r.Summary)), r.Received.Local().Format(time.DateTime),
			term.Sanitize(r.url(original)), times(len(r.request(original).Body), "byte"), how)
		if r.changed {
			o.app.showDiff("the body", original.Body, r.edited.Body)
		}
	}
	fmt.Fprintf(o.app.streams.Err, "nothing was sent: --dry-run of %s\n", times(len(all), "request"))
	return nil
}

// request is what is sent: the original, or what it became.
func (r *replayed) request(original *event.Request) *event.Request {
	if r.edited != nil {
		return r.edited
	}
	return original
}

// url is where a request goes, with its own path where the target has none.
func (r *replayed) url(original *event.Request) string {
	url, err := r.target.URL(original.Path, original.RawQuery)
	if err != nil {
		return r.target.String() // sending it will say why not
	}
	return url
}

// connectionHeaders are about the connection on which a request came.
var connectionHeaders = []string{"Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Host"}

// printAll prints the body of each, or a command that sends the same.
func (o *replayOptions) printAll(ctx context.Context, w *replayWay, all []*replayed) error {
	for _, r := range all {
		original, err := w.history.Request(ctx, r.Request)
		if err != nil {
			return err
		}
		text := string(r.request(original).Body)
		if o.print == printCurl {
			if text, err = r.command(original); err != nil {
				return about(r.Summary, err)
			}
		}
		if _, err := fmt.Fprintln(o.app.streams.Out, text); err != nil {
			return err
		}
	}
	return nil
}

// command is curl's for a request.
func (r *replayed) command(original *event.Request) (string, error) {
	url, err := r.target.URL(original.Path, original.RawQuery)
	if err != nil {
		return "", err
	}
	socket, isSocket := strings.CutPrefix(r.target.Address(), "unix:")
	if isSocket {
		url = "http://localhost" + strings.TrimPrefix(url, r.target.Address()+":")
	} else {
		socket = ""
	}
	req := r.request(original)
	header := maps.Clone(req.Header)
	for _, name := range connectionHeaders {
		delete(header, name)
	}
	return curl.Socket(socket, req.Method, url, header, req.Body), nil
}
