package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/solatis/solatis-cli/internal/wire"
	"github.com/solatis/solatis-cli/internal/wsconn"
)

// way is the way to a remote relay. Its checks run in their order and leave to the later
// ones what they found.
type way struct {
	relay *Relay
	err   error // why it isn't known which relay is meant
	now   func() time.Time

	token   string    // "" for none
	where   string    // it was found
	proxy   *url.URL  // on the way, or nil
	address string    // host and port of what is dialled: the proxy's, or else the relay's
	date    time.Time // of the relay's answer, by its clock; zero if it didn't say
	clocked time.Time // this machine's clock at that moment
	refusal *wsconn.StatusError
}

func (w *way) which(context.Context) Result {
	if w.err != nil {
		return fail("say which one with --relay, or look at solatis relay list", "%v", w.err)
	}
	name := ""
	if w.relay.Name != "" {
		name = ", which you call " + w.relay.Name
	}
	if !w.relay.secure() && !isLoopback(net.JoinHostPort(w.relay.Origin.Hostname(), w.relay.port())) {
		return warn("use its https URL", "%s%s: without TLS, everybody on the way can read the token and the events", w.relay.Origin, name)
	}
	return ok("%s%s", w.relay.Origin, name)
}

// findToken looks on this machine only.
func (w *way) findToken(ctx context.Context) Result {
	var err error
	w.token, w.where, err = w.relay.Token(ctx)
	switch {
	case err != nil:
		return fail("mend that, or store the token once more: "+w.storeCommand(), "the relay's token can't be read: %v", reason(ctx, err))
	case w.token == "":
		return ok("there is none for this relay, so it has to be one that takes anybody")
	}
	return ok("there is one, from %s", w.where)
}

// storeCommand is what stores a token for the relay.
func (w *way) storeCommand() string {
	name := w.relay.Name
	if name == "" {
		name = "NAME"
	}
	return fmt.Sprintf("solatis relay add %s %s --token-stdin", name, w.relay.Origin)
}

func (w *way) checkProxy(context.Context) Result {
	proxy, err := w.relay.proxy()
	if err != nil {
		return fail("correct HTTPS_PROXY, or unset it", "the proxy of the environment makes no sense: %v", withoutPassword(err))
	}
	w.proxy = proxy
	if proxy == nil {
		w.address = net.JoinHostPort(w.relay.Origin.Hostname(), w.relay.port())
		return ok("no proxy is set for it")
	}
	w.address = proxy.Host
	if proxy.Port() == "" {
		w.address = net.JoinHostPort(proxy.Hostname(), map[string]string{"https": "443", "socks5": "1080", "socks5h": "1080"}[proxy.Scheme])
		if proxy.Scheme == "http" {
			w.address = net.JoinHostPort(proxy.Hostname(), "80")
		}
	}
	return ok("it is reached through the proxy %s of the environment; NO_PROXY=%s would go around it", proxy.Redacted(), w.relay.Origin.Hostname())
}

// withoutPassword is what is wrong with a proxy's URL, without the URL.
func withoutPassword(err error) error {
	var wrong *url.Error
	if errors.As(err, &wrong) {
		return wrong.Err
	}
	return errors.New("it is not a URL")
}

// what names what is dialled.
func (w *way) what() string {
	if w.proxy != nil {
		return "the proxy " + w.address
	}
	return w.address
}

func (w *way) dns(ctx context.Context) Result {
	host, _, err := net.SplitHostPort(w.address)
	if err != nil {
		return fail("correct the relay's URL, or the proxy's", "%v", err)
	}
	if net.ParseIP(host) != nil {
		return ok("%s is an address already", host)
	}
	found, err := net.DefaultResolver.LookupHost(ctx, host)
	if err == nil {
		return ok("%s is %s", host, strings.Join(found, ", "))
	}
	var dns *net.DNSError
	if errors.As(err, &dns) && dns.IsNotFound {
		return fail("correct the name in the relay's URL; if it is right, ask who runs the relay", "there is no host %s", host)
	}
	return fail("look at this machine's network and its DNS servers", "%s can't be looked up: %v", host, reason(ctx, err))
}

func (w *way) tcp(ctx context.Context) Result {
	if err := connect(ctx, w.address); err != nil {
		mend := "look whether a firewall or VPN is in between, and ask who runs the relay whether it is up"
		return fail(mend, "could not connect to %s: %v", w.what(), reason(ctx, err))
	}
	return ok("%s takes connections", w.what())
}

// websocket connects as an agent does, and leaves without a word: no endpoint is opened.
func (w *way) websocket(ctx context.Context) Result {
	header := make(http.Header)
	if w.token != "" {
		header.Set("Authorization", "Bearer "+w.token)
	}
	conn, err := wsconn.Dial(ctx, w.agentURL(), wsconn.DialOptions{Header: header, TLS: w.relay.TLS})
	switch {
	case err == nil:
		conn.Abort()
		return ok("the relay opens websockets")
	case !errors.As(err, &w.refusal):
		return fail(w.websocketMend(), "the websocket can't be opened: %v", reason(ctx, err))
	}
	return w.refused(w.refusal.Code)
}

func (w *way) agentURL() string {
	scheme := "ws"
	if w.relay.secure() {
		scheme = "wss"
	}
	return scheme + "://" + w.relay.Origin.Host + wire.AgentPath
}

// refused judges the way by an answer that opened no websocket.
func (w *way) refused(status int) Result {
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return ok("the relay answers where agents connect")
	case status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests:
		return fail("try again in a minute; if it stays so, ask who runs the relay", "%v", w.refusal)
	case status == http.StatusNotFound:
		return fail("correct the relay's URL", "%s answers, but no solatis relay is there: %v", w.relay.Origin.Host, w.refusal)
	}
	return fail(w.websocketMend(), "no websocket can be opened: %v", w.refusal)
}

func (w *way) websocketMend() string {
	if w.proxy != nil {
		return "let the proxy " + w.proxy.Redacted() + " pass websockets to the relay, or go around it with NO_PROXY=" + w.relay.Origin.Hostname()
	}
	return "let the proxies before the relay pass websockets: Upgrade and Connection have to reach it"
}

// access says what the relay made of the token.
func (w *way) access(context.Context) Result {
	mend := "ask who runs the relay for a token, then: " + w.storeCommand()
	switch {
	case w.refusal != nil && w.token == "":
		return fail(mend, "the relay wants a token: %s", w.refusal.Text)
	case w.refusal != nil:
		return fail(mend, "the relay doesn't take the token from %s: %s", w.where, w.refusal.Text)
	case w.token == "":
		return ok("the relay takes anybody")
	}
	return ok("the relay takes the token")
}
