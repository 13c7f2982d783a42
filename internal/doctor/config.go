package doctor

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/solatis/solatis-cli/internal/send"
)

// Config says what there is to check.
type Config struct {
	Env      func(string) string // the environment that solatis runs in
	Relay    *Relay              // nil for the embedded one
	RelayErr error               // why it isn't known which relay is meant
	Target   *send.Target        // nil if no --forward was given

	Settings    string // which settings are in use
	SettingsErr error  // why they can't be read

	Now func() time.Time // time.Now if nil
	// Kernel says which kernel runs, as /proc/version does; the real one if nil.
	Kernel func() string
}

// Relay is a remote relay as a session would use it.
type Relay struct {
	Name   string      // what the developer calls it; may be empty
	Origin *url.URL    // scheme, host and port
	TLS    *tls.Config // nil means the system's certificates
	// Token finds the relay's token, and says where it was found. No token and no error
	// means that there is none.
	Token func(context.Context) (token, where string, err error)
}

// port is the origin's port, written or not.
func (r *Relay) port() string {
	if port := r.Origin.Port(); port != "" {
		return port
	}
	if r.Origin.Scheme == "http" {
		return "80"
	}
	return "443"
}

func (r *Relay) secure() bool { return r.Origin.Scheme == "https" }

// proxy returns the proxy that the environment wants between here and the relay, nil for
// none. It is what package wsconn asks as well.
func (r *Relay) proxy() (*url.URL, error) {
	return http.ProxyFromEnvironment(&http.Request{URL: r.Origin})
}

// The links' names.
const (
	linkFolders   = "folders"
	linkSettings  = "settings"
	linkHistory   = "history"
	linkKeyring   = "keyring"
	linkLoopback  = "loopback"
	linkRelay     = "relay"
	linkProxy     = "proxy"
	linkDNS       = "dns"
	linkTCP       = "tcp"
	linkTLS       = "tls"
	linkClock     = "clock"
	linkWebsocket = "websocket"
	linkToken     = "token"
	linkAccess    = "access"
	linkApp       = "app"
)

// links are the checks in their order.
func (c Config) links() []link {
	m := machine{c}
	links := []link{
		{name: linkFolders, check: m.folders},
		{name: linkSettings, check: m.settings},
		{name: linkHistory, needs: []string{linkFolders}, check: m.history},
		{name: linkKeyring, needs: []string{linkFolders}, check: m.keyring},
	}
	if c.Relay == nil && c.RelayErr == nil {
		links = append(links, link{name: linkLoopback, check: m.loopback})
	} else {
		links = append(links, (&way{relay: c.Relay, err: c.RelayErr, now: c.Now}).links()...)
	}
	return append(links, link{name: linkApp, check: appLink{c}.check})
}

// links are the checks of the way to a remote relay, in their order.
func (w *way) links() []link {
	return []link{
		{name: linkRelay, check: w.which},
		{name: linkToken, needs: []string{linkRelay}, check: w.findToken},
		{name: linkProxy, needs: []string{linkRelay}, check: w.checkProxy},
		{name: linkDNS, needs: []string{linkRelay, linkProxy}, check: w.dns},
		{name: linkTCP, needs: []string{linkDNS}, check: w.tcp},
		{name: linkTLS, needs: []string{linkTCP}, check: w.tls},
		{name: linkClock, needs: []string{linkTCP}, check: w.clock},
		{name: linkWebsocket, needs: []string{linkTLS, linkToken}, check: w.websocket},
		{name: linkAccess, needs: []string{linkWebsocket}, check: w.access},
	}
}

// kernel is what /proc/version says, "" where there is none.
func (c Config) kernel() string {
	if c.Kernel != nil {
		return c.Kernel()
	}
	text, err := os.ReadFile("/proc/version")
	if err != nil {
		return ""
	}
	return string(text)
}
