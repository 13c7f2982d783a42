package server

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// pebbleModule is the certificate authority that the tests talk to: a small real one.
const pebbleModule = "github.com/letsencrypt/pebble/v2/cmd/pebble@v2.10.1"

// pebbleProgram returns the path of pebble: SOLATIS_PEBBLE, or one that is built into
// .cache/tools. Without it the test is left out, but for CI, where that would stay
// unnoticed.
func pebbleProgram(t *testing.T) string {
	if path := os.Getenv("SOLATIS_PEBBLE"); path != "" {
		return path
	}
	_, version, _ := strings.Cut(pebbleModule, "@")
	bin, err := filepath.Abs(filepath.Join("..", "..", "..", ".cache", "tools", version))
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(bin, "pebble")
	if _, err := os.Stat(program); err == nil {
		return program
	}
	install := exec.Command("go", "install", pebbleModule)
	install.Env = append(os.Environ(), "GOBIN="+bin, "GOFLAGS=")
	if out, err := install.CombinedOutput(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("pebble can't be built: %v\n%s", err, out)
		}
		t.Skipf("pebble can't be built: %v\n%s", err, out)
	}
	return program
}

// pebble is a running certificate authority. It believes whoever answers on the given
// ports of loopback, for any name.
type pebble struct {
	directory string
	caFile    string         // the root of its own listeners
	roots     *x509.CertPool // of what it issues
	stop      func()
}

func startPebble(t *testing.T, httpPort, tlsPort int) *pebble {
	t.Helper()
	program := pebbleProgram(t)
	dir := t.TempDir()
	ca := newAuthority(t)
	cert, key := ca.issue(t, 2, "localhost")
	acmePort, adminPort := freePort(t), freePort(t)
	config := map[string]any{"pebble": map[string]any{
		"listenAddress": fmt.Sprintf("127.0.0.1:%d", acmePort), "managementListenAddress": fmt.Sprintf("127.0.0.1:%d", adminPort),
		"certificate": filepath.Join(dir, "cert.pem"), "privateKey": filepath.Join(dir, "key.pem"),
		"httpPort": httpPort, "tlsPort": tlsPort, "keyAlgorithm": "ecdsa",
		"retryAfter": map[string]int{"authz": 1, "order": 1},
		"profiles":   map[string]any{"default": map[string]any{"description": "test", "validityPeriod": 7776000}},
	}}
	text, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"cert.pem": cert, "key.pem": key, "config.json": text, "ca.pem": pemOf(ca.cert)} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := &pebble{directory: fmt.Sprintf("https://localhost:%d/dir", acmePort), caFile: filepath.Join(dir, "ca.pem")}
	cmd := exec.Command(program, "-config", filepath.Join(dir, "config.json"), "-dnsserver", startDNS(t))
	cmd.Env = append(os.Environ(), "PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=0")
	p.stop = runUntil(t, cmd, "ACME directory available at")
	awaitPort(t, acmePort)
	awaitPort(t, adminPort)
	p.roots = fetchRoots(t, fmt.Sprintf("https://localhost:%d/roots/0", adminPort), ca.pool())
	return p
}

// runUntil starts a program and returns once it has written a line with a text.
func runUntil(t *testing.T, cmd *exec.Cmd, text string) (stop func()) {
	t.Helper()
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = in, in
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	in.Close()
	ready, ended := make(chan bool, 1), make(chan struct{})
	var all bytes.Buffer
	go func() {
		defer close(ended)
		lines := bufio.NewScanner(io.TeeReader(out, &all))
		for lines.Scan() {
			if strings.Contains(lines.Text(), text) {
				select {
				case ready <- true:
				default:
				}
			}
		}
		close(ready)
	}()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cmd.Process.Kill()
		cmd.Wait()
		<-ended
		out.Close()
	}
	t.Cleanup(func() {
		stop()
		if t.Failed() {
			t.Logf("%s wrote:\n%s", filepath.Base(cmd.Path), all.String())
		}
	})
	if !<-ready {
		t.Fatalf("%s ended before it was ready", cmd.Path)
	}
	return stop
}

func fetchRoots(t *testing.T, url string, trusted *x509.CertPool) *x509.CertPool {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: trusted}}}
	resp, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		t.Fatalf("%s has no certificate: %s", url, text)
	}
	return roots
}

// awaitPort returns when somebody accepts on a port: pebble says that it listens a moment
// before it does.
func awaitPort(t *testing.T, port int) {
	t.Helper()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	giveUp := time.After(30 * time.Second)
	for {
		conn, err := net.Dial("tcp", onPort(port))
		if err == nil {
			conn.Close()
			return
		}
		select {
		case <-again.C:
		case <-giveUp:
			t.Fatalf("nobody listens on port %d: %v", port, err)
		}
	}
}

// startDNS runs a name server, over TCP, for which every name is on this machine.
func startDNS(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var work sync.WaitGroup
	work.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			work.Go(func() {
				defer conn.Close()
				conn.SetDeadline(time.Now().Add(10 * time.Second))
				for serveDNS(conn) == nil {
				}
			})
		}
	})
	t.Cleanup(func() { ln.Close(); work.Wait() })
	return ln.Addr().String()
}

// serveDNS answers one query, which its length precedes (RFC 1035 section 4.2.2).
func serveDNS(conn net.Conn) error {
	var length [2]byte
	if _, err := io.ReadFull(conn, length[:]); err != nil {
		return err
	}
	query := make([]byte, binary.BigEndian.Uint16(length[:]))
	if _, err := io.ReadFull(conn, query); err != nil {
		return err
	}
	answer, err := answerDNS(query)
	if err != nil {
		return err
	}
	_, err = conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...))
	return err
}

func answerDNS(query []byte) ([]byte, error) {
	var m dnsmessage.Message
	if err := m.Unpack(query); err != nil {
		return nil, err
	}
	m.Response, m.Authoritative, m.Additionals = true, true, nil
	for _, q := range m.Questions {
		if q.Type == dnsmessage.TypeA {
			m.Answers = append(m.Answers, dnsmessage.Resource{
				Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 1},
				Body:   &dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}},
			})
		}
	}
	return m.Pack()
}

// freePort returns a port that was free a moment ago: both sides of ACME want to know the
// other's before it is there.
func freePort(t *testing.T) int {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().(*net.TCPAddr).Port
}

func onPort(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// handshake returns the certificate that a relay serves for a name.
func handshake(t *testing.T, address, name string, roots *x509.CertPool) (*x509.Certificate, error) {
	t.Helper()
	conn, err := tls.Dial("tcp", address, &tls.Config{ServerName: name, RootCAs: roots})
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0], nil
}

func TestAutomaticCertificate(t *testing.T) {
	for name, byHTTP := range map[string]bool{"by TLS-ALPN-01": false, "by HTTP-01": true} {
		t.Run(name, func(t *testing.T) {
			public, plain := freePort(t), freePort(t)
			tlsPort := public
			if byHTTP {
				tlsPort = freePort(t) // where nobody answers
			}
			ca := startPebble(t, plain, tlsPort)
			c := Config{Data: tempData(t), Listen: onPort(public), HTTPListen: onPort(plain), TLS: TLS{
				Domains: []string{"relay.example.com", "hooks.example.com"}, ACMEDirectory: ca.directory,
				ACMECA: ca.caFile, ACMEEmail: "ops@example.com",
			}}
			r := startRelay(t, c)
			if want := fmt.Sprintf("https://relay.example.com:%d", public); r.URL != want {
				t.Errorf("the relay's URL is %s instead of %s", r.URL, want)
			}
			first, err := handshake(t, r.Public, "relay.example.com", ca.roots)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := handshake(t, r.Public, "hooks.example.com", ca.roots); err != nil {
				t.Errorf("the second domain: %v", err)
			}
			if _, err := handshake(t, r.Public, "other.example.com", ca.roots); err == nil {
				t.Error("a name that isn't ours gets a certificate")
			}
			_, metrics := get(t, "http://"+r.Admin+"/metrics")
			for _, domain := range c.TLS.Domains {
				if !strings.Contains(metrics, `solatis_relay_certificate_expiry_timestamp_seconds{domain="`+domain+`"}`) {
					t.Errorf("the metrics don't say when %s's certificate expires:\n%s", domain, ours(metrics))
				}
			}
			if err := r.stop(); err != nil {
				t.Fatal(err)
			}

			ca.stop()
			r = startRelay(t, c)
			again, err := handshake(t, r.Public, "relay.example.com", ca.roots)
			if err != nil {
				t.Fatalf("after a restart, without the authority: %v", err)
			}
			if again.SerialNumber.Cmp(first.SerialNumber) != 0 {
				t.Error("after a restart another certificate is served")
			}
			checkPrivate(t, filepath.Join(c.Data, acmeFolder))
		})
	}
}

// checkPrivate wants a folder that nobody else can read.
func checkPrivate(t *testing.T, dir string) {
	t.Helper()
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %o", path, info.Mode().Perm())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
